"""Buying and paying: bills, their payments with the vendor's credits, purchases on the spot."""

from __future__ import annotations

from datetime import timedelta

from sandbox.world import acts, remitting
from sandbox.world.books import add, apply
from sandbox.world.identity import Health
from sandbox.world.model import Doc, Line, World
from sandbox.world.reality import vendor_is_on_ramp

# Days after the due date at which a bill is paid: who is short of cash pays late.
LATENESS: dict[Health, tuple[int, int]] = {"short": (10, 55), "tight": (-2, 18), "sound": (-6, 4), "rich": (-10, 2)}


def bill(world: World, vendor_id: int, amount: int) -> Doc:
    """A bill from a vendor, dated today, due by the vendor's terms, put on the payment agenda."""
    vendor, today = world.vendors[vendor_id], acts.world_date(world)
    term = world.terms.get(vendor.term)
    entered = Doc("bill", 0, today, party=vendor_id, term=vendor.term, total=amount, balance=amount)
    entered.due = today + timedelta(days=term.days if term else 30)
    entered.lines = acts.split(world, amount, vendor.habit, vendor.name)
    entered.number = str(world.dice.randint(1000, 99999)) if world.dice.random() < 0.8 else ""
    add(world, entered)
    lateness = world.dice.randint(*LATENESS[world.business.health])
    acts.plan(world, max(entered.due + timedelta(days=lateness), today + timedelta(days=1)), "pay_bill", entered.id)
    return entered


def pay_bills(world: World, bill_ids: list[int]) -> None:
    """Pays the open ones of these bills, one payment per vendor, through Ramp, by check or card, with the vendor's open credits."""
    by_vendor: dict[int, list[Doc]] = {}
    for bill_id in bill_ids:
        due = world.docs["bill"].get(bill_id)
        if due is not None and due.balance > 0 and ("bill", due.id) not in world.promised:
            by_vendor.setdefault(due.party, []).append(due)
    credits = [doc for doc in acts.open_documents(world, "vendor_credit") if (doc.kind, doc.id) not in world.promised]
    for vendor_id, bills in by_vendor.items():
        owed = sum(each.balance for each in bills)
        settles = [(each, each.balance) for each in bills]
        for credit in credits:
            if credit.party == vendor_id and credit.balance <= owed:
                owed -= credit.balance
                settles.append((credit, credit.balance))
        by_card = world.dice.random() < 0.22
        money = world.chart["Mastercard"] if by_card else world.chart["Checking"]
        number = "" if by_card else world.next_number("check", 1201)
        method = "card" if by_card else "check"
        paid = Doc("bill_payment", 0, acts.world_date(world), party=vendor_id, total=owed, money=money, method=method, number=number)
        if not by_card and owed > 0 and vendor_is_on_ramp(world, vendor_id):
            remitting.release(world, paid, settles)
            continue
        add(world, paid)
        for each, cents in settles:
            apply(world, paid, each, cents)


def purchase(world: World, vendor_id: int, amount: int, account: int, method: str, text: str = "", money: int = 0) -> Doc:
    """Something bought and paid on the spot: by card, check or cash, out of the ledger account `money` if it is given."""
    name = {"card": "Visa" if world.dice.random() < 0.3 else "Mastercard", "check": "Checking", "cash": "Checking"}[method]
    number = world.next_number("check", 1201) if method == "check" else ""
    made = Doc("purchase", 0, acts.world_date(world), party=vendor_id, total=amount, method=method, number=number)
    made.lines = [Line(account, amount, text)]
    made.money = money or world.chart[name]
    return add(world, made)


def purchase_again(world: World, first: Doc) -> Doc:
    """The same once more, of the same price on the same day: both are right."""
    line = first.lines[0]
    return purchase(world, first.party, first.total, line.account, first.method, line.text, first.money)


def vendor_credit(world: World, vendor_id: int, amount: int) -> Doc:
    """A credit a vendor gives the business."""
    lines = [Line(world.vendors[vendor_id].habit, amount, "Returned goods")]
    return add(world, Doc("vendor_credit", 0, acts.world_date(world), party=vendor_id, lines=lines, total=amount, balance=amount))
