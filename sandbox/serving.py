"""Serves the sandbox in this process, each rail on its own port, until SIGTERM or SIGINT.

What a rail answers is in `sandbox/<rail>/app.py`, the sandbox's own endpoints in `sandbox.control`. In a process of its own, for
tests and start-up: `sandbox.server`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.ports import HOST, bind_row
from sandbox.rails import sandbox_rails
from sandbox.state import Config

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from sandbox.control import SetPace
    from sandbox.hub import Hub
    from sandbox.postman import Postman

# How the one line begins that is announced once it answers.
READY = "sandbox ready at "


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
            announce(f"{READY}http://{HOST}:{port} with {len(hub.listings)} businesses, time there {hub.clock()['now']}")

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
