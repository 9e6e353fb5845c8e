"""What happened to the invoices of customers who pay through Stripe, noted when it happens, so that later edits leave it alone.

The ledger's invoices are mutable; a rail that shows each step of an invoice needs the steps. Money: `sandbox.world.reality`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from sandbox.world.model import Doc, World
from sandbox.world.reality import pays_by_stripe


@dataclass(frozen=True, slots=True)
class Billing:
    """One step of one invoice. amounts in cents.

    kind: sent, revised (other lines), withdrawn (voided or deleted), applied (a payment or credit was put against it).
    lines: (text, quantity, amount). happening: of `applied` the number of the charge it belongs to, 0 when none does.
    told: the number of the operation on the sandbox that made it happen, -1 for what happened by itself.
    """

    kind: Literal["sent", "revised", "withdrawn", "applied"]
    at: int
    invoice: int
    customer: int
    name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    due: date | None = None
    lines: tuple[tuple[str, int, int], ...] = ()
    tax: int = 0
    total: int = 0
    applied: int = 0
    happening: int = 0
    told: int = -1


def sent(world: World, doc: Doc) -> None:
    """Notes a new invoice of a customer who pays through Stripe, with the customer as it was called then."""
    if pays_by_stripe(world, doc.party):
        world.billing.append(_step(world, "sent", doc))
        world.billed.add(doc.id)


def revised(world: World, doc: Doc) -> None:
    """Notes that an invoice has other lines now."""
    if doc.kind == "invoice" and doc.id in world.billed:
        world.billing.append(_step(world, "revised", doc))


def withdrawn(world: World, doc: Doc) -> None:
    """Notes that an invoice was voided or deleted."""
    if doc.kind == "invoice" and doc.id in world.billed:
        world.billing.append(Billing("withdrawn", world.now, doc.id, doc.party, told=world.told))


def applied(world: World, payer: Doc, invoice: Doc, amount: int) -> None:
    """Notes that money or a credit was put against an invoice, and the charge it came with, if it is one made just now."""
    if invoice.kind == "invoice" and invoice.id in world.billed:
        is_charge = payer.method == "stripe" and payer.created == world.now
        number = world.reality_of.get((payer.kind, payer.id), 0) if is_charge else 0
        world.billing.append(Billing("applied", world.now, invoice.id, invoice.party, applied=amount, happening=number))


def _step(world: World, kind: Literal["sent", "revised"], doc: Doc) -> Billing:
    lines = tuple((line.text, line.quantity, line.amount) for line in doc.lines)
    noted = Billing(kind, world.now, doc.id, doc.party, due=doc.due, lines=lines, tax=doc.tax, total=doc.total)
    # Somebody may have taken the customer off the ledger's invoice meanwhile.
    customer = world.customers.get(doc.party)
    if customer is None:
        return noted
    return replace(noted, name=customer.name, email=customer.email, phone=customer.phone, street=customer.street)
