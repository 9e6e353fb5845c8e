"""Ramp in memory: lists with the vendor's filters and keyset pages, reads by id, tokens; and a home connected to it.

For what the sandbox cannot be told to do: one odd answer at one place. The sandbox is what whole syncs are tested against.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import ControlStore, open_store
from ingestion.rails.ramp.promise import RAMP
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, USER_ACTION
from ingestion.sync import SyncReport, SyncRequest, sync

URL = "https://localhost"
ROOT = "/developer/v1"
SCOPES = "business:read entities:read bills:read vendors:read transactions:read transfers:read reimbursements:read statements:read"
HASTY = replace(DATA_FETCH, backoff_factor=1.0, first_wait_seconds=0.001)
HASTY_ACTION = replace(USER_ACTION, backoff_factor=1.0, first_wait_seconds=0.001)

Answer = httpx.Response
Record = dict[str, Any]


def uuid(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def bill(number: int, **fields: Any) -> Record:
    known = {"id": uuid(1, number), "amount": {"amount": 100 + number, "currency_code": "USD"}, "status": "OPEN", "archived_at": None}
    return {**known, "created_at": "2026-02-01T09:00:00+00:00", "paid_at": None, "invoice_urls": [], **fields}


def vendor(number: int, **fields: Any) -> Record:
    return {"id": uuid(2, number), "name": f"Vendor {number}", "created_at": "2026-01-05T09:00:00+00:00", **fields}


def error(status: int, code: str) -> Answer:
    body = {"error_v2": {"error_code": code, "message": "m", "error_id": "e", "additional_info": {}, "notes": ""}, "error": {}}
    return Answer(status, json=body)


NOT_FOUND = partial(error, 404, "DEVELOPER_7002")


@dataclass
class Vendor:
    """What Ramp holds of one business. odd: an answer in place of the usual one, None for that."""

    lists: dict[str, list[Record]] = field(default_factory=dict)
    granted: str = SCOPES
    odd: Callable[[httpx.Request], Answer | None] = lambda request: None
    asked: list[httpx.Request] = field(default_factory=list)
    token_forms: list[dict[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    rotates: bool = False

    def paths(self) -> list[str]:
        """The paths asked for below the root, in order."""
        return [request.url.path.removeprefix(ROOT) for request in self.asked]

    def token(self, url: str, auth: tuple[str, str], form: Mapping[str, str], seconds: float) -> tuple[int, dict[str, Any]]:
        """The token endpoint, in the place of `post_form`."""
        self.token_forms.append(dict(form))
        token = f"ramp_tok_{len(self.token_forms)}"
        self.tokens = {token}
        reply = {"access_token": token, "expires_in": 864_000, "token_type": "Bearer", "scope": self.granted}
        return 200, {**reply, "refresh_token": f"refresh-{len(self.token_forms)}"} if self.rotates else reply

    def answer(self, request: httpx.Request) -> Answer:
        self.asked.append(request)
        if request.headers["Authorization"].removeprefix("Bearer ") not in self.tokens:
            return NOT_FOUND()
        return self.odd(request) or self._usual(request)

    def _usual(self, request: httpx.Request) -> Answer:
        path = request.url.path.removeprefix(ROOT)
        if path == "/business":
            return Answer(200, json={"id": uuid(9, 1), "business_name_legal": "Acme LLC", "created_time": "2022-08-20T16:54:29+00:00"})
        if path == "/business/balance":
            return Answer(200, content=b'{"available_card_limit": 2000000, "statement_balance": 4941.29}')
        if path in self.lists or path.endswith("/accounts") or path in {"/bills/drafts", *PLAIN}:
            return self._page(request, [one for one in self.lists.get(path, []) if _is_asked_for(one, request.url.params)])
        folder, _, record_id = path.rpartition("/")
        found = [one for one in self.lists.get(folder, []) if one["id"] == record_id]
        return Answer(200, json=found[0]) if found else NOT_FOUND()

    def _page(self, request: httpx.Request, records: list[Record]) -> Answer:
        size, start = int(request.url.params.get("page_size", 20)), request.url.params.get("start")
        ids = [one["id"] for one in records]
        if start and start not in ids:
            return NOT_FOUND()
        first = ids.index(start) + 1 if start else 0
        shown = records[first : first + size]
        more = first + size < len(records)
        following = str(request.url.copy_set_param("start", shown[-1]["id"])) if more else None
        return Answer(200, json={"data": shown, "page": {"next": following}})


PLAIN = ("/bills", "/vendors", "/transactions", "/transfers", "/reimbursements", "/statements", "/entities")


def _is_asked_for(record: Record, asked: httpx.QueryParams) -> bool:
    if "archived_at" in record and bool(record["archived_at"]) != (asked.get("is_archived") == "true"):
        return False
    if record.get("state") == "DECLINED" and asked.get("state") != "ALL":
        return False
    if record.get("direction", "BUSINESS_TO_USER") != asked.get("direction", "BUSINESS_TO_USER"):
        return False
    if asked.get("payment_status") and record["status"] != asked["payment_status"]:
        return False
    times = {"from_paid_at": "paid_at", "from_created_at": "created_at", "updated_after": "updated_at"}
    return all(str(record.get(name) or "") >= asked[since] for since, name in times.items() if since in asked)


@dataclass
class RampHome:
    """A home with one business on Ramp."""

    settings: Settings
    store: ControlStore
    vendor: Vendor
    now: datetime = datetime(2026, 3, 3, 12, 2, tzinfo=UTC)

    def connect(self, **more: Any) -> None:
        credentials = {"client_id": "ramp_id", "client_secret": "ramp-secret", "scopes": SCOPES, **more}
        onboard(self.settings, self.store, "acme", "ramp", credentials, base_url=URL, auth_url=URL, probe=lambda url: None)
        self.vendor.asked.clear()

    def sync(self, *, after: timedelta = timedelta(minutes=15), entities: list[str] | None = None, **more: Any) -> SyncReport:
        self.now += after
        self.vendor.asked.clear()
        return sync(self.settings, self.store, lambda: self.now, SyncRequest(RAMP, None, entities, **{"strategy": HASTY, **more}))

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            return warehouse.execute(statement).fetchall()

    def versions(self, entity: str) -> list[tuple[str, dict[str, Any], bool]]:
        """All versions of an entity in order: record, payload, whether it is a deletion."""
        rows = self.rows(f"select record_id, payload, is_deleted from raw_ramp.{entity} order by record_id, version_no")
        return [(record, json.loads(payload), deleted) for record, payload, deleted in rows]


def statuses(report: SyncReport) -> dict[str, tuple[str, str | None]]:
    return {one.entity: (one.status, one.error_kind) for one in report.outcomes[0].entities}


@contextmanager
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, held: Vendor, *, connect: bool = True) -> Iterator[RampHome]:
    """A home on `held`: registers the rail and lets its calls end there."""
    monkeypatch.setitem(RAILS, "ramp", RAMP)
    transported = partial(httpx.AsyncClient, transport=httpx.MockTransport(held.answer))
    monkeypatch.setattr("httpx.AsyncClient", transported)
    monkeypatch.setattr("ingestion.parts.many_calls_client", lambda _: transported())
    monkeypatch.setattr("ingestion.rails.ramp.oauth.post_form", held.token)
    settings = Settings(home=folder / "home", duckdb_memory="500MB", duckdb_threads=1)
    with open_store(settings) as store:
        home = RampHome(settings, store, held)
        if connect:
            home.connect()
        yield home


def at(path: str, answer: Callable[[], Answer], times: int = 1_000) -> Callable[[httpx.Request], Answer | None]:
    """The answer to requests for a path, so many times."""
    left = iter(range(times))

    def odd(request: httpx.Request) -> Answer | None:
        return answer() if request.url.path.endswith(path) and next(left, None) is not None else None

    return odd
