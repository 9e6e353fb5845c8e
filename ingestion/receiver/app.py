"""The receiver as an ASGI application: its addresses, its answers, and what happens when something fails.

Every answer is JSON, and none holds what was sent or what a defect says. The server around it is `server`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.clock import Clock, held
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError
from ingestion.http import tls_context
from ingestion.live.desk import LiveDesk, open_desk
from ingestion.receiver import actions
from ingestion.receiver.admission import Limits, TurnedAway, read_body
from ingestion.receiver.ahead import Ahead
from ingestion.receiver.live import live_answer
from ingestion.receiver.webhooks import Inlet, inlet_for
from ingestion.receiver.writer import BatchWriter
from ingestion.registry import RAILS
from ingestion.webhooks import Refused

log = logging.getLogger("rowcol.receiver")

# Signatures are good for five minutes.
TIME_HOLDS_SECONDS = 4.0
PLAIN = msgspec.json.Encoder()
AMOUNTS_AS_NUMBERS = msgspec.json.Encoder(decimal_format="number")
Handler = Callable[[Request], Awaitable[Response]]


class Receiver:
    """What the handlers share."""

    def __init__(self, store: ControlStore, clock: Clock, limits: Limits | None = None) -> None:
        self.store = store
        self.limits = limits or Limits()
        self.writer = BatchWriter(store.database)
        self.inlets: dict[str, Inlet] = {}
        # A sandbox is asked over HTTP, which must not stop the other requests.
        self._now = Ahead(lambda: asyncio.to_thread(clock), TIME_HOLDS_SECONDS)
        # The desk asks several times for each answer, between two steps of its own.
        self._clock = held(clock)
        self.desk: LiveDesk | None = None

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Starts what the handlers need and stops it after the last of them."""
        self.writer.start()
        async with httpx.AsyncClient(timeout=10, trust_env=False, verify=tls_context()) as http:
            found = {name: inlet_for(rail, self.store, self.writer, http) for name, rail in RAILS.items()}
            self.inlets = {name: inlet for name, inlet in found.items() if inlet}
            for inlet in self.inlets.values():
                await inlet.warm()
            async with open_desk(self.store.settings, self.store, self._clock) as self.desk:
                yield
            for inlet in self.inlets.values():
                await inlet.close()
        await asyncio.to_thread(self.writer.stop)

    async def webhook(self, request: Request) -> Response:
        """POST /webhooks/{rail}"""
        inlet = self.inlets.get(request.path_params["rail"])
        if inlet is None:
            raise TurnedAway(404, "there is no such rail", {"connection": "close"})
        body = await read_body(request, self.limits, self.limits.largest_webhook)
        taken = await inlet.take(request.headers, body, await self._now.get())
        told: dict[str, int | str] = {"accepted": taken.new, "known": taken.known}
        return _json(200, told if taken.challenge is None else {**told, "challenge": taken.challenge})

    async def sync(self, request: Request) -> Response:
        """POST /sync"""
        advisor = await actions.authenticated(self.store.database, request.headers)
        body = await read_body(request, self.limits, self.limits.largest_action)
        return _json(202, {"requests": await actions.order_sync(self.writer, advisor, body)})

    async def sync_state(self, request: Request) -> Response:
        """GET /sync/{request_id}"""
        advisor = await actions.authenticated(self.store.database, request.headers)
        return _json(200, await actions.sync_state(self.store.database, advisor, request.path_params["request_id"]))

    async def decision(self, request: Request) -> Response:
        """POST /decisions"""
        advisor = await actions.authenticated(self.store.database, request.headers)
        body = await read_body(request, self.limits, self.limits.largest_action)
        client = request.client.host if request.client else ""
        decided = await actions.decide(self.writer, advisor, client, request.headers, body, await self._now.get())
        first = decided[0]
        told = {"decision_id": first.decision_id, "is_new": first.is_new}
        if first.bulk_id is not None:
            told = {"bulk_id": first.bulk_id, "is_new": first.is_new, "decision_ids": [one.decision_id for one in decided]}
        return _json(201 if first.is_new else 200, told)

    async def live(self, request: Request) -> Response:
        """GET /live/{business}/{what}, with ?strict=1 for an answer that is live or none"""
        advisor = await actions.authenticated(self.store.database, request.headers)
        assert self.desk is not None, "the desk is open while requests are served"
        answer = await live_answer(self.desk, self.store.database, advisor, request.path_params, request.query_params)
        return _json(200, answer, encoder=AMOUNTS_AS_NUMBERS)

    async def health(self, _request: Request) -> Response:
        """GET /healthz: whether events could be stored."""

        def look() -> None:
            with self.store.database.read() as transaction:
                transaction.execute(sa.text("select 1"))

        await asyncio.to_thread(look)
        return _json(200, {"status": "ok", "rails": sorted(self.inlets)})


def build_app(store: ControlStore, clock: Clock, limits: Limits | None = None) -> Starlette:
    """The application over an open control store."""
    receiver = Receiver(store, clock, limits)
    return Starlette(
        routes=[
            Route("/webhooks/{rail}", _answered(receiver.webhook), methods=["POST"]),
            Route("/sync", _answered(receiver.sync), methods=["POST"]),
            Route("/sync/{request_id}", _answered(receiver.sync_state), methods=["GET"]),
            Route("/live/{business}/{what:path}", _answered(receiver.live), methods=["GET"]),
            Route("/decisions", _answered(receiver.decision), methods=["POST"]),
            Route("/healthz", _answered(receiver.health), methods=["GET"]),
        ],
        lifespan=receiver.lifespan,
    )


def _answered(handler: Handler) -> Handler:
    """Turns whatever a handler raises into an answer; only kinds of defects are logged, their texts can hold what was sent."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except TurnedAway as turned:
            failure = (turned.status, str(turned), turned.headers)
        except Refused as refused:
            failure = (401, str(refused), {})
        except RowcolError as error:
            log.error("%s", error)
            failure = (503, "the control store or the clock cannot be used at the moment", {"retry-after": "30"})
        except Exception as error:  # noqa: BLE001 - the last resort of a server: one request must not end it
            log.error("%s: stopped by an unexpected %s", request.scope["route"].path, type(error).__name__)
            failure = (500, "an unexpected error", {})
        status, message, headers = failure
        # What a 422 says names the caller's own words.
        log.warning("%s %s: %d %s", request.method, request.scope["route"].path, status, "" if status == 422 else message)
        return _json(status, {"error": message}, headers)

    return answer


def _json(status: int, value: Any, headers: dict[str, str] | None = None, encoder: msgspec.json.Encoder = PLAIN) -> Response:
    return Response(encoder.encode(value), status, headers, media_type="application/json")
