"""Webhooks of the sandbox: what each vendor tells, so signed that the platform believes it, and carried as patiently as the vendor does."""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.errors import UsageError
from ingestion.webhooks import Notice
from sandbox.hub import Hub
from sandbox.plaid import linking
from sandbox.plaid.keys import verification_key
from sandbox.plaid.office import office_of as banks
from sandbox.postman import Postman, _sendable
from sandbox.rails import sandbox_rails
from sandbox.ramp.office import office_of as ramp_office
from sandbox.stripe.office import office_of as stripe_office
from sandbox.webhooks import Delivery, Webhooks
from tests.sandbox.conftest import OpenSandbox
from tests.sandbox.plaid_client import Plaid


@pytest.fixture
def hub(open_sandbox: OpenSandbox) -> Hub:
    """A sandbox in which every rail of its three businesses was looked at, and each bank login asked."""
    hub = open_sandbox(scale=0.3).hub
    hub.warm()
    for account in stripe_office(hub).accounts:
        stripe_office(hub).book(account)
    for listing in hub.listings:
        ramp_office(hub).desk(listing.business_id)
        for item in banks(hub).items(listing.business_id):
            banks(hub).feed(item)
            banks(hub).history(item, 730)
    direct(hub, "http://127.0.0.1:1")
    hub.set_options({"webhooks_to": ""})
    return hub


def direct(hub: Hub, url: str) -> None:
    """Has all webhooks go to `url`: by the option, and each bank login's by its own address."""
    hub.set_options({"webhooks_to": url})
    for listing in hub.listings:
        for item in banks(hub).items(listing.business_id):
            banks(hub).reface(item, webhook=f"{url}/webhooks/plaid")


def boxes(hub: Hub) -> dict[str, Webhooks]:
    return {name: rail.webhooks(hub) for name, rail in sandbox_rails().items()}


def verified(hub: Hub, rail: str, delivery: Delivery) -> list[Notice]:
    """What the platform's own verifier makes of it with the credentials the sandbox hands out."""
    module = importlib.import_module(f"ingestion.rails.{rail}.webhooks")
    headers = {name.lower(): value for name, value in delivery.sign(delivery.body, hub.now).items()}
    key = verification_key(hub.config.seed, hub.state.memory.origin, hub.options["plaid_keys_ended"])
    given = [entry["credentials"] for entry in hub.credentials([rail])]
    secrets = [entry[module.SIGNED_WITH] for entry in given] if module.SIGNED_WITH else [{key["kid"]: key}]
    for secret in secrets:
        try:
            found: list[Notice] = module.verify(headers, delivery.body, secret, datetime.fromtimestamp(hub.now, UTC))
        except module.Refused:
            continue
        return found
    raise AssertionError("signed with no secret that was handed out")


def test_what_happens_is_told_by_each_vendor_once_and_verifies(hub: Hub) -> None:
    told = boxes(hub)
    assert all(box.news() == [] for box in told.values()), "nobody is told of history"
    hub.advance(days=2)
    for rail, box in told.items():
        notices = [notice for delivery in box.news() for notice in verified(hub, rail, delivery)]
        assert notices and all(notice.entities or notice.kind for notice in notices)
        assert len({(notice.connection_id, notice.event_id) for notice in notices}) == len(notices) or rail == "plaid"
        assert box.news() == []
    hub.advance(days=7)
    assert {rail for rail, box in told.items() if box.news()} == set(told)


def test_both_of_the_ledgers_envelopes_tell_the_same_edits_and_no_balance(hub: Hub) -> None:
    new, old = boxes(hub)["qbo"], boxes(hub)["qbo"]
    hub.advance(days=2)
    events = [notice for delivery in new.news() for notice in verified(hub, "qbo", delivery)]
    hub.set_options({"webhook_envelope": "notifications"})
    notifications = [notice for delivery in old.news() for notice in verified(hub, "qbo", delivery)]
    assert [(one.connection_id, one.entities) for one in events] == [(one.connection_id, one.entities) for one in notifications]
    versions = sum(len(table.versions) for listing in hub.listings for table in hub.company(listing.realm).tables.values())
    assert len(events) < versions
    assert not any(notice.kind.startswith("qbo.account.") for notice in events), "accounts change by what is posted to them"


