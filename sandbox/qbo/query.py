"""Executes a statement over one table: which versions, in which order, which page. The grammar: `sandbox.qbo.statements`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.qbo.entities import NAME_LISTS
from sandbox.qbo.statements import Condition, QueryError, Statement
from sandbox.qbo.table import Table, Version, id_order

UPDATED = ("metadata", "lastupdatedtime")
ACTIVE = ("active",)
_ALWAYS = {"id", "synctoken", "metadata", "sparse"}
_TRANSACTION = {"txndate", "duedate", "docnumber", "privatenote", "balance", "totalamt", "customerref", "vendorref", "currencyref"}
_NAME = {"active", "name", "displayname", "givenname", "familyname", "companyname", "fullyqualifiedname", "balance", "type"}


def select(statement: Statement, table: Table) -> list[Version]:
    """All versions the statement asks for, in its order, before paging; QueryError for a property that does not exist."""
    is_names = statement.entity in NAME_LISTS
    rest = [condition for condition in statement.conditions if condition.path not in (UPDATED, ACTIVE)]
    wanted_active = _active_filter(statement) if is_names else None
    by_change = statement.order[:1] == ((UPDATED, False),) and len(statement.order) == 1
    if any(condition.path == UPDATED for condition in statement.conditions) or by_change:
        rows = table.updated_between(*_window(statement))
        if not statement.order:
            rows = sorted(rows, key=lambda version: id_order(version.id))
    else:
        rows = table.active() if wanted_active == {True} else table.live()
    if wanted_active is not None:
        rows = [version for version in rows if version.active in wanted_active] if wanted_active != {True, False} else rows
    if rest:
        known = _properties(table, is_names)
        tests = [_test(condition, statement.entity, known) for condition in rest]
        rows = [version for version in rows if (record := _decode(version.body)) is not None and all(test(record) for test in tests)]
    if statement.order and not by_change:
        rows = _ordered(rows, statement, _properties(table, is_names))
    return rows


def page(statement: Statement, rows: list[Version]) -> list[Version]:
    """The statement's page of `rows`."""
    return rows[statement.start - 1 : statement.start - 1 + statement.limit]


def _active_filter(statement: Statement) -> set[bool]:
    wanted = {True, False}
    named = [condition for condition in statement.conditions if condition.path == ACTIVE]
    if not named:
        return {True}
    for condition in named:
        if condition.operator not in ("=", "IN"):
            raise QueryError("4001", "QueryValidationError: Operator not supported for property Active")
        wanted &= {_boolean(value) for value in condition.values}
    return wanted


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise QueryError("4001", f"QueryValidationError: value {text} is not a boolean")
    return text.lower() == "true"


def _window(statement: Statement) -> tuple[int | None, int | None]:
    """The closed interval of whole seconds that the statement's conditions on LastUpdatedTime leave."""
    low: int | None = None
    high: int | None = None
    for condition in statement.conditions:
        if condition.path != UPDATED:
            continue
        if condition.operator not in ("=", "<", ">", "<=", ">="):
            raise QueryError("4001", "QueryValidationError: Operator not supported for property MetaData.LastUpdatedTime")
        instant = parse_instant(condition.values[0])
        whole = int(instant // 1)
        if condition.operator in ("=", ">="):
            edge = whole if instant == whole else whole + 1
            low = edge if low is None else max(low, edge)
        if condition.operator == ">":
            low = whole + 1 if low is None else max(low, whole + 1)
        if condition.operator in ("=", "<="):
            high = whole if high is None else min(high, whole)
        if condition.operator == "<":
            edge = whole - 1 if instant == whole else whole
            high = edge if high is None else min(high, edge)
    return low, high


def parse_instant(text: str) -> Decimal:
    """Epoch seconds of an ISO 8601 text; without an offset it counts as UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise QueryError("4001", f"QueryValidationError: value {text} is not a valid date time") from None
    if instant.tzinfo is None:
        instant = datetime.fromisoformat(text + "+00:00" if "T" in text else text + "T00:00:00+00:00")
    return Decimal(str(instant.timestamp()))


def _decode(body: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(body, parse_float=Decimal)
    return decoded


def _properties(table: Table, is_names: bool) -> set[str]:
    """Lower-case names of the properties that can be asked for: those seen in the table, and the optional ones."""
    sample = table.live()
    step = max(1, len(sample) // 50)
    seen = {key.lower() for version in sample[::step] for key in _decode(version.body)}
    return seen | _ALWAYS | (_NAME if is_names else _TRANSACTION)


def _lookup(record: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = record
    for part in path:
        if not isinstance(value, dict):
            return None
        value = next((held for key, held in value.items() if key.lower() == part), None)
    return value.get("value") if isinstance(value, dict) else value


def _check_property(path: tuple[str, ...], entity: str, known: set[str]) -> None:
    if path[0] not in known:
        raise QueryError("4001", f"QueryValidationError: Property {'.'.join(path)} not found for Entity {entity}")


def _test(condition: Condition, entity: str, known: set[str]) -> Callable[[dict[str, Any]], bool]:
    _check_property(condition.path, entity, known)
    path, operator = condition.path, condition.operator
    if operator == "LIKE":
        pattern = re.compile(".*".join(re.escape(part) for part in condition.values[0].split("%")), re.IGNORECASE | re.DOTALL)
        return lambda record: (value := _lookup(record, path)) is not None and pattern.fullmatch(str(value)) is not None
    if operator == "IN":
        return lambda record: any(_compare(_lookup(record, path), value) == 0 for value in condition.values)
    wanted = condition.values[0]
    accepts = {"=": (0,), "<": (-1,), ">": (1,), "<=": (-1, 0), ">=": (0, 1)}[operator]
    return lambda record: _compare(_lookup(record, path), wanted) in accepts


def _compare(held: Any, text: str) -> int | None:
    """-1, 0 or 1 for held <, =, > text in the held value's own type; None when they cannot be compared."""
    if held is None or isinstance(held, (list, dict)):
        return None
    if isinstance(held, bool):
        return 0 if str(held).lower() == text.lower() else 1
    if isinstance(held, (int, Decimal)) or (held.isdigit() and text.isdigit()):
        try:
            left, right = Decimal(held), Decimal(text)
        except InvalidOperation:
            return None
        return (left > right) - (left < right)
    one, other = str(held), text
    return (one > other) - (one < other)


def _ordered(rows: list[Version], statement: Statement, known: set[str]) -> list[Version]:
    for path, is_descending in reversed(statement.order):
        _check_property(path, statement.entity, known)
        if path == UPDATED:
            rows = sorted(rows, key=lambda version: version.updated, reverse=is_descending)
        elif path == ("id",):
            rows = sorted(rows, key=lambda version: id_order(version.id), reverse=is_descending)
        else:
            keyed = [(_sortable(_lookup(_decode(version.body), path)), version) for version in rows]
            rows = [version for _, version in sorted(keyed, key=lambda pair: pair[0], reverse=is_descending)]
    return rows


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, (bool, int, Decimal)):
        return (1, value)
    return (2, str(value))
