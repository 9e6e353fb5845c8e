"""Rows that wait for a run, on both databases: claimed, read, given back, settled, given up, deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.control import ControlStore
from ingestion.control.api_tokens import advisor_of, new_token, revoke_tokens
from ingestion.control.arrivals_schema import decisions, sync_requests, webhook_inbox
from ingestion.control.claims import MOST_ATTEMPTS, Readings, claim, end_claim, note_readings, open_claims
from ingestion.control.decisions import OtherContent, put_decisions
from ingestion.control.inbox import (
    dead_letters,
    prune_arrivals,
    put_notices,
    put_unreadable,
    read_since,
    replay_dead_letter,
    waiting_events,
)
from ingestion.control.rows import control_rows
from ingestion.control.sync_requests import ask, request_states, waiting_requests
from ingestion.errors import UsageError
from ingestion.settings import Settings
from ingestion.webhooks import Notice
from tests.control.conftest import connect

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def event(store: ControlStore, number: int, realm: str = "1001", entities: tuple[str, ...] = ("bills",)) -> int:
    with store.database.write() as transaction:
        return put_notices(transaction, "qbo", {"1001": "acme"}, [Notice(realm, f"evt-{number}", "qbo.bill.updated.v1", entities)])


def events(store: ControlStore, claim_id: str) -> None:
    claim(store.database, webhook_inbox, [one.key for one in waiting_events(store.database)], claim_id)


def requests(store: ControlStore, claim_id: str) -> None:
    claim(store.database, sync_requests, [one.key for one in waiting_requests(store.database)], claim_id)


def wanted(store: ControlStore, *entities: str) -> list[str]:
    with store.database.write() as transaction:
        return [one.request_id for one in ask(transaction, "acme", "qbo", entities, "ann")]


def test_an_event_is_there_once_and_waits_until_a_run_that_read_its_business(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    assert [event(store, 1), event(store, 1), event(store, 2)] == [1, 0, 1]
    assert [one.entities for one in waiting_events(store.database)] == [("bills",)] * 2
    assert read_since(store.database, None) == []
    before = wall_clock()
    events(store, "first")
    event(store, 3)
    assert len(waiting_events(store.database)) == 1 and list(open_claims(store.database)) == ["first"]
    note_readings(store.database, "first", "ramp", Readings(["acme"], {}))
    assert list(open_claims(store.database)) == ["first"], "another rail was read"
    note_readings(store.database, "first", "qbo", Readings(["acme"], {}))
    assert open_claims(store.database) == {}
    assert read_since(store.database, None) == read_since(store.database, before) == ["acme"]
    assert read_since(store.database, wall_clock()) == []
    assert len(waiting_events(store.database)) == 1, "the one that came later"


def test_what_a_run_did_not_read_waits_again_and_is_given_up_only_after_failures(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    event(store, 1)
    for _ in range(MOST_ATTEMPTS * 2):
        events(store, "left to another")
        end_claim(store.database, "left to another", succeeded=True)
    assert dead_letters(store.database) == []
    for attempt in range(MOST_ATTEMPTS):
        assert [one.attempts for one in waiting_events(store.database)] == [attempt]
        events(store, f"failing {attempt}")
        note_readings(store.database, f"failing {attempt}", "qbo", Readings([], {"acme": "500"}))
        end_claim(store.database, f"failing {attempt}", succeeded=True)
    (letter,) = dead_letters(store.database)
    assert (letter["reason"], letter["attempts"], waiting_events(store.database)) == ("500", MOST_ATTEMPTS, [])
    assert replay_dead_letter(store.database, letter["inbox_no"]) == "acme"
    assert [one.attempts for one in waiting_events(store.database)] == [0]


def test_what_concerns_nothing_we_keep_waits_for_nobody_and_what_nobody_can_read_is_kept_once(
    settings: Settings, store: ControlStore
) -> None:
    connect(settings, store)
    event(store, 1, entities=())
    event(store, 2, realm="777")
    with store.database.write() as transaction:
        assert [put_unreadable(transaction, "qbo", b"\x00\xff", "not JSON") for _ in range(2)] == [1, 0]
    assert waiting_events(store.database) == []
    assert [letter["kind"] for letter in dead_letters(store.database)] == ["unreadable", "qbo.bill.updated.v1"]
    assert all("body" not in letter for letter in dead_letters(store.database))
    assert prune_arrivals(store.database) == 0


def test_a_request_is_done_with_its_run_and_again_when_it_was_asked_for_meanwhile(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    bills, vendors = wanted(store, "bills", "vendors")
    requests(store, "run")
    assert wanted(store, "vendors") == [vendors]
    note_readings(store.database, "run", "qbo", Readings(["acme"], {}))
    states = {row["request_id"]: row for row in request_states(store.database, [bills, vendors])}
    assert {row["state"] for row in states.values()} == {"pending"} and states[bills]["fetched_at"] is not None
    end_claim(store.database, "run", succeeded=True)
    assert {row["request_id"]: row["state"] for row in request_states(store.database, [bills, vendors])} == {
        bills: "done",
        vendors: "pending",
    }
    assert [one.key for one in waiting_requests(store.database)] == [vendors]
    assert wanted(store, "bills") != [bills], "a new one, since the former is done"


def test_what_a_run_only_read_waits_as_read_until_another_has_published_it(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    (bills,) = wanted(store, "bills")
    requests(store, "reading")
    note_readings(store.database, "reading", "qbo", Readings(["acme"], {}))
    assert waiting_requests(store.database) == [], "the run is at it"
    end_claim(store.database, "reading", succeeded=True, published=False)
    assert [(one.key, one.is_read, one.attempts) for one in waiting_requests(store.database)] == [(bills, True, 1)]
    requests(store, "publishing")
    end_claim(store.database, "publishing", succeeded=False)
    assert [(one.is_read, one.attempts) for one in waiting_requests(store.database)] == [(False, 1)], "by then it may be old"
    requests(store, "again")
    note_readings(store.database, "again", "qbo", Readings(["acme"], {}))
    assert wanted(store, "bills") == [bills]
    assert [one.is_read for one in waiting_requests(store.database)] == [False], "asked for again after it was taken"
    end_claim(store.database, "again", succeeded=True)
    assert [one.key for one in waiting_requests(store.database)] == [bills]


def test_a_request_whose_run_failed_waits_again(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    (whole,) = wanted(store)
    assert [one.entities for one in waiting_requests(store.database)] == [()]
    requests(store, "run")
    note_readings(store.database, "run", "qbo", Readings(["acme"], {}))
    end_claim(store.database, "run", succeeded=False)
    ((row,), (again,)) = request_states(store.database, [whole]), waiting_requests(store.database)
    assert (row["state"], row["fetched_at"], again.attempts) == ("pending", None, 1)


def test_a_decision_is_kept_once_per_key(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    store.grant("ann", "acme", "staff", NOON)

    def decide(kind: str = "approve", key: str = "tap") -> bool:
        with store.database.write() as transaction:
            (made,) = put_decisions(
                transaction,
                business_id="acme",
                advisor_id="ann",
                idempotency_key=key,
                kind=kind,
                subjects=[{"bill": "1"}],
                reason=None,
                client="10.0.0.7",
                at=NOON,
            )
            return made.is_new

    assert [decide(), decide(), decide(key="other")] == [True, False, True]
    with pytest.raises(OtherContent):
        decide("hold")
    with pytest.raises(UsageError, match="no decision of that kind"):
        decide("pay", "third")
    with store.database.read() as transaction:
        assert transaction.execute(sa.select(sa.func.count()).select_from(decisions)).scalar_one() == 2


def test_a_token_names_its_advisor_until_it_is_revoked(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    store.grant("ann", "acme", "staff", NOON)
    one, other = new_token(store.database, "ann"), new_token(store.database, "ann")
    assert one != other and {advisor_of(store.database, token) for token in (one, other)} == {"ann"}
    assert advisor_of(store.database, one[:-1] + ("A" if one[-1] != "A" else "B")) is None
    assert revoke_tokens(store.database, "ann") == 2
    assert advisor_of(store.database, one) is None


def test_nothing_of_this_is_copied_into_the_warehouse(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    assert not {"webhook_inbox", "api_tokens"} & set(control_rows(store))
