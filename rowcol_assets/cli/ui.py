"""`rowcol ui`: Dagster's webserver and daemon over this home, and the receiver beside them, until it is stopped.

Dagster's own development server runs both over one process with the code location. It gets a process group of its own,
so that whatever it started ends with this command. Its log is in the home; the asset graph is `rowcol_assets`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingestion.errors import RowcolError
from rowcol_assets.serving import HOST, POLL_SECONDS, free_port, server, told_to_stop, wait_until_it_answers

if TYPE_CHECKING:
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings

DEFAULT_PORT = 3000
PROJECT = Path(__file__).resolve().parents[2]
# Importing the code location takes seconds on a quiet machine and a minute on a busy one.
START_SECONDS = 180


def command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = DEFAULT_PORT,
    receiver_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The receiver's port; 0 takes a free one.", show_default="3010, or free with --port 0"),
    ] = None,
) -> None:
    """Open Dagster's UI with schedules and sensors running, and the receiver, until Ctrl-C.

    Examples: `rowcol ui`, `rowcol ui --port 0` for any free ports.
    """
    from ingestion.control.store import open_store
    from ingestion.settings import load_settings
    from rowcol_assets.cli.local_sandbox import local_sandbox, webhooks_to
    from rowcol_assets.cli.receiver import DEFAULT_PORT as RECEIVER_PORT

    settings = load_settings()
    chosen = free_port(port)
    receiving = free_port((RECEIVER_PORT if port else 0) if receiver_port is None else receiver_port)
    _prepare(settings)
    address = f"http://{HOST}:{receiving}"
    with (
        told_to_stop() as stop,
        open_store(settings) as store,
        local_sandbox(settings, store),
        _receiver(settings, receiving) as receiver,
        webhooks_to(store, address),
        _dagster(settings, chosen, _reached_at(settings, store, address)) as process,
    ):
        log = _log_path(settings, "ui")
        if not wait_until_it_answers(process, f"http://{HOST}:{chosen}/server_info", stop, name="Dagster", log=log, seconds=START_SECONDS):
            return
        typer.echo(f"Dagster is at http://{HOST}:{chosen} with schedules and sensors running; Ctrl-C stops it.")
        typer.echo(f"The receiver is at {address}.")
        typer.echo(f"Their logs are {log} and {_log_path(settings, 'receiver')}.")
        while not stop.wait(POLL_SECONDS):
            if process.poll() is not None:
                raise RowcolError(f"Dagster ended by itself; its log is {log}")
            if receiver.poll() is not None:
                raise RowcolError(f"the receiver ended by itself; its log is {_log_path(settings, 'receiver')}")


def _prepare(settings: Settings) -> None:
    """Makes the Dagster home and ends runs that a killed process left behind, which would hold up the next ones."""
    from rowcol_assets.instance import open_instance
    from rowcol_assets.runs import end_dead_runs

    with open_instance(settings) as instance:
        end_dead_runs(instance)


def _reached_at(settings: Settings, store: ControlStore, receiver: str) -> dict[str, str]:
    """The setting under which syncs of a home with a sandbox know this receiver; a home with real vendors has to be told its address."""
    return {} if settings.receiver_url or store.sandbox_url() is None else {"ROWCOL_RECEIVER_URL": receiver}


def _dagster(settings: Settings, port: int, told: dict[str, str]) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    arguments = ["-m", "dagster", "dev", "--host", HOST, "--port", str(port), "--workspace", "workspace.yaml"]
    return _process(settings, "ui", arguments, **told)


def _receiver(settings: Settings, port: int) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    return _process(settings, "receiver", ["-m", "rowcol_assets.cli", "receiver", "--port", str(port)])


def _process(
    settings: Settings, name: str, arguments: list[str], **told: str
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    from ingestion.settings import child_environment

    environment = child_environment(settings, DAGSTER_HOME=str(settings.dagster_dir), **told)
    return server([sys.executable, *arguments], log=_log_path(settings, name), cwd=PROJECT, environment=environment)


def _log_path(settings: Settings, name: str) -> Path:
    return settings.dagster_dir / f"{name}.log"
