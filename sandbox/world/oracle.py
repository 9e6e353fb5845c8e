"""Which mistakes in a world still show, and what nobody got wrong but any attentive reader must flag.

Computed from the world itself, apart from any SQL: the other side of a comparison with the hygiene checks. It uses what no
reader of the ledger knows, for example that two papers are one (`same_as`) or what a vendor sells (`habit`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from sandbox.world.acts import world_date
from sandbox.world.model import Doc, Mistake, World

# Checks that only concern documents with something open.
_OPEN_ONLY = frozenset({"H01", "H02", "H03", "H04", "H07", "H09", "H15", "H22"})
LARGE_INVOICE_CENTS = 500_000
# So long a payment in the ledger may still find its money at the bank.
LOOKED_FOR_DAYS = 30
UNSORTED = ("Uncategorized Expense", "Uncategorized Asset", "Ask My Accountant")
# So much of the last days' value may be unsorted before the books as a whole are.
UNSORTED_SHARE, UNSORTED_DAYS = 0.05, timedelta(days=30)
# A payroll is expected while the last three paydays are known and the next is overdue by no more than this.
PAYDAYS, LATE_PAYDAY = 3, timedelta(days=5)
# A vendor is known by this many lines in a year; one is new this long after the books began; a large bill is of the top twentieth.
SETTLED_LINES, SETTLED_FOR, SETTLING, LARGE_BILLS, FEW_BILLS = 5, timedelta(days=365), timedelta(days=60), 0.95, 20


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
    """Whether the other of two entries of one paper is still there, and still looks like it."""
    return any(
        other.id != doc.id
        and not other.is_void
        and other.party == doc.party
        and ((other.total == doc.total and abs((other.on - doc.on).days) <= 7) or (other.number != "" and other.number == doc.number))
        for other in world.docs["bill"].values()
    )


def state_findings(world: World) -> Iterator[Mistake]:
    """What the state of the books shows besides the mistakes themselves.

    H07, H10, H11 from open documents, H23 from banks; H13, H14 from vendors that were entered so from the start; the other
    half of what was entered twice (H15, H17), since nobody can tell which of two to keep; whatever else was booked somewhere
    else than usual (H21), as on a parent account; and large first bills that are right (H22), which have to be confirmed too.
    """
    today = world_date(world)
    planted = {tuple(mistake[1:]) for mistake in world.mistakes}
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
    yield from (one for one in _other_halves(world) if one[1:] not in planted)
    yield from (one for one in _booked_elsewhere(world, today) if one[1:] not in planted)
    yield from (one for one in _large_first_bills(world) if one[1:] not in planted)


def findings_of_the_whole(world: World) -> Iterator[tuple[str, str]]:
    """What is wrong with the books as a whole, as (kind, check): too much of the last days' value unsorted, or no payroll to expect."""
    today = world_date(world)
    unsorted = {world.chart[name] for name in UNSORTED if name in world.chart}
    recent = [
        line
        for kind in ("bill", "purchase")
        for doc in world.docs[kind].values()
        if not doc.is_void and today - UNSORTED_DAYS < doc.on <= today
        for line in doc.lines
    ]
    if sum(abs(line.amount) for line in recent if line.account in unsorted) > UNSORTED_SHARE * sum(abs(line.amount) for line in recent):
        yield "too_much_unsorted", "H45"
    wages = world.chart["Wages"]
    paydays = sorted(
        {
            doc.on
            for doc in world.docs["journal_entry"].values()
            if not doc.is_void and doc.on <= today and any(line.account == wages for line in doc.lines)
        },
        reverse=True,
    )
    if len(paydays) < PAYDAYS or today > paydays[0] + (paydays[0] - paydays[1]) + LATE_PAYDAY:
        yield "payroll_unknown", "H37"


def _other_halves(world: World) -> Iterator[Mistake]:
    """The earlier of two open entries of one paper, and of two active entries of one counterparty."""
    for doc in world.docs["bill"].values():
        first = world.docs["bill"].get(doc.same_as)
        if first is not None and not doc.is_void and not first.is_void and first.balance > 0 and _has_twin(world, first):
            yield Mistake("duplicated_bill", "H15", "bill", first.id)
    entries = Counter(vendor.same_as or vendor.id for vendor in world.vendors.values() if vendor.active)
    for vendor in world.vendors.values():
        if vendor.active and entries[vendor.same_as or vendor.id] > 1:
            yield Mistake("duplicated_vendor", "H17", "vendor", vendor.id)


def _booked_elsewhere(world: World, today: date) -> Iterator[Mistake]:
    """Bills and purchases of the last year whose largest line is not on what the vendor sells, of vendors known well enough."""
    unsorted = {world.chart[name] for name in UNSORTED if name in world.chart}
    docs = [
        doc
        for kind in ("bill", "purchase")
        for doc in world.docs[kind].values()
        if doc.party in world.vendors and not doc.is_void and today - SETTLED_FOR < doc.on <= today
    ]
    lines = Counter(doc.party for doc in docs for line in doc.lines)
    usual = Counter(doc.party for doc in docs for line in doc.lines if line.account == world.vendors[doc.party].habit)
    for doc in docs:
        account = max(doc.lines, key=lambda line: line.amount).account
        is_settled = lines[doc.party] >= SETTLED_LINES and usual[doc.party] * 2 > lines[doc.party]
        if is_settled and account not in unsorted and account != world.vendors[doc.party].habit:
            yield Mistake("booked_elsewhere", "H21", doc.kind, doc.id)


def _large_first_bills(world: World) -> Iterator[Mistake]:
    """Open first bills of vendors that came after the books had settled, larger than nearly all bills."""
    bills = [bill for bill in world.docs["bill"].values() if not bill.is_void]
    if len(bills) < FEW_BILLS:
        return
    amounts = sorted(bill.total for bill in bills)
    large = next(amount for place, amount in enumerate(amounts, start=1) if place >= LARGE_BILLS * len(amounts))
    began = min(bill.on for bill in bills)
    met: set[int] = set()
    for bill in sorted(bills, key=lambda bill: (bill.on, bill.id)):
        if bill.party and bill.party not in met and bill.balance > 0 and bill.on - began > SETTLING and bill.total > large:
            yield Mistake("large_first_bill", "H22", "bill", bill.id)
        met.add(bill.party)
