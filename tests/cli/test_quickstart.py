"""How `rowcol quickstart` begins: the sandbox it uses, and the onboarding it completes. A whole one is in `tests/e2e`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import ControlStore, any_connections, open_store
from ingestion.settings import Settings, load_settings
from rowcol_assets.cli.local_sandbox import local_sandbox
from rowcol_assets.cli.quickstart import PHASES, is_unfinished, onboard_all
from sandbox.server import Running, start


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("ROWCOL_HOME", str(tmp_path / "home"))
    load_settings.cache_clear()
    yield load_settings()
    load_settings.cache_clear()


@pytest.fixture
def served(settings: Settings) -> Iterator[Running]:
    with start(settings.home, seed=2, businesses=2) as running:
        yield running


@pytest.fixture
def store(settings: Settings) -> Iterator[ControlStore]:
    with open_store(settings) as opened:
        yield opened


def test_the_homes_sandbox_is_used_where_it_answers_already(settings: Settings, store: ControlStore, served: Running) -> None:
    with local_sandbox(settings, store, new_businesses=20) as used:
        assert used is settings, "its limits are kept"
        onboard_all(settings, store)
    assert len(store.businesses()) == len(served.credentials)


def test_an_interrupted_onboarding_is_completed_and_what_was_connected_stays(
    settings: Settings, store: ControlStore, served: Running
) -> None:
    first = served.credentials[0]
    onboard(settings, store, first["business_id"], "qbo", first["credentials"], base_url=first["base_url"])
    (connection,) = store.connections("qbo")
    token = store.token(connection)
    assert is_unfinished(store)
    onboard_all(settings, store)
    assert not is_unfinished(store)
    assert store.token(connection) == token
    connected = [
        {rail for rail in PHASES[0] if any_connections(store.database, rail, entry["business_id"])} for entry in served.credentials
    ]
    assert connected == [set(PHASES[0]), set(PHASES[1])]
    assert sorted(business for granted in store.open_grants().values() for business in granted) == [
        business.business_id for business in store.businesses()
    ]


def test_a_home_of_real_companies_without_advisors_is_left_as_it_is(settings: Settings, store: ControlStore) -> None:
    real = {"client_id": "c", "client_secret": "s", "realm_id": "1", "refresh_token": "r"}
    onboard(settings, store, "acme", "qbo", real)
    assert not is_unfinished(store)
