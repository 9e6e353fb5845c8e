"""Stripe's events: one for every change, thirty days kept, written at the account's own version; the only trace of deletions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.stripe_account import DAY, Account, open_hub

STATES = ("invoices", "charges", "payment_intents", "refunds", "disputes", "payouts", "customers")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    hub = open_hub(Path(tmp_path_factory.mktemp("events")), businesses=4)
    yield Account(hub, 3)
    hub.close()


def test_events_reach_back_thirty_days_and_older_ones_are_not_found(account: Account) -> None:
    events = account.walk("/events")
    assert events[-1]["created"] >= account.hub.now - 30 * DAY
    older = next(iter(account.book.tables["events"].order))
    assert account.error(f"/events/{older}")[0] == 404
    assert account.error("/events", starting_after=older)[1]["code"] == "resource_missing"


def test_whatever_changed_between_two_walks_is_named_by_an_event(account: Account) -> None:
    def walked() -> dict[str, dict[str, Any]]:
        return {row["id"]: row for path in STATES for row in account.walk(f"/{path}")}

    before, since = walked(), account.hub.now
    account.hub.advance(days=25)
    after = walked()
    told = {row["data"]["object"].get("id") for row in account.walk("/events", **{"created[gt]": str(since)})}
    changed = {id for id, row in after.items() if before.get(id) != row} | (before.keys() - after.keys())
    assert len(changed) > 20
    assert changed <= told


def test_events_are_written_at_the_accounts_own_version_whatever_version_asks(account: Account) -> None:
    paid = account.page("/events", type="invoice.paid", limit="1")["data"][0]
    assert paid["api_version"] == "2022-11-15"
    assert paid["data"]["object"]["paid"] is True and "charge" in paid["data"]["object"]
    assert "paid" not in account.page(f"/invoices/{paid['data']['object']['id']}")
    assert "previous_attributes" not in paid["data"]


def test_an_update_tells_what_was_before(account: Account) -> None:
    updates = account.walk("/events", type="*.updated")
    assert updates
    for event in updates:
        was, now = event["data"]["previous_attributes"], event["data"]["object"]
        assert was.keys() <= now.keys()
        assert all(now[name] != value for name, value in was.items())
    assert any(event["type"] == "customer.updated" for event in updates)


def test_a_deleted_customer_is_in_no_list_but_in_an_event_and_answers_that_it_is_deleted(account: Account) -> None:
    while not (deleted := account.walk("/events", type="customer.deleted")):
        account.hub.advance(days=25)
    id = deleted[0]["data"]["object"]["id"]
    assert deleted[0]["data"]["object"]["name"]
    assert id not in {row["id"] for row in account.walk("/customers")}
    assert account.page(f"/customers/{id}") == {"id": id, "object": "customer", "deleted": True}


def test_a_deleted_draft_is_found_nowhere_but_in_its_event_with_its_lines(account: Account) -> None:
    while not (deleted := account.walk("/events", type="invoice.deleted")):
        account.hub.advance(days=25)
    draft = deleted[0]["data"]["object"]
    assert draft["status"] == "draft" and draft["lines"]["data"]
    status, error = account.error(f"/invoices/{draft['id']}")
    assert (status, error["code"], error["message"]) == (404, "resource_missing", f"No such invoice: '{draft['id']}'")


def test_payouts_and_invoices_tell_each_step(account: Account) -> None:
    types = {row["type"] for row in account.walk("/events")}
    assert types >= {
        "payout.created", "payout.updated", "payout.paid", "balance.available", "charge.succeeded", "payment_intent.created",
        "payment_intent.succeeded", "invoice.created", "invoice.finalized", "invoice.sent", "invoice.paid", "invoice_payment.paid",
    }  # fmt: skip
