"""What is asked of Stripe and what is made of its answers: whole walks, then events and reads of what they touched."""

from __future__ import annotations

import httpx
import pytest

from ingestion.rails.stripe.promise import STRIPE
from tests.ingestion.stripe_vendor import NOW, Account, error, furnished

DAY = 86_400
# What an account costs in which nothing happened, and what one does in which something did.
QUIET = ["/account", "/balance", "/events"]
MOVED = [*QUIET, "/balance_transactions"]


@pytest.fixture
def account() -> Account:
    return furnished()


def test_everything_is_read_at_first_and_then_only_that_nothing_happened(account: Account) -> None:
    reports = account.fetch()
    assert {report.status for report in reports.values()} == {"succeeded"}
    assert {name for name, *_ in account.kept.rows} == {one.name for one in STRIPE.entities}
    assert all(report.was_full_walk for name, report in reports.items() if name not in ("accounts", "balances"))
    before = len(account.kept.rows)
    assert {report.status for report in account.fetch().values()} == {"succeeded"}
    assert sorted(account.vendor.paths()) == sorted(QUIET)
    assert {name for name, *_ in account.kept.rows[before:]} == {"accounts", "balances", "events"}


def test_lines_beyond_the_ten_an_invoice_carries_are_paged(account: Account) -> None:
    account.fetch()
    assert sorted(account.kept.ids("invoice_lines")) == sorted(f"il_{number}" for number in range(25))
    assert account.vendor.paths().count("/invoices/in_1/lines") == 1


def test_lines_go_on_when_the_one_their_page_stood_at_is_taken_off(account: Account) -> None:
    def vanish(request: httpx.Request) -> None:
        if request.url.path.endswith("/lines"):
            account.vendor.lines["in_1"] = [line for line in account.vendor.lines["in_1"] if line["id"] != "il_9"]

    account.vendor.refuse = vanish
    assert account.fetch("invoice_lines")["invoice_lines"].status == "succeeded"
    assert len(account.kept.ids("invoice_lines")) == 25


def test_lists_are_walked_by_a_hundred_through_ties_within_a_second(account: Account) -> None:
    for number in range(250):
        account.vendor.add("payouts", f"po_x{number}", created=NOW - 5)
    account.fetch("payouts")
    assert len(account.kept.ids("payouts")) == len(set(account.kept.ids("payouts"))) == 251
    assert account.vendor.paths().count("/payouts") == 3


def test_what_a_payout_is_made_of_is_asked_once_when_it_is_settled(account: Account) -> None:
    account.fetch()
    assert account.kept.ids("payout_transactions") == ["po_1/txn_1"]
    account.vendor.paid_out["po_2"] = []
    pending = account.vendor.add("payouts", "po_2", created=NOW - 5, reconciliation_status="in_progress")
    account.vendor.happen("evt_2", "payout.created", pending)
    account.vendor.happen("evt_3", "payout.paid", account.vendor.objects["payouts"]["po_1"])
    account.fetch()
    assert not [one for one in account.vendor.requests if "payout" in one.url.params]
    settled = account.vendor.add("payouts", "po_2", created=NOW - 5, reconciliation_status="completed")
    account.vendor.happen("evt_4", "payout.paid", settled)
    report = account.fetch()["payout_transactions"]
    assert (report.status, report.error_kind) == ("failed", "page_gap"), "a list without the payout itself is not believed"
    account.vendor.add("balance_transactions", "txn_2", created=NOW - 5, status="available", available_on=NOW)
    account.vendor.paid_out["po_2"] = ["txn_1", "txn_2"]
    assert account.fetch()["payout_transactions"].status == "succeeded"
    assert account.kept.ids("payout_transactions") == ["po_1/txn_1", "po_2/txn_2", "po_2/txn_1"]
    account.fetch()
    assert not [one for one in account.vendor.requests if "payout" in one.url.params]


def test_payouts_of_long_ago_are_not_asked_for(account: Account) -> None:
    account.vendor.add("payouts", "po_old", created=NOW - 200 * DAY, reconciliation_status="completed")
    assert account.fetch("payout_transactions")["payout_transactions"].status == "succeeded"
    assert account.kept.ids("payout_transactions") == ["po_1/txn_1"]
    assert account.kept.ids("payouts") == []


