"""The sandbox's own endpoints under `/sandbox/`: clock, advance, touch, warm, pace, fault, options, truth, credentials, apps,
webhooks. No vendor has these.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ingestion.errors import UsageError
from sandbox.hub import Hub
from sandbox.postman import Postman
from sandbox.rails import NAMES

LONGEST_LATENCY_MS = 60_000
# Latency in milliseconds, and whether the vendors' limits are kept.
SetPace = Callable[[int, bool], None]


def clock_route(hub: Hub) -> Route:
    """What tells a sandbox from a vendor, and what time it is there; every rail's port has it."""

    async def clock(request: Request) -> Response:
        return JSONResponse(hub.clock())

    return Route("/sandbox/clock", clock, methods=["GET"])


def control_routes(hub: Hub, postman: Postman | None = None, set_pace: SetPace | None = None) -> list[Route]:
    """Routes that steer the sandbox; a wrong argument is 400 with one sentence in `error`.

    postman: who carries webhooks, asked what they came to. set_pace: what the server is told.
    """

    def post(act: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                asked = json.loads(await request.body() or b"{}")
                if not isinstance(asked, dict):
                    raise UsageError("the request body is not a JSON object")
                return JSONResponse(act(asked))
            except UsageError as error:
                return JSONResponse({"error": str(error)}, 400)
            except (ValueError, TypeError, KeyError):
                return JSONResponse({"error": "the request body is not what this endpoint takes"}, 400)

        return endpoint

    async def credentials(request: Request) -> Response:
        return JSONResponse(hub.credentials())

    async def apps(request: Request) -> Response:
        return JSONResponse(hub.apps())

    async def truth(request: Request) -> Response:
        from sandbox.truth import truth_table

        try:
            return Response(truth_table(hub, request.path_params["table"]), media_type="application/vnd.apache.parquet")
        except UsageError as error:
            return JSONResponse({"error": str(error)}, 404)

    async def webhooks(request: Request) -> Response:
        return JSONResponse(await postman.delivered() if postman else {})

    def advance(asked: dict[str, Any]) -> dict[str, Any]:
        return hub.advance(int(asked.get("days", 0)), int(asked.get("minutes", 0)))

    def fault(asked: dict[str, Any]) -> dict[str, Any]:
        rate, count, after = float(asked.get("rate", 1)), asked.get("count"), int(asked.get("after", 0))
        return hub.faults.order(asked["rail"], asked["business"], asked["kind"], rate, count, after)

    def pace(asked: dict[str, Any]) -> dict[str, Any]:
        latency_ms, limits = asked["latency_ms"], asked["limits"]
        if set_pace is None or type(latency_ms) is not int or not 0 <= latency_ms <= LONGEST_LATENCY_MS or type(limits) is not bool:
            raise UsageError("pace takes latency_ms, a whole number of at most 60,000, and limits, true or false")
        set_pace(latency_ms, limits)
        return {"latency_ms": latency_ms, "limits": limits}

    return [
        clock_route(hub),
        Route("/sandbox/credentials", credentials, methods=["GET"]),
        Route("/sandbox/webhooks", webhooks, methods=["GET"]),
        Route("/sandbox/apps", apps, methods=["GET"]),
        Route("/sandbox/truth/{table}", truth, methods=["GET"]),
        Route("/sandbox/advance", post(advance), methods=["POST"]),
        Route("/sandbox/touch", post(lambda asked: hub.touch(float(asked["share"]))), methods=["POST"]),
        Route("/sandbox/warm", post(lambda asked: hub.warm(asked.get("rails", NAMES))), methods=["POST"]),
        Route("/sandbox/fault", post(fault), methods=["POST"]),
        Route("/sandbox/pace", post(pace), methods=["POST"]),
        Route("/sandbox/options", post(hub.set_options), methods=["POST"]),
    ]
