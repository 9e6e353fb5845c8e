"""A receiver served on a free port over a home with one connection per rail, and what a test asks of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import uvicorn

from ingestion.clock import Clock
from ingestion.control import ControlStore
from ingestion.control.api_tokens import new_token
from ingestion.control.arrivals_schema import webhook_inbox
from ingestion.control.onboarding import onboard
from ingestion.promise import CredentialForm, EntityPromise, RailPromise
from ingestion.receiver.admission import Limits
from ingestion.receiver.app import build_app
from ingestion.registry import RAILS
from ingestion.settings import Settings
from tests.control.conftest import settings, sqlite_settings, store  # noqa: F401 - fixtures of the control store
from tests.receiver.signing import SECRET, PlaidKey, Signed

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
REALM = "9130001"


@dataclass
class Served:
    """A running receiver. now: its clock, set by the test; logged: what it wrote."""

    url: str
    store: ControlStore
    settings: Settings
    clock: list[datetime]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def post(self, path: str, **options: Any) -> httpx.Response:
        """A POST as a client would make it."""
        return httpx.post(self.url + path, trust_env=False, timeout=30, **options)

    def deliver(self, signed: Signed) -> httpx.Response:
        """Delivers a webhook."""
        return self.post(f"/webhooks/{signed.rail}", content=signed.body, headers=signed.headers)

    def inbox(self) -> list[Any]:
        """The rows of the inbox."""
        with self.store.database.read() as transaction:
            return list(transaction.execute(sa.select(webhook_inbox).order_by(webhook_inbox.c.inbox_no)).all())

    def token(self, advisor: str, role: str | None, business: str = "acme") -> dict[str, str]:
        """The headers of an advisor with a role on a business."""
        self.store.grant(advisor, business, role or "staff", NOON)  # type: ignore[arg-type]
        if role is None:
            self.store.revoke(advisor, business, NOON)
        return {"authorization": f"Bearer {new_token(self.store.database, advisor)}"}


def promise(name: str, connection_field: str, *fields: str, entities: tuple[str, ...]) -> RailPromise:
    """A rail as far as the receiver knows it."""
    form = CredentialForm(
        (connection_field, *fields), ("webhook_secret",), connection_field, None, f"https://{name}.test", f"https://{name}.test"
    )
    tables = tuple(EntityPromise(entity, entity, "critical", entity) for entity in entities)
    return RailPromise(name, name, "test", "test", f"ingestion.rails.{name}.fetch:fetch", False, form, tables)


OTHERS = {
    "ramp": promise("ramp", "business_id", "client_id", entities=("bills", "transfers", "balances")),
    "plaid": promise("plaid", "item_id", "client_id", "secret", entities=("items", "transactions", "accounts", "balances")),
    "stripe": promise("stripe", "account_id", "api_key", entities=("invoices", "charges", "events")),
}


@pytest.fixture
def rails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers the rails that the receiver is written for."""
    for name, one in OTHERS.items():
        monkeypatch.setitem(RAILS, name, one)


@pytest.fixture
def plaid_key(monkeypatch: pytest.MonkeyPatch) -> PlaidKey:
    """Plaid's key, which Plaid hands out without being called; `asked` notes for which ids it was."""
    key = PlaidKey()
    key.asked = []  # type: ignore[attr-defined]

    async def fetch_key(http: object, base_url: str, credentials: object, kid: str) -> dict[str, Any] | None:
        key.asked.append((base_url, kid))  # type: ignore[attr-defined]
        return key.jwk if kid == key.kid else None

    monkeypatch.setattr("ingestion.rails.plaid.webhooks.fetch_key", fetch_key)
    return key


def connect_all(settings: Settings, store: ControlStore) -> None:  # noqa: F811 - the fixtures' names
    """Two businesses on the ledger under one app, and one on each other rail where that is registered."""
    ledger = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "webhook_verifier": SECRET}
    onboard(settings, store, "acme", "qbo", {**ledger, "realm_id": REALM})
    onboard(settings, store, "bolt", "qbo", {**ledger, "realm_id": "9130002"})
    onboard(settings, store, "cove", "qbo", {**ledger, "realm_id": "9130003", "webhook_verifier": "another-apps-secret"})
    if "ramp" in RAILS:
        onboard(settings, store, "acme", "ramp", {"business_id": "b-1", "client_id": "c", "webhook_secret": SECRET})
        onboard(settings, store, "acme", "plaid", {"item_id": "item-1", "client_id": "c", "secret": "s"})
        onboard(settings, store, "acme", "stripe", {"account_id": "acct_1", "api_key": "k", "webhook_secret": SECRET})
        onboard(settings, store, "bolt", "stripe", {"account_id": "acct_2", "api_key": "k", "webhook_secret": "bolts-own-secret"})


@contextmanager
def serving(
    settings: Settings,  # noqa: F811 - the fixtures' names
    store: ControlStore,  # noqa: F811
    limits: Limits | None = None,
    clock: Clock | None = None,
) -> Iterator[Served]:
    """A receiver in a thread of this process, until the end of the `with`. clock: in place of one that the test sets."""
    instants = [NOON]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        server = uvicorn.Server(
            uvicorn.Config(build_app(store, clock or (lambda: instants[0]), limits), log_config=None, access_log=False, ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", store, settings, instants)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def served(rails: None, settings: Settings, store: ControlStore, plaid_key: PlaidKey) -> Iterator[Served]:  # noqa: F811
    """A receiver over a home with connections, on each database."""
    connect_all(settings, store)
    with serving(settings, store) as running:
        yield running


@pytest.fixture
def local(rails: None, sqlite_settings: Settings, plaid_key: PlaidKey) -> Iterator[Served]:  # noqa: F811
    """A receiver over a home with connections in SQLite, with short limits."""
    from ingestion.control import open_store

    with open_store(sqlite_settings) as opened:
        connect_all(sqlite_settings, opened)
        with serving(sqlite_settings, opened, Limits(seconds=0.5)) as running:
            yield running
