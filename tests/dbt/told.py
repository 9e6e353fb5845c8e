"""A business of whose payments people said what they are, and of which some are on one rail alone; what comes of it is in
`test_matches`."""

from __future__ import annotations

from tests.dbt.documents import account, bill, vendor
from tests.dbt.ledgers import NOW
from tests.dbt.payments import paid, ramp_bill, transfer, verdict
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

TOLD = "told"
# Bills that Ramp paid, with the ledger's payment of each: name, what Ramp paid, the day, what the ledger says.
PAID_BY_RAMP = (
    ("lump-1", 110, "2026-06-10", 110),
    ("lump-2", 210, "2026-06-10", 210),
    ("less-1", 40, "2026-06-03", 40),
    ("less-2", 65, "2026-06-03", 65),
    ("short", 50, "2026-06-05", 48),
    ("bill", 88, "2026-06-20", 88),
)
# Payments of the ledger's own: name, day, amount.
PAID = (
    ("lump", "2026-06-09", 320),
    ("day-1", "2026-06-18", 12),
    ("day-2", "2026-06-18", 23),
    ("day-3", "2026-06-18", 34),
    ("twice", "2026-06-01", 55),
    ("part-1", "2026-06-12", 101),
    ("part-2", "2026-06-13", 102),
    ("wrong", "2026-06-14", 70),
    ("right", "2026-06-15", 71),
    ("once-1", "2026-06-16", 5),
    ("once-2", "2026-06-17", 6),
    ("near", "2026-05-10", 1000),
    ("twin-1", "2026-05-06", 25),
    ("twin-2", "2026-05-06", 25),
)
# What the bank shows: name, day, amount, in what words.
DEBITS = (
    ("lump", "2026-06-11", 320, "RAMP BILL PAYMENT"),
    ("less", "2026-06-04", 105, "RAMP BILL PAYMENT"),
    ("short", "2026-06-06", 50, "RAMP BILL PAYMENT"),
    ("bill", "2026-06-21", 90, "WIRE OUT"),
    ("day", "2026-06-19", 35, "PAYMENTS"),
    ("near", "2026-06-03", 55, "NEAR"),
    ("far", "2026-06-25", 55, "FAR"),
    ("parts", "2026-06-15", 203, "DEBIT"),
    ("one", "2026-06-16", 99, "DEBIT"),
    ("once", "2026-06-18", 20, "DEBIT"),
    ("near-amount", "2026-05-12", 1005, "PAYEE NEAR"),
    ("twin-1", "2026-05-07", 25, "PAYEE TWIN-1"),
    ("twin-2", "2026-05-07", 25, "PAYEE TWIN-1"),
    ("first", "2026-05-01", 1, "OPENING"),
)
# Decisions, the later the greater the number: kind, record, debit.
SAID = (
    (1, "reject-match", "qbo:bill_payments:p-lump-1", "t-lump"),
    (2, "reject-match", "ramp:bills:r-lump-1", "t-lump"),
    (3, "confirm-match", "qbo:bill_payments:p-lump", "t-lump"),
    (4, "reject-match", "qbo:bill_payments:p-less-1", "t-less"),
    (5, "reject-match", "qbo:bill_payments:p-day-3", "t-day"),
    (6, "confirm-match", "ramp:bills:r-bill", "t-bill"),
    (7, "confirm-match", "qbo:bill_payments:p-twice", "t-near"),
    (8, "confirm-match", "qbo:bill_payments:p-twice", "t-far"),
    # Two that are the debit together, one after the other.
    (71, "confirm-match", "qbo:bill_payments:p-part-1", "t-parts"),
    (72, "confirm-match", "qbo:bill_payments:p-part-2", "t-parts"),
    # Two that are not.
    (81, "confirm-match", "qbo:bill_payments:p-wrong", "t-one"),
    (82, "confirm-match", "qbo:bill_payments:p-right", "t-one"),
    # Two that were said at once.
    (91, "confirm-match", "qbo:bill_payments:p-once-1", "t-once"),
    (92, "confirm-match", "qbo:bill_payments:p-once-2", "t-once"),
)


def told_business(raw: RawWarehouse) -> None:
    """Ledger, bank and Ramp of the business `told`, and the decisions on its payments."""
    raw.business(TOLD, now=NOW)
    raw.versions(TOLD, "accounts", [account("35", "Bank", 1000), account("60", "Expense"), account("33", "Accounts Payable", 0)])
    raw.versions(TOLD, "vendors", [vendor("1")])
    for rail in ("ramp", "plaid"):
        raw.connect(TOLD, rail, now=NOW)
    raw.versions(TOLD, "bills", [bill(f"b-{name}", amount, 0) for name, amount, *_ in PAID_BY_RAMP])
    payments = [paid(f"p-{name}", day, booked, "Vendor 1", bill_id=f"b-{name}") for name, _, day, booked in PAID_BY_RAMP]
    raw.versions(TOLD, "bill_payments", payments + [paid(f"p-{name}", day, amount, f"Payee {name}") for name, day, amount in PAID])
    for name, amount, day, _ in PAID_BY_RAMP:
        ramp_bill(raw, TOLD, f"r-{name}", f"b-{name}", amount, day)
    bank_account(raw, TOLD, "checking", available=1, current=1)
    for name, day, amount, words in DEBITS:
        bank_transaction(raw, TOLD, f"t-{name}", amount, day, name=words)
    for name, amount, day in (("lump", 320, "2026-06-10"), ("less", 105, "2026-06-03"), ("short", 50, "2026-06-05")):
        transfer(raw, TOLD, f"tr-{name}", amount, day)
    # What Ramp alone knows of.
    transfer(raw, TOLD, "tr-lost", 7777, "2026-05-10")
    transfer(raw, TOLD, "tr-fresh", 7778, "2026-06-28")
    ramp_bill(raw, TOLD, "r-alone", None, 50000, None, due_at="2026-07-05T00:00:00Z", vendor={"name": "Vendor 1"})
    ramp_bill(raw, TOLD, "r-fresh", None, 50001, None, created_at="2026-06-29T10:00:00Z")
    ramp_bill(raw, TOLD, "r-pending", None, 50002, None, approval_status="PENDING")
    for number, kind, record, debit in SAID:
        verdict(raw, TOLD, number, kind, record, f"plaid:transactions:t-{debit[2:]}", bulk_id="at-once" if number > 90 else None)
