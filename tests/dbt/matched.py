"""A business whose ledger, bank and payment service mostly tell of the same; what is one and what is left is asked in `test_matches`."""

from __future__ import annotations

from tests.dbt.documents import bill
from tests.dbt.ledgers import NOW
from tests.dbt.payments import paid, ramp_bill, transfer
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

MATCHED = "acme"


def matched_business(raw: RawWarehouse) -> None:
    """Fills the business that is there; its accounts, vendors and connections are its caller's."""
    open_bill = {"DueDate": "2026-07-09"}
    raw.versions(
        MATCHED,
        "bills",
        [
            bill("b1", 100, 0),
            bill("b2", 200, 0),
            bill("b3", 70, DocNumber="INV-7"),
            bill("b4", 30, **open_bill),
            bill("b5", 31, **open_bill),
            bill("b6", 970, DocNumber="INV-9"),
            bill("b7", 360, DocNumber="INV-8"),
        ],
    )
    raw.versions(
        MATCHED,
        "bill_payments",
        [
            paid("p-check", "2026-05-04", 120, "Vendor 1", check="1201"),
            paid("p-run-1", "2026-06-10", 100, "Vendor 1", bill_id="b1"),
            paid("p-run-2", "2026-06-10", 200, "Vendor 1", bill_id="b2"),
            paid("p-lost", "2026-05-20", 55, "Vendor 1"),
            paid("p-fresh", "2026-06-28", 56, "Vendor 1"),
            paid("p-twin-1", "2026-06-16", 25, "Twin Courier"),
            paid("p-twin-2", "2026-06-16", 25, "Twin Courier"),
        ],
    )
    bank_account(raw, MATCHED, "checking", available=800, current=850)
    bank_transaction(raw, MATCHED, "t-check", 120, "2026-05-08", name="CHECK 1201", check_number="1201")
    bank_transaction(raw, MATCHED, "t-run", 300, "2026-06-11", name="RAMP BILL PAYMENT")
    bank_transaction(raw, MATCHED, "t-stray", 77, "2026-06-12", name="UNKNOWN SHOP")
    bank_transaction(raw, MATCHED, "t-twin-1", 25, "2026-06-17", name="TWIN COURIER")
    bank_transaction(raw, MATCHED, "t-twin-2", 25, "2026-06-17", name="TWIN COURIER")
    raw.observed(MATCHED, "ramp", "vendors", "v-alone", {"id": "v-alone", "name": "Nobody The Ledger Knows", "is_active": True})
    ramp_bill(raw, MATCHED, "r1", "b1", 100, "2026-06-10")
    ramp_bill(raw, MATCHED, "r2", "b2", 200, "2026-06-10")
    ramp_bill(raw, MATCHED, "r3", None, 70, None, invoice_number="inv 7", issued_at="2026-06-01", vendor={"name": "Vendor 1"})
    # Two digits turned round, and one number that two vendors gave.
    for name, amount, invoice, of in (("r6", 790, "INV-9", "Vendor 1"), ("r7", 630, "INV-8", "Nobody The Ledger Knows")):
        ramp_bill(raw, MATCHED, name, None, amount, None, invoice_number=invoice, issued_at="2026-06-01", vendor={"name": of})
    ramp_bill(raw, MATCHED, "r4", "b4", 30, None)
    ramp_bill(raw, MATCHED, "r5", "b5", 31, None)
    transfer(raw, MATCHED, "tr", 300, "2026-06-10")
    for number, (kind, rail, name) in enumerate(
        (("hold", "ramp", "r4"), ("approve", "qbo", "b4"), ("approve", "qbo", "b5"), ("hold", "ramp", "r5"))
    ):
        values = {"decision_no": number, "decision_id": f"d{number}", "business_id": MATCHED, "advisor_id": "ann", "kind": kind}
        raw.control("decisions", **values, subject=f'{{"rail":"{rail}","bill":"{name}","guardrail":"let"}}', decided_at=NOW)
