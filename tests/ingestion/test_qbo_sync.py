"""A company's ledger through real HTTP into the change log: complete at first, cheap afterwards, whatever the rail does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from ingestion.breaker import Breaker
from ingestion.control.leases import held_leases
from ingestion.registry import RAILS
from ingestion.traffic import sum_of
from tests.ingestion.conftest import Home, OpenHome, outcome_of

WORLD = {"seed": 9, "businesses": 2, "scale": 0.3}


@pytest.fixture
def home(open_home: OpenHome) -> Home:
    return open_home(**WORLD)


def served(home: Home) -> set[tuple[str, str, str, str, bool]]:
    return {(business, entity, record, digest, deleted) for business, _, entity, record, _, digest, deleted, _ in home.truth("served")}


def test_a_first_sync_brings_every_record_and_a_second_one_nothing(home: Home) -> None:
    first = home.sync()
    assert [outcome.status for outcome in first.outcomes] == ["succeeded", "succeeded"]
    assert home.raw() == served(home)
    tables = home.rows(
        "select count(*) from information_schema.tables where table_schema = 'raw_qbo' and not starts_with(table_name, '_dlt')"
    )
    assert tables == [(len(RAILS["qbo"].entities),)]
    second = home.sync()
    assert second.rows_new == 0
    assert {outcome.requests for outcome in second.outcomes} == {RAILS["qbo"].quiet_calls.per_cycle}, "an unchanged company costs one call"


def test_many_companies_land_in_parts_each_with_its_own_id(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RAILS, "qbo", replace(RAILS["qbo"], connections_at_once=1))
    monkeypatch.setattr("ingestion.part.SECONDS_PER_PART", 0)
    report = home.sync()
    assert home.raw() == served(home)
    assert [outcome.sync_id for outcome in report.outcomes] == [report.sync_id, f"{report.sync_id}-2"]
    assert not held_leases(home.store.database)
    assert home.sync().rows_new == 0, "each part's watermarks are kept"


def test_edits_voids_and_deletions_arrive_through_the_feed(home: Home) -> None:
    home.sync()
    home.sandbox.post("advance", days=10)
    report = home.sync()
    assert report.rows_new > 0
    assert max(outcome.requests for outcome in report.outcomes) < 25
    assert home.raw() == served(home)
    assert home.rows("select count(*) > 0 from raw_qbo.bills where version_no > 1") == [(True,)]
    assert any(deleted for *_, deleted in home.raw()), "ten days of this world delete something"


def test_more_changes_than_the_feed_can_tell_are_walked(open_home: OpenHome) -> None:
    home = open_home(businesses=1, scale=2)
    home.sync()
    home.sandbox.post("touch", share=1.0)
    report = home.sync()
    assert report.rows_new > 1000
    assert not report.failed
    assert home.raw() == served(home)


def test_an_outage_longer_than_the_feed_reaches_finds_deletions_by_a_walk(home: Home) -> None:
    home.sync()
    for _ in range(4):
        home.sandbox.post("advance", days=10)
    report = home.sync()
    assert not report.failed
    assert any(entity.was_full_walk for outcome in report.outcomes for entity in outcome.entities)
    live = home.rows(
        """select business_id, record_id from raw_qbo.bills group by all
        having not max_by(is_deleted, (source_updated_at, observed_at, version_no))"""
    )
    assert any(deleted for *_, deleted in home.raw()), "forty days of this world delete something"
    again = home.sync(count_check=True)
    assert again.rows_new == 0
    counts = {
        outcome.business_id: next(entity.source_count for entity in outcome.entities if entity.entity == "bills")
        for outcome in again.outcomes
    }
    assert counts == {one: sum(business == one for business, _ in live) for one in home.businesses}


def test_a_host_that_is_down_is_not_asked_for_every_company(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RAILS, "qbo", replace(RAILS["qbo"], connections_at_once=1))
    monkeypatch.setattr("ingestion.parts.Breaker", partial(Breaker, failures_to_open=1, probes=0))
    home.fault("all", "server_error")
    asked, told = home.sync().outcomes
    assert (asked.error_kind, told.error_kind) == ("server_error", "unreachable")
    assert asked.requests > 0 and told.requests == 0 and str(told.error).startswith("not asked")


def test_one_bad_page_in_a_batch_does_not_cost_the_others(home: Home) -> None:
    broken = home.businesses[0]
    # The batch is tried three times, then the 19 pages together: with 43 more, some fail all three times and some do not.
    home.fault(broken, "torn_json", count=3 + 43)
    report = home.sync()
    outcome = outcome_of(report, broken)
    assert outcome.status == "partial"
    statuses = {entity.status for entity in outcome.entities}
    assert "succeeded" in statuses and statuses & {"failed", "partial"}, "nothing, or what came before the page"
    assert outcome.rows_new > 0


def test_companies_with_equal_ids_stay_apart(home: Home) -> None:
    home.sync()
    shared = home.rows(
        "select count(*) from (select record_id from raw_qbo.bills group by record_id having count(distinct business_id) = 2)"
    )
    assert shared[0][0] > 0
    assert home.rows("select count(*) - count(distinct change_id) from raw_qbo.bills") == [(0,)]


def test_one_table_alone_reads_and_marks_only_that_table(home: Home) -> None:
    report = home.sync(entities=["bills"])
    assert {entity.entity for outcome in report.outcomes for entity in outcome.entities} == {"bills"}
    assert home.rows("select count(*) from raw_qbo.invoices") == [(0,)]
    home.sync()
    assert home.raw() == served(home)


def test_tokens_that_expired_and_rotated_are_renewed_without_a_person(home: Home) -> None:
    home.sync()
    before = {one.business_id: home.store.token(one).refresh_token for one in home.store.connections("qbo")}
    home.sandbox.post("advance", days=2)
    assert not home.sync().failed
    after = {one.business_id: home.store.token(one).refresh_token for one in home.store.connections("qbo")}
    assert all(before[business] != after[business] for business in before)


def test_outcomes_say_what_was_done(home: Home) -> None:
    report = home.sync()
    outcome = report.outcomes[0]
    assert outcome.rows_new == outcome.rows_seen == sum(entity.rows_new for entity in outcome.entities)
    calls = sum_of([outcome.calls])
    assert set(calls) == {"/batch", "/reports/AgedPayables", "/reports/AgedReceivables"}
    assert calls["/batch"].calls == outcome.requests - 2 >= 2
    assert 0 < calls["/batch"].percentile_ms(0.5) <= calls["/batch"].percentile_ms(0.95) < 60_000
    single = {promise.name for promise in RAILS["qbo"].entities if promise.is_single}
    assert all(entity.source_count == (None if entity.entity in single else entity.rows_seen) for entity in outcome.entities)
    assert outcome.started_at.tzinfo is not None
    assert outcome.started_at >= datetime(2026, 1, 1, tzinfo=UTC)
