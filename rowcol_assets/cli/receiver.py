"""`rowcol receiver`: the HTTP service for webhooks, sync requests and decisions, until it is stopped."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

DEFAULT_PORT = 3010


def command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = DEFAULT_PORT,
) -> None:
    """Receive webhooks, sync requests and decisions, until Ctrl-C.

    Examples: `rowcol receiver`, `rowcol receiver --port 0` for any free port. It listens on this machine alone: a proxy in
    front of it brings TLS and hands over `/webhooks/qbo`, `/webhooks/ramp`, `/webhooks/plaid` and `/webhooks/stripe`.
    """
    from ingestion.receiver.server import HOST, serve
    from ingestion.settings import load_settings

    def ready(bound: int) -> None:
        typer.echo(f"receiver ready at http://{HOST}:{bound}")

    # The server ends its requests at these signals and then raises them again, for handlers that were there before.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    serve(load_settings(), port, ready)
