"""Consents at the sandbox as a person gives them: the page's address is opened, with the choice made on it, and redirects back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from ingestion.callback import Callback
from ingestion.connecting import Desk, Wanted, connect, new_state
from ingestion.consent import App, Place
from ingestion.control.facts import Connection
from ingestion.control.onboarding import Onboarded, identities_of, onboard
from ingestion.control.schema import connections, secrets, tokens
from ingestion.control.store import ControlStore, open_store
from ingestion.fetching import Identity
from ingestion.registry import RAILS
from ingestion.settings import Settings
from sandbox.server import Running, start


@dataclass
class Office:
    """A home beside a sandbox. apps: by rail, as the sandbox's `/sandbox/apps` gives them."""

    settings: Settings
    store: ControlStore
    sandbox: Running
    apps: Mapping[str, App]

    @property
    def businesses(self) -> list[str]:
        return [entry["business_id"] for entry in self.sandbox.credentials]

    def connect(self, business: str, rail: str, choice: Mapping[str, str] | None = None, **wanted: Any) -> Onboarded:
        """Connects `business`; choice: what the person adds to the page's address."""
        state = new_state()
        with Callback(state) as callback:

            def show(url: str) -> None:
                answer = httpx.get(httpx.URL(url).copy_merge_params(dict(choice or {})), follow_redirects=True, trust_env=False)
                assert answer.status_code == 200, answer.text

            desk = Desk(callback.redirect_uri, state, show, lambda: callback.wait(5))
            return connect(self.settings, self.store, Wanted(business, rail, **wanted), self.apps[rail], desk)

    def entry(self, business: str, rail: str) -> dict[str, Any]:
        """The credentials the sandbox gives out for `business` now, and where they are good."""
        listed = httpx.get(f"{self.sandbox.base_url}/sandbox/credentials", trust_env=False).json()
        return next(one for one in listed if (one["business_id"], one["rail"]) == (business, rail))

    def onboard(self, business: str, rail: str) -> Onboarded:
        """Connects `business` with the credentials the sandbox gives out for it now."""
        entry = self.entry(business, rail)
        return onboard(self.settings, self.store, business, rail, entry["credentials"], base_url=entry["base_url"])

    def fault(self, rail: str, business: str, kind: str, **limits: Any) -> None:
        self.sandbox.post("fault", rail=rail, business=business, kind=kind, **limits)

    def rows(self, table: sa.Table = connections) -> list[dict[str, Any]]:
        with self.store.database.read() as transaction:
            return [dict(row) for row in transaction.execute(sa.select(table)).mappings()]

    def row(self, business: str, rail: str) -> dict[str, Any]:
        (found,) = [row for row in self.rows() if (row["business_id"], row["rail"]) == (business, rail)]
        return found

    def has_secret(self, connection_id: str) -> bool:
        return any(row["connection_id"] == connection_id for table in (secrets, tokens) for row in self.rows(table))

    def as_given(self, connection: Connection) -> dict[str, Any]:
        """The stored credentials in the form in which they are handed in, with the newest token."""
        secret, refresh = self.store.secret(connection), RAILS[connection.rail].credentials.refresh_field
        newest = {refresh: self.store.token(connection).refresh_token} if refresh else {}
        return {**secret, **newest, "items": [{name: secret.get(name) for name in ("item_id", "access_token")}]}

    def ask(self, connection: Connection) -> list[Identity]:
        """What the vendor says of the stored credentials now; UsageError when it refuses them."""
        return identities_of(RAILS[connection.rail], connection.base_url, connection.auth_url, self.as_given(connection))

    def break_connection(self, business: str, rail: str) -> None:
        """Marks every connection as a sync does that was refused."""
        broken = {"state": "disconnected", "consecutive_failures": 4, "last_error_kind": "disconnected", "last_error": "refused"}
        with self.store.database.write() as transaction:
            transaction.execute(sa.update(connections).filter_by(business_id=business, rail=rail).values(broken))


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox for the consents of one module; what was consented to stays from test to test, as at a vendor."""
    with start(tmp_path_factory.mktemp("vendors"), seed=13, businesses=3) as running:
        yield running


@pytest.fixture
def office(vendors: Running, tmp_path: Path) -> Iterator[Office]:
    """A home without connections, and vendors without faults."""
    for rail in RAILS:
        vendors.post("fault", rail=rail, business="all", kind="clear")
    listed = httpx.get(f"{vendors.base_url}/sandbox/apps", trust_env=False).json()
    apps = {each["rail"]: App(Place(*[each["base_url"]] * 3), each["app"]) for each in listed}
    settings = Settings(home=tmp_path / "home", duckdb_threads=1, _env_file=None)
    with open_store(settings) as store:
        yield Office(settings, store, vendors, apps)
