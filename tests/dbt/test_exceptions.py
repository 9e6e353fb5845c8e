"""What two rails should both have and only one has: each told once, with its reason, and nothing of which the other has no say.

What is matched, and by which rule: `test_matches`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, customer, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.payments import paid, ramp_bill, transfer, verdict
from tests.dbt.payouts import at, charge, payout, received
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

BUILT = ("fct_exception", "fct_match", "fct_payout_recon", "fct_custody_chain", "chk_h33", "documented_values")
BUSINESSES = {
    "legs": ("plaid",),
    "receipts": ("plaid", "stripe"),
    "states": ("plaid", "ramp"),
    "runs": ("plaid", "ramp"),
    "unseen": ("plaid",),
}

# What Ramp says of transfers and reimbursements, all that it documents, by what that makes of their money.
TRANSFERS = {
    "moved": (
        "ACH_CONFIRMED", "COMPLETED", "INITIATED", "NOT_ACKED", "PROCESSING_BY_ODFI", "SUBMITTED_TO_FED", "SUBMITTED_TO_RDFI", "UPLOADED",
    ),
    "unmoved": ("CANCELED", "ERROR", "NOT_ENOUGH_FUNDS", "REJECTED_BY_ODFI", "RETURNED_BY_RDFI", "UNNECESSARY"),
}  # fmt: skip
REIMBURSEMENTS = {
    "sent": ("REIMBURSED", "REIMBURSED_VIA_PUSH"),
    "perhaps": (
        "APPROVED", "AWAITING_EXPORT", "AWAITING_PAYMENT", "AWAITING_PUSH_PAYMENT", "EXPORTED", "EXPORT_FAILED", "EXPORT_INITIATED",
        "EXPORT_SUCCESSFUL", "PENDING", "PROCESSING", "PUSH_PAYMENT_INITIATED",
    ),
    "unmoved": (
        "CANCELED", "DELETED", "DRAFT", "FAILED_REIMBURSEMENT", "INIT", "MANUALLY_REIMBURSED", "MISSING_ACH", "PUSH_PAYMENT_FAILED",
        "REJECTED",
    ),
}  # fmt: skip
# Payments of the ledger's for bills that Ramp paid: bill, day, how and what Ramp paid, and what the ledger has.
PAID_BY_RAMP = (
    ("mixed-1", "2026-05-12", "ACH", 100, 100),
    ("mixed-2", "2026-05-12", "ACH", 200, 200),
    ("mixed-3", "2026-05-12", "CHECK", 300, 300),
    ("mixed-4", "2026-05-12", "CHECK", 400, 400),
    ("mixed-5", "2026-05-12", "CHECK", 70, 70),
    ("part-1", "2026-05-19", "ACH", 101, 101),
    ("part-2", "2026-05-19", "ACH", 212, 212),
    ("part-3", "2026-05-19", "ACH", 143, 143),
    ("part-4", "2026-05-19", "CHECK", 154, 154),
    ("apart-1", "2026-06-03", "ACH", 41, 41),
    ("apart-2", "2026-06-03", "ACH", 59, 59),
    ("abroad", "2026-06-08", "SWIFT", 70, 70),
    ("at-home", "2026-06-08", "ACH", 30, 30),
    ("booked", "2026-06-15", "ACH", 60, 60),
    ("booked-less", "2026-06-15", "ACH", 50, 48),
    ("half-1", "2026-05-25", "ACH", 83, 83),
    ("half-2", "2026-05-25", "ACH", 84, 84),
    ("on-time", "2026-06-17", "ACH", 61, 61),
    ("undrawn", "2026-06-17", "ACH", 72, 72),
    ("arrived", "2026-06-22", "ACH", 77, 77),
)
# What Ramp drew for them, and the bank shows a day later: with the bill of 77 one of 53 that came back, and 800 for the card's statement.
DRAWN = (
    ("2026-05-12", 500), ("2026-05-12", 570), ("2026-05-19", 313), ("2026-05-19", 297), ("2026-06-03", 41), ("2026-06-03", 59),
    ("2026-06-08", 100), ("2026-06-15", 110), ("2026-06-17", 61), ("2026-06-17", 800), ("2026-06-22", 130),
)  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exceptions") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business, rails in BUSINESSES.items():
            raw.business(business, now=NOW)
            books = [account("35", "Bank", 1000), account("37", "Bank", 1000, Name="Reserve (4711)"), account("33", "Accounts Payable")]
            raw.versions(business, "accounts", books)
            raw.versions(business, "vendors", [vendor("1")])
            raw.versions(business, "customers", [customer("1")])
            for rail in rails:
                raw.connect(business, rail, now=NOW)
            bank_account(raw, business, "checking", available=1, current=1)
            bank_transaction(raw, business, "opening", 1, "2026-05-01", name="OPENING")
        _legs(raw)
        _receipts(raw)
        _states(raw)
        _runs(raw)
        _unseen(raw)
    build_marts(project, path, only=BUILT)
    return path


def _legs(raw: RawWarehouse) -> None:
    """A transfer of which people said twice, on either account, which line of the bank it is."""
    bank_account(raw, "legs", "reserve", available=1, current=1)
    moved = {"Id": "t", "Amount": 500, "FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "37"}, "TxnDate": "2026-06-10"}
    raw.versions("legs", "transfers", [moved | {"CurrencyRef": {"value": "USD"}}])
    for number, (name, amount, account_id) in enumerate(
        (("out-1", 500, "checking"), ("out-2", 500, "checking"), ("in-1", -500, "reserve"), ("in-2", -500, "reserve"))
    ):
        bank_transaction(raw, "legs", name, amount, "2026-06-11", name="TRANSFER", account_id=account_id)
        verdict(raw, "legs", number, "confirm-match", "qbo:transfers:t", f"plaid:transactions:{name}")


def _receipts(raw: RawWarehouse) -> None:
    """Customers' payments that go to the bank account itself, all but one of them by the card processor."""
    days = ("2026-05-04", "2026-05-11", "2026-05-18", "2026-05-25")
    raw.versions("receipts", "payments", [received(f"p-{number}", day, 100 + number, "35") for number, day in enumerate(days)])
    for number, day in enumerate(days[:3]):
        charge(raw, "receipts", f"ch-{number}", 10_000 + 100 * number, created=at(day))

    payout(raw, "receipts", "po", 50_000, "2026-06-10")
    for number, (name, amount) in enumerate((("first-part", 300), ("second-part", 200)), start=10):
        bank_transaction(raw, "receipts", name, -amount, f"2026-06-{number}", name="STRIPE")
        verdict(raw, "receipts", number, "confirm-match", "stripe:payouts:po", f"plaid:transactions:{name}")


