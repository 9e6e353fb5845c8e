"""A small Stripe in this process and the shortest way to fetch from it: lists, reads by id, lines, events, refusals at will.

What is fetched stays in memory; syncs into a change log are in `test_stripe_sync`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import httpx

from ingestion.changelog.spool import Arrivals, Spool
from ingestion.clock import fixed_clock
from ingestion.control.database import Database
from ingestion.control.facts import Connection, Credentials
from ingestion.control.store import ControlStore
from ingestion.fetching import EntityReport, FetchSession, Traffic
from ingestion.limiter import Limiter
from ingestion.rails.stripe.client import API_VERSION
from ingestion.rails.stripe.fetch import fetch
from ingestion.rails.stripe.promise import STRIPE
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH

ACCOUNT = "acct_1Main"
NOW = 1_790_000_000
HASTY = replace(DATA_FETCH, backoff_factor=1.0, first_wait_seconds=0.001)
LISTS = {
    "customers": "customer",
    "invoices": "invoice",
    "invoice_payments": "invoice_payment",
    "charges": "charge",
    "payment_intents": "payment_intent",
    "refunds": "refund",
    "disputes": "dispute",
    "payouts": "payout",
    "balance_transactions": "balance_transaction",
    "events": "event",
}
Refuse = Callable[[httpx.Request], httpx.Response | None]


def error(status: int, code: str | None = None, *, param: str | None = None, headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"error": {"type": "invalid_request_error", "code": code, "param": param, "message": "No such thing: sk_test_secret"}}
    return httpx.Response(status, json=body, headers=headers)


@dataclass
class Vendor:
    """What the account holds; `refuse` may answer any request instead."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in LISTS})
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    paid_out: dict[str, list[str]] = field(default_factory=dict)
    account: str = ACCOUNT
    livemode: bool = False
    refuse: Refuse = lambda request: None
    requests: list[httpx.Request] = field(default_factory=list)

    def add(self, entity: str, record_id: str, created: int = NOW - 86_400, **fields: Any) -> dict[str, Any]:
        made = {"id": record_id, "object": LISTS[entity], "created": created, "livemode": self.livemode, **fields}
        self.objects[entity][record_id] = made
        return made

    def happen(self, event_id: str, kind: str, about: dict[str, Any], created: int = NOW, **data: Any) -> None:
        self.add("events", event_id, created, type=kind, data={"object": about, **data}, pending_webhooks=1, api_version="2022-11-15")

    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/v1") for request in self.requests]

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert request.headers["Stripe-Version"] == API_VERSION
        return self.refuse(request) or self._serve(request.url.path.removeprefix("/v1/").split("/"), dict(request.url.params))

    def _serve(self, parts: list[str], asked: dict[str, str]) -> httpx.Response:
        if parts == ["account"]:
            return httpx.Response(200, json={"id": self.account, "object": "account", "created": 1})
        if parts == ["balance"]:
            available = [{"amount": len(self.objects["balance_transactions"]), "currency": "usd"}]
            return httpx.Response(200, json={"object": "balance", "livemode": self.livemode, "available": available})
        name, *rest = parts
        held = self.objects[name]
        if rest and rest[0] not in held:
            return error(404, "resource_missing", param="id")
        if len(rest) == 1:
            return httpx.Response(200, json=self._shown(held[rest[0]]))
        found = self.lines[rest[0]] if rest else sorted(held.values(), key=lambda one: -one["created"])
        for filtered in ("status", "invoice", "charge"):
            found = [one for one in found if one.get(filtered) == asked.get(filtered, one.get(filtered))]
        if payout := asked.get("payout"):
            found = [one for one in found if one["id"] in self.paid_out[payout]]
        found = [one for one in found if one.get("created", 0) >= int(asked.get("created[gte]", 0)) and not one.get("deleted")]
        if after := asked.get("starting_after"):
            ids = [one["id"] for one in found]
            if after not in ids:
                return error(400, "resource_missing", param="starting_after")
            found = found[ids.index(after) + 1 :]
        limit = int(asked.get("limit", 10))
        assert limit <= 100
        page = [self._shown(one) for one in found[:limit]]
        return httpx.Response(200, json={"object": "list", "url": f"/v1/{name}", "has_more": len(found) > limit, "data": page})

    def _shown(self, held: dict[str, Any]) -> dict[str, Any]:
        if held["id"] not in self.lines or held.get("deleted"):
            return held
        lines = self.lines[held["id"]]
        return {**held, "lines": {"object": "list", "has_more": len(lines) > 10, "data": lines[:10], "url": "/v1/x"}}


