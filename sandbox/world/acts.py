"""What the acts of a business have in common: amounts, the agenda, open credits, transfers and manual postings.

Buying and paying: `sandbox.world.buying`; selling and being paid: `sandbox.world.selling`; who decides when: `sandbox.world.days`.
"""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.world.books import add, unapplied
from sandbox.world.chart import CLEARING
from sandbox.world.model import Doc, Line, World


def log_amount(world: World, mean: float, spread: float = 0.55) -> int:
    """A positive amount in cents around `mean`, skewed as invoices are."""
    return max(500, int(mean * world.dice.lognormvariate(-spread * spread / 2, spread)))


def split(world: World, total: int, account: int, text: str) -> list[Line]:
    """`total` as one to three lines on one account."""
    count = world.dice.choice((1, 1, 1, 2, 3))
    rest, lines = total, []
    for position in range(count, 1, -1):
        part = rest // position + world.dice.randint(-rest // (position * 4), rest // (position * 4))
        lines.append(Line(account, part, text))
        rest -= part
    lines.append(Line(account, rest, text))
    return lines


def plan(world: World, on: date, what: str, doc_id: int) -> None:
    """Puts something on the agenda of a working day; what falls on a weekend waits for Monday."""
    while on.weekday() >= 5:
        on += timedelta(days=1)
    world.agenda[on].append((what, doc_id))


def open_documents(world: World, kind: str) -> list[Doc]:
    """Credits with something left, or receipts in the drawer: looked up in a short list instead of all history."""
    docs = [doc for identifier in world.waiting[kind] if (doc := world.docs[kind].get(identifier)) is not None and _is_waiting(world, doc)]
    world.waiting[kind] = [doc.id for doc in docs]
    return docs


def _is_waiting(world: World, doc: Doc) -> bool:
    if doc.is_void:
        return False
    if doc.kind == "sales_receipt":
        return is_in_drawer(world, doc)
    if doc.kind == "payment":
        return unapplied(doc) > 0 or is_in_drawer(world, doc)
    return doc.balance > 0


def is_in_drawer(world: World, doc: Doc) -> bool:
    drawers = (world.chart["Undeposited Funds"], world.chart.get(CLEARING))
    return doc.money in drawers and doc.total > 0 and not any(link.kind == "deposit" for link in doc.links)


def transfer(world: World, source: str, target: str, amount: int, memo: str = "") -> Doc:
    """Moves money between the company's own accounts, or pays a card."""
    lines = [Line(world.chart[source], -amount), Line(world.chart[target], amount)]
    return add(world, Doc("transfer", 0, world_date(world), lines=lines, total=amount, memo=memo))


def journal(world: World, lines: list[Line], memo: str) -> Doc:
    """A manual posting; lines add up to zero."""
    number = f"JE-{world.next_number('journal', 1)}"
    total = sum(line.amount for line in lines if line.amount > 0)
    return add(world, Doc("journal_entry", 0, world_date(world), number=number, lines=lines, total=total, memo=memo))


def world_date(world: World) -> date:
    """Today in the business's own calendar."""
    assert world.next_day is not None
    return world.next_day - timedelta(days=1)
