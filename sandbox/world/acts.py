"""What people and banks do on a working day, each act entering balanced documents. Who decides when: `sandbox.world.days`."""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.world.books import add, apply, touch, unapplied
from sandbox.world.identity import Health
from sandbox.world.model import Doc, Line, Link, World

# Days after the due date at which a bill is paid: who is short of cash pays late.
LATENESS: dict[Health, tuple[int, int]] = {"short": (10, 55), "tight": (-2, 18), "sound": (-6, 4), "rich": (-10, 2)}


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


def bill(world: World, vendor_id: int, amount: int, text: str = "", on: date | None = None, account: int = 0) -> Doc:
    """A bill from a vendor, dated today unless said otherwise, due by the vendor's terms, put on the payment agenda."""
    vendor = world.vendors[vendor_id]
    on = on or world_date(world)
    term = world.terms.get(vendor.term)
    due = on + timedelta(days=term.days if term else 30)
    lines = split(world, amount, account or vendor.habit, text or vendor.name)
    number = str(world.dice.randint(1000, 99999)) if world.dice.random() < 0.8 else ""
    entered = add(
        world, Doc("bill", 0, on, party=vendor_id, due=due, term=vendor.term, number=number, lines=lines, total=amount, balance=amount)
    )
    lateness = world.dice.randint(*LATENESS[world.business.health])
    plan(world, max(due + timedelta(days=lateness), world_date(world) + timedelta(days=1)), "pay_bill", entered.id)
    return entered


def plan(world: World, on: date, what: str, doc_id: int) -> None:
    """Puts something on the agenda of a working day; what falls on a weekend waits for Monday."""
    while on.weekday() >= 5:
        on += timedelta(days=1)
    world.agenda[on].append((what, doc_id))


def pay_bills(world: World, bill_ids: list[int]) -> None:
    """Pays the open ones of these bills, one payment per vendor, by check or card, with the vendor's open credits."""
    by_vendor: dict[int, list[Doc]] = {}
    for bill_id in bill_ids:
        due = world.docs["bill"].get(bill_id)
        if due is not None and due.balance > 0:
            by_vendor.setdefault(due.party, []).append(due)
    credits = _open(world, "vendor_credit")
    for vendor_id, bills in by_vendor.items():
        owed = sum(each.balance for each in bills)
        taken = []
        for credit in credits:
            if credit.party == vendor_id and credit.balance <= owed:
                owed -= credit.balance
                taken.append(credit)
        by_card = world.dice.random() < 0.22
        money = world.chart["Mastercard"] if by_card else world.chart["Checking"]
        number = "" if by_card else world.next_number("check", 1201)
        method = "card" if by_card else "check"
        paid = Doc("bill_payment", 0, world_date(world), party=vendor_id, total=owed, money=money, method=method, number=number)
        add(world, paid)
        for each in bills:
            apply(world, paid, each, each.balance)
        for credit in taken:
            apply(world, paid, credit, credit.balance)


def purchase(world: World, vendor_id: int, amount: int, account: int, method: str, text: str = "") -> Doc:
    """Something bought and paid on the spot: by card, check or cash."""
    money = {"card": "Visa" if world.dice.random() < 0.3 else "Mastercard", "check": "Checking", "cash": "Checking"}[method]
    number = world.next_number("check", 1201) if method == "check" else ""
    made = Doc(
        "purchase", 0, world_date(world), party=vendor_id, lines=[Line(account, amount, text)], total=amount, method=method, number=number
    )
    made.money = world.chart[money]
    return add(world, made)


