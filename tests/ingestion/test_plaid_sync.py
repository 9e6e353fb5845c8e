"""Bank logins through real HTTP into the change log: complete at first, cheap afterwards, whatever the vendor does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store, product_clock_of
from ingestion.rails.plaid.promise import PLAID
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import Strategy
from ingestion.sync import SyncReport, SyncRequest, sync
from ingestion.traffic import sum_of
from sandbox.server import start
from tests.ingestion.conftest import HASTY, Home
from tests.ingestion.plaid_home import HASTY_ACTION

Version = tuple[str, str, str, str, bool]


class BankHome(Home):
    """A home whose businesses are connected to the sandbox's Plaid alone."""

    def sync(
        self,
        *,
        businesses: list[str] | None = None,
        entities: list[str] | None = None,
        count_check: bool = False,
        strategy: Strategy = HASTY,
        delivery: str = "schedule",
    ) -> SyncReport:
        request = SyncRequest(PLAID, businesses, entities, strategy=strategy, delivery=delivery, count_check=count_check)
        return sync(self.settings, self.store, product_clock_of(self.settings, self.store), request)

    def fault(self, business: str, kind: str, **limits: Any) -> None:
        self.sandbox.post("fault", rail="plaid", business=business, kind=kind, **limits)

    def raw(self, *left_out: str) -> set[Version]:
        """Every version known; institutions belong to no business in the sandbox's truth."""
        union = " union all ".join(
            f"select business_id, '{promise.name}', record_id, sha256(payload), is_deleted from raw_plaid.{promise.name}"
            for promise in PLAID.entities
            if promise.name not in ("institutions", *left_out)
        )
        return set(self.rows(union))

    def served(self, *left_out: str) -> set[Version]:
        rows = self.truth("served")
        found = {(business, entity, one, digest, gone) for business, rail, entity, one, _, digest, gone, _ in rows if rail == "plaid"}
        return {version for version in found if version[1] not in left_out}

    def heads(self) -> set[tuple[str, str, str, str]]:
        """What exists now: business, entity, record and its text; an account's is without what is on it, which balances has."""
        union = " union all ".join(
            f"""select business_id, '{promise.name}', record_id, max_by(content_hash, (observed_at, version_no))
            from raw_plaid.{promise.name} group by all having not max_by(is_deleted, (observed_at, version_no))"""
            for promise in PLAID.entities
        )
        return set(self.rows(union))


Opening = Callable[..., BankHome]


