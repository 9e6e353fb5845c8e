"""What a list's parameters mean: which records they let through, and what is complained about. Pages: `sandbox.ramp.lists`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Test = Callable[[Any], bool]
_METHODS = (
    "ACH", "CARD", "CHECK", "DOMESTIC_WIRE", "INTERNATIONAL", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY", "PAID_MANUALLY", "SWIFT",
    "UNSPECIFIED", "VENDOR_CREDIT",
)  # fmt: skip
_SYNC = ("NOT_SYNC_READY", "SYNCED", "SYNC_READY")


class InvalidParameterError(Exception):
    """A parameter is not what it must be: its name and the vendor's sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def epoch(name: str, text: str) -> float:
    """Epoch seconds of an ISO 8601 text, in UTC when it names no offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidParameterError(name, "Not a valid datetime.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def boolean(name: str, text: str) -> bool:
    """True or false in any of the usual spellings."""
    if text.lower() in ("true", "1", "yes"):
        return True
    if text.lower() in ("false", "0", "no"):
        return False
    raise InvalidParameterError(name, "Not a valid boolean.")


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _from(instant: Callable[[Any], float | None]) -> Callable[[str, str], Test]:
    def make(name: str, text: str) -> Test:
        edge = epoch(name, text)
        return lambda fact: (at := instant(fact)) is not None and at >= edge

    return make


def _to(instant: Callable[[Any], float | None]) -> Callable[[str, str], Test]:
    def make(name: str, text: str) -> Test:
        edge = epoch(name, text)
        return lambda fact: (at := instant(fact)) is not None and at <= edge

    return make


def _is(value: Callable[[Any], Any], allowed: tuple[str, ...] = ()) -> Callable[[str, str], Test]:
    def make(name: str, text: str) -> Test:
        if allowed and text not in allowed:
            raise InvalidParameterError(name, f"Must be one of: {', '.join(allowed)}.")
        return lambda fact: value(fact) == text

    return make


def _flag(value: Callable[[Any], bool]) -> Callable[[str, str], Test]:
    def make(name: str, text: str) -> Test:
        wanted = boolean(name, text)
        return lambda fact: value(fact) == wanted

    return make


def _cents(name: str, text: str) -> int:
    """Amounts are given in major units."""
    try:
        return int(Decimal(text).scaleb(2))
    except (InvalidOperation, ValueError):
        raise InvalidParameterError(name, "Not a valid number.") from None


def _least(name: str, text: str) -> Test:
    edge = _cents(name, text)
    return lambda fact: fact.cents >= edge


def _most(name: str, text: str) -> Test:
    edge = _cents(name, text)
    return lambda fact: fact.cents <= edge


def _between(stem: str, instant: Callable[[Any], float | None]) -> dict[str, Callable[[str, str], Test]]:
    return {f"from_{stem}": _from(instant), f"to_{stem}": _to(instant)}


_ENTERED = {
    "entity_id": _is(lambda fact: fact.entity),
    "vendor_id": _is(lambda fact: fact.vendor.id if fact.vendor else None),
    **_between("created_at", lambda fact: fact.created),
    **_between("due_date", lambda fact: _midnight(fact.due) if fact.due else None),
    **_between("issued_date", lambda fact: _midnight(fact.issued) if fact.issued else None),
}
FILTERS: dict[str, Mapping[str, Callable[[str, str], Test]]] = {
    "bills": {
        **_ENTERED,
        **_between("paid_at", lambda fact: fact.paid_ms / 1000 if fact.paid_ms else None),
        "approval_status": _is(lambda fact: fact.approval, ("APPROVED", "INITIALIZED", "PENDING", "REJECTED", "TERMINATED")),
        "payment_status": _is(lambda fact: "PAID" if fact.paid_ms else "OPEN", ("OPEN", "PAID")),
        "payment_method": _is(lambda fact: fact.payment.method if fact.payment else None, _METHODS),
        "sync_status": _is(lambda fact: fact.sync, ("BILL_AND_PAYMENT_SYNCED", "BILL_SYNCED", "NOT_SYNCED")),
        "is_archived": _flag(lambda fact: bool(fact.archived)),
        "min_amount": _least,
        "max_amount": _most,
    },
    "drafts": _ENTERED,
    "vendors": {
        "from_created_at": _from(lambda fact: fact.created),
        "from_updated_at": _from(lambda fact: fact.updated),
        "is_active": _flag(lambda fact: fact.is_active),
        "name": _is(lambda fact: fact.name),
    },
    "transactions": {
        **_between("date", lambda fact: fact.at),
        "updated_after": _from(lambda fact: fact.updated),
        "synced_after": _from(lambda fact: fact.synced or None),
        "entity_id": _is(lambda fact: fact.entity),
        "statement_id": _is(lambda fact: fact.statement),
        "sync_status": _is(lambda fact: "SYNCED" if fact.synced else "SYNC_READY" if fact.cleared else "NOT_SYNC_READY", _SYNC),
        "min_amount": _least,
        "max_amount": _most,
    },
    "transfers": {
        **_between("date", lambda fact: fact.created),
        "status": _is(lambda fact: fact.status),
        "sync_status": _is(lambda fact: fact.sync, _SYNC),
        "statement_id": _is(lambda fact: fact.statement),
        "entity_id": _is(lambda fact: fact.entity),
    },
    "reimbursements": {
        **_between("date", lambda fact: fact.created),
        **_between("submitted_at", lambda fact: fact.created),
        **_between("transaction_date", lambda fact: _midnight(fact.on)),
        "updated_after": _from(lambda fact: fact.updated),
        "direction": _is(lambda fact: fact.direction, ("BUSINESS_TO_USER", "USER_TO_BUSINESS")),
        "entity_id": _is(lambda fact: fact.entity),
    },
    "statements": {"from_date": _from(lambda fact: fact.end), "to_date": _to(lambda fact: fact.end)},
    "entities": {"is_primary": _flag(lambda number: number == 0)},
    "vendor_accounts": {},
}
# What a list leaves out unless it is asked for.
_DEFAULTS = {"bills": {"is_archived": "false"}, "reimbursements": {"direction": "BUSINESS_TO_USER"}}
_STATES = ("ALL", "CLEARED", "COMPLETION", "DECLINED", "ERROR", "PENDING", "PENDING_INITIATION")


def tests_of(entity: str, asked: Mapping[str, str]) -> list[Test]:
    """What a record must fulfil; parameters the vendor does not know are ignored. InvalidParameterError for a wrong one."""
    wanted = {**_DEFAULTS.get(entity, {}), **asked}
    tests = [make(name, wanted[name]) for name, make in FILTERS[entity].items() if name in wanted]
    if entity == "transactions":
        state = asked.get("state")
        if state is not None and state not in _STATES:
            raise InvalidParameterError("state", f"Must be one of: {', '.join(_STATES)}.")
        if state is None:
            tests.append(lambda fact: fact.state != "DECLINED")
        elif state != "ALL":
            tests.append(lambda fact: fact.state == state)
    return tests
