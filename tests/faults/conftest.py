"""Homes connected to one rail of a sandbox each, and what a test of faults does to and asks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.store import ControlStore, open_store, product_clock_of
from ingestion.rails.plaid import limits as plaid_limits
from ingestion.rails.ramp import limits as ramp_limits
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, Strategy
from ingestion.sync import SyncReport, SyncRequest, sync
from sandbox.server import Running, start

# What is tried again and how often is what counts here, not how long one waits in between.
HASTY = Strategy(
    "data_fetch", "medium", 0, use_cache=True, max_attempts=DATA_FETCH.max_attempts, backoff_factor=1.0, first_wait_seconds=0.001
)
WORLD: dict[str, Any] = {"seed": 11, "businesses": 2, "scale": 0.3}

# Business, entity, record and the hash of the bytes, which is left out where the same state is served in changing bytes.
Version = tuple[str, str, str, str]


@dataclass
class Place:
    """A home and the sandbox all its businesses are connected to."""

    settings: Settings
    store: ControlStore
    sandbox: Running

    @property
    def broken(self) -> str:
        """The business that faults strike."""
        return self.sandbox.credentials[0]["business_id"]

    def connect(self, *rails: str) -> Place:
        """Onboards every business on `rails`."""
        for entry in (*self.sandbox.credentials, *self.sandbox.others):
            if entry["rail"] in rails:
                told = {name: entry[name] for name in ("base_url", "auth_url", "name", "timezone", "firm")}
                onboard(self.settings, self.store, entry["business_id"], entry["rail"], entry["credentials"], **told)
        return self

    def fault(self, rail: str, kind: str, business: str | None = None, **limits: Any) -> dict[str, Any]:
        """Orders a fault, of the broken business unless told otherwise."""
        return self.sandbox.post("fault", rail=rail, business=business or self.broken, kind=kind, **limits)

    def sync(self, rail: str, *, count_check: bool = False, clock_off: timedelta = timedelta()) -> SyncReport:
        """Reads the rail as a schedule does; each sync is another minute's, so that limits are kept and not waited for.

        clock_off: how far this home's clock is before the vendor's.
        """
        plaid_limits.window.cache_clear()
        ramp_limits.limit_of.cache_clear()
        clock = product_clock_of(self.settings, self.store)
        request = SyncRequest(RAILS[rail], strategy=HASTY, count_check=count_check)
        return sync(self.settings, self.store, lambda: clock() + clock_off, request)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query of the warehouse answers."""
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as warehouse:
            return warehouse.execute(statement).fetchall()

    def raw(self, rail: str) -> tuple[set[Version], set[Version]]:
        """The versions known: living ones and deletions. Fails if one is there twice."""
        union = " union all ".join(
            f"select business_id, '{promise.name}', record_id, sha256(payload), is_deleted, change_id from raw_{rail}.{promise.name}"
            for promise in RAILS[rail].entities
        )
        rows = self.rows(union)
        assert len(rows) == len({row[-1] for row in rows}), "no change is known twice"
        return _versions(rail, rows)

    def served(self, rail: str) -> tuple[set[Version], set[Version]]:
        """The versions the sandbox has sent, to whomever: living ones and deletions."""
        path = self.settings.home / "served.parquet"
        answer = httpx.get(f"{self.sandbox.base_url}/sandbox/truth/served", trust_env=False, timeout=60).raise_for_status()
        path.write_bytes(answer.content)
        columns = "business_id, entity, record_id, content_sha256, is_deleted"
        return _versions(rail, duckdb.sql(f"select {columns} from read_parquet('{path}') where rail = '{rail}'").fetchall())

    def assert_whole(self, rail: str) -> None:
        """The change log holds what the rail ever served, once, deletions included where the truth tells of them."""
        (living, gone), (served, ended) = self.raw(rail), self.served(rail)
        assert living == served
        assert {version[:3] for version in gone} >= {version[:3] for version in ended}


def _versions(rail: str, rows: list[tuple[Any, ...]]) -> tuple[set[Version], set[Version]]:
    volatile = {promise.name for promise in RAILS[rail].entities if promise.volatile_fields}
    found: tuple[set[Version], set[Version]] = (set(), set())
    for business, entity, record, digest, is_deleted, *_ in rows:
        # A bank is no business's, so the truth has none.
        if entity != "institutions":
            found[is_deleted].add((business, entity, record, "" if entity in volatile else digest))
    return found


def outcomes_of(report: SyncReport, business: str) -> list[SyncOutcome]:
    """The outcomes of a business's connections."""
    return [outcome for outcome in report.outcomes if outcome.business_id == business]


OpenPlace = Callable[[str], Place]


@pytest.fixture(scope="session")
def place_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPlace]:
    """Per rail a sandbox of its own and a home connected to it and read once; both are used by all tests of that rail."""
    with ExitStack() as stack:
        made: dict[str, Place] = {}

        def opening(rail: str) -> Place:
            if rail not in made:
                folder = tmp_path_factory.mktemp(f"faults-{rail}")
                running = stack.enter_context(start(folder, **WORLD))
                running.post("options", slow_seconds=0.05)
                place = _home(folder / "home", stack, running).connect(rail)
                assert not place.sync(rail).failed
                made[rail] = place
            return made[rail]

        yield opening


@pytest.fixture
def new_place(place_of: OpenPlace, tmp_path: Path) -> Iterator[OpenPlace]:
    """A home on a rail's sandbox that has read nothing yet."""
    with ExitStack() as stack:
        yield lambda rail: _home(tmp_path / "home", stack, place_of(rail).sandbox).connect(rail)


def _home(folder: Path, stack: ExitStack, running: Running) -> Place:
    settings = Settings(home=folder, duckdb_memory="500MB", duckdb_threads=1)
    return Place(settings, stack.enter_context(open_store(settings)), running)


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes walks of a few dozen records take several pages."""
    for name, rows in (("qbo.walk.PAGE_ROWS", 40), ("ramp.walk.PAGE_SIZE", 20), ("plaid.transactions.PAGE_ROWS", 40)):
        monkeypatch.setattr(f"ingestion.rails.{name}", rows)
    monkeypatch.setattr("ingestion.rails.stripe.listings.PAGE_OBJECTS", 20)
