"""The pace of polling follows from what the control store knows: calls made, changes seen, webhooks heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.control.inbox import put_notices
from ingestion.control.outcomes import EntityOutcome, SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.pacing import Paced, paced
from ingestion.promise import QuietCalls, RailPromise
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.webhooks import Notice
from tests.control.conftest import connect

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
NOW = BEGIN + timedelta(days=10)
# Two businesses at the usual pace for the twenty days left: 3,840 calls. Half of that is there.
CAP = 2_150
NAMES = ("acme", "bolt")


@pytest.fixture
def rail(monkeypatch: pytest.MonkeyPatch) -> RailPromise:
    short = replace(RAILS["qbo"], monthly_calls=CAP, quiet_calls=QuietCalls(1))
    monkeypatch.setitem(RAILS, "qbo", short)
    return short


@pytest.fixture
def connected(settings: Settings, store: ControlStore) -> ControlStore:
    for number, name in enumerate(NAMES):
        connect(settings, store, name, str(number))
    return store


def synced(store: ControlStore, business: str, at: datetime, *, rows_new: int = 0, delivery: str = "schedule", whole: bool = True) -> None:
    critical = [promise.name for promise in RAILS["qbo"].entities if promise.tier == "critical"]
    entities = tuple(EntityOutcome(name, "succeeded") for name in (critical if whole else critical[:1]))
    store.record_sync(
        [
            SyncOutcome(
                business, str(NAMES.index(business)), "qbo", f"{business} {at.isoformat()} {delivery}", "data_fetch", delivery,
                "succeeded", at, at, rows_new=rows_new, requests=1, entities=entities,
            )
        ]
    )  # fmt: skip


def heard(store: ControlStore, business: str) -> None:
    realm = str(NAMES.index(business))
    with store.database.write() as transaction:
        put_notices(transaction, "qbo", {realm: business}, [Notice(realm, "event-1", "qbo.bill.updated.v1", ("bills",))])


def minutes(store: ControlStore, rail: RailPromise, safe: frozenset[str] = frozenset(NAMES)) -> dict[str, int]:
    return {one.connection.business_id: one.pace.minutes for one in paced(store, rail, NOW, lambda: safe)}


def test_with_calls_enough_nobody_is_looked_at_and_all_are_due(connected: ControlStore) -> None:
    def unasked() -> frozenset[str]:
        raise AssertionError("nobody has to stretch")

    found = paced(connected, RAILS["qbo"], NOW, unasked)
    assert [(one.pace.minutes, one.is_due(NOW)) for one in found] == [(15, True)] * 2


def test_what_changes_keeps_its_pace_and_what_is_quiet_or_covered_stretches(connected: ControlStore, rail: RailPromise) -> None:
    synced(connected, "acme", NOW - timedelta(days=3), rows_new=900)
    synced(connected, "bolt", NOW - timedelta(hours=3), rows_new=1)
    assert minutes(connected, rail) == {"acme": 120, "bolt": 15}
    heard(connected, "acme")
    assert minutes(connected, rail) == {"acme": 240, "bolt": 15}
    assert minutes(connected, rail, frozenset({"bolt"})) == {"acme": 15, "bolt": 15}, "acme may be below its guardrail"


def test_webhooks_cover_a_connection_until_a_poll_finds_what_none_told_of(connected: ControlStore, rail: RailPromise) -> None:
    heard(connected, "acme")
    synced(connected, "acme", NOW - timedelta(hours=2), rows_new=5, delivery="webhook")
    assert minutes(connected, rail)["acme"] > 15
    synced(connected, "acme", NOW - timedelta(hours=1), rows_new=5)
    assert minutes(connected, rail)["acme"] == 15


def test_what_webhooks_and_people_ask_for_is_left_out_of_what_polls_may_cost(connected: ControlStore, rail: RailPromise) -> None:
    for hour in range(24 * 6):
        synced(connected, "acme", NOW - timedelta(hours=hour + 1), delivery="on_demand")
    # 4,320 calls would do for polls alone; 144 calls on demand in a week are 411 more until the month ends.
    assert minutes(connected, replace(rail, monthly_calls=4_800))["bolt"] == 30
    assert minutes(connected, replace(rail, monthly_calls=5_000))["bolt"] == 15


def test_a_stretched_connection_is_due_when_its_time_has_come_or_when_it_was_never_read_whole(
    connected: ControlStore, rail: RailPromise
) -> None:
    synced(connected, "acme", NOW - timedelta(hours=1))
    synced(connected, "bolt", NOW - timedelta(hours=1), whole=False)
    found = paced(connected, replace(rail, monthly_calls=600), NOW, lambda: frozenset(NAMES))
    by_name: dict[str, Paced] = {one.connection.business_id: one for one in found}
    assert by_name["acme"].pace.minutes > 60
    assert not by_name["acme"].is_due(NOW)
    assert by_name["acme"].is_due(NOW + timedelta(hours=3))
    assert by_name["bolt"].is_due(NOW), "only one of its tables was read"
