"""Runs the sandbox: in this process until SIGTERM (`serve`), or in one of its own for tests and start-up (`start`)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from ingestion.errors import RowcolError
from sandbox.ports import HOST, bind_row
from sandbox.rails import NAMES, sandbox_rails
from sandbox.state import Config

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from sandbox.control import SetPace
    from sandbox.hub import Hub
    from sandbox.postman import Postman

START_SECONDS = 60
_READY = "sandbox ready at "


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers. credentials: those of the ledgers, as `GET /sandbox/credentials` gives them; others: of the other rails."""

    base_url: str
    credentials: list[dict[str, Any]]
    others: list[dict[str, Any]]
    process_id: int

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Calls one of the sandbox's own endpoints, for example `post("advance", days=1)`; RowcolError with its refusal."""
        answer = httpx.post(f"{self.base_url}/sandbox/{path}", json=body, timeout=START_SECONDS, trust_env=False)
        return _told(answer)

    def warm(self, rails: Sequence[str] = NAMES) -> dict[str, int]:
        """Has everything generated and rendered that can be asked for, however long it takes; records per rail."""
        told = _told(httpx.post(f"{self.base_url}/sandbox/warm", json={"rails": rails}, timeout=None, trust_env=False))  # noqa: S113
        return {rail: sum(counts.values()) for rail, counts in told["by_rail"].items()}


def _told(answer: httpx.Response) -> dict[str, Any]:
    told: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise RowcolError(told.get("error", "the sandbox refused"))
    return told


def application(
    hub: Hub,
    rail: str = "qbo",
    *,
    latency_ms: int = 0,
    limits: bool = True,
    postman: Postman | None = None,
    set_pace: SetPace | None = None,
) -> Starlette:
    """One rail of the sandbox as an ASGI application; the first also has the sandbox's own endpoints, the others its clock."""
    from starlette.applications import Starlette

    from sandbox.control import clock_route, control_routes

    served = sandbox_rails()[rail]
    own = control_routes(hub, postman, set_pace) if served.port_offset == 0 else [clock_route(hub)]
    return Starlette(routes=[*own, *served.routes(hub, limits, latency_ms)])


class ByPort:
    """Hands each request to the rail whose port it came in on. port: the first rail's; postman: who carries webhooks, if anybody."""

    def __init__(self, hub: Hub, port: int, latency_ms: int, limits: bool, postman: Postman | None = None) -> None:
        self._hub = hub
        self._port = port
        self._postman = postman
        self.set_pace(latency_ms, limits)

    def set_pace(self, latency_ms: int, limits: bool) -> None:
        """Serves from now on with that latency, and with all limits unused or without them."""
        self.applications = {
            self._port + rail.port_offset: application(
                self._hub, name, latency_ms=latency_ms, limits=limits, postman=self._postman, set_pace=self.set_pace
            )
            for name, rail in sandbox_rails().items()
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.applications[scope["server"][1]](scope, receive, send)


def serve(
    folder: Path,
    config: Config,
    *,
    latency_ms: int = 0,
    limits: bool = True,
    webhooks: str | None = None,
    announce: Callable[[str], None],
) -> None:
    """Serves the sandbox kept under `folder` on loopback until SIGTERM or SIGINT; port 0 takes a free port.

    webhooks: the receiver that is told what happens, '' for none, None for where the last ones went. `announce` gets one line
    once it answers. RowcolError when the port or the folder is taken.
    """
    import uvicorn

    from sandbox.hub import Hub
    from sandbox.postman import Postman

    rails = sandbox_rails()
    listeners = bind_row(config.port, max(rail.port_offset for rail in rails.values()) + 1)
    try:
        hub = Hub(folder, config)
        if webhooks is not None:
            hub.set_options({"webhooks_to": webhooks})
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    port = listeners[0].getsockname()[1]
    hub.listen_on(port)
    postman = Postman(hub)

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            announce(f"{_READY}http://{HOST}:{port} with {len(hub.listings)} businesses, time there {hub.clock()['now']}")

        async def shutdown(self, sockets: Any = None) -> None:
            await postman.stop()
            await super().shutdown(sockets)

    # uvicorn raises the signal again once it has stopped; stopping when told to is no failure.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)
    settings = uvicorn.Config(
        ByPort(hub, port, latency_ms, limits, postman),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        backlog=2048,
        # As long as the vendor's edge; with uvicorn's 5 s a client's idle connection dies under its next request.
        timeout_keep_alive=75,
    )
    try:
        Server(settings).run(sockets=listeners)
    finally:
        hub.close()
        for listener in listeners:
            listener.close()


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
) -> Iterator[Running]:
    """A sandbox in a process of its own for the time of the context, answering before the body runs; the same `home` resumes."""
    folder = home / "sandbox"
    config = Config(seed=seed, businesses=businesses, scale=scale, recorded=str(recorded) if recorded else None, port=port)
    told = json.dumps({"folder": str(folder), "config": asdict(config), "latency_ms": latency_ms, "limits": limits})
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
        if not line.startswith(_READY):
            process.wait(timeout=START_SECONDS)
            raise RowcolError(_last_words(log))
        base_url = line.removeprefix(_READY).split()[0]
        credentials = httpx.get(f"{base_url}/sandbox/credentials", timeout=START_SECONDS, trust_env=False).raise_for_status().json()
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
    try:
        serve(Path(told["folder"]), Config(**told["config"]), latency_ms=told["latency_ms"], limits=told["limits"], announce=_say)
    except RowcolError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
