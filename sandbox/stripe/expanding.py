"""`expand[]`: ids replaced by the objects they name, down to four levels."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.book import Book
from sandbox.stripe.entities import BY_PREFIX
from sandbox.stripe.replies import Refusal
from sandbox.stripe.shapes import fields_of
from sandbox.stripe.table import Version

REFUNDS_CARRIED = 10


def expanded(book: Book, table: str, version: Version, shape: int, paths: list[list[str]]) -> dict[str, Any]:
    """The version's fields with what the paths name expanded."""
    fields = fields_of(book, table, version, shape)
    for path in paths:
        _expand(book, fields, path, shape)
    return fields


def _expand(book: Book, fields: dict[str, Any], path: list[str], shape: int) -> None:
    name, *rest = path
    if name == "refunds" and fields.get("object") == "charge" and "refunds" not in fields:
        fields["refunds"] = _refunds(book, fields["id"], shape)
    if name not in fields:
        raise Refusal(400, f"This property cannot be expanded ({name}).", param="expand")
    value = fields[name]
    if isinstance(value, str):
        table = BY_PREFIX.get(value.split("_", 1)[0])
        if table is None:
            raise Refusal(400, f"This property cannot be expanded ({name}).", param="expand")
        found = book.tables[table].current.get(value) or book.tables[table].gone.get(value)
        if found is None:
            return
        value = fields[name] = fields_of(book, table, found, shape)
    elif isinstance(value, dict):
        value = fields[name] = dict(value)
    if rest and isinstance(value, dict):
        _expand(book, value, rest, shape)


def _refunds(book: Book, charge: str, shape: int) -> dict[str, Any]:
    table = book.tables["refunds"]
    newest_first = [table.current[id] for id in reversed(table.order)]
    found = [fields_of(book, "refunds", version, shape) for version in newest_first if version.state["charge"] == charge]
    url = f"/v1/charges/{charge}/refunds"
    return {"object": "list", "data": found[:REFUNDS_CARRIED], "has_more": len(found) > REFUNDS_CARRIED, "url": url}