def _sold(world: World, amount: int) -> tuple[list[Line], int]:
    """Item lines worth about `amount` and the sales tax on them (retail and restaurants only)."""
    lines, worth = [], 0
    items = [item for item in world.items.values() if item.active]
    count = world.dice.randint(1, min(3, len(items)))
    for item in world.dice.sample(items, count):
        quantity = max(1, min(40, round(amount / count / item.price)))
        rate = max(100, amount // count // quantity)
        lines.append(Line(item.account, rate * quantity, item.name, item.id, quantity))
        worth += rate * quantity
    tax = worth * 8 // 100 if world.business.industry.customers == "walk-in" else 0
    return lines, tax


def invoice(world: World, customer_id: int, amount: int) -> Doc:
    """An invoice to a customer, due by its terms; most customers will pay, by their habit."""
    customer, on, dice = world.customers[customer_id], world_date(world), world.dice
    lines, tax = _sold(world, amount)
    total = sum(line.amount for line in lines) + tax
    due = on + timedelta(days=world.terms[customer.term].days)
    sent = Doc("invoice", 0, on, party=customer_id, due=due, term=customer.term, lines=lines, tax=tax, total=total, balance=total)
    sent.number = world.next_number("invoice", 1001)
    add(world, sent)
    if dice.random() < 0.965:
        paid_on = due + timedelta(days=max(-world.terms[customer.term].days + 1, customer.habit + dice.randint(-3, 5)))
        plan(world, max(paid_on, on + timedelta(days=1)), "receive", sent.id)
    return sent


def receive(world: World, invoice_ids: list[int]) -> None:
    """Customers pay: one payment per customer, into undeposited funds or straight to the bank, at times part or too much."""
    by_customer: dict[int, list[Doc]] = {}
    for invoice_id in invoice_ids:
        owed = world.docs["invoice"].get(invoice_id)
        if owed is not None and owed.balance > 0:
            by_customer.setdefault(owed.party, []).append(owed)
    for customer_id, owed_docs in by_customer.items():
        total = sum(each.balance for each in owed_docs)
        chance, partial, extra = world.dice.random(), 0, 0
        if chance < 0.05 and len(owed_docs) == 1:
            partial = total // 2
            plan(world, world_date(world) + timedelta(days=21), "receive", owed_docs[0].id)
        elif chance < 0.08:
            extra = world.dice.randint(1, 40) * 500
        used = _open_credits(world, customer_id, total) if not partial and not extra else []
        money = world.chart["Undeposited Funds" if world.dice.random() < 0.6 else "Checking"]
        got = Doc("payment", 0, world_date(world), party=customer_id, money=money, method=world.dice.choice(("check", "cash", "transfer")))
        got.total = (partial or total) + extra - sum(credit.balance for credit in used)
        got.number = str(world.dice.randint(100, 9999)) if got.method == "check" else ""
        add(world, got)
        for each in owed_docs:
            apply(world, got, each, partial or each.balance)
        for credit in used:
            apply(world, got, credit, credit.balance)


def _open(world: World, kind: str) -> list[Doc]:
    """Credits with something left, or receipts in the drawer: looked up in a short list instead of all history."""
    docs = [doc for identifier in world.waiting[kind] if (doc := world.docs[kind].get(identifier)) is not None and _is_waiting(world, doc)]
    world.waiting[kind] = [doc.id for doc in docs]
    return docs


def _is_waiting(world: World, doc: Doc) -> bool:
    if doc.is_void:
        return False
    if doc.kind == "sales_receipt":
        return _is_in_drawer(world, doc)
    if doc.kind == "payment":
        return unapplied(doc) > 0 or _is_in_drawer(world, doc)
    return doc.balance > 0


def _is_in_drawer(world: World, doc: Doc) -> bool:
    return doc.money == world.chart["Undeposited Funds"] and doc.total > 0 and not any(link.kind == "deposit" for link in doc.links)


def _open_credits(world: World, customer_id: int, most: int) -> list[Doc]:
    taken = []
    for credit in _open(world, "credit_memo"):
        if credit.party == customer_id and 0 < credit.balance <= most:
            taken.append(credit)
            most -= credit.balance
    return taken


def prepayment(world: World, customer_id: int, amount: int) -> Doc:
    """Money of a customer that belongs to no invoice yet."""
    return add(
        world, Doc("payment", 0, world_date(world), party=customer_id, total=amount, money=world.chart["Undeposited Funds"], method="check")
    )


def credit_memo(world: World, customer_id: int, amount: int) -> Doc:
    """A credit the business gives a customer."""
    lines, tax = _sold(world, amount)
    total = sum(line.amount for line in lines) + tax
    given = Doc("credit_memo", 0, world_date(world), party=customer_id, lines=lines, tax=tax, total=total, balance=total)
    given.number = world.next_number("invoice", 1001)
    return add(world, given)


def vendor_credit(world: World, vendor_id: int, amount: int) -> Doc:
    """A credit a vendor gives the business."""
    lines = [Line(world.vendors[vendor_id].habit, amount, "Returned goods")]
    return add(world, Doc("vendor_credit", 0, world_date(world), party=vendor_id, lines=lines, total=amount, balance=amount))


def sale(world: World, customer_id: int, amount: int, is_refund: bool = False) -> Doc:
    """A sale paid on the spot into undeposited funds, or a refund out of the bank."""
    lines, tax = _sold(world, amount)
    done = Doc("refund_receipt" if is_refund else "sales_receipt", 0, world_date(world), party=customer_id, lines=lines, tax=tax)
    done.total = sum(line.amount for line in lines) + tax
    done.money = world.chart["Checking" if is_refund else "Undeposited Funds"]
    done.number = world.next_number("invoice", 1001)
    done.method = "cash"
    return add(world, done)


def bank_deposit(world: World) -> None:
    """Takes to the bank what lies in undeposited funds, linking each receipt."""
    receipts = [doc for kind in ("payment", "sales_receipt") for doc in _open(world, kind) if _is_in_drawer(world, doc)]
    if not receipts:
        return
    lines = [Line(doc.money, doc.total) for doc in receipts]
    links = [Link(doc.kind, doc.id, doc.total) for doc in receipts]
    made = Doc(
        "deposit", 0, world_date(world), lines=lines, links=links, total=sum(line.amount for line in lines), money=world.chart["Checking"]
    )
    add(world, made)
    for doc in receipts:
        doc.links.append(Link("deposit", made.id, doc.total))
        touch(world, doc, is_edit=False)


def transfer(world: World, source: str, target: str, amount: int, memo: str = "") -> Doc:
    """Moves money between the company's own accounts, or pays a card."""
    lines = [Line(world.chart[source], -amount), Line(world.chart[target], amount)]
    return add(world, Doc("transfer", 0, world_date(world), lines=lines, total=amount, memo=memo))


def journal(world: World, lines: list[Line], memo: str) -> Doc:
    """A manual posting; lines add up to zero."""
    number = f"JE-{world.next_number('journal', 1)}"
    total = sum(line.amount for line in lines if line.amount > 0)
    return add(world, Doc("journal_entry", 0, world_date(world), number=number, lines=lines, total=total, memo=memo))


def apply_prepayments(world: World) -> None:
    """Applies money on account to the same customer's oldest open invoice."""
    open_invoices = [doc for doc in world.docs["invoice"].values() if doc.balance > 0]
    for payment in _open(world, "payment"):
        free = unapplied(payment)
        if free > 0:
            target = next((doc for doc in open_invoices if doc.party == payment.party and doc.balance > 0), None)
            if target is not None:
                apply(world, payment, target, min(free, target.balance))
                touch(world, payment, is_edit=True)


def world_date(world: World) -> date:
    """Today in the business's own calendar."""
    assert world.next_day is not None
    return world.next_day - timedelta(days=1)
