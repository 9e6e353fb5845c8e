"""The mistakes people make in ledgers, one function each, remembered with the hygiene check that should see them.

Each leaves the books balanced: a mistake is a wrong document, not a broken ledger. Which of them still show: `sandbox.truth`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from sandbox.world import acts, buying, selling
from sandbox.world.books import add
from sandbox.world.model import Doc, Line, Mistake, Party, World
from sandbox.world.people import add_vendor


def _typical_bill(world: World) -> int:
    share = world.business.monthly_cents * world.business.cost_ratio
    return acts.log_amount(world, share * 0.02)


def _vendor(world: World) -> Party:
    usual = [vendor for vendor in world.vendors.values() if vendor.active and vendor.term]
    return world.dice.choice(usual)


def _wrong_bill(world: World, kind: str, check: str, vendor: Party | None = None, **wrong: object) -> Doc:
    """Enters a bill with fields as `wrong` says and remembers it; it stays open for two months or more."""
    doc = _odd_bill(world, vendor or _vendor(world), world.dice.randint(60, 120), **wrong)
    world.mistakes.append(Mistake(kind, check, "bill", doc.id))
    return doc


def _odd_bill(world: World, vendor: Party, paid_in: int, **wrong: object) -> Doc:
    """Enters a bill with fields as `wrong` says, to be paid in that many days."""
    today = acts.world_date(world)
    amount = _typical_bill(world)
    doc = Doc("bill", 0, today, party=vendor.id, due=today + timedelta(days=30), term=vendor.term, total=amount, balance=amount)
    doc.number = str(world.dice.randint(1000, 99999))
    doc.lines = [Line(vendor.habit, amount, vendor.name)]
    for name, value in wrong.items():
        setattr(doc, name, value)
    doc.total = doc.balance = sum(line.amount for line in doc.lines)
    add(world, doc)
    acts.plan(world, today + timedelta(days=paid_in), "pay_bill", doc.id)
    return doc


def no_due_date(world: World) -> None:
    _wrong_bill(world, "bill_without_due_date", "H01", due=None, term=0)


def unknown_vendor(world: World) -> None:
    """The vendor's id was used up by a record that is not served any more."""
    _wrong_bill(world, "bill_of_unknown_vendor", "H02", party=world.next_id("vendor"))


