"""Payouts down to charges and fees, whether they add up, where they are at the bank and in the ledger, and the checks on them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from rowcol_assets.explaining.sums import CLOSURE, PAYOUT
from tests.dbt.asking import rows
from tests.dbt.documents import account, customer, invoice
from tests.dbt.explained import explained, not_come_to
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payouts import at, charge, deposit, moved, payout, received
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

MARTS = (
    "fct_payout_recon", "fct_payout_lines", "fct_exception", "fct_bank_closure", "chk_h25", "chk_h31", "chk_h32", "chk_h35", "chk_h36",
)  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("payouts") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in ("acme", "nobank"):
            raw.business(business, now=NOW)
            raw.connect(business, "stripe", now=NOW)
            clearing = account("40", "Other Current Asset", 150, Name="Stripe Clearing")
            raw.versions(business, "accounts", [account("35", "Bank", 1000), account("60", "Expense"), clearing])
            raw.versions(business, "customers", [customer("1", PrimaryEmailAddr={"Address": "pay@first-customer.com"})])
            known = {"id": "cus_1", "name": "Customer 1", "email": "pay@first-customer.com", "created": at("2026-05-01")}
            raw.observed(business, "stripe", "customers", "cus_1", known)
        raw.connect("acme", "plaid", now=NOW)
        _acme(raw)
        _owed(raw)
        # Within 100 of the clearing account, and beyond.
        for business, cents in (("acme", 5000), ("nobank", 4999)):
            held = {"available": [{"amount": cents, "currency": "usd"}], "pending": [{"amount": 0, "currency": "usd"}]}
            raw.observed(business, "stripe", "balances", "1", held)
        payout(raw, "nobank", "po_gone", 4000, "2026-06-10")
        # Two of one amount, of which the later one was booked again.
        for name, arrival in (("po_may", "2026-05-10"), ("po_june", "2026-06-10")):
            payout(raw, "nobank", name, 5000, arrival)
        booked = (("n1", "2026-05-09"), ("n2", "2026-06-09"), ("n3", "2026-06-15"))
        raw.versions("nobank", "deposits", [deposit(name, day, 50) for name, day in booked])
    build_marts(project, path, only=MARTS)
    return path


def _acme(raw: RawWarehouse) -> None:
    held = {"id": "in_1", "number": "AB-1", "customer": "cus_1", "customer_name": "Customer 1", "status": "paid", "total": 10000}
    raw.observed("acme", "stripe", "invoices", "in_1", held | {"currency": "usd", "created": at("2026-06-01")})
    raw.versions("acme", "invoices", [invoice("9", 100, 0, DocNumber="1001")])
    raw.versions("acme", "payments", [received("p1", "2026-06-01", 100, "40")])
    charge(raw, "acme", "ch_1", 10000, invoice_id="in_1")
    # Taken twice by mistake, and given back.
    charge(raw, "acme", "ch_twin", 10000, refunded=True, amount_refunded=10000)
    raw.observed("acme", "stripe", "refunds", "re_1", {"id": "re_1", "charge": "ch_twin", "amount": 10000, "currency": "usd"})
    payout(raw, "acme", "po_whole", 9680, "2026-06-04")
    moved(raw, "acme", "po_whole", "txn_1", 10000, 320, "charge", "ch_1")
    moved(raw, "acme", "po_whole", "txn_2", 10000, 320, "charge", "ch_twin")
    moved(raw, "acme", "po_whole", "txn_3", -10000, -320, "refund", "re_1")
    moved(raw, "acme", "po_whole", "txn_4", -9680, 0, "payout", "po_whole")
    payout(raw, "acme", "po_short", 5000, "2026-06-08")
    moved(raw, "acme", "po_short", "txn_5", 5001, 0, "charge", "ch_other")
    payout(raw, "acme", "po_twice", 6100, "2026-06-10")
    payout(raw, "acme", "po_lost", 6200, "2026-06-11", automatic=False)
    payout(raw, "acme", "po_fresh", 6300, "2026-06-28")
    payout(raw, "acme", "po_under_way", 6400, "2026-07-01", status="in_transit")
    payout(raw, "acme", "po_back", 6500, "2026-06-11", status="failed")
    payout(raw, "acme", "po_dinars", 12345, "2026-07-01", currency="kwd", status="pending")
    moved(raw, "acme", "po_dinars", "txn_6", 12355, 10, "charge", "ch_kwd", currency="kwd")
    raw.versions(
        "acme", "deposits", [deposit("d1", "2026-06-03", 96.80), deposit("d2", "2026-06-09", 61.00), deposit("d3", "2026-06-15", 61.00)]
    )
    bank_account(raw, "acme", "checking", available=800, current=850)
    bank_transaction(raw, "acme", "t-first", 5, "2026-05-01", name="SHOP")
    for name, amount, day in (("whole", 96.80, "04"), ("short", 50.00, "08"), ("twice", 61.00, "10"), ("stray", 70.00, "12")):
        bank_transaction(raw, "acme", f"t-{name}", -amount, f"2026-06-{day}", name="STRIPE TRANSFER ST-0001")


def _owed(raw: RawWarehouse) -> None:
    """What only one of Stripe and acme's ledger has, beside enough that both have to expect it."""
    charge(raw, "acme", "ch_2", 2400, invoice_id="in_2", created=at("2026-05-12"))
    charge(raw, "acme", "ch_alone", 2500, created=at("2026-05-10"))
    charge(raw, "acme", "ch_new", 2600, created=at("2026-06-25"))
    receipts = [received("p2", "2026-05-12", 24, "40"), received("p-uncharged", "2026-05-20", 33, "40")]
    raw.versions("acme", "payments", [*receipts, received("p-bank", "2026-05-15", 44, "35")])
    for name, dollars, day in (("2", 24, "10"), ("3", 36, "11"), ("4", 48, "12"), ("alone", 60, "13")):
        held = {"id": f"in_{name}", "number": f"AB-{name}", "customer": "cus_1", "customer_name": "Customer 1", "status": "open"}
        raw.observed(
            "acme", "stripe", "invoices", f"in_{name}", held | {"total": dollars * 100, "currency": "usd", "created": at(f"2026-05-{day}")}
        )
        if name != "alone":
            raw.versions("acme", "invoices", [invoice(f"i{name}", dollars, TxnDate=f"2026-05-{day}", DocNumber=f"100{name}")])
    raw.versions("acme", "invoices", [invoice("i-alone", 77, TxnDate="2026-05-20", DocNumber="1009")])
    # Billed again seven weeks later, in the place of the first one.
    billed = {"customer": "cus_1", "customer_name": "Customer 1", "total": 5300, "currency": "usd"}
    raw.observed("acme", "stripe", "invoices", "in_old", {"id": "in_old", "status": "void", "created": at("2026-04-01")} | billed)
    revised = {"id": "in_new", "status": "open", "created": at("2026-05-20"), "from_invoice": {"action": "revision", "invoice": "in_old"}}
    raw.observed("acme", "stripe", "invoices", "in_new", revised | billed)
    raw.versions("acme", "invoices", [invoice("i-revised", 53, TxnDate="2026-04-01", DocNumber="1010")])


