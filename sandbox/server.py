"""Runs the sandbox: in this process until SIGTERM (`serve`), or in one of its own for tests and start-up (`start`)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from ingestion.errors import RowcolError
from sandbox.ports import HOST, bind
from sandbox.state import Config

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers. credentials: as `GET /sandbox/credentials` gives them."""

    base_url: str
    credentials: list[dict[str, Any]]
    process_id: int

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Calls one of the sandbox's own endpoints, for example `post("advance", days=1)`."""
        answer = httpx.post(f"{self.base_url}/sandbox/{path}", json=body, timeout=60, trust_env=False)
        told: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise RowcolError(told.get("error", "the sandbox refused"))
        return told


def serve(
    folder: Path,
    config: Config,
    *,
    latency_ms: int = 0,
    limits: bool = True,
    announce: Callable[[str], None] = print,
) -> None:
    """Serves the sandbox kept under `folder` on loopback until SIGTERM or SIGINT; port 0 takes a free port."""
    import uvicorn
    from starlette.applications import Starlette

    from sandbox.control import control_routes
    from sandbox.hub import Hub
    from sandbox.qbo.app import QboApp
    from sandbox.qbo.limits import Limits

    listener = bind(config.port)
    hub = Hub(folder, config)
    try:
        port = listener.getsockname()[1]
        hub.listen_on(port)
        app = Starlette(routes=[*control_routes(hub), *QboApp(hub, Limits(limits), latency_ms).routes()])

        class Server(uvicorn.Server):
            async def startup(self, sockets: Any = None) -> None:
                await super().startup(sockets)
                announce(f"sandbox ready at http://{HOST}:{port} with {len(hub.listings)} businesses, time there {hub.clock()['now']}")

        # uvicorn raises the signal again once it has stopped; stopping when told to is no failure.
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: None)
        settings = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,
            backlog=2048,
        )
        Server(settings).run(sockets=[listener])
    finally:
        hub.close()
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
    """A sandbox of its own process for the time of the context, answering before the body runs; the same `home` resumes."""
    folder = home / "sandbox"
    config = Config(seed=seed, businesses=businesses, scale=scale, recorded=str(recorded) if recorded else None, port=port)
    told = json.dumps({"folder": str(folder), "config": asdict(config), "latency_ms": latency_ms, "limits": limits})
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.server", told],
            cwd=Path(__file__).resolve().parent.parent,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        if not line.startswith("sandbox ready at "):
            process.wait(timeout=START_SECONDS)
            raise RowcolError(
                (folder / "server.log").read_text().strip().splitlines()[-1:][0]
                if (folder / "server.log").stat().st_size
                else "the sandbox did not start"
            )
        base_url = line.split()[3]
        credentials = httpx.get(f"{base_url}/sandbox/credentials", timeout=START_SECONDS, trust_env=False).raise_for_status().json()
        yield Running(base_url, credentials, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _main(text: str) -> int:
    """Entry of the process that `start` makes; the last line of its log is the reason when it ends at once."""
    told = json.loads(text)
    try:
        serve(
            Path(told["folder"]),
            Config(**told["config"]),
            latency_ms=told["latency_ms"],
            limits=told["limits"],
            announce=lambda line: print(line, flush=True),
        )
    except RowcolError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
