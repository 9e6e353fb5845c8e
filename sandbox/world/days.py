"""What a business does on one day, as a plan of acts with their instants. Executing plans up to an instant: `sandbox.world.life`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sandbox.seeds import stable_seed
from sandbox.world import acts, buying, changes, depositing, mistakes, remitting, routine, selling
from sandbox.world.model import World
from sandbox.world.people import COMMON_VENDORS, COUNTER_VENDORS, add_customer
from sandbox.world.rhythm import Rhythm

Act = tuple[int, int, Callable[..., Any], tuple[Any, ...]]
# What else stands on the agenda, each about one document.
_LATER: dict[str, Callable[[World, int], Any]] = {
    "second_payment": remitting.pay_again,
    "late_booking": remitting.book,
    "given_back": remitting.give_back,
    "book_payout": depositing.book_payout,
    "book_payout_again": depositing.book_payout_again,
}
_PAY_DAYS = (1, 3)  # Tuesdays and Thursdays
_DEPOSIT_DAYS = (0, 2, 4)
# Chances per working day of what happens to what is already entered.
_CHANCES: tuple[tuple[float, Callable[[World], Any]], ...] = (
    (0.45, changes.edit_recent),
    (0.05, changes.void_open),
    (0.05, changes.delete_unlinked),
    (0.02, changes.bounce_payment),
    (0.012, changes.merge_vendors),
    (0.02, changes.inactivate_name),
    (0.04, changes.rename),
    (0.12, add_customer),
    (0.05, selling.apply_prepayments),
    (0.14, mistakes.plant_any),
)


class Plan:
    """Collects acts at seeded moments between eight and six, local time."""

    def __init__(self, world: World, day: date) -> None:
        self.world = world
        self.morning = int(datetime(day.year, day.month, day.day, 8, tzinfo=world.zone).timestamp())
        self.acts: list[Act] = []

    def do(self, act: Callable[..., Any], *arguments: Any, hour: float | None = None) -> None:
        """Adds an act, at `hour` after eight or at any moment of the working day."""
        dice = self.world.dice
        seconds = int(hour * 3600) + dice.randrange(900) if hour is not None else dice.randrange(10 * 3600)
        self.at(self.morning + seconds, act, *arguments)

    def at(self, moment: int, act: Callable[..., Any], *arguments: Any) -> None:
        """Adds an act at an instant of the day."""
        self.acts.append((moment, len(self.acts), act, arguments))


def plan_day(world: World, day: date, rhythm: Rhythm) -> list[Act]:
    """The acts of one day in order of time; nothing on weekends but what tills and cards do."""
    plan, dice = Plan(world, day), world.dice
    if day.weekday() >= 5:
        for _ in range(_count(world, rhythm.sales * 0.8)):
            plan.do(_sell, rhythm)
        return sorted(plan.acts)
    for _ in range(_count(world, rhythm.bills)):
        plan.do(_supply, rhythm)
    for _ in range(_count(world, rhythm.invoices)):
        plan.do(_invoice, rhythm)
    for _ in range(_count(world, rhythm.purchases)):
        plan.do(_buy, rhythm)
    for _ in range(_count(world, rhythm.sales)):
        plan.do(_sell, rhythm)
    _calendar(plan, day, rhythm)
    if day in world.agenda:
        _agenda(plan, day)
    if dice.random() < 0.03:
        plan.do(_return_goods, rhythm)
    if dice.random() < 0.04:
        plan.do(_give_credit, rhythm)
    if dice.random() < 0.05:
        plan.do(_prepay, rhythm)
    for chance, change in _CHANCES:
        if dice.random() < chance:
            plan.do(change)
    return sorted(plan.acts, key=lambda act: act[:2])


def _count(world: World, mean: float) -> int:
    """A whole number around `mean` without a long tail."""
    whole = int(mean)
    spread = world.dice.randint(-(whole // 2), whole // 2) if whole > 1 else 0
    return whole + spread + (world.dice.random() < mean - whole)


def _calendar(plan: Plan, day: date, rhythm: Rhythm) -> None:
    """What the date brings: monthly bills, payroll, card payments, loan, taxes, owner's draw, deposits."""
    world, revenue = plan.world, plan.world.business.monthly_cents
    for position, (name, _, fraction, _) in enumerate(COMMON_VENDORS):
        if _nth_working_day(day) == position * 2 + 1:
            plan.do(_monthly_bill, name, revenue * fraction)
    if day.weekday() == 4 and day.isocalendar().week % 2 == world.business.index % 2:
        plan.do(routine.payroll, rhythm.payroll_cents, hour=1)
    if day.weekday() in _DEPOSIT_DAYS:
        plan.do(depositing.bank_deposit, hour=7)
    plan.do(depositing.stripe_payout, hour=8)
    nth = _nth_working_day(day)
    if nth == 3:
        plan.do(routine.pay_card, "Mastercard", hour=5)
    if nth == 12:
        plan.do(routine.pay_card, "Visa", hour=5)
    if nth == 5:
        plan.do(routine.pay_loan, revenue, hour=2)
        plan.do(routine.pay_taxes, hour=3)
    if nth == 18 and world.business.health in ("sound", "rich"):
        plan.do(routine.draw, revenue, hour=4)
    if nth == 20:
        plan.do(routine.depreciate, hour=9)


