"""Runs the sandbox in a process of its own, for tests and start-up. In this one: `sandbox.serving`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx

from ingestion.errors import RowcolError
from sandbox.rails import NAMES
from sandbox.serving import READY, serve
from sandbox.state import Config

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers. credentials: those of the ledgers, as `GET /sandbox/credentials` gives them; others: of the other rails."""

    base_url: str
    credentials: list[dict[str, Any]]
    others: list[dict[str, Any]]
    process_id: int

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Calls one of the sandbox's own endpoints, for example `post("advance", days=1)`; RowcolError with its refusal."""
        answer = _http().post(f"{self.base_url}/sandbox/{path}", json=body)
        return _told(answer)

    def warm(self, rails: Sequence[str] = NAMES) -> dict[str, int]:
        """Has everything generated and rendered that can be asked for, however long it takes; records per rail."""
        told = _told(_http().post(f"{self.base_url}/sandbox/warm", json={"rails": rails}, timeout=None))
        return {rail: sum(counts.values()) for rail, counts in told["by_rail"].items()}


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    """One client, since each reads the certificate store (50 ms). It keeps no connection, which a fork would share."""
    return httpx.Client(timeout=START_SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


def _told(answer: httpx.Response) -> dict[str, Any]:
    told: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise RowcolError(told.get("error", "the sandbox refused"))
    return told


@contextmanager
def start(
    home: Path,
    seed: int = 1,
    businesses: int = 3,
    port: int = 0,
    *,
    scale: float = 1.0,
    recorded: Path | None = None,
    latency_ms: int = 0,
    limits: bool = False,
    niceness: int = 0,
) -> Iterator[Running]:
    """A sandbox in a process of its own for the time of the context, answering before the body runs; the same `home` resumes.

    niceness: how far it gives way to others on this machine (nice(2)); a vendor's own servers take no processor from who asks them.
    """
    folder = home / "sandbox"
    config = Config(seed=seed, businesses=businesses, scale=scale, recorded=str(recorded) if recorded else None, port=port)
    told = json.dumps({"folder": str(folder), "config": asdict(config), "latency_ms": latency_ms, "limits": limits, "niceness": niceness})
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    log = folder / "server.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", "sandbox.server", told],
        cwd=Path(__file__).resolve().parent.parent,
        stdout=subprocess.PIPE,
        stderr=descriptor,
    )
    os.close(descriptor)
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        if not line.startswith(READY):
            process.wait(timeout=START_SECONDS)
            raise RowcolError(_last_words(log))
        base_url = line.removeprefix(READY).split()[0]
        credentials = _http().get(f"{base_url}/sandbox/credentials").raise_for_status().json()
        ledgers = [entry for entry in credentials if entry["rail"] == "qbo"]
        others = [entry for entry in credentials if entry["rail"] != "qbo"]
        yield Running(base_url, ledgers, others, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _last_words(log: Path) -> str:
    lines = log.read_text().strip().splitlines()
    return lines[-1] if lines else "the sandbox did not start"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _main(text: str) -> int:
    """Entry of the process that `start` makes; the last line of its log is the reason when it ends at once."""
    told = json.loads(text)
    # Threads begun later have that of their starter.
    os.setpriority(os.PRIO_PROCESS, 0, max(told["niceness"], os.getpriority(os.PRIO_PROCESS, 0)))
    try:
        serve(Path(told["folder"]), Config(**told["config"]), latency_ms=told["latency_ms"], limits=told["limits"], announce=_say)
    except RowcolError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
