"""What can be asked live, and what an answer is made of: frozen values, no behaviour beyond their own form.

Amounts are decimals in major units of the currency beside them; into the business is positive. Statuses of documents are
those of `marts.fct_bills` and `fct_invoices`. How a vendor's records become these rows is each rail's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

from ingestion.errors import RowcolError, UsageError
from ingestion.identifiers import check_business_id
from ingestion.promise import LIVE_SUBJECTS, OF_ONE_RECORD, LiveSubject

ServedFrom = Literal["live", "cache", "mirror"]
FailureKind = Literal["not_connected", "paused", "not_found", "unavailable"]

RECORD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. record_id: the document's id in the ledger (or the rail's own), '' for subjects about the whole business."""

    subject: LiveSubject
    business_id: str
    record_id: str = ""


def question_of(subject: str, business_id: str, record_id: str | None = None) -> Question:
    """The question in a caller's words; UsageError when it cannot be meant."""
    known = next((one for one in LIVE_SUBJECTS if one == subject), None)
    if known is None:
        raise UsageError(f"{subject!r} cannot be asked live; what can: {', '.join(LIVE_SUBJECTS)}")
    check_business_id(business_id)
    if known in OF_ONE_RECORD:
        if not record_id or not RECORD_ID.fullmatch(record_id):
            raise UsageError(f"which {known}? its id is needed, of letters, digits and . _ : -")
        return Question(known, business_id, record_id)
    if record_id:
        raise UsageError(f"{known} are asked for a whole business, without an id")
    return Question(known, business_id)


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What a connection says of one thing; rail and connection_id are set where rows of several come together."""


class Balance(Row, frozen=True, kw_only=True):
    """One account. cash_amount: what of it counts as cash, None if nothing does."""

    account_id: str
    account_name: str | None
    kind: Literal["bank", "ledger", "card", "loan", "processor", "other"]
    cash_amount: Decimal | None
    current_amount: Decimal | None
    available_amount: Decimal | None
    currency: str | None


class Movement(Row, frozen=True, kw_only=True):
    """One transaction. party_name: whom the vendor recognised; status: pending, posted, or the vendor's own word in lower case."""

    record_id: str
    account_id: str | None
    on: date | None = msgspec.field(name="date")
    amount: Decimal | None
    currency: str | None
    description: str | None
    party_name: str | None
    status: str


class Document(Row, frozen=True, kw_only=True):
    """A bill or an invoice as one rail has it. has_say: whether its status may count; changed_at: when the rail last changed it."""

    record_id: str
    document_number: str | None
    party_id: str | None
    party_name: str | None
    txn_date: date | None
    due_date: date | None
    total_amount: Decimal | None
    open_amount: Decimal | None
    currency: str | None
    status: str
    has_say: bool
    approval_status: str | None = None
    payment_date: date | None = None
    changed_at: datetime | None = None


class Probe(Row, frozen=True, kw_only=True):
    """What a vendor said when asked whether it still answers for this connection. state: connected, or why not."""

    state: str
    label: str | None
    error: str | None = None


class Scopes(Row, frozen=True, kw_only=True):
    """What a connection may read. granted, lacking: in the vendor's words; note: what the vendor does not tell."""

    granted: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    note: str | None = None


Rows: TypeAlias = "list[Balance] | list[Movement] | list[Document] | list[Probe] | list[Scopes]"

ROW_OF: dict[LiveSubject, type[Row]] = {
    "balances": Balance,
    "transactions": Movement,
    "connection": Probe,
    "permissions": Scopes,
    "bill": Document,
    "invoice": Document,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question.

    value: what is asked for, in plain values. as_of: the oldest moment at which any part of it was so. served_from: live only
    if all of it is. degraded: a part is older than it may be, because it could not be read now; reason says which and why.
    """

    value: dict[str, Any] = field(repr=False)
    as_of: datetime
    age_seconds: float
    served_from: ServedFrom
    degraded: bool
    reason: str | None


class LiveFailure(RowcolError):
    """A question has no answer, in words for people. kind: whether another question, another time or a person would help."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