def negative_bill(world: World) -> None:
    """A credit typed in as a bill."""
    vendor = _vendor(world)
    doc = _wrong_bill(world, "credit_entered_as_bill", "H03", vendor, lines=[Line(vendor.habit, -_typical_bill(world) // 3, "Credit")])
    world.mistakes.append(Mistake("credit_entered_as_bill", "H04", "bill", doc.id))


def due_before_dated(world: World) -> None:
    _wrong_bill(world, "due_before_transaction", "H05", due=acts.world_date(world) - timedelta(days=world.dice.randint(5, 25)))


def dated_in_future(world: World) -> None:
    later = acts.world_date(world) + timedelta(days=world.dice.randint(45, 75))
    _wrong_bill(world, "dated_in_future", "H06", on=later, due=later + timedelta(days=30))


def no_customer(world: World) -> None:
    doc = selling.invoice(world, _customer(world).id, acts.log_amount(world, world.business.monthly_cents * 0.02))
    _detach(world, doc)
    world.mistakes.append(Mistake("invoice_without_customer", "H08", "invoice", doc.id))


def invoice_without_due_date(world: World) -> None:
    customer = _customer(world)
    doc = selling.invoice(world, customer.id, acts.log_amount(world, world.business.monthly_cents * 0.02))
    doc.due, doc.term = None, 0
    world.mistakes.append(Mistake("invoice_without_due_date", "H09", "invoice", doc.id))


def uncategorised(world: World) -> None:
    account = world.chart[world.dice.choice(("Uncategorized Expense", "Ask My Accountant"))]
    vendor = _vendor(world)
    doc = buying.purchase(world, vendor.id, _typical_bill(world) // 4, account, "card", "?")
    world.mistakes.append(Mistake("uncategorised_line", "H12", "purchase", doc.id))


def vendor_without_terms(world: World) -> None:
    vendor = add_vendor(world, _fresh_name(world), "Office Expenses", has_term=False)
    world.mistakes.append(Mistake("vendor_without_terms", "H13", "vendor", vendor.id))


def contractor_without_tax_id(world: World) -> None:
    vendor = add_vendor(world, _fresh_name(world), world.business.industry.supplies, is_1099=True, tax_id=False)
    world.mistakes.append(Mistake("contractor_without_tax_id", "H14", "vendor", vendor.id))
    buying.bill(world, vendor.id, _typical_bill(world) // 2)


def duplicate_bill(world: World) -> None:
    """The same paper entered twice by two people; the later entry is the duplicate, and nobody notices before both are paid."""
    paid_in, vendor = world.dice.randint(60, 120), _vendor(world)
    first = _odd_bill(world, vendor, paid_in)
    second = _odd_bill(world, vendor, paid_in, lines=list(first.lines), number=first.number, due=first.due, same_as=first.id)
    world.mistakes.append(Mistake("duplicate_bill", "H15", "bill", second.id))


def duplicate_vendor(world: World) -> None:
    """An existing vendor entered again in another spelling, with a bill of its own."""
    old = _vendor(world)
    bare = old.name.rstrip(".")
    name = world.dice.choice((f"{bare}, Inc.", f"{bare} LLC", f"The {bare}", bare.upper() if bare.upper() != bare else f"{bare} Co."))
    if any(vendor.name == name for vendor in world.vendors.values()):
        return
    account = next(key for key, number in world.chart.items() if number == old.habit)
    again = add_vendor(world, name, account)
    again.email, again.same_as = old.email, old.same_as or old.id
    buying.bill(world, again.id, _typical_bill(world) // 2)
    world.mistakes.append(Mistake("duplicate_vendor", "H17", "vendor", again.id))


def no_payee(world: World) -> None:
    doc = buying.purchase(world, 0, _typical_bill(world) // 5, world.chart["Office Expenses"], "card")
    world.mistakes.append(Mistake("purchase_without_payee", "H19", "purchase", doc.id))


def parent_account(world: World) -> None:
    account = world.chart[world.dice.choice(("Utilities", "Automobile", "Legal & Professional Fees"))]
    vendor = _vendor(world)
    doc = buying.purchase(world, vendor.id, _typical_bill(world) // 4, account, "check", vendor.name)
    world.mistakes.append(Mistake("posted_to_parent_account", "H20", "purchase", doc.id))


def unusual_category(world: World) -> None:
    """A vendor with a settled category is booked somewhere else once."""
    settled = [vendor for vendor in world.vendors.values() if vendor.active and vendor.term and vendor.id <= 9]
    vendor = world.dice.choice(settled)
    elsewhere = world.chart["Travel" if vendor.habit != world.chart["Travel"] else "Meals"]
    _wrong_bill(world, "unusual_category", "H21", vendor, lines=[Line(elsewhere, _typical_bill(world), vendor.name)])


def large_first_bill(world: World) -> None:
    vendor = add_vendor(world, _fresh_name(world), world.business.industry.supplies)
    usual = max((bill.total for bill in world.docs["bill"].values()), default=0)
    amount = max(int(world.business.monthly_cents * world.dice.uniform(0.18, 0.3)), usual + usual // 10)
    _wrong_bill(world, "large_first_bill_of_new_vendor", "H22", vendor, lines=[Line(vendor.habit, amount, "Deposit on order")])


def wrong_bank_account(world: World) -> None:
    """A check booked against the petty cash box, which cannot hold that much."""
    box = world.accounts[world.chart["Petty Cash"]]
    amount = max(box.balance, 0) + world.dice.randint(40, 900) * 100
    vendor = _vendor(world)
    doc = Doc(
        "purchase",
        0,
        acts.world_date(world),
        party=vendor.id,
        lines=[Line(vendor.habit, amount, vendor.name)],
        total=amount,
        method="cash",
        money=box.id,
    )
    add(world, doc)
    world.mistakes.append(Mistake("negative_bank_balance", "H23", "account", box.id))


KINDS: tuple[Callable[[World], None], ...] = (
    no_due_date, unknown_vendor, negative_bill, due_before_dated, dated_in_future, no_customer, invoice_without_due_date, uncategorised,
    vendor_without_terms, contractor_without_tax_id, duplicate_bill, duplicate_vendor, no_payee, parent_account, unusual_category,
    large_first_bill, wrong_bank_account,
)  # fmt: skip


def plant_any(world: World) -> None:
    """One mistake of any kind."""
    world.dice.choice(KINDS)(world)


def fated(world: World, last: date) -> dict[date, list[Callable[[World], None]]]:
    """The mistakes a business makes in the five weeks up to `last`, so that each kind shows in any three neighbours."""
    sloppiness = world.dice.choice((0.0, 0.1, 0.2, 0.35, 0.6))
    fate: dict[date, list[Callable[[World], None]]] = {}
    for position, kind in enumerate(KINDS):
        if position % 3 == world.business.index % 3 or world.dice.random() < sloppiness:
            day = last - timedelta(days=world.dice.randint(2, 35))
            while day.weekday() >= 5:
                day -= timedelta(days=1)
            fate.setdefault(day, []).append(kind)
    return fate


def _customer(world: World) -> Party:
    return world.dice.choice([customer for customer in world.customers.values() if customer.active])


def _detach(world: World, doc: Doc) -> None:
    """Takes the customer off an invoice: the ledger's control account keeps it, no customer does."""
    customer = world.customers[doc.party]
    customer.balance -= doc.total
    doc.party = 0
    for entries in world.agenda.values():
        if ("receive", doc.id) in entries:
            entries.remove(("receive", doc.id))


def _fresh_name(world: World) -> str:
    first: tuple[str, ...] = (
        "Altamont",
        "Beacon",
        "Cresthaven",
        "Driftwood",
        "Eastlake",
        "Foundry",
        "Goldfinch",
        "Hollis",
        "Ironwood",
        "Juno",
        "Kestrel",
        "Lindell",
    )
    second = ("Services", "Supply", "Consulting", "Equipment", "Trading", "Works", "Repairs", "Logistics")
    # A retired one keeps its address, which is made of its name.
    taken = {vendor.name.removesuffix(" (deleted)") for vendor in world.vendors.values()}
    while True:
        name = f"{world.dice.choice(first)} {world.dice.choice(second)}"
        if name not in taken:
            return name
        first = (*first, f"{name} {world.dice.randint(2, 99)}")
