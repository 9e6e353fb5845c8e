"""What the card and the bank do on Ramp: purchases authorised, declined and cleared, money pulled, people repaid, statements."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sandbox.ramp import paying
from sandbox.ramp.desk import DAY, HOUR, OWN, Desk
from sandbox.ramp.facts import Reimbursement, Statement, Transaction, Transfer
from sandbox.ramp.names import merchant_descriptor
from sandbox.ramp.wire import ramp_id, share
from sandbox.world.bankdays import bank_day
from sandbox.world.reality import Happening
from sandbox.world.remitting import draw_of, drawn_after

# Shares of card purchases.
DECLINED, SYNCED, PAYBACK = 0.06, 0.8, 0.04


def money(desk: Desk, at: int, event: Happening) -> None:
    """What one movement of money is on Ramp, if it is anything there."""
    chart = desk.world.chart
    on_card = event.account == chart["Mastercard"]
    if event.kind == "returned" and event.doc_kind == "bill_payment":
        paying.returned(desk, at, event.doc_id)
        if on_card:
            _used(desk, at, event, -event.amount)
    elif event.kind in ("bought", "paid_bill") and on_card:
        _used(desk, at, event, event.amount)
    elif event.kind == "paid_bill" and event.channel == "ramp":
        draw, after = draw_of(desk.world, event), drawn_after(desk.world, event.doc_id)
        if draw not in desk.pulls:
            desk.later(at, OWN, f"t{draw}", _pull, draw, after)
        desk.pulls[draw] = desk.pulls.get(draw, 0) + event.amount
    elif event.kind == "moved" and event.other_account == chart["Mastercard"]:
        _transfer(desk, at, f"card {event.number}", event.amount, 1, is_for_card=True)
        desk.card_cleared -= event.amount
        desk.changed("balances", "1")
    elif event.kind == "bought" and event.channel == "cash" and event.account == chart["Checking"]:
        _reimburse(desk, at, event, is_out=True)


def _used(desk: Desk, at: int, event: Happening, cents: int) -> None:
    seed, number = desk.seed, event.number
    held = _transaction(desk, at, event, cents, ramp_id(seed, "transaction", number), "PENDING")
    desk.card_pending += cents
    desk.changed("balances", "1")
    desk.later(at + DAY + int(share(seed, "clearing", number) * 2 * DAY), OWN, f"c{number:09d}", _cleared, held)
    if event.kind == "bought" and share(seed, "declined", number) < DECLINED:
        _transaction(desk, at, event, cents * 3, ramp_id(seed, "declined", number), "DECLINED")
    if event.kind == "bought" and share(seed, "payback", number) < PAYBACK:
        desk.later(at + 2 * DAY, OWN, f"q{number:09d}", _reimburse, event, False)


def _transaction(desk: Desk, at: int, event: Happening, cents: int, id: str, state: str) -> Transaction:
    name = event.party_name.removesuffix(" (deleted)") or "Unknown Merchant"
    descriptor = merchant_descriptor(desk.seed, event.number, name, desk.world.business.city)
    held = Transaction(
        id, at, event.on, cents, name, descriptor, event.memo, _usual_account(desk, event), event.number % 4, desk.entity,
        "DECLINED" if state == "DECLINED" else "PENDING", at,
    )  # fmt: skip
    desk.shelves["transactions"].put(id, held)
    return held


def _usual_account(desk: Desk, event: Happening) -> int:
    """Ramp codes by merchant, not by looking at the ledger's document."""
    party = desk.world.vendors.get(event.party)
    return party.habit if party else 0


def _cleared(desk: Desk, at: int, held: Transaction) -> None:
    held.state, held.cleared, held.updated = "CLEARED", at, at
    desk.card_pending -= held.cents
    desk.card_cleared += held.cents
    desk.changed("transactions", held.id)
    desk.changed("balances", "1")
    if share(held.id, "synced") < SYNCED:
        desk.later(at + HOUR + int(share(held.id, "synced when") * DAY), OWN, f"d{held.id}", _synced, held)


def _synced(desk: Desk, at: int, held: Transaction) -> None:
    held.synced = held.updated = at
    desk.changed("transactions", held.id)


