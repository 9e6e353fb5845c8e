"""What of the rails' records takes part in matching, and what of two records beside their amount keeps them from being one for sure.

How the pairs are chosen, and what is left: `test_matches`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payments import paid, ramp_bill
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

BUILT = (
    "fct_match",
    "bill_map",
    "fct_exception",
    "fct_bank_closure",
    "fct_custody_chain",
    "chk_h16",
    "chk_h26",
    "chk_h27",
    "chk_h33",
    "chk_h44",
)
BUSINESSES = {
    "plaid": ("relinked", "accounts", "strangers", "vendors"),
    "ramp": ("anew", "unlinked", "withdrawn", "vendors"),
}


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in sorted({name for names in BUSINESSES.values() for name in names}):
            raw.business(business, now=NOW)
            books = [account("35", "Bank", 1000), account("36", "Bank", 1000), account("37", "Bank", 0, Name="Reserve (4711)")]
            raw.versions(business, "accounts", [*books, account("33", "Accounts Payable", 0)])
            raw.versions(business, "vendors", [vendor("1"), vendor("2", DisplayName="Amazon")])
            for rail in (rail for rail, names in BUSINESSES.items() if business in names):
                raw.connect(business, rail, now=NOW)
        _relinked(raw)
        _entered_anew(raw)
        _to_others(raw)
        _on_other_accounts(raw)
    build_marts(project, path, only=BUILT)
    return path


def _relinked(raw: RawWarehouse) -> None:
    """One bank account under two logins: the first was removed on 20 June, the second looks back to 9 May."""
    raw.execute(
        "update raw_control.connections set removed_at = ? where business_id = 'relinked' and rail = 'plaid'", ["2026-06-20 00:00:00+00"]
    )
    raw.connect("relinked", "plaid", now=NOW, connection_id="again")
    posted = {"2026-05-08": 120, "2026-05-12": 75, "2026-06-03": 310}
    for connection, account_id, told in ((None, "checking", posted), ("again", "checking-again", dict(list(posted.items())[1:]))):
        identity = {"account_id": account_id, "type": "depository", "subtype": "checking", "mask": "0001"}
        raw.observed("relinked", "plaid", "accounts", account_id, identity, connection_id=connection)
        for day, amount in told.items():
            moved = {"account_id": account_id, "amount": amount, "iso_currency_code": "USD", "date": day, "name": f"PAYEE {amount}"}
            raw.observed(
                "relinked",
                "plaid",
                "transactions",
                f"{connection or 'first'}-{amount}",
                moved | {"pending": False},
                connection_id=connection,
            )
    waiting = {"account_id": "checking", "amount": 9, "iso_currency_code": "USD", "date": "2026-06-19", "name": "CAFE", "pending": True}
    raw.observed("relinked", "plaid", "transactions", "waiting", waiting)
    payments = [paid(f"p-{amount}", f"{day[:8]}{int(day[8:]) - 2:02d}", amount, "Vendor 1") for day, amount in posted.items()]
    raw.versions("relinked", "bill_payments", payments)


def _entered_anew(raw: RawWarehouse) -> None:
    """A bill that was archived in Ramp and entered there a second time, linked or by number alone; and one that both withdrew."""
    told = {"invoice_number": "INV77", "issued_at": "2026-06-01T00:00:00Z", "vendor": {"name": "Vendor 1"}}
    archived = {"archived_at": "2026-06-03T00:00:00Z"}
    for business, link, day in (("anew", "b1", "2026-06-10"), ("unlinked", None, None)):
        raw.versions(business, "bills", [bill("b1", 900, 0 if day else 900, DocNumber="INV77", TxnDate="2026-06-01")])
        ramp_bill(raw, business, "r-old", link, 900, None, **told, **archived)
        ramp_bill(raw, business, "r-draft", link, 900, None, **told | {"status": "DRAFT"})
        ramp_bill(raw, business, "r-new", link, 900, day, **told)
    raw.versions("anew", "bill_payments", [paid("bp", "2026-06-10", 900, "Vendor 1", bill_id="b1")])
    raw.versions("withdrawn", "bills", [bill("b1", 0, 0, PrivateNote="Voided", TxnDate="2026-06-01")])
    ramp_bill(raw, "withdrawn", "r-old", "b1", 900, None, **told, **archived)


def _to_others(raw: RawWarehouse) -> None:
    """Equal amounts of two vendors: the nearer debit is Amazon's, whom the ledger knows, a service's, or a stranger's."""
    for business, (name, entity_id) in {"vendors": ("Amazon", "ent-amazon"), "strangers": ("Zenith Fishing", "ent-zenith")}.items():
        bank_account(raw, business, "checking", available=1, current=1)
        shown = {"name": "CARD 4411", "merchant_name": name, "merchant_entity_id": entity_id}
        raw.versions(business, "bill_payments", [paid("rent", "2026-06-10", 2000, "Vendor 1")])
        bank_transaction(raw, business, "bought", 2000, "2026-06-14", **shown)
    raw.versions("vendors", "bill_payments", [paid("both", "2026-06-10", 700, "Vendor 1"), paid("served", "2026-06-10", 90, "Vendor 1")])
    bank_transaction(raw, "vendors", "bought-near", 700, "2026-06-14", merchant_name="Amazon", merchant_entity_id="ent-amazon")
    bank_transaction(raw, "vendors", "unnamed-far", 700, "2026-06-16", name="ACH 55")
    bank_transaction(raw, "vendors", "by-service", 90, "2026-06-11", name="PAYPAL INST XFER", merchant_name="PayPal")
    raw.versions("vendors", "vendors", [vendor("3", DisplayName="PayPal")])
    raw.observed(
        "vendors", "ramp", "vendors", "rv2", {"id": "rv2", "name": "Amazon", "is_active": True, "accounting_vendor_remote_id": "2"}
    )
    raw.versions("vendors", "bills", [bill("b-number", 333, DocNumber="N-1"), bill("b-link", 444)])
    for ramp_id, link, amount, number in (("r-number", None, 333, "N-1"), ("r-link", "b-link", 444, None)):
        told = {"invoice_number": number, "issued_at": "2026-06-01T00:00:00Z", "vendor": {"id": "rv2", "name": "Amazon"}}
        ramp_bill(raw, "vendors", ramp_id, link, amount, None, **told)


