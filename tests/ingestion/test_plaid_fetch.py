"""An item through the whole sync into the change log: whole updates, or nothing of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.ingestion.plaid_bank import MUTATION, error, transaction
from tests.ingestion.plaid_home import PlaidHome, reports


@pytest.fixture
def home(plaid_home: PlaidHome) -> PlaidHome:
    return plaid_home


def test_a_first_sync_brings_everything_verbatim_and_a_second_one_nothing(home: PlaidHome) -> None:
    item = home.bank.item()
    for number, amount in enumerate(["72.10", "-23631.9805", "0.285", "1e2", "12345678901234567.89", "0"]):
        item.put(f"t{number}", transaction(f"t{number}", amount, name="Café  № 1"))
    home.connect("acme", item)
    first = home.sync()
    assert first.rows_new == 6 + 4
    assert home.heads("transactions") == item.state
    assert home.heads("accounts") == {"acc-1": item.accounts[0]}
    assert home.heads("balances") == {"acc-1": b'{"available": 100.0, "current": 110.9400, "limit": null}'}
    assert json.loads(home.heads("items")["item-1"])["institution_id"] == "ins_3"
    assert set(home.heads("institutions")) == {"ins_3"}
    home.bank.asked.clear()
    assert home.sync().rows_new == 0
    assert home.bank.calls() == {"/item/get": 1, "/accounts/get": 1, "/transactions/sync": 1}
    home.now += timedelta(hours=1)
    home.sync()
    assert home.bank.calls()["/institutions/get_by_id"] == 1, "the bank is read once an hour"


def test_history_is_asked_for_once_and_pages_are_as_large_as_can_be(home: PlaidHome) -> None:
    item = home.bank.item(page_rows=2)
    for number in range(5):
        item.put(f"t{number}")
    home.connect("acme", item)
    home.sync(["transactions"])
    home.sync(["transactions"])
    bodies = [body for _, body in home.bank.asked]
    assert [body.get("cursor", "") for body in bodies] == ["", "-1:5:2", "-1:5:4", "5"]
    assert [body["options"].get("days_requested") for body in bodies] == [730, None, None, None]
    assert {body["count"] for body in bodies} == {500}


def test_pending_modified_and_removed_are_states_of_records(home: PlaidHome) -> None:
    item = home.bank.item()
    item.put("pending", transaction("pending", pending=True))
    item.put("other")
    item.put("wrong")
    home.connect("acme", item)
    home.sync()
    item.post("pending", "posted")
    item.put("other", transaction("other", "72.11"))
    item.remove("wrong")
    home.sync()
    assert home.heads("transactions") == item.state
    assert json.loads(home.heads("transactions")["posted"])["pending_transaction_id"] == "pending"
    tombstones = home.rows("select record_id, payload, version_no from raw_plaid.transactions where is_deleted order by record_id")
    assert [(record, json.loads(payload)["account_id"], no) for record, payload, no in tombstones] == [
        ("pending", "acc-1", 2),
        ("wrong", "acc-1", 2),
    ]
    assert home.rows("select count(*) from raw_plaid.transactions where record_id = 'other'") == [(2,)]
    item.put("wrong")
    home.sync()
    assert home.heads("transactions") == item.state, "a removed record can come back"


@pytest.mark.parametrize(
    "failure",
    [
        MUTATION,
        error("INVALID_CURSOR", "INVALID_REQUEST", 400),
        error("INTERNAL_SERVER_ERROR", "API_ERROR", 500),
        (200, b'{"added": [{"tra'),
    ],
)
def test_a_page_that_fails_restarts_the_update_from_its_first_cursor(home: PlaidHome, failure: tuple[int, bytes]) -> None:
    item = home.bank.item(page_rows=2)
    for number in range(5):
        item.put(f"t{number}")
    home.connect("acme", item)
    item.between_pages = [lambda: item.faults.setdefault("/transactions/sync", []).append(failure)]
    report = home.sync(["transactions"])
    assert [body.get("cursor", "") for _, body in home.bank.asked] == ["", "-1:5:2", "", "-1:5:2", "-1:5:4"]
    assert (report.outcomes[0].status, report.outcomes[0].retries) == ("succeeded", 1)
    assert home.heads("transactions") == item.state


def test_transactions_that_never_come_to_rest_leave_nothing_half_read(home: PlaidHome) -> None:
    item = home.bank.item(page_rows=1)
    item.put("t0")
    item.put("t1")
    home.connect("acme", item)
    item.between_pages = [lambda: item.put("t1", transaction("t1", str(len(item.history)))) for _ in range(100)]
    report = home.sync(["transactions"])
    assert reports(report) == {"transactions": ("failed", "mutated")}
    assert home.heads("transactions") == {}
    item.between_pages = []
    home.sync(["transactions"])
    assert home.heads("transactions") == item.state


def test_an_item_that_is_not_ready_yet_is_waited_for(home: PlaidHome) -> None:
    item = home.bank.item(status="NOT_READY")
    item.put("t0")
    home.connect("acme", item)
    assert reports(home.sync(["transactions"])) == {"transactions": ("skipped", "not_ready")}
    item.status = "INITIAL_UPDATE_COMPLETE"
    assert reports(home.sync(["transactions"])) == {"transactions": ("succeeded", None)}
    item.status = "HISTORICAL_UPDATE_COMPLETE"
    item.put("t-older")
    home.bank.asked.clear()
    home.sync(["transactions"])
    assert [body.get("cursor") for _, body in home.bank.asked] == ["1"]
    assert home.heads("transactions") == item.state


def test_a_cursor_that_is_gone_means_reading_everything_and_ending_what_is_missing(home: PlaidHome) -> None:
    item = home.bank.item()
    for number in range(3):
        item.put(f"t{number}")
    home.connect("acme", item)
    home.sync()
    item.remove("t0")
    item.put("t1", transaction("t1", "5"))
    item.lose_cursors()
    item.status = "INITIAL_UPDATE_COMPLETE"
    home.sync()
    assert set(home.heads("transactions")) == {"t0", "t1", "t2"}, "what Plaid has not collected yet is not gone"
    item.status = "HISTORICAL_UPDATE_COMPLETE"
    report = home.sync()
    assert home.heads("transactions") == item.state
    assert home.rows("select payload from raw_plaid.transactions where is_deleted") == [('{"transaction_id":"t0"}',)]
    assert [one.was_full_walk for one in report.outcomes[0].entities if one.entity == "transactions"] == [True]
    home.bank.asked.clear()
    assert home.sync().rows_new == 0
    assert home.bank.calls()["/transactions/sync"] == 1
