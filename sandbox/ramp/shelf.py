"""One business's records of one list: each with the number of its version, in the order in which they came into being.

A body is rendered when somebody asks for it; a change only counts the version up, so that history costs no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Row:
    """One record. number: its version, from 1; body: its JSON, None until asked for since its last change."""

    id: str
    fact: Any
    number: int = 1
    body: bytes | None = None


class Shelf:
    """The rows of one list by id."""

    def __init__(self, render: Callable[[Any], bytes]) -> None:
        self._render = render
        self.rows: dict[str, Row] = {}

    def put(self, id: str, fact: Any) -> None:
        """A new record."""
        self.rows[id] = Row(id, fact)

    def changed(self, id: str) -> None:
        """The record's content is another than before."""
        row = self.rows[id]
        row.number += 1
        row.body = None

    def drop(self, id: str) -> None:
        """The record is gone; nothing tells of it any more."""
        self.rows.pop(id, None)

    def body(self, row: Row) -> bytes:
        """The record's JSON, with the places where its addresses are signed."""
        if row.body is None:
            row.body = self._render(row.fact)
        return row.body
