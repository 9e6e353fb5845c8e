"""Faults of the Stripe rail: each does what it says, to whom it was told, and what it spoils does not count as served."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.stripe_account import Account, open_hub


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    hub = open_hub(tmp_path)
    yield Account(hub)
    hub.close()


def strike(account: Account, kind: str, count: int = 1) -> None:
    account.hub.faults.order("stripe", account.business_id, kind, count=count)


def test_refusals_come_with_the_vendors_status_and_words(account: Account) -> None:
    for kind, status, word in (
        ("throttle", 429, "rate_limit"),
        ("server_error", 500, "api_error"),
        ("dead_token", 401, "Invalid API Key provided"),
        ("scope_missing", 403, "rak_charge_read"),
    ):
        strike(account, kind)
        answer = account.get("/charges")
        assert (answer.status_code, word in answer.text) == (status, True)
        assert account.get("/charges").status_code == 200


def test_a_throttle_names_its_reason_and_retry_after_only_when_told(account: Account) -> None:
    strike(account, "throttle", count=2)
    first = account.get("/charges")
    assert first.headers["stripe-rate-limited-reason"] == "global-rate"
    assert "retry-after" not in first.headers
    account.hub.set_options({"retry_after": True})
    assert account.get("/charges").headers["retry-after"] == "1"


def test_html_comes_from_the_edge(account: Account) -> None:
    strike(account, "html_error")
    answer = account.get("/charges")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (503, "text/html")


def test_a_connected_account_that_left_is_out_of_reach_and_no_other(account: Account) -> None:
    connected = Account(account.hub, 2)
    strike(connected, "dead_token")
    refused = connected.get("/charges")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "account_invalid")
    assert account.get("/charges").status_code == 200


def test_torn_and_undecodable_bodies_deliver_nothing(account: Account) -> None:
    strike(account, "torn_json")
    with pytest.raises(json.JSONDecodeError):
        account.get("/charges").json()
    strike(account, "bad_utf8")
    with pytest.raises(UnicodeDecodeError):
        account.get("/charges").content.decode()
    assert list(account.office.served.pages()) == []
    account.get("/charges")
    assert len(list(account.office.served.pages())) == 1


def test_a_slow_answer_is_held_back(account: Account) -> None:
    account.hub.set_options({"slow_seconds": 0.2})
    strike(account, "slow")
    begun = time.perf_counter()
    assert account.get("/charges").status_code == 200
    assert time.perf_counter() - begun >= 0.2


def test_duplicate_rows_and_empty_pages(account: Account) -> None:
    strike(account, "duplicate_rows")
    ids = [row["id"] for row in account.page("/charges", limit="40")["data"]]
    assert len(ids) == len(set(ids)) + 2
    strike(account, "empty_page")
    assert account.page("/charges") == {"object": "list", "url": "/v1/charges", "has_more": False, "data": []}
    assert account.page("/charges")["data"]


def test_a_cursor_is_gone_only_for_who_sends_one(account: Account) -> None:
    strike(account, "cursor_gone")
    first = account.page("/charges", limit="5")["data"]
    status, error = account.error("/charges", starting_after=first[-1]["id"])
    assert (status, error["code"], error["param"]) == (400, "resource_missing", "starting_after")
    assert account.page("/charges", starting_after=first[-1]["id"])["data"]


def test_schema_drift_changes_types_and_fields_but_no_digit(account: Account) -> None:
    plain = {row["id"]: row for row in account.page("/charges")["data"]}
    strike(account, "schema_drift")
    drifted = account.page("/charges")["data"]
    assert drifted
    for row in drifted:
        assert row["amount"] == str(plain[row["id"]]["amount"])
        assert row["release_tag"] == {"wave": 2, "labels": ["drift"]}
        assert "livemode" not in row


def test_a_late_commit_is_an_event_stamped_before_what_was_already_read(account: Account) -> None:
    account.hub.advance(minutes=10)
    now = account.hub.now
    strike(account, "late_commit")
    before = {row["id"] for row in account.walk("/events", **{"created[gte]": str(now - 600)})}
    late = [row for row in account.walk("/events", **{"created[gte]": str(now - 600)}) if row["id"] not in before]
    assert [(row["type"], row["created"]) for row in late] == [("customer.updated", now - 300)]
    assert account.page(f"/customers/{late[0]['data']['object']['id']}")["metadata"]["amended"]
    assert account.hub.now == now
