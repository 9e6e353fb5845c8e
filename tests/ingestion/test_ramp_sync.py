"""A business's payments on Ramp through real HTTP into the change log: complete at first, cheap afterwards, whatever the rail does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.control.onboarding import onboard
from ingestion.control.schema import sync_states
from ingestion.control.store import open_store, product_clock_of
from ingestion.rails.ramp.lists import scope_of
from ingestion.rails.ramp.promise import RAMP
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.sync import SyncReport, SyncRequest, sync
from ingestion.traffic import sum_of
from sandbox.server import Running, start
from tests.ingestion.conftest import HASTY, Home, outcome_of

Version = tuple[str, str, str, str]
WORLD: dict[str, Any] = {"seed": 11, "businesses": 2, "scale": 0.3}
HEAD = "(observed_at, version_no)"


class RampHome(Home):
    """A home whose businesses are connected to the sandbox's Ramp alone."""

    def sync(self, *, businesses: list[str] | None = None, entities: list[str] | None = None, count_check: bool = False) -> SyncReport:
        request = SyncRequest(RAMP, businesses, entities, strategy=HASTY, count_check=count_check)
        return sync(self.settings, self.store, product_clock_of(self.settings, self.store), request)

    def fault(self, business: str, kind: str, **limits: Any) -> None:
        self.sandbox.post("fault", rail="ramp", business=business, kind=kind, **limits)

    def living(self) -> set[Version]:
        """Every version of a record known, deletions aside: business, entity, record, SHA-256 of the payload."""
        union = " union all ".join(
            f"select business_id, '{promise.name}', record_id, sha256(payload) from raw_ramp.{promise.name} where not is_deleted"
            for promise in RAMP.entities
        )
        return set(self.rows(union))

    def heads(self) -> set[Version]:
        """What exists now: business, entity, record and the hash of its content."""
        union = " union all ".join(
            f"""select business_id, '{promise.name}', record_id, max_by(content_hash, {HEAD})
            from raw_ramp.{promise.name} group by all having not max_by(is_deleted, {HEAD})"""
            for promise in RAMP.entities
        )
        return set(self.rows(union))

    def served(self) -> set[Version]:
        return {(business, entity, one, digest) for business, rail, entity, one, _, digest, *_ in self.truth("served") if rail == "ramp"}


Opening = Callable[..., RampHome]


@pytest.fixture
def open_ramp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Starts a sandbox, or takes a running one, and connects all its businesses on Ramp."""
    monkeypatch.setitem(RAILS, "ramp", RAMP)
    with ExitStack() as stack:

        def opening(running: Running | None = None, **config: Any) -> RampHome:
            settings = Settings(home=tmp_path / ("beside" if running else "home"), duckdb_memory="1GB", duckdb_threads=1)
            running = running or stack.enter_context(start(tmp_path / "world", **{**WORLD, **config}))
            store = stack.enter_context(open_store(settings))
            for entry in running.others:
                if entry["rail"] == "ramp":
                    told = {"base_url": entry["base_url"], "auth_url": entry["auth_url"], "timezone": entry["timezone"]}
                    onboard(settings, store, entry["business_id"], "ramp", entry["credentials"], **told)
            return RampHome(settings, store, running)

        yield opening


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox in which no time passes, for what needs no more than that."""
    with start(tmp_path_factory.mktemp("still"), **WORLD) as running:
        yield running


@pytest.fixture
def home(open_ramp: Opening) -> RampHome:
    return open_ramp()


def test_a_first_sync_brings_every_record_and_a_second_one_nothing_in_six_requests(open_ramp: Opening) -> None:
    home = open_ramp(businesses=4)
    first = home.sync()
    assert [outcome.status for outcome in first.outcomes] == ["succeeded"] * 4
    refreshing = [home.store.token(one).refresh_token is not None for one in home.store.connections("ramp")]
    assert sorted(refreshing) == [False, False, False, True], "three have apps of their own, one consented to a partner's"
    assert home.living() == home.served()
    assert {entity for _, entity, *_ in home.living()} == {promise.name for promise in RAMP.entities}
    hidden = home.rows("select count(*) > 0 from raw_ramp.transactions where payload->>'$.state' = 'DECLINED'")
    archived = home.rows("select count(*) > 0 from raw_ramp.bills where payload->>'$.archived_at' is not null")
    both_ways = home.rows("select count(distinct payload->>'$.direction') from raw_ramp.reimbursements")
    assert (hidden, archived, both_ways) == ([(True,)], [(True,)], [(2,)])
    second = home.sync()
    assert second.rows_new == 0
    assert max(outcome.requests for outcome in second.outcomes) <= 6
    read = sum_of(outcome.calls for outcome in first.outcomes)
    assert "/vendors/{id}/accounts" in read and not any(digit in "".join(read) for digit in "0123456789")


def test_what_landed_before_its_success_was_noted_is_read_again_though_it_is_read_once_a_day(home: RampHome) -> None:
    """As a process leaves it that dies in between: the watermark is in the warehouse, and nobody knows of the reading."""
    home.sync()
    with home.store.database.write() as transaction:
        transaction.execute(sa.update(sync_states).where(sync_states.c.entity == "entities").values(last_success_at=None))
    again = [{entity.entity: entity.status for entity in outcome.entities} for outcome in home.sync().outcomes]
    assert {(told["entities"], told["business"]) for told in again} == {("succeeded", "skipped")}
    assert {entity.status for outcome in home.sync().outcomes for entity in outcome.entities if entity.entity == "entities"} == {"skipped"}


def test_after_days_of_cycles_it_knows_what_a_new_home_reads(home: RampHome, open_ramp: Opening) -> None:
    home.sync()
    for _ in range(6):
        home.sandbox.post("advance", minutes=15)
        assert not home.sync().failed
    for days in (1, 3, 10):
        home.sandbox.post("advance", days=days)
        assert not home.sync().failed
    assert home.rows("select count(*) > 0 from raw_ramp.bills where version_no > 1") == [(True,)]
    assert home.living() == home.served()
    beside = open_ramp(home.sandbox)
    beside.sync()
    assert home.heads() == beside.heads()
    assert home.sync().rows_new == 0


def test_a_payment_made_between_two_cycles_is_known_after_the_second(home: RampHome, open_ramp: Opening) -> None:
    home.sync()
    for _ in range(8):
        home.sandbox.post("advance", minutes=180)
        report = home.sync()
    assert not report.failed
    beside = open_ramp(home.sandbox)
    beside.sync()
    money = "select business_id, record_id, {what} from raw_ramp.bills group by 1, 2"
    paid = money.format(what=f"max_by(payload->>'$.status', {HEAD})")
    assert {row for row in home.rows(paid) if row[2] == "PAID"} == {row for row in beside.rows(paid) if row[2] == "PAID"}


def test_scopes_that_are_missing_are_named_and_cost_their_entities_only(still: Running, open_ramp: Opening) -> None:
    home = open_ramp(still)
    broken = home.businesses[0]
    home.fault(broken, "scope_missing")
    outcome = outcome_of(home.sync(), broken)
    home.fault(broken, "clear")
    failed = {entity.entity for entity in outcome.entities if entity.status == "failed"}
    assert failed and failed < {promise.name for promise in RAMP.entities}
    assert all(scope_of(entity.entity) in str(entity.error) for entity in outcome.entities if entity.status == "failed")
