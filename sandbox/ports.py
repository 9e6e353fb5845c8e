"""Which port each rail of the sandbox listens on, and whether a port can be had. The server itself: `sandbox.server`."""

from __future__ import annotations

import socket

from ingestion.errors import RowcolError, UsageError

HOST = "127.0.0.1"
DEFAULT_PORT = 8470
RAIL_OFFSETS = {"qbo": 0}


def rail_port(rail: str, base_port: int) -> int:
    """The port of `rail` when the sandbox is served at `base_port`."""
    return base_port + RAIL_OFFSETS[rail]


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