def _on_other_accounts(raw: RawWarehouse) -> None:
    """Account 35 is known as `checking` by what both moved, 37 as `reserve` by its number; nothing is known of 36."""
    bank_account(raw, "accounts", "checking", available=1, current=1)
    reserve = {"account_id": "reserve", "name": "Reserve", "type": "depository", "subtype": "savings", "mask": "4711"}
    raw.observed("accounts", "plaid", "accounts", "reserve", reserve)
    payments = []
    for amount in range(101, 112):
        payments.append(paid(f"usual-{amount}", "2026-05-04", amount, "Vendor 1"))
        bank_transaction(raw, "accounts", f"t-{amount}", amount, "2026-05-06", name="ACH")
    payments += [
        paid("on-36", "2026-06-10", 640, "Vendor 1") | {"CheckPayment": {"BankAccountRef": {"value": "36"}}},
        paid("on-37", "2026-06-10", 650, "Vendor 1") | {"CheckPayment": {"BankAccountRef": {"value": "37"}}},
        paid("twin-35", "2026-06-20", 80, "Vendor 1"),
        paid("twin-37", "2026-06-20", 80, "Vendor 1") | {"CheckPayment": {"BankAccountRef": {"value": "37"}}},
    ]
    raw.versions("accounts", "bill_payments", payments)
    for name, amount, account_id in (("t-640", 640, "checking"), ("t-650", 650, "reserve")):
        bank_transaction(raw, "accounts", name, amount, "2026-06-12", name="VENDOR 1", account_id=account_id)
    for account_id in ("checking", "reserve"):
        bank_transaction(raw, "accounts", f"twin-{account_id}", 80, "2026-06-22", name="VENDOR 1", account_id=account_id)