@pytest.fixture
def open_bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Starts a sandbox, or takes that of a home beside, and connects the bank logins of all its businesses."""
    monkeypatch.setitem(RAILS, "plaid", PLAID)
    with ExitStack() as stack:

        def opening(beside: BankHome | None = None, **config: Any) -> BankHome:
            settings = Settings(home=tmp_path / ("home2" if beside else "home"), duckdb_memory="1GB", duckdb_threads=1)
            world = {"seed": 11, "businesses": 2, "scale": 0.3, **config}
            running = beside.sandbox if beside else stack.enter_context(start(tmp_path / "world", **world))
            store = stack.enter_context(open_store(settings))
            for entry in running.others:
                if entry["rail"] == "plaid":
                    told = {"base_url": entry["base_url"], "auth_url": entry["auth_url"], "timezone": entry["timezone"]}
                    onboard(settings, store, entry["business_id"], "plaid", entry["credentials"], **told)
            return BankHome(settings, store, running)

        yield opening


@pytest.fixture
def home(open_bank: Opening) -> BankHome:
    return open_bank()


def test_a_first_sync_brings_every_login_whole_and_a_second_one_nothing(home: BankHome) -> None:
    first = home.sync()
    assert {outcome.status for outcome in first.outcomes} == {"succeeded"}
    assert {outcome.business_id for outcome in first.outcomes} == set(home.businesses)
    assert len(first.outcomes) > len(home.businesses), "some business has two logins"
    each = " union all ".join(f"select connection_id from raw_plaid.{promise.name}" for promise in PLAID.entities)
    rows_new = [(outcome.connection_id, outcome.rows_new) for outcome in first.outcomes]
    assert sorted(rows_new) == sorted(home.rows(f"select connection_id, count(*) from ({each}) group by all")), "each login its own"
    assert home.raw() == home.served()
    days = home.rows("select max((payload->>'date')::date) - min((payload->>'date')::date) from raw_plaid.transactions")
    assert days[0][0] > 90, "more than the vendor tells unasked"
    second = home.sync()
    assert second.rows_new == 0
    assert max(outcome.requests for outcome in second.outcomes) == PLAID.quiet_calls.per_cycle, "the bank is read once an hour"
    asked = {"/item/get", "/accounts/get", "/transactions/sync"}
    assert set(sum_of(outcome.calls for outcome in second.outcomes)) == asked
    assert max(outcome.requests for outcome in home.sync(entities=["balances", "transactions"]).outcomes) == 2


def test_following_the_cursor_ends_like_reading_everything_anew(open_bank: Opening) -> None:
    home = open_bank(businesses=8, scale=1)
    home.sync()
    for time in (*[{"minutes": 480}] * 8, {"days": 20}):
        home.sandbox.post("advance", **time)
        assert not home.sync().failed
    # An account is served with what is on it each time, and kept when something else in it changes.
    assert home.raw("accounts") == home.served("accounts")
    gone = home.rows("select count(*) from raw_plaid.transactions where is_deleted")
    assert gone[0][0] > 0, "what was pending at one of the syncs has posted"
    posted = home.rows(
        """select count(*) from raw_plaid.transactions as posted join raw_plaid.transactions as pending
        on posted.payload->>'pending_transaction_id' = pending.record_id where pending.is_deleted"""
    )
    assert posted[0][0] > 0
    anew = open_bank(beside=home)
    anew.sync()
    assert home.heads() == anew.heads()


def test_history_that_comes_in_stages_is_whole_in_the_end(open_bank: Opening) -> None:
    home = open_bank(businesses=1)
    home.sandbox.post("options", staged_history=True)
    first = home.sync()
    assert {entity.status for outcome in first.outcomes for entity in outcome.entities if entity.entity == "transactions"} == {"skipped"}
    home.sandbox.post("advance", minutes=5)
    home.sync()
    some = home.rows("select count(*) from raw_plaid.transactions")
    home.sandbox.post("advance", minutes=30)
    assert not home.sync().failed
    assert home.rows("select count(*) from raw_plaid.transactions") > some
    assert home.raw() == home.served()
    beside = open_bank(beside=home)
    beside.sync()
    assert home.heads() == beside.heads()


def test_a_cursor_that_is_gone_is_made_up_for_in_the_same_sync(home: BankHome, open_bank: Opening) -> None:
    home.sync()
    home.sandbox.post("advance", days=5)
    home.fault(home.businesses[0], "cursor_gone", count=1)
    report = home.sync()
    assert not report.failed
    walked = [one for outcome in report.outcomes for one in outcome.entities if one.entity == "transactions" and one.was_full_walk]
    assert len(walked) == 1
    anew = open_bank(beside=home)
    anew.sync()
    assert home.heads() == anew.heads()


def test_a_person_gets_the_banks_own_balances_and_keeps_them_until_plaid_is_ahead(home: BankHome) -> None:
    home.sync()
    for _ in range(12):
        home.sandbox.post("advance", minutes=170)
        assert not home.sync(entities=["balances"], strategy=HASTY_ACTION, delivery="on_demand").failed
    newest = """select record_id, payload, delivery from raw_plaid.balances
    qualify row_number() over (partition by record_id order by version_no desc) = 1"""
    assert any(delivery == "live" for *_, delivery in home.rows(newest)), "a day and a half bring something to a bank before Plaid looks"
    before = home.rows(newest)
    home.sync(entities=["balances"])
    assert home.rows(newest) == before
    home.sandbox.post("advance", days=3)
    home.sync()
    assert {delivery for *_, delivery in home.rows(newest)} >= {"schedule"}
    assert {version for version in home.raw() if version[1] == "balances"} <= home.served()