def test_a_walk_goes_on_when_the_object_it_stood_at_is_deleted(account: Account) -> None:
    for number in range(250):
        account.vendor.add("customers", f"cus_x{number}", created=NOW - number)
    gone = ["cus_x98", "cus_x99"]

    def vanish(request: httpx.Request) -> None:
        if request.url.params.get("starting_after") == "cus_x99":
            for record_id in gone:
                account.vendor.objects["customers"].pop(record_id, None)

    account.vendor.refuse = vanish
    account.fetch("customers")
    assert set(account.kept.ids("customers")) == {"cus_1", *(f"cus_x{number}" for number in range(250))}
    assert len(account.kept.ids("customers")) == 251


def test_what_an_event_touched_is_read_at_the_pinned_version_and_never_taken_from_the_event(account: Account) -> None:
    account.fetch()
    paid = account.vendor.add("invoices", "in_1", status="paid", amount_remaining=0)
    account.vendor.happen("evt_2", "invoice.paid", {**paid, "charge": "ch_of_an_old_version"})
    account.vendor.add("invoice_payments", "inpay_1", invoice="in_1", status="canceled")
    before = len(account.kept.rows)
    account.fetch()
    new = {(name, one): body for name, one, _, body in account.kept.rows[before:]}
    assert new[("invoices", "in_1")]["status"] == "paid"
    assert "charge" not in new[("invoices", "in_1")]
    assert new[("invoice_payments", "inpay_1")]["status"] == "canceled"
    assert sorted(set(account.vendor.paths()) - set(MOVED)) == ["/invoice_payments", "/invoices/in_1", "/invoices/in_1/lines"]
    account.fetch()
    assert sorted(account.vendor.paths()) == sorted(QUIET), "an event that was acted on is not acted on again"


def test_an_event_that_shows_up_late_in_the_same_second_is_acted_on(account: Account) -> None:
    account.fetch()
    account.vendor.happen("evt_2", "payout.paid", account.vendor.objects["payouts"]["po_1"])
    account.fetch()
    account.vendor.happen("evt_3", "payout.failed", account.vendor.objects["payouts"]["po_1"])
    account.vendor.happen("evt_4", "charge.updated", account.vendor.objects["charges"]["ch_1"], created=NOW - 3000)
    account.fetch()
    assert {"/payouts/po_1", "/charges/ch_1"} == set(account.vendor.paths()) - set(MOVED)


def test_many_new_objects_come_by_the_page(account: Account) -> None:
    account.fetch()
    for number in range(20):
        made = account.vendor.add("charges", f"ch_x{number}", created=NOW)
        account.vendor.happen(f"evt_x{number}", "charge.succeeded", made)
    account.vendor.happen("evt_old", "charge.updated", account.vendor.objects["charges"]["ch_1"])
    account.fetch()
    assert sorted(set(account.vendor.paths()) - set(MOVED)) == ["/charges", "/charges/ch_1"]
    assert account.vendor.paths().count("/charges") == 1


def test_refunds_that_only_their_charge_tells_of_are_found(account: Account) -> None:
    account.fetch()
    account.vendor.add("refunds", "re_2", created=NOW - 10, charge="ch_1")
    account.vendor.happen("evt_2", "charge.refunded", account.vendor.objects["charges"]["ch_1"])
    account.fetch()
    assert "re_2" in account.kept.ids("refunds")


def test_deletions_are_rows_with_what_the_vendor_says(account: Account) -> None:
    account.fetch()
    held = account.vendor.objects
    gone = account.vendor.objects["invoices"].pop("in_1")
    account.vendor.happen("evt_2", "invoice.deleted", account.vendor._shown(gone))
    held["customers"]["cus_1"] = {"id": "cus_1", "object": "customer", "deleted": True, "created": 0}
    account.vendor.happen("evt_3", "customer.deleted", {"id": "cus_1", "object": "customer"})
    reports = account.fetch()
    assert {report.status for report in reports.values()} == {"succeeded"}
    assert account.kept.ids("customers", gone=True) == ["cus_1"]
    assert account.kept.ids("invoices", gone=True) == ["in_1"]
    assert account.kept.ids("invoice_lines", gone=True) == [f"il_{number}" for number in range(10)]
    told = {one: body for name, one, was_gone, body in account.kept.rows if was_gone}
    assert told["cus_1"]["deleted"] is True
    assert told["in_1"]["error"]["code"] == "resource_missing"


def test_a_line_taken_off_a_draft_is_a_deletion(account: Account) -> None:
    account.fetch()
    taken = account.vendor.lines["in_1"].pop(3)
    before = {"lines": {"data": [taken]}}
    account.vendor.happen("evt_2", "invoice.updated", account.vendor.objects["invoices"]["in_1"], previous_attributes=before)
    account.fetch()
    assert account.kept.ids("invoice_lines", gone=True) == [taken["id"]]


