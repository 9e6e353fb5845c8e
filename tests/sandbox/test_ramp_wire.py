"""Ramp's lists: page sizes, keyset, filters, what is hidden unless asked for, both kinds of money, addresses signed anew, the throttle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.ramp import limits
from sandbox.ramp.limits import REQUESTS, Limits
from tests.sandbox.ramp_client import RampClient, open_ramp


@pytest.fixture
def ramp(tmp_path: Path) -> Iterator[RampClient]:
    client = open_ramp(tmp_path / "sandbox", index=1)
    yield client
    client.hub.close()


@pytest.mark.parametrize("size", ["1", "101", "0", "-3", "ten"])
def test_page_sizes_outside_2_to_100_are_refused(ramp: RampClient, size: str) -> None:
    answer = ramp.get("/bills", page_size=size)
    assert answer.status_code == 422
    assert answer.json()["error_v2"]["error_code"] == "DEVELOPER_7001"
    assert answer.json()["error"] == {"page_size": ["Value must be between 2 and 100"]}


def test_pages_of_any_size_add_up_and_repeat_their_filters(ramp: RampClient) -> None:
    whole = ramp.walk("/bills", payment_status="PAID")
    assert len(ramp.get("/bills").json()["data"]) == 20
    assert ramp.walk("/bills", payment_status="PAID", page_size="7") == whole
    following = ramp.get("/bills", payment_status="PAID", page_size="2").json()["page"]["next"]
    assert following.startswith("http://testserver/developer/v1/bills?") and "payment_status=PAID" in following
    assert f"start={whole[1]['id']}" in following


def test_archived_declined_and_owed_are_hidden_unless_asked_for(tmp_path: Path) -> None:
    client = open_ramp(tmp_path / "sandbox", index=2)
    shown, archived = client.walk("/bills"), client.walk("/bills", is_archived="true")
    assert archived and all(bill["archived_at"] for bill in archived) and not any(bill["archived_at"] for bill in shown)
    usual, everything = client.walk("/transactions"), client.walk("/transactions", state="ALL")
    declined = client.walk("/transactions", state="DECLINED")
    assert declined and len(usual) + len(declined) == len(everything)
    assert all(each["decline_details"]["reason"] and "settlement_date" not in each for each in declined)
    back = client.walk("/reimbursements", direction="USER_TO_BUSINESS")
    assert back and {each["direction"] for each in client.walk("/reimbursements")} == {"BUSINESS_TO_USER"}
    client.hub.close()


def test_time_filters_are_inclusive_and_take_utc_when_no_offset_is_given(ramp: RampClient) -> None:
    bills = ramp.walk("/bills")
    edge = bills[len(bills) // 2]["created_at"]
    later = ramp.walk("/bills", from_created_at=edge)
    assert [bill["id"] for bill in later] == [bill["id"] for bill in bills if bill["created_at"] >= edge]
    assert ramp.walk("/bills", from_created_at=edge.removesuffix("+00:00")) == later
    paid = max((bill["paid_at"], bill["id"]) for bill in bills if "paid_at" in bill)
    assert paid[1] in {bill["id"] for bill in ramp.walk("/bills", from_paid_at=paid[0])}
    assert ramp.get("/bills", from_created_at="yesterday").status_code == 422
    assert ramp.get("/bills", payment_status="HALF").status_code == 422


def test_money_is_whole_cents_in_some_places_and_decimals_in_others(ramp: RampClient) -> None:
    transactions = ramp.walk("/transactions", state="ALL")
    originals = {one["original_transaction_amount"]["currency_code"]: one for one in transactions}
    each = next(
        one
        for one in transactions
        if one["line_items"][0]["amount"]["amount"] % 100 and one["original_transaction_amount"] == one["line_items"][0]["amount"]
    )
    yen = originals["JPY"]
    assert (yen["currency_code"], yen["original_transaction_amount"]["amount"]) == ("USD", round(yen["amount"] * 100) * 3 // 2)
    assert isinstance(each["amount"], float)
    assert round(each["amount"] * 100) == each["original_transaction_amount"]["amount"] == each["line_items"][0]["amount"]["amount"]
    spent = ramp.get("/reimbursements").json()["data"][0]
    assert "currency_code" not in spent and spent["currency"] == spent["payee_amount"]["currency_code"]
    balance = ramp.get("/business/balance").json()
    assert not {"id", "updated_at"} & set(balance)
    assert balance["next_billing_date"] == "10/01/2026"


def test_addresses_and_totals_read_differently_later_and_nothing_else_does(ramp: RampClient) -> None:
    before = {bill["id"]: bill for bill in ramp.walk("/bills", payment_status="PAID")}
    vendors = {vendor["id"]: vendor for vendor in ramp.walk("/vendors")}
    ramp.hub.advance(days=9)
    ramp.token = ramp.fetch_token().json()["access_token"]
    after = {bill["id"]: bill for bill in ramp.walk("/bills", payment_status="PAID")}
    kept = [id for id in before if after.get(id, {}).get("sync_status") == before[id]["sync_status"]]
    changed = {field for id in kept for field in before[id] if before[id][field] != after[id].get(field)}
    assert len(kept) > 10 and changed == {"invoice_urls"}
    moved = {
        field for vendor in ramp.walk("/vendors") if vendor["id"] in vendors
        for field in vendor if vendor[field] != vendors[vendor["id"]].get(field)
    }  # fmt: skip
    assert moved and all(field.startswith("total_spend") for field in moved)


def test_card_spending_goes_from_pending_to_cleared_and_gets_a_statement(ramp: RampClient) -> None:
    pending = {each["id"] for each in ramp.walk("/transactions", state="PENDING")}
    ramp.hub.advance(days=12)
    ramp.token = ramp.fetch_token().json()["access_token"]
    now = {each["id"]: each for each in ramp.walk("/transactions") if each["id"] in pending}
    assert pending and {each["state"] for each in now.values()} == {"CLEARED"}
    assert any("statement_id" in each for each in now.values())
    assert {each["id"] for each in ramp.walk("/transactions", updated_after="2026-09-22T16:00:01Z")} >= pending


def test_what_is_not_there_and_what_is_read_by_id(ramp: RampClient) -> None:
    bill, vendor = ramp.walk("/bills")[0], ramp.walk("/vendors")[0]
    assert ramp.get(f"/bills/{bill['id']}").json()["id"] == bill["id"]
    [account, *_] = ramp.get(f"/vendors/{vendor['id']}/accounts").json()["data"]
    assert ramp.get(f"/vendors/{vendor['id']}/accounts/{account['id']}").json() == account
    for path in (f"/bills/{vendor['id']}", f"/vendors/{bill['id']}/accounts", f"/transactions/{bill['id']}"):
        answer = ramp.get(path)
        assert (answer.status_code, answer.json()["error_v2"]["error_code"]) == (404, "DEVELOPER_7002")
    assert ramp.get("/bills").headers["x-trace-id"] != ramp.get("/bills").headers["x-trace-id"]


def test_a_start_that_left_the_list_is_refused_or_ends_it_as_told(ramp: RampClient) -> None:
    start = ramp.walk("/bills", is_archived="true")[0]["id"]
    assert ramp.get("/bills", start=start).status_code == 422
    ramp.hub.set_options({"ramp_stale_start": "empty"})
    assert ramp.get("/bills", start=start).json() == {"data": [], "page": {"next": None}}


class Watch:
    """Stands in for the machine's monotonic clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_the_201st_request_of_ten_seconds_is_refused_and_calling_on_keeps_it_so(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    monkeypatch.setattr(limits, "time", watch)
    guard = Limits(is_on=True)
    assert all(guard.admits("10.0.0.1") for _ in range(REQUESTS))
    assert not guard.admits("10.0.0.1") and guard.admits("10.0.0.2")
    watch.now += 9
    assert not any(guard.admits("10.0.0.1") for _ in range(REQUESTS))
    watch.now += 2
    assert not guard.admits("10.0.0.1"), "what was refused two seconds ago still counts"
    watch.now += 10
    assert guard.admits("10.0.0.1")


def test_all_businesses_of_one_address_share_the_limit(tmp_path: Path) -> None:
    client = open_ramp(tmp_path / "sandbox", limits=True)
    other = RampClient(client.hub, client.http, 1)
    found = [each.get("/business").status_code for _ in range(100) for each in (client, other)]
    assert found[:190] == [200] * 190 and found[-1] == 429
    client.hub.close()