@dataclass
class Kept:
    """Stands for the spool, the change log behind it and the control store: what arrived, as rows, and what is known of it."""

    secrets: dict[str, str]
    rows: list[tuple[str, str, bool, dict[str, Any]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)

    def add(self, entity: str, arrivals: Arrivals) -> None:
        for record_id, gone, payload in zip(arrivals.record_ids, arrivals.is_deleted, arrivals.payloads, strict=True):
            self.rows.append((entity, record_id, gone, json.loads(payload)))
            self.bodies.append(payload)

    def secret(self, connection: Connection) -> Credentials:
        return Credentials(self.secrets)

    async def known_ids(self, connection: Connection, entity: str) -> frozenset[str]:
        state = {record_id: gone for name, record_id, gone, _ in self.rows if name == entity}
        return frozenset(record_id for record_id, gone in state.items() if not gone)

    def ids(self, entity: str, *, gone: bool = False) -> list[str]:
        return [record_id for name, record_id, was_gone, _ in self.rows if name == entity and was_gone == gone]


@dataclass
class Account:
    """One connection to a vendor across several syncs: its watermarks move on as reports say."""

    vendor: Vendor = field(default_factory=Vendor)
    secret: dict[str, str] = field(default_factory=lambda: {"api_key": "sk_test_1", "account_id": ACCOUNT, "is_connected_account": "false"})
    now: int = NOW
    marks: dict[str, dict[str, str]] = field(default_factory=dict)
    kept: Kept = field(init=False)
    traffic: Traffic = field(default_factory=Traffic)
    pages: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = Kept(self.secret)

    def fetch(self, *entities: str, count_check: bool = False) -> dict[str, EntityReport]:
        """Fetches and returns the reports by entity; what arrives is added to `kept`, requests counted from 0."""
        self.vendor.requests.clear()
        return asyncio.run(self._fetch(entities, count_check))

    async def _fetch(self, entities: tuple[str, ...], count_check: bool) -> dict[str, EntityReport]:
        connection = Connection("b1", ACCOUNT, "stripe", "http://localhost", "http://localhost", "healthy", True, None)
        self.traffic = Traffic()
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.vendor.answer)) as http:
            session = FetchSession(
                http=http,
                store=cast(ControlStore, self.kept),
                clock=fixed_clock(datetime.fromtimestamp(self.now, UTC)),
                strategy=HASTY,
                limiter=Limiter(self.kept.settings, cast(Database, None), HASTY),
                spool=cast(Spool, self.kept),
                sync_id="s1",
                delivery="schedule",
                watermarks=self.marks,
                known_ids=self.kept.known_ids,
                large_answers=asyncio.Semaphore(4),
                count_check=count_check,
                pages=self.pages,
            )
            wanted = [one for one in STRIPE.entities if not entities or one.name in entities]
            reports = await fetch(session, connection, wanted, self.traffic)
        for report in reports:
            if report.watermark:
                self.marks.setdefault(report.entity, {})[f"b1/{ACCOUNT}"] = report.watermark
        assert sorted(report.entity for report in reports) == sorted(one.name for one in wanted)
        return {report.entity: report for report in reports}


def furnished() -> Account:
    """An account with one of each, all a day old, never read."""
    account = Account()
    vendor = account.vendor
    vendor.add("customers", "cus_1")
    vendor.add("invoices", "in_1", status="open")
    vendor.lines["in_1"] = [{"id": f"il_{number}", "object": "line_item", "amount": 1} for number in range(25)]
    vendor.add("invoice_payments", "inpay_1", invoice="in_1", status="open")
    vendor.add("charges", "ch_1")
    vendor.add("payment_intents", "pi_1")
    vendor.add("refunds", "re_1", charge="ch_1")
    vendor.add("disputes", "dp_1", charge="ch_1")
    vendor.add("payouts", "po_1", status="paid", reconciliation_status="completed")
    vendor.paid_out["po_1"] = ["txn_1"]
    vendor.add("balance_transactions", "txn_1", status="available", available_on=NOW - 86_400)
    vendor.happen("evt_1", "charge.succeeded", vendor.objects["charges"]["ch_1"], created=NOW - 86_400)
    return account
