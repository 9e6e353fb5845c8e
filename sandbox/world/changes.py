"""What happens to documents and names after they were entered: edits, voids, deletions, bounced payments, merges, goodbyes."""

from __future__ import annotations

from sandbox.world import books
from sandbox.world.acts import plan
from sandbox.world.model import Doc, Mistake, Party, World
from sandbox.world.reality import note

_OPEN_KINDS = ("bill", "invoice")
# What real notes hold now and then, and what has broken readers: a formula, a template, a quote, a right-to-left name.
_HOSTILE_NOTES = ("=SUM(A1:A9)", "{{ see contract }}", "Joe's 5\" pipe; drop it", "חשבון מס", "50% off {today}")
_EDIT_NOTES = (
    "Called vendor",
    "Per email",
    "Approved by office",
    "Split with next job",
    "See attachment",
    "Corrected by bookkeeper",
    *_HOSTILE_NOTES,
)


def recent(world: World, kind: str, count: int) -> list[Doc]:
    """The youngest `count` documents of a kind that still exist."""
    last = world.last_id[kind]
    docs = world.docs[kind]
    return [docs[number] for number in range(max(1, last - count + 1), last + 1) if number in docs]


def edit(world: World, doc: Doc, note: str) -> None:
    """A real change of content: the note, and for an unpaid bill or invoice now and then the amount too."""
    doc.memo = note
    books.touch(world, doc, is_edit=True)
    is_free = doc.kind in _OPEN_KINDS and not doc.links and (doc.kind, doc.id) not in world.promised
    if is_free and not doc.is_void and doc.total > 0 and world.dice.random() < 0.25:
        first = doc.lines[0]
        lines = [first._replace(amount=first.amount + world.dice.randint(1, 40) * 100 * first.quantity), *doc.lines[1:]]
        books.rewrite_lines(world, doc, lines)


def edit_recent(world: World) -> None:
    """Somebody corrects a young document."""
    kind = world.dice.choice(("bill", "invoice", "purchase", "bill", "payment", "journal_entry"))
    docs = [doc for doc in recent(world, kind, 25) if not doc.is_void and doc.id != world.opening_entry]
    if docs:
        edit(world, world.dice.choice(docs), f"{world.dice.choice(_EDIT_NOTES)} {world.dice.randint(1, 99)}")


def void_open(world: World) -> None:
    """Voids an unpaid bill or invoice; it stays with zero amounts."""
    doc = _unlinked(world, world.dice.choice(_OPEN_KINDS))
    if doc is not None:
        books.void(world, doc)
        _remember(world, "voided_document", doc)


def delete_unlinked(world: World) -> None:
    """Deletes a document that nothing is linked to."""
    doc = _unlinked(world, world.dice.choice(("bill", "invoice", "purchase", "sales_receipt", "vendor_credit")))
    if doc is not None:
        _remember(world, "deleted_document", doc)
        books.delete(world, doc)


def bounce_payment(world: World) -> None:
    """A bill payment bounced and is deleted, or a check to a vendor is voided: its bills are open again."""
    payments = [doc for doc in recent(world, "bill_payment", 12) if not doc.is_void]
    if not payments:
        return
    paid = world.dice.choice(payments)
    bills = [link.id for link in paid.links if link.kind == "bill"]
    if paid.total > 0 and ("bill_payment", paid.id) in world.reality_of:
        original = world.reality[world.reality_of["bill_payment", paid.id] - 1]
        note(world, "returned", original.channel, paid, original.amount, original.account, parts=((original.number, original.amount),))
    if world.dice.random() < 0.5:
        books.void(world, paid)
    else:
        books.delete(world, paid)
    assert world.next_day is not None
    for number in bills:
        plan(world, world.next_day, "pay_bill", number)


def merge_vendors(world: World) -> None:
    """Two vendors turn out to be one: the loser's documents move to the winner, the loser becomes inactive."""
    pairs = [(one, other) for other in world.vendors.values() if other.active and (one := _namesake(world, other))]
    if not pairs:
        return
    winner, loser = world.dice.choice(pairs)
    for kind in ("bill", "bill_payment", "vendor_credit", "purchase"):
        for doc in world.docs[kind].values():
            if doc.party == loser.id:
                books.post(world, doc, -1)
                doc.party = winner.id
                books.post(world, doc, 1)
                books.touch(world, doc, is_edit=True)
    _retire(world, loser, "vendor")


def _namesake(world: World, vendor: Party) -> Party | None:
    """The older vendor whose name `vendor` seems to be another spelling of."""
    mine = _core(vendor.name)
    return next((other for other in world.vendors.values() if other.id < vendor.id and other.active and _core(other.name) == mine), None)


def _core(name: str) -> str:
    words = [
        word
        for word in name.lower().replace(".", "").replace(",", "").replace("&", "and").split()
        if word not in ("inc", "llc", "co", "the")
    ]
    return "".join(words)


def inactivate_name(world: World) -> None:
    """A vendor or customer with nothing open is made inactive."""
    if world.dice.random() < 0.5:
        pool, name = world.customers, "customer"
    else:
        pool, name = world.vendors, "vendor"
    busy = {doc.party for kind in _OPEN_KINDS for doc in world.docs[kind].values() if doc.balance}
    parents = {party.parent for party in pool.values()}
    regulars = {world.chart[world.business.industry.supplies]}
    idle = [
        party for party in pool.values()
        if party.active and party.balance == 0 and party.id not in busy | parents and party.habit not in regulars and party.id > 9
    ]  # fmt: skip
    if len(idle) > 6:
        _retire(world, world.dice.choice(idle), name)


def _retire(world: World, party: Party, list_name: str) -> None:
    party.active = False
    party.name = f"{party.name} (deleted)"
    party.token += 1
    party.updated = world.now
    world.changed.add((list_name, party.id))


def rename(world: World) -> None:
    """A customer's phone or e-mail is corrected."""
    party = world.dice.choice(list(world.customers.values()))
    party.phone = f"({world.dice.randint(201, 989)}) 555-{world.dice.randrange(10000):04d}"
    party.token += 1
    party.updated = world.now
    world.changed.add(("customer", party.id))


def _unlinked(world: World, kind: str) -> Doc | None:
    docs = [doc for doc in recent(world, kind, 30) if not doc.links and not doc.is_void and doc.total > 0]
    planted = {(mistake.entity, mistake.id) for mistake in world.mistakes}
    docs = [doc for doc in docs if (doc.kind, doc.id) not in planted and (doc.kind, doc.id) not in world.promised]
    return world.dice.choice(docs) if docs else None


def _remember(world: World, what: str, doc: Doc) -> None:
    world.mistakes.append(Mistake(what, "H42", doc.kind, doc.id))