def test_a_bank_login_tells_of_its_error_and_its_repair_and_of_no_transactions_nobody_asked_for(open_sandbox: OpenSandbox) -> None:
    hub = open_sandbox(scale=0.3).hub
    (item, *_) = banks(hub).items(hub.listings[0].business_id)
    banks(hub).feed(item)
    banks(hub).reface(item, webhook="http://127.0.0.1:1")
    box = boxes(hub)["plaid"]
    hub.advance(days=3)
    assert box.news() == []
    banks(hub).remember(item, needs_login=True)
    (broken,) = [notice for delivery in box.news() for notice in verified(hub, "plaid", delivery)]
    banks(hub).remember(item, needs_login=False)
    (repaired,) = [notice for delivery in box.news() for notice in verified(hub, "plaid", delivery)]
    assert (broken.connection_id, broken.kind, repaired.kind) == (item.item_id, "ITEM.ERROR", "ITEM.LOGIN_REPAIRED")


class Door:
    """A receiver's door: `answers` are the statuses it gives (one rail), then 200; `taken` what came, by rail."""

    def __init__(self, *answers: int, rail: str = "") -> None:
        self.answers = list(answers)
        self.rail = rail
        self.taken: list[tuple[str, bytes, int]] = []

    async def open(self, request: Request) -> Response:
        is_met = self.answers and self.rail in ("", request.path_params["rail"])
        status = self.answers.pop(0) if is_met else 200
        self.taken.append((request.path_params["rail"], await request.body(), status))
        return Response(status_code=status)


