"""What each kind of decision is about: the shape of its subject, read strictly and written in one form.

Whether what is named exists is judged where the data is (`rowcol_assets.decidable`): by the command line beforehand, of what came over
HTTP by the next run. Storing is `decisions`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from ingestion.control.entered_bills import USER, EnteredBill
from ingestion.control.verdicts import ENTERED
from ingestion.errors import UsageError
from ingestion.registry import LEDGER, entity_promise, rail_promise

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]


class Payable(msgspec.Struct, forbid_unknown_fields=True):
    """A bill to pay or not to pay. amount: what was shown when it was decided, as text. guardrail: what it said then would be left."""

    bill: Id
    rail: Name = LEDGER
    amount: Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,3})?\Z")] | None = None
    guardrail: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")] | None = None


class Parties(msgspec.Struct, forbid_unknown_fields=True):
    """Two vendors, or two customers, by their rails and ids there."""

    left_rail: Name
    left_id: Id
    right_rail: Name
    right_id: Id
    party: Literal["vendor", "customer"] = "vendor"


class Match(msgspec.Struct, forbid_unknown_fields=True):
    """Two records of which each stands for the other."""

    left_rail: Name
    left_entity: Name
    left_id: Id
    right_rail: Name
    right_entity: Name
    right_id: Id


class Correction(msgspec.Struct, forbid_unknown_fields=True):
    """What a document should say until the ledger says it: values as text, by field."""

    entity: Literal["bills", "invoices"]
    record_id: Id
    fields: dict[str, Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]]
    rail: Name = LEDGER


class Settlement(msgspec.Struct, forbid_unknown_fields=True):
    """A disagreement of two rails: the rail that is right, or a value of the decider's own, money without thousands separators."""

    conflict: Id
    rail: Name | None = None
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")] | None = None


class Flag(msgspec.Struct, forbid_unknown_fields=True):
    """A flag of the hygiene tray. facts_hash: what was observed when it was decided; without it, what the last run had observed."""

    flag_id: Id
    facts_hash: Id | None = None


class Undone(msgspec.Struct, forbid_unknown_fields=True):
    """A former decision, or all those of a bulk that still stand."""

    decision_id: Id | None = None
    bulk_id: Id | None = None


Subject = Payable | Parties | Match | Correction | Settlement | Flag | EnteredBill | Undone
SHAPES: dict[str, type[Subject]] = {
    "approve": Payable,
    "hold": Payable,
    "same": Parties,
    "different": Parties,
    "unsure": Parties,
    "confirm-match": Match,
    "reject-match": Match,
    "correct": Correction,
    "settle": Settlement,
    "resolve-flag": Flag,
    ENTERED: EnteredBill,
    "undo": Undone,
}
# Fields that may be corrected: a missing due date and a wrong party are what keeps a bill from being paid.
CORRECTABLE: dict[str, dict[str, type]] = {
    "bills": {"due_date": date, "vendor_id": str},
    "invoices": {"due_date": date, "customer_id": str},
}
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)


def subject_of(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The subject of a decision of `kind` in its one form; UsageError says what is wrong with it."""
    shape = SHAPES.get(kind)
    if shape is None:
        raise UsageError(f"there is no decision of that kind; known: {', '.join(SHAPES)}")
    try:
        subject = msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise UsageError(f"the subject of {kind}: {error}") from None
    _check(subject)
    return {name: value for name, value in msgspec.to_builtins(subject).items() if value is not None}


def is_day(text: str) -> bool:
    """Tells whether the models read `text` as a day: YYYY-MM-DD, in the years that a document's date may lie in (macro `typed`).

    Python also takes 20261001 and 2026-W40-4 for dates; DuckDB does not, and such a word would be stored and never count.
    """
    try:
        return bool(DAY.fullmatch(text)) and EARLIEST <= date.fromisoformat(text) <= LATEST
    except ValueError:
        return False


def checked_reason(given: str | None) -> str | None:
    """A decision's reason; UsageError when it is too long or holds a NUL."""
    try:
        return msgspec.convert(given, Reason | None)
    except msgspec.ValidationError as error:
        raise UsageError(f"the reason: {error}") from None


def _check(subject: Subject) -> None:
    match subject:
        case Payable(rail=rail):
            # What a person entered may be held; an approval of it is refused by the guardrail, which says why.
            if rail != USER:
                rail_promise(rail)
        case Parties():
            rail_promise(subject.left_rail)
            rail_promise(subject.right_rail)
            if (subject.left_rail, subject.left_id) == (subject.right_rail, subject.right_id):
                raise UsageError(f"both sides are the same {subject.party}")
        case Match():
            _check_side(subject.left_rail, subject.left_entity)
            _check_side(subject.right_rail, subject.right_entity)
            if subject.left_rail == subject.right_rail:
                raise UsageError("a match is between records of two rails")
        case Undone(decision_id=decision, bulk_id=bulk):
            if (decision is None) == (bulk is None):
                raise UsageError("an undo names a decision or a bulk, one of the two")
        case Settlement(rail=rail, value=value):
            if (rail is None) == (value is None):
                raise UsageError("a conflict is settled by the rail that is right or by a value, one of the two")
            if rail is not None:
                rail_promise(rail)
        case Correction():
            if subject.rail == USER:
                raise UsageError("a bill that was entered is not corrected: undo it and enter it anew")
            if subject.rail != LEDGER:
                raise UsageError(f"a document is corrected as the ledger has it, {LEDGER}, not {subject.rail}")
            _check_fields(subject)
        case EnteredBill(vendor_id=vendor, vendor_key=key):
            if (vendor is None) == (key is None):
                raise UsageError("an entered bill names its vendor by vendor_id or by vendor_key, one of the two")


def _check_side(rail: str, entity: str) -> None:
    """A record of a rail, or a bill that a person entered."""
    if (rail, entity) != (USER, "bills"):
        entity_promise(rail, entity)


def _check_fields(correction: Correction) -> None:
    known = CORRECTABLE[correction.entity]
    if not correction.fields:
        raise UsageError(f"a correction names at least one field: {', '.join(known)}")
    for name, value in correction.fields.items():
        if name not in known:
            raise UsageError(f"{name} of {correction.entity} cannot be corrected; what can: {', '.join(known)}")
        if known[name] is date and not is_day(value):
            raise UsageError(f"{name} is not a date: YYYY-MM-DD")