def _states(raw: RawWarehouse) -> None:
    """A transfer of each status, without any debit, and a reimbursement of each state, each with a debit but those called lost."""
    for amount, status in enumerate((status for group in TRANSFERS.values() for status in group), start=1000):
        drawn = {"id": status, "amount": {"amount": amount * 100, "currency_code": "USD"}, "status": status}
        raw.observed("states", "ramp", "transfers", status, drawn | {"created_at": "2026-05-20T15:00:00Z"})
    states = [(state, state) for group in REIMBURSEMENTS.values() for state in group]
    lost = [(f"lost-{state}", state) for group in REIMBURSEMENTS.values() for state in group]
    for amount, (name, state) in enumerate([*states, *lost], start=2000):
        record: dict[str, Any] = {
            "id": name, "amount": float(amount), "currency": "USD", "direction": "BUSINESS_TO_USER", "state": state,
            "transaction_date": "2026-05-20", "created_at": "2026-05-20T15:00:00Z", "updated_at": "2026-05-22T15:00:00Z",
        }  # fmt: skip
        raw.observed("states", "ramp", "reimbursements", name, record)
        if name == state:
            bank_transaction(raw, "states", f"t-{name}", amount, "2026-05-21", name="RAMP REIMBURSEMENT")


def _runs(raw: RawWarehouse) -> None:
    """Bills that Ramp paid, the ledger's payments of them and what was drawn; one is paid in euros, of which the bank shows nothing."""
    raw.versions("runs", "bills", [bill(f"b-{name}", amount, 0, DocNumber=name) for name, *_, amount, _ in PAID_BY_RAMP])
    for name, day, method, amount, booked in PAID_BY_RAMP:
        raw.versions("runs", "bill_payments", [paid(f"p-{name}", day, booked, "Vendor 1", bill_id=f"b-{name}")])
        payment = {"payment_method": method, "payment_date": day, "effective_date": day}
        sent = {"payment": payment | {"amount": {"amount": amount * 100, "currency_code": "USD"}}, "paid_at": f"{day}T16:00:00Z"}
        ramp_bill(raw, "runs", f"r-{name}", f"b-{name}", amount, day, **sent)
    euros = {"amount": {"amount": 50000, "currency_code": "EUR"}}
    payment = {"payment_method": "INTERNATIONAL", "payment_date": "2026-06-08", "effective_date": "2026-06-08"}
    ramp_bill(raw, "runs", "r-euros", None, 500, None, status="PAID", payment=payment | euros)
    for number, (day, amount) in enumerate(DRAWN):
        transfer(raw, "runs", f"tr-{number}", amount, day)
        bank_transaction(raw, "runs", f"t-{amount}", amount, f"{day[:8]}{int(day[8:]) + 1:02d}", name="RAMP BILL PAYMENT")

    statement = {"Id": "statement", "Amount": 800, "FromAccountRef": {"value": "35"}, "ToAccountRef": {"value": "40"}}
    raw.versions("runs", "transfers", [statement | {"TxnDate": "2026-06-17", "CurrencyRef": {"value": "USD"}}])
    bank_transaction(raw, "runs", "came-back", -53, "2026-06-25", name="ACH RETURN R03 NO ACCOUNT")

    # Of two bills one has been drawn, and a person said that the bank shows that in two lines.
    transfer(raw, "runs", "tr-half", 85, "2026-05-25")
    for number, amount in enumerate((45, 40)):
        bank_transaction(raw, "runs", f"half-{amount}", amount, "2026-05-26", name="RAMP BILL PAYMENT")
        verdict(raw, "runs", number, "confirm-match", "ramp:transfers:tr-half", f"plaid:transactions:half-{amount}")


