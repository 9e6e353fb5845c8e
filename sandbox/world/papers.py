"""What happened to vendors' bills as papers, noted when it happened: they came in, were sent for payment, settled, withdrawn.

A bill payment service has a record of the paper of its own, which later edits of the ledger do not reach; so it is derived
from here and not from the ledger's documents. Money itself: `sandbox.world.reality`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sandbox.world.model import Doc, Line, World


@dataclass(frozen=True, slots=True)
class BillReceived:
    """A bill as it was entered. at: epoch seconds; bill: the ledger's id; party: the vendor entry's id, 0 or unknown for none."""

    at: int
    bill: int
    on: date
    due: date | None
    party: int
    amount: int
    number: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class BillSettled:
    """A payment took `cents` off a bill; credits brought along count as paid. payment: the bill payment's id in the ledger."""

    at: int
    bill: int
    payment: int
    cents: int


@dataclass(frozen=True, slots=True)
class BillReleased:
    """Ramp began to pay `cents` of a bill; credits brought along count too. payment: the id the ledger's bill payment will have.

    arrives: epoch seconds at which the vendor has the money.
    """

    at: int
    bill: int
    payment: int
    cents: int
    arrives: int


@dataclass(frozen=True, slots=True)
class BillWithdrawn:
    """A bill was voided or deleted in the ledger: nobody means to pay it any more."""

    at: int
    bill: int


Paper = BillReceived | BillReleased | BillSettled | BillWithdrawn


def received(world: World, doc: Doc) -> None:
    """Notes a new bill; any other document is none."""
    if doc.kind == "bill":
        lines = tuple(doc.lines)
        world.papers.append(BillReceived(world.now, doc.id, doc.on, doc.due, doc.party, doc.total, doc.number, lines))


def released(world: World, target: Doc, payment: Doc, cents: int, arrives: int) -> None:
    """Notes that a bill is being paid; a credit that is used with it is none."""
    if target.kind == "bill":
        world.papers.append(BillReleased(world.now, target.id, payment.id, cents, arrives))


def settled(world: World, payer: Doc, target: Doc, cents: int) -> None:
    """Notes that a bill payment was applied to a bill."""
    if payer.kind == "bill_payment" and target.kind == "bill":
        world.papers.append(BillSettled(world.now, target.id, payer.id, cents))


def withdrawn(world: World, doc: Doc) -> None:
    """Notes that a bill was voided or deleted."""
    if doc.kind == "bill":
        world.papers.append(BillWithdrawn(world.now, doc.id))
