"""What is open in a world's subledgers on a day, from the documents' amounts and what was applied to them.

The ledger vendor's aged reports are made of this (`sandbox.qbo.reports`). It does not read the balances that the books keep
on documents, parties and accounts (`sandbox.world.books`), so that each can be held against the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

from sandbox.world.model import Doc, Link, World

Side = Literal["payable", "receivable"]
# Per side: what is owed, and what takes from it.
_KINDS: dict[Side, tuple[str, ...]] = {
    "payable": ("bill", "vendor_credit", "bill_payment"),
    "receivable": ("invoice", "credit_memo", "payment"),
}
_OWED = frozenset({"bill", "invoice"})
_CREDITS = frozenset({"vendor_credit", "credit_memo"})
_PAYMENTS = frozenset({"bill_payment", "payment"})


class OpenItem(NamedTuple):
    """What is open of one document. party: 0 for none; due: from when it is aged; cents: negative for a credit."""

    party: int
    due: date
    cents: int


def open_items(world: World, side: Side, on: date) -> Iterator[OpenItem]:
    """What is open at the end of `on`: nothing dated later counts, neither a document nor what it settles.

    A credit is aged from its own date, and so is a document that was entered without a due date.
    """
    for kind in _KINDS[side]:
        for doc in world.docs[kind].values():
            if doc.is_void or doc.on > on:
                continue
            cents = doc.total - sum(_settled(doc, link) for link in doc.links if _counts(world, link, on))
            if cents:
                yield OpenItem(doc.party, doc.due or doc.on, cents if kind in _OWED else -cents)


def _counts(world: World, link: Link, on: date) -> bool:
    """Whether an application is one of the subledger's, and both of its ends are there by `on`."""
    other = world.docs[link.kind].get(link.id)
    return link.kind != "deposit" and other is not None and other.on <= on


def _settled(doc: Doc, link: Link) -> int:
    """What an application takes from a document; a credit that a payment brings along gives it more to settle."""
    return -link.amount if doc.kind in _PAYMENTS and link.kind in _CREDITS else link.amount
