"""Serves the receiver on this machine until it is told to stop; TLS is the business of the proxy in front of it.

The application itself is `app`.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable

import uvicorn

from ingestion.control.store import open_store, product_clock_of
from ingestion.errors import RowcolError
from ingestion.receiver.app import build_app
from ingestion.settings import Settings

HOST = "127.0.0.1"
# Connections at once, waiting ones included; beyond it the answer is 503, which every vendor repeats.
MOST_CONNECTIONS = 512
STOP_SECONDS = 10
# The thread that answers and the one that writes hand over to each other for every event, and either may keep the
# interpreter this long. Fifty events at a time on a busy machine: 99 in 100 were acknowledged within 110 and 87 ms; with
# Python's own 5 ms within 170 and 177.
SWITCH_SECONDS = 0.0001


def serve(settings: Settings, port: int, ready: Callable[[int], None]) -> None:
    """Serves on `port` (0: a free one) until SIGINT or SIGTERM, and calls `ready` with the port once it is bound.

    RowcolError when the port is taken.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with socket.socket() as listening, open_store(settings) as store:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError:
            raise RowcolError(f"port {port} is in use: choose another with --port, or 0 for a free one") from None
        config = uvicorn.Config(
            # Asked anew each time: a home can be connected to a sandbox, and take its clock, while this runs.
            build_app(store, lambda: product_clock_of(settings, store)()),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        listening.listen(config.backlog)
        ready(int(listening.getsockname()[1]))
        uvicorn.Server(config).run(sockets=[listening])
