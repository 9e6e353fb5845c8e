"""`rowcol docs`: dbt's documentation of the models as one page on this machine, with the columns and sizes of this home's tables.

How it is made is `rowcol_assets.transform`.
"""

from __future__ import annotations

from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from rowcol_assets.serving import HOST, free_port, told_to_stop

if TYPE_CHECKING:
    from ingestion.settings import Settings

DEFAULT_PORT = 8081
# The page asks a server of dbt's for usage statistics, and would load whatever a description points to.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"


def command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = DEFAULT_PORT,
) -> None:
    """Serve the models' documentation until Ctrl-C: lineage, columns, tests, SQL.

    Examples: `rowcol docs`, `rowcol docs --port 0`. Without a warehouse it tells of the project alone.
    """
    from ingestion.settings import load_settings

    settings = load_settings()
    bound = free_port(port)
    page = _page(settings)
    with told_to_stop() as stop, ThreadingHTTPServer((HOST, bound), _handler(page)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        typer.echo(f"The models are documented at http://{HOST}:{bound}; Ctrl-C ends it.")
        stop.wait()
        server.shutdown()
        thread.join()


def _page(settings: Settings) -> bytes:
    """The page, made anew: a cycle that wants the warehouse meanwhile waits some seconds."""
    from ingestion.warehouse import writer_lock
    from rowcol_assets.transform import document_project

    warehouse = settings.warehouse_path if settings.warehouse_path.exists() else None
    with TemporaryDirectory() as folder, writer_lock(settings, "docs") if warehouse else nullcontext():
        return document_project(settings, Path(folder), warehouse_path=warehouse).read_bytes()


def _handler(page: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers `/` with the page, and nothing else."""

        def do_GET(self) -> None:
            """http.server's way of being asked."""
            known = self.path.partition("?")[0] in ("/", "/index.html")
            body = page if known else b"there is one page here: /\n"
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8" if known else "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing of each request."""

    return Handler
