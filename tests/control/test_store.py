"""What the control store keeps, on both databases: connections, outcomes and the states they lead to, grants, pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import tenacity

from ingestion.control import Connection, ControlStore, EntityOutcome, QuarantinedPage, SyncOutcome, database, open_store
from ingestion.control.access import REFUSED, Granted
from ingestion.control.acts import acts
from ingestion.control.rows import control_rows
from ingestion.control.schema import businesses, quarantined_pages, sync_outcomes
from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from tests.control.conftest import connect

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def outcome(connection: Connection, sync: int, status: str = "succeeded", *entities: EntityOutcome, kind: str | None = None) -> SyncOutcome:
    at = NOON + timedelta(minutes=sync)
    return SyncOutcome(
        business_id=connection.business_id,
        connection_id=connection.connection_id,
        rail="qbo",
        sync_id=f"sync-{sync}",
        strategy="data_fetch",
        delivery="schedule",
        status=status,  # type: ignore[arg-type]
        started_at=at,
        finished_at=at,
        error_kind=kind,
        error=kind and f"it was {kind}",
        entities=entities,
    )


def connection_row(store: ControlStore) -> dict[str, object]:
    return control_rows(store)["connections"].to_pylist()[0]


def entity_rows(store: ControlStore) -> dict[str, dict[str, object]]:
    return {row["entity"]: row for row in control_rows(store)["sync_states"].to_pylist()}


def test_connections_are_those_asked_for_without_paused_ones_and_an_unknown_business_is_wrong_use(
    settings: Settings, store: ControlStore
) -> None:
    for number, business in enumerate(("b", "a", "paused")):
        connect(settings, store, business, str(number))
    with store.database.write() as transaction:
        transaction.execute(sa.update(businesses).where(businesses.c.business_id == "paused").values(is_paused=True))
    assert [each.business_id for each in store.connections("qbo")] == ["a", "b"]
    assert [each.business_id for each in store.connections("qbo", ["b", "paused"])] == ["b"]
    with pytest.raises(UsageError, match="'nobody'"):
        store.connections("qbo", ["a", "nobody"])


def test_one_failure_degrades_three_fail_and_success_heals(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    states = []
    for sync, status in enumerate(["failed", "failed", "failed", "failed", "succeeded"]):
        store.record_sync([outcome(acme, sync, status, kind="server_error" if status == "failed" else None)])
        row = connection_row(store)
        states.append((row["state"], row["consecutive_failures"]))
    assert states == [("degraded", 1), ("degraded", 2), ("failing", 3), ("failing", 4), ("healthy", 0)]
    assert row["last_error"] is None
    assert row["last_success_at"] == NOON + timedelta(minutes=4)


def test_a_dead_token_disconnects_at_once_and_stays_so_until_a_success(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    store.record_sync([outcome(acme, 1, "failed", kind="disconnected")])
    assert connection_row(store)["state"] == "disconnected"
    store.record_sync([outcome(acme, 2, "failed", kind="server_error")])
    assert connection_row(store)["state"] == "disconnected"
    store.record_sync([outcome(acme, 3, "skipped")])
    assert (connection_row(store)["state"], connection_row(store)["last_attempt_at"]) == ("disconnected", NOON + timedelta(minutes=2))
    store.record_sync([outcome(acme, 4)])
    assert connection_row(store)["state"] == "healthy"


def test_a_partial_sync_is_degraded_and_ends_a_row_of_failures(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    for sync, status in enumerate(["failed", "failed", "partial", "failed"]):
        store.record_sync([outcome(acme, sync, status)])
    assert (connection_row(store)["state"], connection_row(store)["consecutive_failures"]) == ("degraded", 1)


def test_an_entity_keeps_what_an_outcome_does_not_know(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    walked = EntityOutcome("bills", "succeeded", was_full_walk=True, source_count=41)
    store.record_sync([outcome(acme, 1, "succeeded", walked, EntityOutcome("items", "succeeded"))])
    failed = EntityOutcome("bills", "failed", error_kind="server_error", error="500 three times")
    store.record_sync([outcome(acme, 2, "partial", failed, EntityOutcome("items", "skipped"))])
    store.record_sync([outcome(acme, 3, "partial", failed)])
    bills, items = entity_rows(store)["bills"], entity_rows(store)["items"]
    minutes = {name: (bills[name] - NOON) // timedelta(minutes=1) for name in ("last_attempt_at", "last_success_at", "last_full_walk_at")}  # type: ignore[operator]
    assert minutes == {"last_attempt_at": 3, "last_success_at": 1, "last_full_walk_at": 1}
    assert (bills["source_count"], bills["consecutive_failures"], bills["last_error"]) == (41, 2, "500 three times")
    assert (items["last_outcome"], items["last_attempt_at"]) == ("succeeded", NOON + timedelta(minutes=1))


def test_recording_the_same_sync_again_counts_once(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    failed = outcome(acme, 1, "failed", EntityOutcome("bills", "failed"))
    store.record_sync([failed])
    store.record_sync([failed, outcome(acme, 2, "failed", EntityOutcome("bills", "failed"))])
    assert control_rows(store)["sync_outcomes"].num_rows == 2
    assert entity_rows(store)["bills"]["consecutive_failures"] == 2


def test_outcomes_are_recorded_all_or_none(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    with pytest.raises(sa.exc.IntegrityError):
        store.record_sync([outcome(acme, 1), replace(outcome(acme, 2), strategy=None)])  # type: ignore[arg-type]
    with store.database.read() as transaction:
        assert transaction.execute(sa.select(sa.func.count()).select_from(sync_outcomes)).scalar_one() == 0
    assert connection_row(store)["last_attempt_at"] is None


def test_grants_keep_their_history_and_are_asked_for_an_instant(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    hours = [NOON + timedelta(hours=hour) for hour in range(5)]
    assert store.grant("ann", "acme", "staff", hours[0]) == Granted(is_changed=True, is_new_advisor=True)
    assert store.grant("ann", "acme", "staff", hours[1]) == Granted(is_changed=False, is_new_advisor=False)
    assert store.grant("ann", "acme", "owner", hours[1]).is_changed
    assert store.revoke("ann", "acme", hours[2])
    assert not store.revoke("ann", "acme", hours[2])
    assert store.grant("ann", "acme", "view_only", hours[3]).is_changed
    assert [store.grants_of("ann", at) for at in hours] == [["acme"], ["acme"], [], ["acme"], ["acme"]]
    assert [store.advisors(at) for at in (NOON - timedelta(seconds=1), hours[2], hours[4])] == [[], [], ["ann"]]
    history = [(row["role"], row["valid_from"], row["valid_to"]) for row in control_rows(store)["grants"].to_pylist()]
    assert history == [("staff", hours[0], hours[1]), ("owner", hours[1], hours[2]), ("view_only", hours[3], None)]


def test_open_grants_do_not_depend_on_the_clock_and_name_advisors_without_clients(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    store.grant("ann", "acme", "staff", NOON + timedelta(days=900))
    store.grant("bob", "acme", "staff", NOON)
    store.revoke("bob", "acme", NOON + timedelta(days=900))
    assert store.open_grants() == {"ann": ["acme"], "bob": []}


def test_a_grant_for_a_business_or_advisor_that_cannot_be_is_wrong_use(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    for advisor, business in (("ann", "nobody"), ("../ann", "acme"), ("ann", "ACME")):
        with pytest.raises(UsageError):
            store.grant(advisor, business, "staff", NOON)
    assert store.open_grants() == {}


def test_a_new_advisor_whose_name_looks_like_a_slip_of_a_present_one_has_to_be_said_to_be_new(
    settings: Settings, store: ControlStore
) -> None:
    connect(settings, store)
    present, slip = "ann@harbor.example", "ann@harbr.example"
    store.grant(present, "acme", "staff", NOON)
    with pytest.raises(UsageError, match=f"no advisor '{slip}', but '{present}'"):
        store.grant(slip, "acme", "staff", NOON)
    assert store.open_grants() == {present: ["acme"]}
    assert store.grant("dan@harbor.example", "acme", "staff", NOON).is_new_advisor
    assert store.grant(slip, "acme", "staff", NOON, is_new=True).is_new_advisor
    assert store.grant(slip, "acme", "owner", NOON) == Granted(is_changed=True, is_new_advisor=False)


def test_a_grant_or_revoke_that_names_nobody_known_changes_nothing_and_is_kept_with_the_reason(
    settings: Settings, store: ControlStore
) -> None:
    connect(settings, store)
    store.grant("anna", "acme", "staff", NOON)
    with pytest.raises(UsageError):
        store.grant("anna", "acmee", "staff", NOON)
    with pytest.raises(UsageError):
        store.grant("annna", "acme", "owner", NOON)
    with pytest.raises(UsageError):
        store.revoke("zoe", "acme", NOON)
    assert store.open_grants() == {"anna": ["acme"]}
    query = sa.select(acts.c.record_id, acts.c.reason).where(acts.c.entity == REFUSED).order_by(acts.c.act_no)
    with store.database.read() as transaction:
        assert [tuple(row) for row in transaction.execute(query)] == [
            ("anna/acmee", "there is no business 'acmee' (the nearest name is 'acme'): onboard it first"),
            ("annna/acme", "there is no advisor 'annna', but 'anna': give that name, or say --new where another person is meant"),
            ("zoe/acme", "there is no advisor 'zoe'"),
        ]


def test_a_quarantined_page_is_kept_once_privately_and_byte_for_byte(settings: Settings, store: ControlStore) -> None:
    page = QuarantinedPage("acme", "1001", "qbo", "bills", "sync-1", "not JSON", b'{"Bill": [\xff', NOON)
    assert store.quarantine(page) == store.quarantine(replace(page, sync_id="sync-2"))
    with store.database.read() as transaction:
        (row,) = transaction.execute(sa.select(quarantined_pages)).mappings().all()
    file = settings.home / row["path"]
    assert (file.read_bytes(), row["byte_count"], row["sync_id"]) == (page.body, len(page.body), "sync-1")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_who_waits_for_the_write_lock_looks_each_few_milliseconds_and_is_told_when_it_stays_held(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    with open_store(sqlite_settings) as store, open_store(sqlite_settings) as other:

        def until_third(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                holding.close()

        until_free = database._until_free.copy(stop=tenacity.stop_after_attempt(10))
        monkeypatch.setattr(database, "_until_free", until_free.copy(sleep=until_third))
        holding = ExitStack()
        holding.enter_context(other.database.write())
        with store.database.write():
            assert len(waits) == 3 and all(0.001 <= wait <= 0.003 for wait in waits)
        monkeypatch.setattr(database, "_until_free", until_free.copy(sleep=waits.append))
        with other.database.write(), pytest.raises(RowcolError, match="database is locked"), store.database.write():
            pass


def test_threads_of_one_process_look_for_the_write_lock_one_after_the_other(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    until_free = database._until_free

    def counting(begin: Callable[[str], object], statement: str) -> object:
        tries.append(threading.current_thread().name)
        return until_free(begin, statement)

    with open_store(sqlite_settings) as store:

        def write() -> None:
            with store.database.write():
                written.append(len(tries))

        written: list[int] = []
        monkeypatch.setattr(database, "_until_free", counting)
        with store.database.write():
            others = [threading.Thread(target=write) for _ in range(3)]
            for other in others:
                other.start()
            others[0].join(timeout=0.2)
            assert (len(tries), written) == (1, []), "who waits does not look"
        for other in others:
            other.join(timeout=10)
        assert written == [2, 3, 4], "each looked once, when it was its turn"
