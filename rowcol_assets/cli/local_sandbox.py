"""The sandbox beside a command: found answering, or started for as long as the command runs, and stopped again.

What is onboarded from it is in `quickstart`; the sandbox itself is `rowcol sandbox serve`, a process of its own whose
day, tokens and faults stay in the home.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from ingestion.errors import RowcolError
from ingestion.settings import child_environment

if TYPE_CHECKING:
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings

STOP_SECONDS = 30


@contextlib.contextmanager
def local_sandbox(settings: Settings, store: ControlStore, new_businesses: int | None = None) -> Iterator[Settings]:
    """A sandbox that answers for as long as the body runs, if this home's connections point to one; yields the settings to run with.

    One that is started here has no limits, so none are kept; one that answers already goes on as it is.

    new_businesses: how many businesses it gets in a home that has none yet. RowcolError when it cannot be started.
    """
    from rowcol_assets.cli.sandbox import address

    url = store.sandbox_url() if new_businesses is None else address()
    if (url is None and new_businesses is None) or (url is not None and _answers(url)):
        yield settings
        return
    arguments = [sys.executable, "-m", "rowcol_assets.cli", "sandbox", "serve", "--limits", "off"]
    process = _start([*arguments, "--businesses", str(new_businesses)] if new_businesses else arguments, settings)
    try:
        yield settings.model_copy(update={"rail_limits": "off"})
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def webhooks_to(store: ControlStore, receiver: str) -> Iterator[None]:
    """For as long as the body runs, the home's sandbox, if it has one, tells the receiver at that address what happens.

    Where a vendor is told by API whom to tell (Plaid), that is for the syncs to do.
    """
    url = store.sandbox_url()
    _tell(url, receiver)
    try:
        yield
    finally:
        _tell(url, "")


def _tell(url: str | None, receiver: str) -> None:
    import httpx

    if url is not None:
        # A sandbox that has ended meanwhile sends nothing either.
        with contextlib.suppress(httpx.HTTPError):
            httpx.post(f"{url}/sandbox/options", json={"webhooks_to": receiver}, timeout=STOP_SECONDS, trust_env=False)


def _start(arguments: list[str], settings: Settings) -> subprocess.Popen[str]:
    process = subprocess.Popen(  # noqa: S603 - our own command
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=child_environment(settings)
    )
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    if line.startswith("sandbox ready"):
        typer.echo(line.strip(), err=True)
        return process
    process.wait(timeout=STOP_SECONDS)
    reason = process.stderr.read().strip().splitlines()[-1:] or ["no reason given"]
    if "in use" in reason[0] and not settings.sandbox_dir.exists():
        return _start([*arguments, "--port", "0"], settings)
    raise RowcolError(f"the sandbox did not start: {reason[0].removeprefix('rowcol: ')}")


def _answers(url: str) -> bool:
    from ingestion.clock import sandbox_clock

    try:
        sandbox_clock(url)()
    except RowcolError:
        return False
    return True