def _pull(desk: Desk, at: int, draw: str, after: int) -> None:
    """One debit of the bank for all bills paid in one go."""
    _transfer(desk, at, draw, desk.pulls.pop(draw), after, is_for_card=False)


def _transfer(desk: Desk, at: int, key: str, cents: int, after: int, *, is_for_card: bool) -> None:
    """after: bank days until the business's bank is debited."""
    id = ramp_id(desk.seed, "transfer", key)
    payment = id.replace("-", "")[:10].upper()
    held = Transfer(id, at, cents, payment, desk.entity, is_for_card)
    desk.shelves["transfers"].put(id, held)
    debited = bank_day(desk.world_day(at), after)
    desk.later(_epoch(debited) + 20 * HOUR, OWN, f"g{id}", _arrived, held)


def _arrived(desk: Desk, at: int, held: Transfer) -> None:
    held.status = "COMPLETED"
    if share(held.id, "synced") < SYNCED:
        held.sync = "SYNCED"
    desk.changed("transfers", held.id)


def _reimburse(desk: Desk, at: int, event: Happening, is_out: bool) -> None:
    """Somebody paid for the business, or the card was used for something of one's own in part."""
    number, direction = event.number, "out" if is_out else "back"
    id = ramp_id(desk.seed, "reimbursement", direction, number)
    cents = event.amount if is_out else event.amount * (10 + number % 40) // 100
    held = Reimbursement(
        id, at, at, event.on, cents, event.party_name or "Unknown Merchant", "", _usual_account(desk, event),
        number % 4, desk.entity, "BUSINESS_TO_USER" if is_out else "USER_TO_BUSINESS",
    )  # fmt: skip
    desk.shelves["reimbursements"].put(id, held)
    desk.later(at + DAY, OWN, f"h{id}", _reimbursement_moves, held, "APPROVED" if is_out else "AWAITING_PAYMENT")
    desk.later(at + 3 * DAY, OWN, f"i{id}", _reimbursement_moves, held, "REIMBURSED" if is_out else "CANCELED")


def _reimbursement_moves(desk: Desk, at: int, held: Reimbursement, state: str) -> None:
    held.state, held.updated = state, at
    if state == "APPROVED":
        held.approved = at
    if state == "REIMBURSED":
        held.payment = held.id.replace("-", "")[:10].upper()
    desk.changed("reimbursements", held.id)


def first_statement(desk: Desk) -> None:
    """Has a statement drawn up at the first of every month from the founding on."""
    assert desk.world.start is not None
    start = desk.world.start.replace(day=1)
    desk.later(_month_after(start), OWN, "m", _drawn_up, _epoch(start))


def _drawn_up(desk: Desk, at: int, start: int) -> None:
    rows = [row.fact for row in desk.shelves["transactions"].rows.values()]
    used = [each for each in rows if each.cleared and start <= each.cleared < at]
    paid = [row.fact for row in desk.shelves["transfers"].rows.values() if row.fact.is_for_card and start <= row.fact.created < at]
    before = desk.statements[-1] if desk.statements else None
    id = ramp_id(desk.seed, "statement", start)
    lines = [("CARD_TRANSACTION", each.id, each.at, each.cleared) for each in used]
    lines += [("TRANSFER_PAYMENT", each.id, each.created, each.created) for each in paid]
    held = Statement(
        id, start, at, before.ending if before else 0,
        charges=sum(each.cents for each in used if each.cents > 0),
        credits=-sum(each.cents for each in used if each.cents < 0),
        payments=sum(each.cents for each in paid),
        lines=lines, before=before.id if before else "",
    )  # fmt: skip
    desk.statements.append(held)
    desk.shelves["statements"].put(id, held)
    for each in used:
        each.statement, each.updated = id, at
        desk.changed("transactions", each.id)
    for each in paid:
        each.statement = id
    desk.changed("balances", "1")
    this = datetime.fromtimestamp(at, UTC).date()
    desk.later(_month_after(this), OWN, "m", _drawn_up, at)


def _month_after(day: date) -> int:
    return _epoch(date(day.year + (day.month == 12), day.month % 12 + 1, 1))


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
