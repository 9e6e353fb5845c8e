"""One home on all four rails for the tests of this folder, put back in order before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from ingestion.control.live_schema import live_arrivals, live_cache, live_changes
from ingestion.control.schema import businesses, connections, rail_pauses
from tests.live.homes import LiveHome, live_home


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHome]:
    """Made once per worker: a sandbox and four syncs take some seconds."""
    with live_home(tmp_path_factory.mktemp("live")) as made:
        yield made


@pytest.fixture
def home(shared_home: LiveHome) -> LiveHome:
    """Without faults, pauses, cached answers and records that wait."""
    shared_home.fault("clear")
    shared_home.sandbox.post("options", slow_seconds=5.0)
    with shared_home.store.database.write() as transaction:
        for table in (live_cache, live_changes, live_arrivals, rail_pauses):
            transaction.execute(sa.delete(table))
        for table in (businesses, connections):
            transaction.execute(sa.update(table).values(is_paused=False))
    return shared_home
