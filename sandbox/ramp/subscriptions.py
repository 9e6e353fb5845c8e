"""Subscriptions of Ramp's webhooks by API: registered, proved by a challenge, listed, ended. What is sent: `sandbox.ramp.webhooks`.

Source: Ramp's webhooks guide and OpenAPI description. A new subscription waits for the challenge that was posted to its address;
its secret is told once, when it is made.
"""

from __future__ import annotations

import hmac
import json
import uuid
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from sandbox.hub import Hub
from sandbox.ramp import replies
from sandbox.ramp.webhooks import EVENT_TYPES, challenge_of, delivery, subscription_secret
from sandbox.ramp.wire import instant, ramp_id

PENDING, ACTIVE = "pending_verification", "active"


async def answer(hub: Hub, number: int, request: Request) -> Response:
    """What a business's request below /webhooks gets. number: the business's, from 0."""
    id = request.path_params.get("webhook")
    if id is None:
        return _register(hub, number, await _content(request)) if request.method == "POST" else _list(hub, number)
    held = hub.state.memory.ramp_webhooks.get(id)
    if held is None or held["number"] != number:
        return replies.not_found(f"webhook {id} not found")
    if request.url.path.endswith("/verify"):
        return _verify(hub, id, held, await _content(request))
    if request.method == "DELETE":
        hub.state.remember("ramp_webhook_ended", id=id)
        return replies.reply(b"", 204)
    return replies.json_reply(_shown(hub, id, held))


def _list(hub: Hub, number: int) -> Response:
    mine = {id: held for id, held in hub.state.memory.ramp_webhooks.items() if held["number"] == number}
    return replies.json_reply([_shown(hub, id, held) for id, held in mine.items()])


def _register(hub: Hub, number: int, asked: dict[str, Any]) -> Response:
    address, events = asked.get("endpoint_url"), asked.get("event_types")
    if not isinstance(address, str) or urlsplit(address).scheme not in ("http", "https"):
        return replies.invalid("endpoint_url", "Not a valid URL.")
    if not isinstance(events, list) or not events or not set(map(str, events)) <= EVENT_TYPES:
        return replies.invalid("event_types", "Must be one of the event types.")
    id, at = str(uuid.uuid4()), instant(hub.now)
    held = {"number": number, "endpoint_url": address, "event_types": events, "status": PENDING, "created_at": at, "updated_at": at}
    hub.state.remember("ramp_webhook", id=id, **held)
    hub.send("ramp", delivery(hub, number, id, held, "webhooks.verification", id, challenge=challenge_of(hub, id)))
    told = {**_shown(hub, id, held), "secret": subscription_secret(hub, id), "additional_headers": asked.get("additional_headers") or {}}
    return replies.json_reply(told, 201)


def _verify(hub: Hub, id: str, held: dict[str, Any], asked: dict[str, Any]) -> Response:
    if not hmac.compare_digest(str(asked.get("challenge", "")).encode(), challenge_of(hub, id).encode()):
        return replies.invalid("challenge", "Challenge does not match.")
    hub.state.remember("ramp_webhook", id=id, **{**held, "status": ACTIVE, "updated_at": instant(hub.now)})
    return replies.json_reply({"success": True})


def _shown(hub: Hub, id: str, held: dict[str, Any]) -> dict[str, Any]:
    desk = hub.listings[held["number"]]
    shown = {name: value for name, value in held.items() if name != "number"}
    return {"id": id, "business_id": ramp_id(hub.world(desk.business_id).business.seed, "business"), **shown}


async def _content(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.body())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