def _unseen(raw: RawWarehouse) -> None:
    """Payments without money; account 37 is known to be `reserve`, whose login is read, and another bank's was last read on 25 May."""
    raw.connect("unseen", "plaid", now=NOW, age=NOW - datetime(2026, 5, 25, 12, tzinfo=UTC), connection_id="stuck")
    bank_account(raw, "unseen", "elsewhere", available=1, current=1, connection_id="stuck")
    reserve = {"account_id": "reserve", "name": "Reserve", "type": "depository", "subtype": "savings", "mask": "4711"}
    raw.observed("unseen", "plaid", "accounts", "reserve", reserve)
    bank_transaction(raw, "unseen", "earlier", 1, "2026-03-01", name="OPENING")
    payments = [paid("long-ago", "2026-04-10", 71, "Vendor 1"), paid("anywhere", "2026-05-20", 72, "Vendor 1")]
    on_reserve = {"CheckPayment": {"BankAccountRef": {"value": "37"}}}
    raw.versions("unseen", "bill_payments", [*payments, paid("on-reserve", "2026-05-20", 73, "Vendor 1") | on_reserve])


def test_a_record_that_is_two_events_is_told_of_each_under_an_id_of_its_own(warehouse: Path) -> None:
    """A transfer is one on either account, a customer's payment one at the bank and one at the processor."""
    query = "select record_id, kind, amount, reason from marts.fct_exception where business_id = ? and rail = 'qbo' order by all"
    assert [row[:3] for row in rows(warehouse, query, ["legs"])] == [("t", "ambiguous", -500), ("t", "ambiguous", 500)]
    alone = [(record, reason) for record, _, _, reason in rows(warehouse, query, ["receipts"]) if record == "p-3"]
    assert alone == [
        ("p-3", "recorded as paid and the bank shows no money for it"),
        ("p-3", "recorded as paid through the card processor, which shows no charge for it"),
    ]
    assert rows(warehouse, "select count(*) = count(distinct exception_id) from marts.fct_exception") == [(True,)]


def test_what_ramp_called_off_failed_at_or_got_back_is_no_money_that_was_sent(warehouse: Path) -> None:
    documented = "select value from seeds.documented_values where rail = 'ramp' and entity = '{}' and field = '{}'"
    for entity, field, groups in (("transfers", "status", TRANSFERS), ("reimbursements", "state", REIMBURSEMENTS)):
        assert {value for (value,) in rows(warehouse, documented.format(entity, field))} == {
            each for group in groups.values() for each in group
        }
    told = "select record_id from marts.fct_exception where business_id = 'states' and entity = ? and kind = 'paid_without_money'"
    assert {record for (record,) in rows(warehouse, told, ["transfers"])} == set(TRANSFERS["moved"])
    assert {record for (record,) in rows(warehouse, told, ["reimbursements"])} == {f"lost-{state}" for state in REIMBURSEMENTS["sent"]}
    found = rows(warehouse, "select left_id, right_id from marts.fct_match where business_id = 'states' and left_entity = 'reimbursements'")
    assert set(found) == {(state, f"t-{state}") for group in ("sent", "perhaps") for state in REIMBURSEMENTS[group]}
    alone = "select record_id from marts.fct_exception where business_id = 'states' and rail = 'plaid' and record_id != 'opening'"
    assert {record for (record,) in rows(warehouse, alone)} == {f"t-{state}" for state in REIMBURSEMENTS["unmoved"]}


