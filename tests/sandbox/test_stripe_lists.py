"""Stripe's lists as the vendor pages, filters, truncates and refuses them, in the shapes of both sides of basil."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.stripe_account import DAY, Account, open_hub

LISTS = ("customers", "invoices", "invoice_payments", "charges", "payment_intents", "payouts", "balance_transactions", "events")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    hub = open_hub(Path(tmp_path_factory.mktemp("lists")), businesses=4)
    yield Account(hub, 3)
    hub.close()


@pytest.mark.parametrize("path", LISTS)
def test_pages_of_any_size_give_the_same_objects_newest_first(account: Account, path: str) -> None:
    whole = account.walk(f"/{path}")
    by_threes = account.walk(f"/{path}", limit="37")
    assert [row["id"] for row in whole] == [row["id"] for row in by_threes]
    created = [row["created"] for row in whole]
    assert created == sorted(created, reverse=True)
    assert len({row["id"] for row in whole}) == len(whole) > 20


def test_ten_are_given_when_no_limit_is_asked_for_and_never_more_than_a_hundred(account: Account) -> None:
    first = account.page("/charges")
    assert (len(first["data"]), first["has_more"], first["url"], first["object"]) == (10, True, "/v1/charges", "list")
    for limit in ("101", "0", "ten"):
        status, error = account.error("/charges", limit=limit)
        assert (status, error["param"], error["type"]) == (400, "limit", "invalid_request_error")


def test_ending_before_gives_the_newer_page_still_newest_first(account: Account) -> None:
    ids = [row["id"] for row in account.walk("/invoices")]
    page = account.page("/invoices", limit="5", ending_before=ids[20])
    assert [row["id"] for row in page["data"]] == ids[15:20]
    assert page["has_more"] is True
    assert account.page("/invoices", limit="5", ending_before=ids[3])["has_more"] is False


def test_created_filters_cut_where_they_say(account: Account) -> None:
    rows = account.walk("/charges")
    edge = rows[len(rows) // 2]["created"]
    assert {row["id"] for row in account.walk("/charges", **{"created[gte]": str(edge)})} == {r["id"] for r in rows if r["created"] >= edge}
    assert {row["id"] for row in account.walk("/charges", **{"created[lt]": str(edge)})} == {r["id"] for r in rows if r["created"] < edge}
    assert {row["id"] for row in account.walk("/charges", created=str(edge))} == {r["id"] for r in rows if r["created"] == edge}


def test_lists_filter_by_the_fields_the_vendor_names_and_know_no_others(account: Account) -> None:
    charge = next(row for row in account.walk("/charges") if row["customer"])
    mine = account.walk("/charges", customer=charge["customer"])
    assert charge["id"] in {row["id"] for row in mine} and {row["customer"] for row in mine} == {charge["customer"]}
    assert {row["status"] for row in account.walk("/invoices", status="open")} == {"open"}
    assert {row["type"] for row in account.walk("/balance_transactions", type="payout")} == {"payout"}
    assert {row["type"] for row in account.walk("/events", **{"types[]": "customer.created"})} <= {"customer.created"}
    status, error = account.error("/charges", updated="1")
    assert (status, error["code"], error["param"]) == (400, "parameter_unknown", "updated")


def test_starting_after_what_is_gone_or_never_was_is_resource_missing(account: Account) -> None:
    account.hub.advance(days=60)
    gone = next(iter(account.book.tables["customers"].gone))
    for id in (gone, "cus_never"):
        status, error = account.error("/customers", starting_after=id)
        assert (status, error["code"], error["param"]) == (400, "resource_missing", "starting_after")
        assert error["message"] == f"No such customer: '{id}'"


def test_an_invoice_carries_ten_lines_and_its_own_list_has_all(account: Account) -> None:
    long = [row for row in account.walk("/invoices") if row["lines"]["has_more"]]
    assert long
    for invoice in long:
        lines = invoice["lines"]
        assert (len(lines["data"]), lines["url"]) == (10, f"/v1/invoices/{invoice['id']}/lines")
        every = account.walk(lines["url"].removeprefix("/v1"), limit="4")
        assert every[:10] == lines["data"]
        assert len(every) == lines["total_count"] > 10
        assert sum(line["amount"] for line in every) == invoice["subtotal"]
    assert account.error("/invoices/in_none/lines")[0] == 404


def test_expand_puts_objects_in_place_of_ids(account: Account) -> None:
    row = account.page("/payment_intents", limit="50", **{"expand[]": "data.latest_charge.balance_transaction"})["data"]
    deep = next(intent for intent in row if intent["latest_charge"] and intent["latest_charge"]["paid"])
    moved = deep["latest_charge"]["balance_transaction"]
    assert moved["object"] == "balance_transaction" and moved["source"] == deep["latest_charge"]["id"]
    plain = account.page(f"/charges/{deep['latest_charge']['id']}")
    assert plain["balance_transaction"] == moved["id"] and "refunds" not in plain
    assert account.page(f"/charges/{plain['id']}", **{"expand[]": "refunds"})["refunds"]["object"] == "list"
    for path in ("customer", "data.amount.x.y.z.a", "data.nothing"):
        assert account.error("/charges", **{"expand[]": path})[0] == 400


def test_before_basil_invoices_and_charges_name_each_other_and_since_then_invoice_payments_do(account: Account) -> None:
    old = Account(account.hub, 3, version="2022-11-15")
    now = {row["id"]: row for row in account.walk("/invoices")}
    paid = next(row for row in old.walk("/invoices", status="paid") if row["charge"])
    assert paid["paid"] is True and paid["lines"]["data"][0]["price"]["object"] == "price"
    assert not {"charge", "payment_intent", "paid", "tax", "subscription"} & set(now[paid["id"]])
    assert "pricing" in now[paid["id"]]["lines"]["data"][0] and "parent" in now[paid["id"]]
    assert old.page(f"/charges/{paid['charge']}")["invoice"] == paid["id"]
    assert "invoice" not in account.page(f"/charges/{paid['charge']}")
    payments = account.walk("/invoice_payments", invoice=paid["id"], status="paid")
    assert paid["payment_intent"] in {row["payment"]["payment_intent"] for row in payments}
    assert old.error("/invoice_payments")[0] == 404


def test_answers_name_the_request_and_the_version_they_are_written_in(account: Account) -> None:
    answers = [account.get("/charges"), account.get("/charges"), account.get("/charges/ch_none")]
    assert [answer.headers["stripe-version"] for answer in answers] == [account.version] * 3
    assert len({answer.headers["request-id"] for answer in answers}) == 3
    assert account.get("/charges", headers={"Stripe-Version": "latest"}).status_code == 400
    assert (answers[2].status_code, answers[2].json()["error"]["code"]) == (404, "resource_missing")
    assert account.get("/events", **{"created[gt]": str(account.hub.now - DAY)}).status_code == 200
