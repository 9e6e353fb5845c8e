"""A bill that a person enters because the ledger does not have it yet: what is said of it, and which of that cannot be meant.

Here is what the words alone show. Whether the business has the vendor, and whether the ledger or somebody else said the same before,
is judged where the data is (`rowcol_assets.entering`); storing is `decisions`; how the bill counts until the ledger catches up is
the model `int_entered_bills`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.verdicts import ENTERED, note_refusal

# Where its record comes from, in the place of a rail: it is a person's word and on no rail.
USER = "user"
# Money is kept with two decimals in all marts (`DECIMAL(18,2)`), whatever its currency has.
MOST_DECIMALS = 2
# Nobody owes on a bill this old without the ledger knowing it; and no payment term is longer than two years.
OLDEST = timedelta(days=730)
FARTHEST_AHEAD = timedelta(days=31)
LONGEST_TERM = timedelta(days=730)

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class EnteredBill(msgspec.Struct, forbid_unknown_fields=True):
    """What a vendor has told of a bill. The vendor by its id in the ledger or by its key in `marts.vendor_map`, one of the two.

    amount: decimal text in the business's home currency, in the digits that DuckDB reads; Python's own take those of any script.
    """

    amount: Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,13}(\.[0-9]{1,6})?\Z")]
    bill_date: date
    due_date: date
    vendor_id: Id | None = None
    vendor_key: Id | None = None
    document_number: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[^\x00]*$")] | None = None


def unfit_by_itself(subject: Mapping[str, Any], decided_at: datetime) -> str | None:
    """Why a bill that was entered at that instant cannot be meant, by what it says alone; None when nothing speaks against it."""
    amount = Decimal(subject["amount"])
    billed, due = (date.fromisoformat(subject[name]) for name in ("bill_date", "due_date"))
    entered = decided_at.date()
    if amount <= 0:
        return f"the amount of a bill is more than nothing, not {subject['amount']}"
    if decimals_of(amount) > MOST_DECIMALS:
        return f"{subject['amount']} has more than {MOST_DECIMALS} decimals"
    if due < billed:
        return f"it would be due on {due}, before its own date {billed}"
    if not entered - OLDEST <= billed <= entered + FARTHEST_AHEAD:
        return f"a bill entered on {entered} is not dated {billed}"
    if due - billed > LONGEST_TERM:
        return f"a bill of {billed} is not due on {due}"
    return None


def decimals_of(amount: Decimal) -> int:
    """How many decimals an amount needs: 12.50 needs one."""
    return max(0, -int(amount.normalize().as_tuple().exponent))


def refuse_unfit(
    transaction: Transaction, *, business_id: str, advisor_id: str, subject: Mapping[str, Any], said: str, client: str, at: datetime,
    idempotency_key: str,
) -> None:  # fmt: skip
    """Keeps for the log that a bill was entered and refused at once; the same key again keeps nothing more."""
    told = {"kind": ENTERED, "subject": subject, "answer": "refused", "rules": ["unfit"], "said": said}
    # A digest, so that no key can be made to look like the id of a decision.
    named = hashlib.sha256(idempotency_key.encode()).hexdigest()
    note_refusal(transaction, business_id=business_id, advisor_id=advisor_id, subject=told, client=client, at=at, named=named)