def test_a_booking_without_an_event_shows_in_the_balance(account: Account) -> None:
    account.fetch()
    account.vendor.add("balance_transactions", "txn_fee", NOW, status="available", type="stripe_fee", available_on=NOW)
    account.fetch()
    assert "txn_fee" in account.kept.ids("balance_transactions")
    account.fetch()
    assert account.vendor.paths() == QUIET


def test_pending_money_is_looked_at_again_when_it_is_due_and_not_before(account: Account) -> None:
    account.vendor.add("balance_transactions", "txn_2", NOW - 5 * DAY, status="pending", available_on=NOW + 2 * DAY)
    account.fetch()
    for days, status, expected in ((1, "pending", 1), (2, "available", 2), (3, "available", 2)):
        account.now = NOW + days * DAY
        account.vendor.objects["balance_transactions"]["txn_2"]["status"] = status
        account.fetch()
        assert account.kept.ids("balance_transactions").count("txn_2") == expected, f"after {days} days"


def test_the_daily_check_reads_what_no_event_told(account: Account) -> None:
    account.vendor.add("invoices", "in_old", NOW - 400 * DAY, status="open")
    account.vendor.add("charges", "ch_old", NOW - 400 * DAY)
    account.fetch()
    account.vendor.objects["customers"].pop("cus_1")
    before = len(account.kept.rows)
    reports = account.fetch(count_check=True)
    new = {(name, one) for name, one, _, _ in account.kept.rows[before:]}
    assert {("invoices", "in_1"), ("invoices", "in_old"), ("charges", "ch_1"), ("payouts", "po_1"), ("invoice_payments", "inpay_1")} <= new
    assert ("charges", "ch_old") not in new
    assert account.kept.ids("customers", gone=True) == ["cus_1"]
    assert reports["customers"].was_full_walk


def test_an_outage_longer_than_events_are_kept_is_made_up_for_by_walks(account: Account) -> None:
    account.fetch()
    del account.vendor.objects["customers"]["cus_1"], account.vendor.objects["invoices"]["in_1"]
    account.vendor.objects["events"].clear()
    account.now = NOW + 29 * DAY
    reports = account.fetch()
    assert all(report.was_full_walk for name, report in reports.items() if name not in ("accounts", "balances"))
    assert account.kept.ids("customers", gone=True) == ["cus_1"]
    assert account.kept.ids("invoices", gone=True) == ["in_1"]
    assert len(account.kept.ids("invoice_lines", gone=True)) == 25


def test_a_quiet_account_is_not_walked_again_however_old_its_last_event(account: Account) -> None:
    account.fetch()
    for days in (20, 40, 60):
        account.now = NOW + days * DAY
        reports = account.fetch()
        assert not any(report.was_full_walk for report in reports.values())


def test_our_clock_being_off_loses_no_event(account: Account) -> None:
    account.now = NOW + 5 * DAY
    account.fetch()
    account.vendor.happen("evt_2", "payout.failed", account.vendor.objects["payouts"]["po_1"])
    account.fetch()
    assert "/payouts/po_1" in account.vendor.paths()


def test_one_entity_alone_reads_that_one_and_leaves_the_others_where_they_were(account: Account) -> None:
    account.fetch()
    account.vendor.happen("evt_2", "payout.failed", account.vendor.objects["payouts"]["po_1"])
    account.vendor.happen("evt_3", "charge.updated", account.vendor.objects["charges"]["ch_1"])
    account.fetch("payouts", "payout_transactions")
    assert account.vendor.paths() == ["/account", "/balance", "/events", "/payouts/po_1"]
    account.fetch("events")
    account.fetch()
    assert set(account.vendor.paths()) - set(MOVED) == {"/charges/ch_1"}


def test_lines_alone_read_invoices_and_keep_lines_only(account: Account) -> None:
    account.fetch("invoice_lines")
    assert len(account.kept.ids("invoice_lines")) == 25
    assert {name for name, *_ in account.kept.rows} == {"invoice_lines"}


def test_lines_that_cannot_be_had_leave_the_invoices(account: Account) -> None:
    account.vendor.refuse = lambda request: error(500) if request.url.path.endswith("/lines") else None
    reports = account.fetch()
    assert (reports["invoices"].status, reports["invoice_lines"].status) == ("succeeded", "partial")
    assert reports["invoice_lines"].watermark is None
