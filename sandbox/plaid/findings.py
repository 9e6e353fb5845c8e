"""What an attentive reader must find once the bank is compared with the other rails: the other side of checks H24 to H26, H32, H44.

Computed from the bank's movements and the world, apart from any SQL. A payment that came back is left out both ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sandbox.hub import Hub
from sandbox.plaid import wire
from sandbox.plaid.cash import bank_cash
from sandbox.plaid.charges import STRAY
from sandbox.plaid.counterparts import counterparts
from sandbox.plaid.feed import DROPPED, PENDING, Change
from sandbox.plaid.office import office_of
from sandbox.plaid.truth import posted
from sandbox.rails import Row
from sandbox.world import books
from sandbox.world.bankdays import bank_day
from sandbox.world.model import World

DEPOSIT_BUSINESS_DAYS, OUTFLOW_DAYS, PENDING_DAYS = 3, 3, 14
LEAST_GAP_CENTS = 10_000


def mistakes(hub: Hub) -> Iterator[Row]:
    """Rows of the truth table `mistakes`, all of them standing."""
    for business_id in office_of(hub).businesses:
        yield from _unbooked(hub, business_id)
        yield from _pending_for_long(hub, business_id)
        if _differs(books.bank_cash(hub.world(business_id)), bank_cash(hub, business_id)):
            yield business_id, "ledger_differs_from_bank", "H24", "plaid", "balances", business_id, True


def _unbooked(hub: Hub, business_id: str) -> Iterator[Row]:
    world = hub.world(business_id)
    today, events = _today(hub, world), world.reality
    returns = [event for event in events if event.kind == "returned"]
    came_back = {event.number for event in returns} | {event.parts[0][0] for event in returns}
    for item, change in posted(hub, business_id):
        movement, own = change.movement, wire.transaction_id(item, change)
        if movement.key.startswith(STRAY):
            yield business_id, "processor_deposit_without_payout", "H32", "plaid", "transactions", own, True
        if came_back.intersection(movement.events):
            continue
        rails = {rail for number in movement.events for rail, _, _ in counterparts(hub, business_id, events[number - 1])}
        if movement.amount < 0 and "qbo" not in rails and bank_day(movement.on, DEPOSIT_BUSINESS_DAYS) < today:
            yield business_id, "deposit_not_booked", "H25", "plaid", "transactions", own, True
        if movement.amount > 0 and not rails and (today - movement.on).days > OUTFLOW_DAYS:
            yield business_id, "outflow_not_booked", "H26", "plaid", "transactions", own, True


def _pending_for_long(hub: Hub, business_id: str) -> Iterator[Row]:
    office, today = office_of(hub), _today(hub, hub.world(business_id))
    for item in office.items(business_id):
        waiting: dict[str, Change] = {}
        for change in office.feed(item).changes:
            if change.stage == PENDING:
                waiting[change.key] = change
            elif change.stage == DROPPED:
                waiting.pop(change.key, None)
        for change in waiting.values():
            if (today - change.movement.authorized).days > PENDING_DAYS:
                yield business_id, "pending_for_long", "H44", "plaid", "transactions", wire.transaction_id(item, change), True


def _differs(ledger: int, bank: int) -> bool:
    """By more than 1 % and more than 100."""
    return abs(ledger - bank) > max(LEAST_GAP_CENTS, abs(bank) // 100)


def _today(hub: Hub, world: World) -> date:
    return datetime.fromtimestamp(hub.now, world.zone).date()
