"""Faults on request: each kind does what it says, as often as it was told, to whom it was told."""

from __future__ import annotations

import json
import time

import pytest

from ingestion.errors import UsageError
from tests.sandbox.conftest import Ledger, OpenSandbox

BILLS = "select * from Bill maxresults 1000"


def test_throttling_answers_429_and_retry_after_only_when_told(ledger: Ledger) -> None:
    ledger.hub.faults.order("qbo", ledger.business_id, "throttle", count=2)
    first = ledger.query(BILLS)
    assert (first.status_code, first.json()["Fault"]["Error"][0]["code"], first.json()["Fault"]["type"]) == (429, "3001", "SERVICE")
    assert "retry-after" not in first.headers
    ledger.hub.set_options({"retry_after": True, "throttle_status": 403})
    second = ledger.query(BILLS)
    assert (second.status_code, second.headers["retry-after"]) == (403, "60")
    assert ledger.query(BILLS).status_code == 200


def test_server_errors_come_as_a_system_fault_as_html_and_inside_a_200(ledger: Ledger) -> None:
    for kind in ("server_error", "html_error", "fault_in_200"):
        ledger.hub.faults.order("qbo", "all", kind, count=1)
    found = [ledger.query(BILLS) for _ in range(3)]
    assert [answer.status_code for answer in found] == [500, 503, 200]
    assert found[0].json()["Fault"]["Error"][0]["code"] == found[2].json()["Fault"]["Error"][0]["code"] == "10000"
    assert found[1].headers["content-type"].startswith("text/html")


def test_torn_and_undecodable_bodies_are_no_json_and_count_as_not_sent(ledger: Ledger) -> None:
    ledger.hub.faults.order("qbo", "all", "torn_json", count=1)
    with pytest.raises(json.JSONDecodeError):
        ledger.query(BILLS).json()
    ledger.hub.faults.order("qbo", "all", "bad_utf8", count=1)
    with pytest.raises(UnicodeDecodeError):
        ledger.query(BILLS).content.decode()
    assert list(ledger.hub.served.pages()) == []
    ledger.query(BILLS)
    assert len(list(ledger.hub.served.pages())) == 1


def test_a_dead_token_fails_the_refresh_and_the_call(ledger: Ledger) -> None:
    ledger.hub.faults.order("qbo", ledger.business_id, "dead_token")
    assert ledger.refresh().json()["error"] == "invalid_grant"
    assert ledger.query(BILLS).status_code == 401
    ledger.hub.faults.order("qbo", ledger.business_id, "clear")
    assert ledger.refresh().status_code == 200
    assert ledger.query(BILLS).status_code == 200


def test_a_slow_answer_is_held_back(ledger: Ledger) -> None:
    ledger.hub.set_options({"slow_seconds": 0.2})
    ledger.hub.faults.order("qbo", "all", "slow", count=1)
    begun = time.perf_counter()
    assert ledger.query(BILLS).status_code == 200
    assert time.perf_counter() - begun >= 0.2


def test_drifting_pages_lose_a_row_to_whoever_walks_by_offset(ledger: Ledger) -> None:
    before = {row["Id"] for row in ledger.walk("Bill")}
    ledger.hub.faults.order("qbo", "all", "drifting_pages", count=1000)
    seen = {row["Id"] for row in ledger.walk("Bill", page=20)}
    ledger.hub.faults.order("qbo", "all", "clear")
    left = {row["Id"] for row in ledger.walk("Bill")}
    assert len(left) < len(before)
    assert left - seen


def test_duplicate_rows_stand_twice_in_one_page(ledger: Ledger) -> None:
    ledger.hub.faults.order("qbo", "all", "duplicate_rows", count=1)
    ids = [row["Id"] for row in ledger.rows(BILLS)]
    assert len(ids) > len(set(ids)) == ledger.count("Bill")


def test_schema_drift_changes_types_and_fields_but_no_digit(ledger: Ledger) -> None:
    plain = {row["Id"]: row for row in json.loads(ledger.query(BILLS).text, parse_float=str)["QueryResponse"]["Bill"]}
    ledger.hub.faults.order("qbo", "all", "schema_drift", count=1)
    drifted = json.loads(ledger.query(BILLS).text, parse_float=str)["QueryResponse"]["Bill"]
    assert len(drifted) == len(plain)
    for row in drifted:
        assert row["TotalAmt"] == str(plain[row["Id"]]["TotalAmt"])
        assert row["ReleaseTag"] == {"wave": 2, "labels": ["drift"]}
        assert "PrivateNote" not in row


def test_a_late_commit_is_stamped_before_what_was_already_served(ledger: Ledger) -> None:
    now = ledger.hub.clock()["now"]
    ledger.hub.faults.order("qbo", "all", "late_commit", count=1)
    assert ledger.changes("Bill,Invoice", "2026-09-22T15:54:00Z").json()["CDCResponse"][0]["QueryResponse"] == [{}, {}]
    late = ledger.changes("Bill,Invoice", "2026-09-22T15:54:00Z").json()["CDCResponse"][0]["QueryResponse"]
    assert [len(group[name]) for group, name in zip(late, ("Bill", "Invoice"), strict=True)] == [1, 1]
    assert ledger.changes("Bill,Invoice", "2026-09-22T15:59:00Z").json()["CDCResponse"][0]["QueryResponse"] == [{}, {}]
    assert ledger.hub.clock()["now"] == now


def test_an_empty_page_has_no_entity_key_although_there_are_rows(ledger: Ledger) -> None:
    ledger.hub.faults.order("qbo", "all", "empty_page", count=1)
    assert ledger.query(BILLS).json()["QueryResponse"] == {}
    assert ledger.rows(BILLS)


def test_a_rate_strikes_some_requests_and_only_the_business_named(open_sandbox: OpenSandbox) -> None:
    ledger = open_sandbox()
    ledger.hub.faults.order("qbo", ledger.business_id, "server_error", rate=0.3)
    statuses = [ledger.query("select * from Term").status_code for _ in range(200)]
    assert 30 < statuses.count(500) < 95
    other = Ledger(ledger.hub, ledger.http, index=1)
    assert {other.query("select * from Term").status_code for _ in range(50)} == {200}


@pytest.mark.parametrize(
    ("rail", "business", "kind", "words"),
    [
        ("xero", "all", "throttle", "no rail"),
        ("qbo", "nobody", "throttle", "no business"),
        ("qbo", "all", "meteor", "no fault"),
        ("qbo", "all", "cursor_gone", "does not happen on rail"),
    ],
)
def test_what_there_is_not_is_wrong_use(ledger: Ledger, rail: str, business: str, kind: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ledger.hub.faults.order(rail, business, kind)
    answer = ledger.http.post("/sandbox/fault", json={"rail": rail, "business": business, "kind": kind})
    assert (answer.status_code, words in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(("rate", "count"), [(0.0, None), (1.5, None), (1.0, 0)])
def test_a_rate_or_count_without_meaning_is_refused(ledger: Ledger, rate: float, count: int | None) -> None:
    with pytest.raises(UsageError, match="rate"):
        ledger.hub.faults.order("qbo", "all", "throttle", rate, count)
