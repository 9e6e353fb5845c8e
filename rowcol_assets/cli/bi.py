"""`rowcol bi`: the advisors' dashboards in Apache Superset over this home's published files, and their passwords.

How Superset is prepared and run is `rowcol_assets.bi.server`; what the dashboards show is `rowcol_assets.bi.dashboards`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ingestion.errors import RowcolError, UsageError
from rowcol_assets.serving import HOST, free_port, told_to_stop, wait_until_it_answers

if TYPE_CHECKING:
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings

DEFAULT_PORT = 8088
# Importing Superset takes 12 s of a quiet machine's CPU.
START_SECONDS = 300
ACCESS_SECONDS = 5
SHORTEST_PASSWORD = 12
PASSWORDS = "`rowcol bi --password ADVISOR` sets a password; none is set at first."


def command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = DEFAULT_PORT,
    password: Annotated[
        str | None, typer.Option(metavar="ADVISOR", help="Set this advisor's password instead: asked for, or read from a pipe.")
    ] = None,
) -> None:
    """Serve the dashboards until Ctrl-C: each advisor logs in and sees their own clients, and no other's.

    Examples: `rowcol bi`, `rowcol bi --port 0`, `rowcol bi --password ann@harbor.example`.
    """
    from ingestion.control.store import open_store
    from ingestion.settings import load_settings
    from rowcol_assets.bi.server import check_environment

    settings = load_settings()
    check_environment()
    with open_store(settings) as store:
        if password is not None:
            _set_password(settings, store, password)
        else:
            _serve(settings, store, free_port(port))


def _serve(settings: Settings, store: ControlStore, port: int) -> None:
    from rowcol_assets.bi.access import write_access
    from rowcol_assets.bi.following import Follower, without_login
    from rowcol_assets.bi.server import log_path, prepare, serving

    advisors = sorted(store.open_grants())
    if not advisors:
        raise RowcolError("there is no advisor yet: `rowcol grant ADVISOR BUSINESS` makes one")
    write_access(settings, store)
    with told_to_stop() as stop:
        skipped = prepare(settings)
        with serving(settings, port) as process:
            log = log_path(settings, "server")
            if not wait_until_it_answers(process, f"http://{HOST}:{port}/health", stop, name="Superset", log=log, seconds=START_SECONDS):
                return
            typer.echo(f"The dashboards are at http://{HOST}:{port}; Ctrl-C stops them. Their log is {log}.")
            typer.echo(f"Who can log in: {', '.join(advisor for advisor in advisors if advisor not in skipped)}. {PASSWORDS}")
            for line in without_login(skipped):
                typer.echo(line)
            for advisor in advisors:
                if not (settings.published_dir / advisor).is_dir():
                    typer.echo(f"Nothing is published for {advisor} yet: `rowcol run` first.")
            follower = Follower(settings, store, typer.echo)
            while not stop.wait(ACCESS_SECONDS):
                if process.poll() is not None:
                    raise RowcolError(f"Superset ended by itself; its log is {log}")
                follower.follow()


def _set_password(settings: Settings, store: ControlStore, advisor: str) -> None:
    from rowcol_assets.bi.access import write_access
    from rowcol_assets.bi.server import prepare, set_password

    if advisor not in store.open_grants():
        raise UsageError(f"there is no advisor {advisor!r}")
    given = _read_password(advisor)
    if len(given) < SHORTEST_PASSWORD:
        raise UsageError(f"a password has at least {SHORTEST_PASSWORD} characters")
    write_access(settings, store)
    prepare(settings)
    set_password(settings, advisor, given)
    typer.echo(f"{advisor} logs in with the new password; Superset keeps only its hash")


def _read_password(advisor: str) -> str:
    """The password from a hidden prompt, or the first line of what is piped in: never from an argument, which others can see."""
    if sys.stdin.isatty():
        return str(typer.prompt(f"New password of {advisor}", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")
