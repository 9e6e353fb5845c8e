"""Servers that a command runs until it is told to stop: a port, a process group of their own, and their end.

What is served is known by the commands: `rowcol_assets.cli.ui` and `rowcol_assets.cli.bi`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ingestion.errors import RowcolError

HOST = "127.0.0.1"
STOP_SECONDS = 20
POLL_SECONDS = 0.3


def free_port(port: int) -> int:
    """`port`, or a free one for 0; RowcolError when it is taken, before anything is started."""
    with socket.socket() as probe:
        # As the server itself does, so that connections of a former one that still linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise RowcolError(f"port {port} is in use: choose another with --port, or 0 for a free one") from None
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """An event that is set by Ctrl-C or SIGTERM."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def server(command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in `log`, in a group of its own so that whatever it started ends with it.

    Not in a session of its own: Linux may share processors out by session, and how nice a cycle is would then tell nothing.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=descriptor,
        stderr=descriptor,
        process_group=0,
    )
    os.close(descriptor)
    try:
        yield process
    finally:
        _stop(process)


def wait_until_it_answers(
    process: subprocess.Popen[bytes], address: str, stop: threading.Event, *, name: str, log: Path, seconds: float
) -> bool:
    """Whether the server answers at `address`; False when told to stop meanwhile. RowcolError when it ended or did not come up."""
    import httpx

    for _ in range(int(seconds / POLL_SECONDS)):
        if process.poll() is not None:
            raise RowcolError(f"{name} did not start: its log {log} says why")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(address, timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return True
        if stop.wait(POLL_SECONDS):
            return False
    raise RowcolError(f"{name} does not answer after {seconds:g} s; its log is {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the server to end, and ends whatever of its group is left: a run's worker would otherwise go on."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