def test_each_payout_is_in_one_state_and_says_what_it_rests_on(warehouse: Path) -> None:
    found = rows(warehouse, "select payout_id, state, bank_transaction_id, ledger_id, second_ledger_id from marts.fct_payout_recon")
    assert {row[0]: row[1:] for row in found} == {
        "po_whole": ("booked", "t-whole", "d1", None),
        "po_short": ("does_not_add_up", "t-short", None, None),
        "po_twice": ("booked_twice", "t-twice", "d2", "d3"),
        "po_lost": ("missing_in_bank", None, None, None),
        "po_fresh": ("in_transit", None, None, None),
        "po_under_way": ("in_transit", None, None, None),
        "po_back": ("came_back", None, None, None),
        "po_dinars": ("in_transit", None, None, None),
        "po_gone": ("paid_out", None, None, None),
        "po_may": ("booked", None, "n1", None),
        "po_june": ("booked_twice", None, "n2", "n3"),
    }


def test_charges_less_fees_and_refunds_are_the_payout_or_the_difference_is_told(warehouse: Path) -> None:
    sums = "charge_amount, fee_amount, refund_amount, net_amount, difference_amount, charge_count, refund_count, null_reason"
    found = {name: values for name, *values in rows(warehouse, f"select payout_id, {sums} from marts.fct_payout_recon")}
    assert found["po_whole"] == [Decimal(200), Decimal("3.20"), Decimal(100), Decimal("96.80"), 0, 2, 1, None]
    assert found["po_short"] == [Decimal("50.01"), 0, 0, Decimal("50.01"), Decimal("-0.01"), 1, 0, None]
    assert found["po_dinars"][:5] == [Decimal("12.355"), Decimal("0.010"), 0, Decimal("12.345"), 0]
    assert found["po_lost"] == [*[None] * 7, "manual_payout"]
    assert found["po_twice"] == [*[None] * 7, "transactions_not_read"]