def test_what_a_bank_that_was_linked_again_tells_twice_is_matched_once(warehouse: Path) -> None:
    """And what is older than the second login looks back to is still matched with what the first one saw."""
    business = "where business_id = 'relinked'"
    matched = rows(warehouse, f"select left_id, right_id, tier from marts.fct_match {business} order by all")
    assert matched == [("p-120", "first-120", "auto"), ("p-310", "again-310", "auto"), ("p-75", "again-75", "auto")]
    closure = "select account_id, sum(transaction_count), sum(total_amount), sum(unmatched_amount) from marts.fct_bank_closure"
    assert rows(warehouse, f"{closure} {business} group by 1 order by 1") == [
        ("checking", 1, Decimal(-120), 0),
        ("checking-again", 2, Decimal(-385), 0),
    ]
    assert rows(warehouse, f"select * from marts.fct_exception {business}") == []
    assert rows(warehouse, f"select record_id, days_unexplained from quality.chk_h26 {business} and days_unexplained > 0") == []
    assert rows(warehouse, f"select record_id from quality.chk_h33 {business} and days_without_money > 0") == []
    assert rows(warehouse, f"select record_id from quality.chk_h44 {business}") == []


def test_a_bill_that_was_taken_back_from_ramp_leaves_its_place_to_the_one_entered_anew(warehouse: Path) -> None:
    found = rows(
        warehouse, "select business_id, qbo_bill_id, ramp_bill_id, method, tier from marts.bill_map where qbo_bill_id = 'b1' order by all"
    )
    assert found == [
        ("anew", "b1", "r-new", "linked", "auto"),
        ("unlinked", "b1", "r-new", "reference", "auto"),
        ("withdrawn", "b1", "r-old", "linked", "auto"),
    ]
    chain = "select execute_record_id, record_record_id, order_violations from marts.fct_custody_chain where business_id = 'anew'"
    assert rows(warehouse, chain) == [("r-new", "bp", None)]
    assert rows(warehouse, "select record_id, minutes_unrecorded from quality.chk_h27 where business_id = 'anew'") == [("r-new", 0)]
    unlinked = "select record_id, unlinked_bill_id from quality.chk_h16 where business_id = 'unlinked'"
    assert rows(warehouse, unlinked) == [("b1", "r-new")]


def test_a_debit_of_another_vendor_of_the_ledger_is_a_proposal_and_gives_way_to_one_that_may_be_right(warehouse: Path) -> None:
    """Nobody's and a payment service's names contradict no vendor; a link is not doubted here, but told as a conflict."""
    found = rows(warehouse, "select business_id, left_id, right_id, tier, doubts from marts.fct_match order by all")
    assert [row for row in found if row[0] in ("vendors", "strangers")] == [
        ("strangers", "rent", "bought", "auto", None),
        ("vendors", "both", "unnamed-far", "auto", None),
        ("vendors", "r-link", "b-link", "auto", None),
        ("vendors", "r-number", "b-number", "suggest", "other_vendor"),
        ("vendors", "rent", "bought", "suggest", "other_vendor"),
        ("vendors", "served", "by-service", "auto", None),
    ]


def test_a_payment_booked_on_another_account_than_the_banks_is_a_proposal_and_equal_ones_are_told_apart_by_it(warehouse: Path) -> None:
    found = rows(warehouse, "select left_id, right_id, tier, doubts from marts.fct_match where business_id = 'accounts' order by all")
    assert [row for row in found if not row[0].startswith("usual")] == [
        ("on-36", "t-640", "suggest", "other_account"),
        ("on-37", "t-650", "auto", None),
        ("twin-35", "twin-checking", "auto", None),
        ("twin-37", "twin-reserve", "auto", None),
    ]
    assert len(found) == 15