@lru_cache(maxsize=8192)
def _nth_working_day(day: date) -> int:
    return sum(1 for number in range(1, day.day + 1) if day.replace(day=number).weekday() < 5)


def _agenda(plan: Plan, day: date) -> None:
    entries = plan.world.agenda.pop(day)
    bills = [doc for what, doc in entries if what == "pay_bill"]
    if bills and day.weekday() in _PAY_DAYS:
        plan.do(buying.pay_bills, bills, hour=6)
    else:
        for doc in bills:
            acts.plan(plan.world, date.fromordinal(day.toordinal() + 1), "pay_bill", doc)
    for doc in dict.fromkeys(doc for what, doc in entries if what == "receive"):
        plan.do(selling.receive, [doc])
    for what, doc in entries:
        if what == "remittance":
            plan.at(*remitting.arrival(plan.world, doc), doc)
        elif what in _LATER:
            plan.do(_LATER[what], doc)


def _supply(world: World, rhythm: Rhythm) -> None:
    suppliers = [
        vendor for vendor in world.vendors.values() if vendor.active and vendor.habit == world.chart[world.business.industry.supplies]
    ]
    buying.bill(world, world.dice.choice(suppliers).id, acts.log_amount(world, rhythm.bill_cents))


def _monthly_bill(world: World, name: str, mean: float) -> None:
    vendor = next((vendor for vendor in world.vendors.values() if vendor.name == name and vendor.active), None)
    if vendor is not None:
        buying.bill(world, vendor.id, acts.log_amount(world, mean, 0.04))


def _anyone(world: World) -> int:
    return world.dice.choice([customer.id for customer in world.customers.values() if customer.active])


def _invoice(world: World, rhythm: Rhythm) -> None:
    selling.invoice(world, _anyone(world), acts.log_amount(world, rhythm.invoice_cents))


def _sell(world: World, rhythm: Rhythm) -> None:
    selling.sale(world, _anyone(world), acts.log_amount(world, rhythm.sale_cents, 0.35), is_refund=world.dice.random() < 0.02)


def _buy(world: World, rhythm: Rhythm) -> None:
    name, account = world.dice.choice(COUNTER_VENDORS)
    vendor = next((vendor.id for vendor in world.vendors.values() if vendor.name == name and vendor.active), 0)
    if vendor == 0:
        return
    method = world.dice.choices(("card", "check", "cash"), weights=(7, 2, 2))[0]
    made = buying.purchase(world, vendor, acts.log_amount(world, rhythm.purchase_cents), world.chart[account], method, name)
    if stable_seed(world.business.seed, "same again", made.id) % 40 == 0:
        buying.purchase_again(world, made)


def _return_goods(world: World, rhythm: Rhythm) -> None:
    vendors = [doc.party for doc in changes.recent(world, "bill", 30) if doc.party in world.vendors]
    if vendors:
        buying.vendor_credit(world, world.dice.choice(vendors), acts.log_amount(world, rhythm.bill_cents * 0.3))


def _give_credit(world: World, rhythm: Rhythm) -> None:
    selling.credit_memo(world, _anyone(world), acts.log_amount(world, min(rhythm.invoice_cents, 500_000) * 0.25))


def _prepay(world: World, rhythm: Rhythm) -> None:
    selling.prepayment(world, _anyone(world), acts.log_amount(world, min(rhythm.invoice_cents, 500_000) * 0.5))