@contextmanager
def served(door: Door) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        app = Starlette(routes=[Route("/webhooks/{rail}", door.open, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def carried(hub: Hub, door: Door, days: int = 2, **options: Any) -> dict[str, dict[str, int]]:
    """What the postman's rounds come to when days pass."""

    async def carry() -> dict[str, dict[str, int]]:
        postman = Postman(hub)
        hub.advance(days=days)
        return await postman.delivered()

    with served(door) as url:
        direct(hub, url)
        hub.set_options({"webhook_wait_share": 0.0, **options})
        counts = asyncio.run(carry())
    hub.set_options({"webhooks_to": ""})
    hub.state.listeners.clear()
    return counts


def test_all_rails_webhooks_arrive_and_some_twice_or_in_another_order_on_request(hub: Hub) -> None:
    plain = Door()
    counts = carried(hub, plain)
    assert {name: one["sent"] for name, one in counts.items()} == {name: one["taken"] for name, one in counts.items()}
    assert all(counts.values())
    doubled = Door()
    carried(hub, doubled, days=7, webhook_duplicates=1.0, webhook_disorder=True)
    bodies = [(rail, body) for rail, body, _ in doubled.taken]
    assert all(bodies.count(one) == 2 for one in bodies if one[0] != "plaid")
    stamps = [body.split(b'"created":')[1].split(b",")[0] for rail, body in bodies if rail == "stripe"]
    assert stamps != sorted(stamps)


@pytest.mark.parametrize(
    ("rail", "status", "told"),
    [
        ("qbo", 503, {"sent": 9, "given_up": 1}),
        ("ramp", 401, {"sent": 1, "refused": 1}),
        ("ramp", 503, {"sent": 10, "given_up": 1}),
        ("ramp", 429, {"sent": 10, "given_up": 1}),
        ("plaid", 401, {"sent": 7, "given_up": 1}),
        ("stripe", 500, {"sent": 3, "given_up": 1}),
    ],
)
def test_each_vendor_tries_again_as_often_as_it_says_and_then_gives_up(hub: Hub, rail: str, status: int, told: dict[str, int]) -> None:
    async def deliver() -> dict[str, int]:
        postman = Postman(hub)
        postman._boxes = boxes(hub)
        hub.state.listeners.clear()
        hub.advance(days=2)
        (delivery, *_) = postman._boxes[rail].news()
        target = postman._target()
        async with httpx.AsyncClient(trust_env=False) as http:
            await postman._deliver(http, rail, delivery, target)
        return dict(postman.counts[rail])

    with served(Door(*[status] * 100)) as url:
        direct(hub, url)
        hub.set_options({"webhook_wait_share": 0.0})
        assert asyncio.run(deliver()) == told


def test_the_ledger_withholds_what_is_later_until_the_first_has_arrived(hub: Hub) -> None:
    door = Door(*[503] * 3, rail="qbo")
    counts = carried(hub, door)
    order = [body for rail, body, _ in door.taken if rail == "qbo"]
    assert len(order) == counts["qbo"]["taken"] + 3
    assert counts["qbo"]["taken"] == len(dict.fromkeys(order))
    assert order == sorted(order, key=order.index), "a body is repeated until it was taken, then the next one goes"


def test_webhooks_leave_this_machine_for_nobody(hub: Hub) -> None:
    for address in ("http://example.com/", "https://127.0.0.1:1", "ftp://127.0.0.1"):
        with pytest.raises(UsageError, match="on this machine"):
            hub.set_options({"webhooks_to": address})


def test_a_bank_login_tells_whom_it_was_directed_to_alone_and_first_that_it_was(open_sandbox: OpenSandbox) -> None:
    hub = open_sandbox(scale=0.3).hub
    plaid = Plaid.over(hub, 0)
    mine, *others = (item for listing in hub.listings for item in banks(hub).items(listing.business_id))
    for item in (mine, *others):
        banks(hub).feed(item)
        banks(hub).history(item, 730)
    door = Door()

    async def carry() -> None:
        postman = Postman(hub)
        hub.advance(days=2)
        assert postman.counts["plaid"] == {}, "there is nobody to tell"
        linking.webhook_update(banks(hub), mine, {"webhook": f"{url}/webhooks/plaid"})
        await postman.delivered()
        hub.advance(days=7)
        await postman.delivered()

    with served(door) as url:
        asyncio.run(carry())
    hub.state.listeners.clear()
    told = [json.loads(body) for _, body, _ in door.taken]
    assert [(one["webhook_code"], one["item_id"]) for one in told] == [
        ("WEBHOOK_UPDATE_ACKNOWLEDGED", mine.item_id),
        ("SYNC_UPDATES_AVAILABLE", mine.item_id),
    ]
    assert plaid.get("/item/get", access_token=mine.access_token)["item"]["webhook"] == f"{url}/webhooks/plaid"
    away = Delivery(b"{}", lambda body, at: {}, "https://example.com/webhooks/plaid")
    assert _sendable([away], Postman(hub)._target()) == [], "no address leaves this machine"


def test_a_rotated_key_an_older_header_and_a_secret_that_is_rolled_are_shown_and_believed(hub: Hub) -> None:
    told = boxes(hub)
    hub.set_options({"plaid_keys_ended": 1, "ramp_signature_header": "X-Ramp-Webhook-Signature", "stripe_secret_roll": True})
    hub.advance(days=7)
    plaid, *_ = told["plaid"].news()
    assert verified(hub, "plaid", plaid)
    client, origin = Plaid.over(hub, 0), hub.state.memory.origin
    first, second = (verification_key(hub.config.seed, origin, number) for number in (0, 1))
    assert client.get("/webhook_verification_key/get", key_id=first["kid"])["key"]["expired_at"] is not None
    assert client.get("/webhook_verification_key/get", key_id=second["kid"])["key"]["expired_at"] is None
    ramp, *_ = told["ramp"].news()
    assert list(ramp.sign(ramp.body, hub.now)) == ["X-Ramp-Webhook-Signature"] and verified(hub, "ramp", ramp)
    stripe, *_ = told["stripe"].news()
    assert stripe.sign(stripe.body, hub.now)["Stripe-Signature"].count("v1=") == 2 and verified(hub, "stripe", stripe)
