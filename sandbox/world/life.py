"""The course of a world: founding, history up to the sandbox's first instant, and every step after it.

`found` is the past, `live_until` moves on to an instant; in which steps it moves on makes no difference to what happens.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from sandbox.seeds import seeded_dice, stable_seed
from sandbox.world import books, changes
from sandbox.world.acts import journal
from sandbox.world.books import bank_cash, post
from sandbox.world.chart import open_books
from sandbox.world.days import plan_day
from sandbox.world.identity import RUNWAY_AIM, Business, Health
from sandbox.world.mistakes import fated
from sandbox.world.model import Doc, Line, World
from sandbox.world.people import settle_in
from sandbox.world.rhythm import HISTORY_DAYS, Rhythm, rhythm_of

# Cash at the sandbox's first instant in days of spending, at least and at most.
CASH_DAYS: dict[Health, tuple[int, int]] = {"short": (2, 12), "tight": (8, 24), "sound": (30, 85), "rich": (70, 240)}


class Life:
    """A world and what drives it."""

    def __init__(self, business: Business, origin: int, scale: float) -> None:
        self.world = World(business)
        self.rhythm: Rhythm = rhythm_of(business, min(scale, 1.0))
        first = datetime.fromtimestamp(origin, self.world.zone).date() - timedelta(days=round(HISTORY_DAYS * max(scale, 1.0)))
        while first.weekday() >= 5:
            first += timedelta(days=1)
        self._found(first)
        self.fate = fated(self.world, datetime.fromtimestamp(origin, self.world.zone).date())
        self.live_until(origin)
        _settle_opening_cash(self.world)

    def _found(self, first: date) -> None:
        world = self.world
        world.start, world.next_day = first, first
        world.now = int(datetime(first.year, first.month, first.day, 7, tzinfo=world.zone).timestamp())
        open_books(world)
        settle_in(world)
        chart, revenue = world.chart, world.business.monthly_cents
        world.next_day = first + timedelta(days=1)
        lines = [
            Line(chart["Checking"], 0, "Opening balance"),
            Line(chart["Savings"], revenue // 20, "Opening balance"),
            Line(chart["Petty Cash"], 40_000, "Opening balance"),
            Line(chart["Original Cost"], revenue, "Opening balance"),
            Line(chart["Loan Payable"], -revenue, "Opening balance"),
        ]
        lines.append(Line(chart["Opening Balance Equity"], -sum(line.amount for line in lines), "Opening balance"))
        world.opening_entry = journal(world, lines, "Opening balances").id
        world.next_day = first

    def live_until(self, instant: int) -> None:
        """Lets everything happen that happens up to `instant` (epoch seconds)."""
        world = self.world
        self._act_until(instant)
        while not world.pending and world.next_day is not None and _midnight(world, world.next_day) <= instant:
            if world.start is not None and world.next_day > world.start:
                _close_day(world, world.next_day - timedelta(days=1))
            day = world.next_day
            world.next_day = day + timedelta(days=1)
            world.pending = plan_day(world, day, self.rhythm)
            for kind in self.fate.pop(day, []):
                world.pending.append((_midnight(world, day) + 17 * 3600, len(world.pending), kind, ()))
            world.pending.sort(key=lambda act: act[:2])
            self._act_until(instant)
        world.now = instant

    def _act_until(self, instant: int) -> None:
        world, done = self.world, 0
        for moment, _, act, arguments in world.pending:
            if moment > instant:
                break
            world.now = moment
            act(world, *arguments)
            done += 1
        del world.pending[:done]

    def touch(self, share: float, ordinal: int) -> None:
        """Edits that share of all transactions now, in content; which ones depends on `ordinal` alone."""
        world = self.world
        dice = seeded_dice(world.business.seed, "touch", ordinal)
        docs = [doc for kind in world.docs.values() for doc in kind.values() if not doc.is_void]
        for doc in dice.sample(docs, min(len(docs), max(1, round(share * len(docs))) if share > 0 else 0)):
            changes.edit(world, doc, f"Reviewed {ordinal}-{dice.randint(1, 9999)}")

    def touch_one(self, kind: str, ordinal: int, at: int) -> None:
        """Edits one document of a kind, if there is any, as of `at`, which may lie before what was already served."""
        world = self.world
        docs = [doc for doc in world.docs[kind].values() if not doc.is_void and doc.updated < at]
        if not docs:
            return
        doc = docs[stable_seed(world.business.seed, "one", ordinal) % max(1, len(docs) // 2)]
        doc.memo = f"Amended {ordinal}"
        doc.token += 1
        doc.updated = at
        world.changed.add((doc.kind, doc.id))

    def remove_one(self, kind: str) -> None:
        """Deletes the oldest document of a kind that nothing is linked to."""
        world = self.world
        free = (doc for doc in world.docs[kind].values() if not doc.links and (kind, doc.id) not in world.promised)
        doc = next((doc for doc in free if doc.id != world.opening_entry), None)
        if doc is not None:
            books.delete(world, doc)


def _midnight(world: World, day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=world.zone).timestamp())


def _close_day(world: World, day: date) -> None:
    world.balances.append((day, *balances_now(world)))


def balances_now(world: World) -> tuple[int, int, int]:
    """Bank cash, open payables and open receivables in cents, net of open credits, as the ledger's own accounts hold them."""
    return bank_cash(world), -world.accounts[world.chart["ap"]].balance, world.accounts[world.chart["ar"]].balance


