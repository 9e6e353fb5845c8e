"""What `rowcol doctor` finds and advises, and what pausing leaves out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.changelog.segments import open_rebuild
from ingestion.control.facts import QuarantinedPage
from ingestion.control.inbox import put_notices
from ingestion.control.onboarding import onboard
from ingestion.control.outcomes import EntityOutcome, SyncOutcome
from ingestion.control.pauses import set_pause, set_rail_pause
from ingestion.control.schema import tokens
from ingestion.control.store import ControlStore, open_store
from ingestion.errors import UsageError
from ingestion.freshness import connection_freshness
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.traffic import Calls, bucket_of, text_of
from ingestion.webhooks import Notice
from rowcol_assets.diagnosis import Finding, diagnose
from rowcol_assets.rail_findings import copy_findings

NOW = datetime(2026, 9, 22, 16, tzinfo=UTC)
CREDENTIALS = {"client_id": "client", "client_secret": "hush-hush", "realm_id": "1001", "refresh_token": "refresh-0"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", now=NOW)


@pytest.fixture
def store(settings: Settings) -> ControlStore:
    store = open_store(settings)
    onboard(settings, store, "acme", "qbo", CREDENTIALS)
    return store


def synced(store: ControlStore, status: str = "succeeded", kind: str | None = None, at: datetime = NOW, calls: str | None = None) -> None:
    entities = tuple(EntityOutcome(one.name, status, error_kind=kind, error=kind and "as the vendor said") for one in RAILS["qbo"].entities)  # type: ignore[arg-type]
    (connection,) = store.connections("qbo")
    store.record_sync(
        [
            SyncOutcome(
                **connection.key, sync_id=f"s{at:%H%M}", strategy="data_fetch", delivery="schedule", status=status,  # type: ignore[arg-type]
                started_at=at, finished_at=at, error_kind=kind, error=kind and "as the vendor said", calls=calls, entities=entities,
            )
        ]
    )  # fmt: skip


def about(found: list[Finding], subject: str) -> list[tuple[str, str]]:
    return [(finding.severity, finding.problem) for finding in found if finding.subject == subject]


def test_a_business_is_told_from_onboarding_to_its_first_sync(settings: Settings, store: ControlStore) -> None:
    found = diagnose(settings, store, NOW)
    assert about(found, "acme on qbo") == [("warning", "was never synced")]
    assert about(found, "acme") == [("warning", "nobody can read it")]
    synced(store)
    store.grant("ann", "acme", "owner", NOW)
    found = diagnose(settings, store, NOW)
    assert about(found, "acme on qbo") == about(found, "acme") == []
    assert about(found, "ann") == [("warning", "nothing is published for this advisor yet")]


@pytest.mark.parametrize(("kind", "remedy"), [("disconnected", "rowcol onboard acme --rail qbo"), ("throttled", "nothing now")])
def test_a_broken_connection_comes_first_with_what_to_do(settings: Settings, store: ControlStore, kind: str, remedy: str) -> None:
    for minute in range(4):
        synced(store, "failed", kind, NOW + timedelta(minutes=minute))
    first = diagnose(settings, store, NOW + timedelta(minutes=5))[0]
    assert (first.severity, first.subject) == ("broken", "acme on qbo")
    assert "as the vendor said" in first.problem
    assert first.what_to_do.startswith(remedy) or remedy in first.what_to_do


def test_old_data_and_a_cut_short_rebuild_are_found(settings: Settings, store: ControlStore) -> None:
    synced(store)
    open_rebuild(settings, "qbo")
    found = diagnose(settings, store, NOW + timedelta(days=2))
    assert about(found, "qbo") == [("broken", "a rebuild of its raw tables was cut short")]
    (severity, problem), *others = about(found, "acme on qbo")
    assert severity == "broken" and problem.startswith("stale: ") and "bills" in problem
    # What is read once a day is two days old and not yet as old as that.
    assert others == [("warning", "no longer fresh: aged_payables, aged_receivables")]
    ((severity, problem),) = about(diagnose(settings, store, NOW + timedelta(minutes=30)), "acme on qbo")
    assert severity == "warning" and problem.startswith("no longer fresh: ") and "vendors" not in problem


def test_a_bank_that_plaid_has_not_reached_for_a_day_is_told_unless_it_is_paused() -> None:
    bank = {"business_id": "acme", "connection_id": "item", "rail": "plaid", "is_paused": False}

    def told(reached: datetime | None, **changes: bool) -> list[str]:
        state = {"business_id": "acme", "connection_id": "item", "rail": "plaid", "entity": "balances", "source_read_at": reached}
        tables: dict[str, list[dict[str, Any]]] = {"businesses": [], "connections": [bank | changes], "sync_states": [state]}
        return [finding.problem for finding in copy_findings(tables, NOW)]

    late = NOW - timedelta(days=1, minutes=1)
    assert told(late) == ["the vendor last reached the bank at 2026-09-21 15:59 UTC, so cash is the ledger's"]
    assert told(late + timedelta(minutes=1)) == told(None) == told(late, is_paused=True) == []


def test_files_others_can_open_are_broken_and_no_secret_is_told(settings: Settings, store: ControlStore) -> None:
    (settings.home / "secret.key").chmod(0o644)
    found = diagnose(settings, store, NOW)
    assert about(found, str(settings.home / "secret.key")) == [("broken", "others on this machine can open it")]
    assert "hush" not in repr(found)


def test_a_token_that_ends_a_page_nobody_read_and_a_webhook_of_nobodys_are_found(settings: Settings, store: ControlStore) -> None:
    synced(store)
    (connection,) = store.connections("qbo")
    store.quarantine(QuarantinedPage(**connection.key, entity="bills", sync_id="s", reason="torn", body=b"{", quarantined_at=NOW))
    with store.database.write() as transaction:
        transaction.execute(sa.update(tokens).values(refresh_expires_at=NOW + timedelta(days=6)))
        put_notices(transaction, "qbo", {}, [Notice("1002", "event-1", "qbo.bill.updated.v1", ("bills",))])
    found = diagnose(settings, store, NOW)
    assert about(found, "acme on qbo") == [
        ("warning", "its refresh token ends at 2026-09-28 16:00 UTC unless used"),
        ("warning", "1 page of bills could not be read"),
    ]
    assert about(found, "qbo") == [("warning", "1 webhook could not be acted on: no business is connected to it here")]
    ((severity, problem), *_) = about(diagnose(settings, store, NOW + timedelta(days=6)), "acme on qbo")
    assert (severity, problem) == ("broken", "its refresh token ended at 2026-09-28 16:00 UTC")


def test_an_api_that_fails_or_turns_away_much_of_a_day_is_found(settings: Settings, store: ControlStore) -> None:
    synced(store, calls=text_of({"/cdc": Calls(80, 5, 2, {bucket_of(0.1): 80}), "/bill/{id}": Calls(20, 20, 4, {bucket_of(9.0): 20})}))
    found = diagnose(settings, store, NOW)
    assert about(found, "qbo") == [
        ("warning", "6 of 100 calls in the last day were over the vendor's limits"),
        ("warning", "25 of 100 calls in the last day came to nothing; /bill/{id} took up to 9.0 s (p95)"),
    ]
    assert about(diagnose(settings, store, NOW + timedelta(days=1)), "qbo") == []


@pytest.mark.parametrize("rail", [None, "qbo"])
def test_what_is_paused_is_not_synced_and_not_stale(settings: Settings, store: ControlStore, rail: str | None) -> None:
    assert set_pause(store.database, "acme", rail, is_paused=True)
    assert not set_pause(store.database, "acme", rail, is_paused=True), "twice is once"
    assert store.connections("qbo") == []
    assert about(diagnose(settings, store, NOW), "acme on qbo") == []
    assert set_pause(store.database, "acme", rail, is_paused=False)
    assert [one.business_id for one in store.connections("qbo")] == ["acme"]


def test_a_rail_paused_for_everybody_holds_for_later_connections_and_moves_no_other_pause(settings: Settings, store: ControlStore) -> None:
    onboard(settings, store, "bolt", "qbo", CREDENTIALS | {"realm_id": "1002"})
    set_pause(store.database, "bolt", "qbo", is_paused=True)
    assert set_rail_pause(store.database, "qbo", is_paused=True)
    assert not set_rail_pause(store.database, "qbo", is_paused=True), "twice is once"
    onboard(settings, store, "cove", "qbo", CREDENTIALS | {"realm_id": "1003"})
    assert store.connections("qbo") == []
    assert {one.worst for one in connection_freshness(store, NOW)} == {"disabled"}
    found = diagnose(settings, store, NOW)
    assert about(found, "qbo") == [("note", "is paused for all businesses")]
    assert about(found, "acme on qbo") == about(found, "cove on qbo") == []
    set_pause(store.database, "acme", "qbo", is_paused=False)
    assert store.connections("qbo") == [], "resuming one business does not resume the rail"
    assert set_rail_pause(store.database, "qbo", is_paused=False)
    assert [one.business_id for one in store.connections("qbo")] == ["acme", "cove"], "bolt was paused by itself"


def test_pausing_what_there_is_not_is_wrong_use(store: ControlStore) -> None:
    with pytest.raises(UsageError, match="no business 'nobody'"):
        set_pause(store.database, "nobody", None, is_paused=True)
    with pytest.raises(UsageError, match="not connected to ramp"):
        set_pause(store.database, "acme", "ramp", is_paused=True)