def test_a_payout_that_the_bank_shows_in_two_lines_is_there_once(warehouse: Path) -> None:
    found = rows(warehouse, "select left_id, right_id, amount, rule from marts.fct_match where pair = 'bank_payout' order by right_id")
    assert found == [("po", "first-part", 500, "verdict"), ("po", "second-part", 500, "verdict")]
    recon = "select state, bank_transaction_id from marts.fct_payout_recon where business_id = 'receipts'"
    assert rows(warehouse, recon) == [("in_bank", "second-part")]
    assert rows(warehouse, "select kind from marts.fct_exception where record_id in ('po', 'first-part', 'second-part')") == []


def test_what_is_left_over_and_what_was_paid_can_be_opened_in_the_ledger(warehouse: Path) -> None:
    pages = dict(
        rows(warehouse, "select distinct entity, regexp_replace(source_url, '=[^=]+$', '=') from marts.fct_exception where rail = 'qbo'")
    )
    assert pages["bill_payments"] == "https://app.qbo.intuit.com/app/billpayment?txnId="
    assert pages["transfers"] == "https://app.qbo.intuit.com/app/transfer?txnId="
    assert set(rows(warehouse, "select source_url from marts.fct_exception where rail = 'plaid'")) == {(None,)}
    chain = "select source_url from marts.fct_custody_chain where business_id = 'runs' and bill_id = 'b-on-time'"
    assert rows(warehouse, chain) == [("https://app.qbo.intuit.com/app/bill?txnId=b-on-time",)]


def test_bills_that_were_drawn_apart_or_by_swift_lead_to_their_debits(warehouse: Path) -> None:
    """Beside them is a bill that was paid in euros, which no debit in dollars pays, and one drawn with a payment that came back."""
    query = (
        "select left_id, right_id, tier from marts.fct_match where business_id = 'runs' and left_entity = 'bills' and pair = 'bank_ramp'"
    )
    assert set(rows(warehouse, query)) == {
        ("r-part-1", "t-313", "auto"),
        ("r-part-2", "t-313", "auto"),
        ("r-part-3", "t-297", "auto"),
        ("r-part-4", "t-297", "auto"),
        ("r-apart-1", "t-41", "auto"),
        ("r-apart-2", "t-59", "auto"),
        ("r-abroad", "t-100", "auto"),
        ("r-at-home", "t-100", "auto"),
        ("r-booked", "t-110", "auto"),
        ("r-booked-less", "t-110", "auto"),
        ("r-on-time", "t-61", "auto"),
        ("r-arrived", "t-130", "auto"),
    }


def test_payments_of_a_run_that_cannot_be_told_apart_are_not_without_money(warehouse: Path) -> None:
    """Both debits of a day come to all five of its bills, though not to which of them: 100 and 400 are as much as 200 and 300. What was
    drawn in two lines is drawn once.
    """
    chain = (
        "select verify_state, verify_evidence, count(*) from marts.fct_custody_chain where business_id = 'runs' and bill_id like 'b-mixed%'"
    )
    assert rows(warehouse, f"{chain} group by all") == [("done", "run", 5)]
    left = "select record_id from marts.fct_exception where business_id = 'runs' and rail = 'qbo' and kind = 'paid_without_money'"
    assert set(rows(warehouse, left)) == {("p-half-1",), ("p-half-2",)}


def test_a_debit_that_paid_something_else_is_no_money_for_a_bill_of_its_day(warehouse: Path) -> None:
    chain = "select verify_state, verify_record_id from marts.fct_custody_chain where business_id = 'runs' and bill_id = ?"
    assert rows(warehouse, chain, ["b-undrawn"]) == [("waiting", None)]
    assert rows(warehouse, chain, ["b-on-time"]) == [("done", "t-61")]


def test_one_of_several_parts_of_a_sum_is_another_amount_by_nature_be_the_others_sure_or_proposed(warehouse: Path) -> None:
    asked = "select record_id, difference_amount from marts.fct_exception where business_id = 'runs' and kind = 'ambiguous'"
    assert rows(warehouse, asked) == [("p-booked-less", None)]


def test_a_payment_is_missing_at_the_bank_only_by_days_on_which_the_bank_was_seen(warehouse: Path) -> None:
    """Where the account is not known it may be at a login that nobody has read since."""
    told = "select record_id, kind from marts.fct_exception where business_id = 'unseen' and rail = 'qbo'"
    assert set(rows(warehouse, told)) == {
        ("long-ago", "paid_without_money"),
        ("anywhere", "timing"),
        ("on-reserve", "paid_without_money"),
    }
    days = dict(rows(warehouse, "select record_id, days_without_money from quality.chk_h33 where business_id = 'unseen'"))
    assert days == {"long-ago": 45, "anywhere": 5, "on-reserve": 41}