def _settle_opening_cash(world: World) -> None:
    """Writes the opening cash so that the history ends at the runway the business's health aims at.

    The history does not depend on cash, so the one number that fits is found afterwards instead of by trying seeds. Nobody
    opens a bank account overdrawn: a business that would have to, had a larger loan and paid more of it back.
    """
    opening = _opening_cash(world)
    repaid = max(0, -opening)
    first = world.docs["journal_entry"][world.opening_entry]
    instalments = [doc for doc in world.docs["journal_entry"].values() if doc.memo.startswith("Loan instalment")] if repaid else []
    _amend(world, first, {"Checking": max(0, opening), "Loan Payable": -repaid, "Opening Balance Equity": repaid - max(0, opening)})
    extra: dict[date, int] = {}
    for position, doc in enumerate(instalments):
        part = repaid // len(instalments) + (repaid % len(instalments) if position == 0 else 0)
        _amend(world, doc, {"Loan Payable": part, "Checking": -part})
        paid = world.reality_of[doc.kind, doc.id] - 1
        world.reality[paid] = replace(world.reality[paid], amount=world.reality[paid].amount + part)
        extra[doc.on] = part
    cash = max(0, opening)
    settled = []
    for day, bank, payable, receivable in world.balances:
        cash -= extra.get(day, 0)
        settled.append((day, bank + cash, payable, receivable))
    world.balances = settled


def _opening_cash(world: World) -> int:
    business = world.business
    burn = business.monthly_cents * business.cost_ratio / 30
    dice = seeded_dice(business.seed, "aim")
    aim = dice.uniform(*RUNWAY_AIM[business.health])
    cash, payable, receivable = balances_now(world)
    least, most = CASH_DAYS[business.health]
    wanted = min(max(aim * burn - receivable * 0.9 + payable, least * burn), dice.uniform(least, most) * burn)
    return int(wanted) - cash


def _amend(world: World, doc: Doc, by: dict[str, int]) -> None:
    """Adds to lines of a past journal entry without leaving a trace: this is how it had been entered."""
    amounts = {world.chart[name]: cents for name, cents in by.items()}
    stamps = {line.account: world.accounts[line.account].updated for line in doc.lines}
    post(world, doc, -1)
    doc.lines = [line._replace(amount=line.amount + amounts.get(line.account, 0)) for line in doc.lines]
    doc.total = sum(line.amount for line in doc.lines if line.amount > 0)
    post(world, doc, 1)
    for number, stamp in stamps.items():
        world.accounts[number].updated = stamp