def test_a_line_leads_to_its_charge_invoice_customer_and_the_ledgers_documents(warehouse: Path) -> None:
    columns = "line_kind, charge_id, customer_name, invoice_number, ledger_receipt_id, ledger_invoice_id"
    found = {name: values for name, *values in rows(warehouse, f"select balance_transaction_id, {columns} from marts.fct_payout_lines")}
    assert found["txn_1"] == ["charge", "ch_1", "Customer 1", "AB-1", "p1", "9"]
    assert found["txn_3"] == ["refund", "ch_twin", "Customer 1", None, None, None], "what was given back is no payment of the ledger's"
    assert "txn_4" not in found, "the payout is no line of its own"
    assert rows(warehouse, "select sum(net_amount) from marts.fct_payout_lines where payout_id = 'po_whole'") == [(Decimal("96.80"),)]


def test_each_check_finds_its_mistakes_and_nothing_else(warehouse: Path) -> None:
    assert rows(warehouse, "select record_id from quality.chk_h31 where bank_transaction_id is null") == [("po_lost",)]
    assert rows(warehouse, "select record_id from quality.chk_h32 where payout_id is null") == [("t-stray",)]
    assert rows(warehouse, "select business_id, record_id from quality.chk_h35 where gap_amount > allowed_amount") == [("nobank", "40")]
    twice = "select record_id, booked_before, impact_amount from quality.chk_h36 where booked_before is not null order by 1"
    assert rows(warehouse, twice) == [("d3", "d2", Decimal("61.00")), ("n3", "n2", Decimal("50.00"))]
    unbooked = "select record_id, bank_days_unbooked, impact_amount from quality.chk_h25 where bank_days_unbooked > 3 order by 1"
    # Ten or more bank days since, of which Juneteenth was none.
    assert rows(warehouse, unbooked) == [("t-short", 15, Decimal("50.00")), ("t-stray", 11, Decimal("70.00"))]
    for check in ("h25", "h31", "h32", "h35", "h36"):
        assert rows(warehouse, f"select count(*) > 1 from quality.chk_{check}") == [(True,)], "nothing right is in the frame"


def test_what_only_one_of_stripe_and_the_ledger_has_is_left_for_a_person(warehouse: Path) -> None:
    found = rows(
        warehouse, "select record_id, kind, rails_used from marts.fct_exception where business_id = 'acme' and kind != 'ambiguous'"
    )
    assert {(record, kind) for record, kind, rails in found if rails == "qbo,stripe"} == {
        ("ch_alone", "no_match"),
        ("ch_new", "timing"),
        ("in_alone", "no_match"),
        ("i-alone", "no_match"),
        ("p-uncharged", "paid_without_money"),
    }
    assert ("p-bank", "paid_without_money", "plaid,qbo") in found
    assert ("po_lost", "paid_without_money", "plaid,stripe") in found, "it should be at the bank by now"


def test_an_invoice_that_revises_another_is_of_that_ones_day(warehouse: Path) -> None:
    found = "select right_id, lag_days from intermediate.int_matches where pair = 'invoice' and left_id = 'in_new'"
    assert rows(warehouse, found) == [("i-revised", 0)]


def test_matched_and_unmatched_charges_add_up_to_what_was_charged(warehouse: Path) -> None:
    closure = (
        "select posted_date::varchar, transaction_count, matched_amount, unmatched_amount, unmatched_in_amount from marts.fct_bank_closure"
    )
    assert rows(warehouse, f"{closure} where rail = 'stripe' order by 1") == [
        ("2026-05-10", 1, 0, Decimal("25.00"), Decimal("25.00")),
        ("2026-05-12", 1, Decimal("24.00"), 0, 0),
        ("2026-06-01", 2, Decimal("100.00"), Decimal("100.00"), Decimal("100.00")),
        ("2026-06-25", 1, 0, Decimal("26.00"), Decimal("26.00")),
    ]


def test_a_payout_and_a_day_of_an_account_are_their_records_to_the_cent(warehouse: Path) -> None:
    assert not_come_to(warehouse, PAYOUT, CLOSURE) == []
    whole = explained(warehouse, "acme", "net_amount", "po_whole")
    fees = [(record["record_id"], record["amount"]) for record in whole.records if record["term"] == "fee_amount"]
    assert sum(amount for _, amount in fees) == Decimal("3.20") and {name for name, _ in fees} == {"txn_1", "txn_2", "txn_3"}
    matched = explained(warehouse, "acme", "fct_bank_closure.total_amount", "checking", "2026-06-04")
    assert [(record["record_id"], record["amount"]) for record in matched.records] == [("t-whole", Decimal("96.80"))]
    assert matched.records[0]["reason"].startswith("matched by ")
