"""Selling and being paid: invoices, receipts, credits. The way of the money to the bank: `sandbox.world.depositing`."""

from __future__ import annotations

from datetime import timedelta

from sandbox.world import acts, billing
from sandbox.world.books import add, apply, touch, unapplied
from sandbox.world.chart import CLEARING
from sandbox.world.model import Doc, Line, World
from sandbox.world.reality import pays_by_stripe


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
    customer, on, dice = world.customers[customer_id], acts.world_date(world), world.dice
    lines, tax = _sold(world, amount)
    total = sum(line.amount for line in lines) + tax
    due = on + timedelta(days=world.terms[customer.term].days)
    sent = Doc("invoice", 0, on, party=customer_id, due=due, term=customer.term, lines=lines, tax=tax, total=total, balance=total)
    sent.number = world.next_number("invoice", 1001)
    add(world, sent)
    billing.sent(world, sent)
    if dice.random() < 0.965:
        paid_on = due + timedelta(days=max(-world.terms[customer.term].days + 1, customer.habit + dice.randint(-3, 5)))
        acts.plan(world, max(paid_on, on + timedelta(days=1)), "receive", sent.id)
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
            acts.plan(world, acts.world_date(world) + timedelta(days=21), "receive", owed_docs[0].id)
        elif chance < 0.08:
            extra = world.dice.randint(1, 40) * 500
        used = _open_credits(world, customer_id, total) if not partial and not extra else []
        money = world.chart["Undeposited Funds" if world.dice.random() < 0.6 else "Checking"]
        got = Doc("payment", 0, acts.world_date(world), party=customer_id, money=money)
        got.method = world.dice.choice(("check", "cash", "transfer"))
        got.total = (partial or total) + extra - sum(credit.balance for credit in used)
        got.number = str(world.dice.randint(100, 9999)) if got.method == "check" else ""
        if pays_by_stripe(world, customer_id):
            got.method, got.number = "stripe", ""
            got.money = world.chart.get(CLEARING, world.chart["Undeposited Funds"])
        add(world, got)
        for each in owed_docs:
            apply(world, got, each, partial or each.balance)
        for credit in used:
            apply(world, got, credit, credit.balance)


def _open_credits(world: World, customer_id: int, most: int) -> list[Doc]:
    taken = []
    for credit in acts.open_documents(world, "credit_memo"):
        if credit.party == customer_id and 0 < credit.balance <= most:
            taken.append(credit)
            most -= credit.balance
    return taken


def prepayment(world: World, customer_id: int, amount: int) -> Doc:
    """Money of a customer that belongs to no invoice yet."""
    got = Doc("payment", 0, acts.world_date(world), party=customer_id, total=amount, method="check")
    got.money = world.chart["Undeposited Funds"]
    return add(world, got)


def credit_memo(world: World, customer_id: int, amount: int) -> Doc:
    """A credit the business gives a customer."""
    lines, tax = _sold(world, amount)
    total = sum(line.amount for line in lines) + tax
    given = Doc("credit_memo", 0, acts.world_date(world), party=customer_id, lines=lines, tax=tax, total=total, balance=total)
    given.number = world.next_number("invoice", 1001)
    return add(world, given)


def sale(world: World, customer_id: int, amount: int, is_refund: bool = False) -> Doc:
    """A sale paid on the spot into undeposited funds, or a refund out of the bank."""
    lines, tax = _sold(world, amount)
    done = Doc("refund_receipt" if is_refund else "sales_receipt", 0, acts.world_date(world), party=customer_id, lines=lines, tax=tax)
    done.total = sum(line.amount for line in lines) + tax
    done.money = world.chart["Checking" if is_refund else "Undeposited Funds"]
    done.number = world.next_number("invoice", 1001)
    done.method = "cash"
    return add(world, done)


def apply_prepayments(world: World) -> None:
    """Applies money on account to the same customer's oldest open invoice."""
    open_invoices = [doc for doc in world.docs["invoice"].values() if doc.balance > 0]
    for payment in acts.open_documents(world, "payment"):
        free = unapplied(payment)
        if free > 0:
            target = next((doc for doc in open_invoices if doc.party == payment.party and doc.balance > 0), None)
            if target is not None:
                apply(world, payment, target, min(free, target.balance))
                touch(world, payment, is_edit=True)
