"""Double entry: what each kind of document posts, what an application of one to another does, and undoing both.

Every change of a balance moves the account's, party's or document's `updated` but not its `token`: the ledger vendor
does the same, and readers that take the token for a version lose exactly these changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.world import billing
from sandbox.world.model import Doc, Line, Link, World
from sandbox.world.papers import received, settled, withdrawn
from sandbox.world.reality import happened

BALANCE_SHEET = frozenset(
    {"bank", "receivable", "current asset", "fixed asset", "payable", "card", "current liability", "long liability", "equity"}
)
# Kinds that may still have something to give or to be taken to the bank; `world.waiting` lists them.
WAITING = frozenset({"payment", "sales_receipt", "credit_memo", "vendor_credit"})
_CUSTOMER_SIGN = {"invoice": 1, "credit_memo": -1, "payment": -1}
_VENDOR_SIGN = {"bill": 1, "vendor_credit": -1, "bill_payment": -1}


def postings(world: World, doc: Doc) -> Iterator[tuple[int, int]]:
    """(account, cents) of a document, debit positive; they add up to zero."""
    kind, total, chart = doc.kind, doc.total, world.chart
    if kind in ("bill", "purchase", "refund_receipt", "credit_memo"):
        sign = 1
    elif kind in ("vendor_credit", "invoice", "sales_receipt", "deposit"):
        sign = -1
    else:
        sign = 0
    if sign:
        for line in doc.lines:
            yield line.account, sign * line.amount
        if doc.tax:
            yield chart["Sales Tax Payable"], sign * doc.tax
        contra = {"bill": "ap", "vendor_credit": "ap", "invoice": "ar", "credit_memo": "ar"}.get(kind)
        yield (chart[contra] if contra else doc.money), -sign * total
    elif kind == "bill_payment":
        yield chart["ap"], total
        yield doc.money, -total
    elif kind == "payment":
        yield doc.money, total
        yield chart["ar"], -total
    else:  # transfer, journal_entry: the lines say it all
        for line in doc.lines:
            yield line.account, line.amount


def add(world: World, doc: Doc) -> Doc:
    """Enters a new document into the books at the world's instant, under a new id unless it has been given one."""
    doc.id = doc.id or world.next_id(doc.kind)
    doc.created = doc.updated = world.now
    world.docs[doc.kind][doc.id] = doc
    if doc.kind in WAITING:
        world.waiting[doc.kind].append(doc.id)
    post(world, doc, 1)
    world.changed.add((doc.kind, doc.id))
    happened(world, doc)
    received(world, doc)
    return doc


def post(world: World, doc: Doc, sign: int) -> None:
    """Adds (1) or takes back (-1) a document's postings and its part of its party's balance."""
    for account_id, cents in postings(world, doc):
        account = world.accounts[account_id]
        account.balance += sign * cents
        if account.kind in BALANCE_SHEET and cents:
            account.updated = world.now
            world.changed.add(("account", account_id))
    side = _VENDOR_SIGN if doc.kind in _VENDOR_SIGN else _CUSTOMER_SIGN
    if doc.kind in side:
        party = world.party_of(doc)
        if party is not None and doc.total:
            party.balance += sign * side[doc.kind] * doc.total
            party.updated = world.now
            list_name = "vendor" if side is _VENDOR_SIGN else "customer"
            world.changed.add((list_name, party.id))
            if party.parent:
                world.changed.add((list_name, party.parent))
                world.customers[party.parent].updated = world.now


def touch(world: World, doc: Doc, is_edit: bool) -> None:
    """Marks a document changed now; an edit also counts its token up, a change of balance does not."""
    doc.updated = world.now
    if is_edit:
        doc.token += 1
    world.changed.add((doc.kind, doc.id))


def apply(world: World, payer: Doc, target: Doc, amount: int) -> None:
    """Applies `amount` cents of a payment, or of a credit through a payment, to a document; both ends remember it."""
    payer.links.append(Link(target.kind, target.id, amount))
    target.links.append(Link(payer.kind, payer.id, amount))
    target.balance -= amount
    touch(world, target, is_edit=False)
    billing.applied(world, payer, target, amount)
    settled(world, payer, target, amount)


def unapply(world: World, payer: Doc) -> None:
    """Takes back all applications of a payment: its targets are open again."""
    for link in payer.links:
        target = world.docs[link.kind].get(link.id)
        if target is None:
            continue
        back = Link(payer.kind, payer.id, link.amount)
        if back in target.links:
            target.links.remove(back)
            target.balance += link.amount
            touch(world, target, is_edit=False)
    payer.links = []


def void(world: World, doc: Doc) -> None:
    """Voids a document: it stays, with zero amounts and a note; what it paid is open again."""
    withdrawn(world, doc)
    billing.withdrawn(world, doc)
    post(world, doc, -1)
    if doc.kind in ("payment", "bill_payment"):
        unapply(world, doc)
    doc.lines = [line._replace(amount=0) for line in doc.lines]
    doc.total = doc.balance = doc.tax = 0
    doc.is_void = True
    doc.memo = f"Voided - {doc.memo}" if doc.memo else "Voided"
    touch(world, doc, is_edit=True)


def delete(world: World, doc: Doc) -> None:
    """Deletes a document for ever: only the change feed still tells."""
    withdrawn(world, doc)
    billing.withdrawn(world, doc)
    post(world, doc, -1)
    if doc.kind in ("payment", "bill_payment"):
        unapply(world, doc)
    del world.docs[doc.kind][doc.id]
    world.changed.discard((doc.kind, doc.id))
    world.deleted.append((doc.kind, doc.id, world.now))


def rewrite_lines(world: World, doc: Doc, lines: list[Line]) -> None:
    """Replaces a document's lines by others; its open balance moves with its total."""
    post(world, doc, -1)
    paid = doc.total - doc.balance
    doc.lines = lines
    doc.total = sum(line.amount for line in lines) + doc.tax
    if doc.kind in ("bill", "invoice", "vendor_credit", "credit_memo"):
        doc.balance = doc.total - paid
    post(world, doc, 1)
    touch(world, doc, is_edit=True)
    billing.revised(world, doc)


def bank_cash(world: World) -> int:
    """Cents in all active bank accounts."""
    return sum(account.balance for account in world.accounts.values() if account.kind == "bank" and account.active)


def unapplied(payment: Doc) -> int:
    """Cents of a payment that no invoice took; credits brought along count against what invoices took."""
    taken = sum(
        -link.amount if link.kind in ("credit_memo", "vendor_credit") else link.amount for link in payment.links if link.kind != "deposit"
    )
    return payment.total - taken
