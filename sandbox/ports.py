"""Ports on loopback, one per rail in a row. Which rail is which: `sandbox.rails`. The server itself: `sandbox.serving`."""

from __future__ import annotations

import socket

from ingestion.errors import RowcolError, UsageError

HOST = "127.0.0.1"
DEFAULT_PORT = 8470
ATTEMPTS = 50


def bind(port: int) -> socket.socket:
    """A listening-ready socket on loopback; port 0 takes a free one. RowcolError when somebody else holds the port.

    Bound here and handed to uvicorn, so that a port in use is one sentence instead of uvicorn's log and a late exit.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"{port} is not a port: 0 to 65535")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise RowcolError(f"port {port} on {HOST} cannot be used ({error.strerror}): stop what listens there or choose --port") from error
    return listener


def bind_row(port: int, count: int) -> list[socket.socket]:
    """`count` sockets on consecutive ports from `port` on; port 0 finds a free row."""
    for attempt in range(ATTEMPTS):
        first = bind(port)
        listeners = [first]
        try:
            listeners += [bind(first.getsockname()[1] + number) for number in range(1, count)]
        except (RowcolError, UsageError):
            for listener in listeners:
                listener.close()
            if port or attempt == ATTEMPTS - 1:
                raise
        else:
            return listeners
    raise AssertionError("the last attempt returns or raises")
