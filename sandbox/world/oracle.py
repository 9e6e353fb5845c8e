"""Which mistakes in a world still show, and what nobody got wrong but any attentive reader must flag.

Computed from the world itself, apart from any SQL: the other side of a comparison with the hygiene checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sandbox.world.acts import world_date
from sandbox.world.model import Doc, Mistake, World

# Checks that only concern documents with something open.
_OPEN_ONLY = frozenset({"H01", "H02", "H03", "H04", "H07", "H09", "H15", "H22"})
LARGE_INVOICE_CENTS = 500_000
# So long a payment in the ledger may still find its money at the bank.
LOOKED_FOR_DAYS = 30


def standing_mistakes(world: World) -> Iterator[tuple[Mistake, bool]]:
    """Every planted mistake, once even if it was made again, with whether it still shows; then what follows from the state of the books."""
    for mistake in dict.fromkeys(world.mistakes):
        yield mistake, _is_standing(world, mistake)
    for mistake in state_findings(world):
        yield mistake, True


def _is_standing(world: World, mistake: Mistake) -> bool:
    if mistake.check == "H42":
        return False  # what was voided or deleted shows only to a reader that failed to notice
    if mistake.entity == "account":
        return world.accounts[mistake.id].balance < 0
    if mistake.entity == "vendor":
        return world.vendors[mistake.id].active
    doc = world.docs[mistake.entity].get(mistake.id)
    if doc is None or doc.is_void:
        return False
    if mistake.check in _OPEN_ONLY and doc.balance == 0:
        return False
    if mistake.check == "H29":
        return ("bill", doc.id) in world.promised
    if mistake.check == "H33":
        return (world_date(world) - doc.on).days > LOOKED_FOR_DAYS
    if mistake.check == "H15":
        return _has_twin(world, doc)
    return mistake.check != "H06" or doc.on > world_date(world)


def _has_twin(world: World, doc: Doc) -> bool:
    """Whether the other of two equal bills is still there."""
    return any(
        other.id != doc.id
        and not other.is_void
        and other.party == doc.party
        and other.total == doc.total
        and abs((other.on - doc.on).days) <= 7
        for other in world.docs["bill"].values()
    )


def state_findings(world: World) -> Iterator[Mistake]:
    """H07, H10, H11 from open documents, H23 from banks; H13, H14 from vendors that were entered so from the start."""
    today = world_date(world)
    planted = {(mistake.check, mistake.entity, mistake.id) for mistake in world.mistakes}
    for bill in world.docs["bill"].values():
        if bill.balance > 0 and bill.due is not None and bill.due < today - timedelta(days=30):
            yield Mistake("long_overdue_bill", "H07", "bill", bill.id)
    for invoice in world.docs["invoice"].values():
        if invoice.balance > 0 and invoice.due is not None and invoice.due < today:
            yield Mistake("overdue_invoice", "H10", "invoice", invoice.id)
        if invoice.balance > LARGE_INVOICE_CENTS:
            yield Mistake("large_unpaid_invoice", "H11", "invoice", invoice.id)
    for account in world.accounts.values():
        if account.kind == "bank" and account.active and account.balance < 0 and ("H23", "account", account.id) not in planted:
            yield Mistake("negative_bank_balance", "H23", "account", account.id)
    for vendor in world.vendors.values():
        if vendor.active and not vendor.term and ("H13", "vendor", vendor.id) not in planted:
            yield Mistake("vendor_without_terms", "H13", "vendor", vendor.id)
        if vendor.active and vendor.is_1099 and not vendor.tax_id and ("H14", "vendor", vendor.id) not in planted:
            yield Mistake("contractor_without_tax_id", "H14", "vendor", vendor.id)
