"""What a bank does about each thing that happened: how much, on which account, when it posts, and under which words.

When the vendor shows it, pending rows and corrections: `sandbox.plaid.bank`. Ramp's own card is no bank account here: only the
payment of its statement passes through checking.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from sandbox.plaid import descriptors as words
from sandbox.plaid.descriptors import Wording
from sandbox.plaid.items import CHECKING, SAVINGS, SLOTS, VISA
from sandbox.seeds import stable_seed
from sandbox.world.bankdays import bank_day
from sandbox.world.model import World
from sandbox.world.payouts import credited_on
from sandbox.world.reality import Happening
from sandbox.world.remitting import draw_of, drawn_after

PENDING_BEFORE = 16 * 3600


@dataclass(frozen=True, slots=True)
class Movement:
    """One bank transaction. amount in cents, positive when money leaves (on a card: when something is owed).

    key: names it inside the business. at: when the bank posts it, epoch seconds; on, authorized: dates. events: numbers of
    the happenings in it, none where only the bank knows of it. pending_at: when it first showed as pending, 0 for never.
    released_at: when a hold was let go that never posts, else 0.
    """

    key: str
    slot: int
    amount: int
    at: int
    on: date
    authorized: date
    words: Wording
    events: tuple[int, ...] = ()
    pending_at: int = 0
    released_at: int = 0


def movements(world: World, happened: list[Happening]) -> Iterator[Movement]:
    """The bank's movements for new happenings, given in their order; what does not pass through a bank gives none."""
    together: dict[str, list[Happening]] = {}
    for event in happened:
        if event.doc_kind == "journal_entry" and event.doc_id == world.opening_entry:
            continue
        if _is_drawn_by_ramp(world, event):
            # Ramp draws all payments of one run at once.
            together.setdefault(draw_of(world, event), []).append(event)
        else:
            yield from _movements_of(world, event)
    for group in together.values():
        yield _ramp_debit(world, group)


def _is_drawn_by_ramp(world: World, event: Happening) -> bool:
    return event.kind == "paid_bill" and event.channel == "ramp" and _slot(world, event.account) == CHECKING


def _movements_of(world: World, event: Happening) -> Iterator[Movement]:
    slot, name = _slot(world, event.account), true_name(world, event)
    draw = stable_seed(world.business.seed, "bank", event.number)
    city, state = world.business.city, world.business.state
    if event.kind == "moved":
        yield from _transfer(world, event, slot)
    elif event.kind == "returned":
        if slot is not None:
            text = f"RETURNED ITEM {event.doc_number}".strip() if event.channel == "check" else "ACH RETURN R03 NO ACCOUNT"
            yield _posting(world, event, slot, -event.amount, 1 + draw % 2, Wording(text, words.DEPOSIT, method="return"))
    elif event.kind == "bought" and slot == VISA:
        made = _card_purchase(world, event, VISA, words.card(name or "Unknown Merchant", city, state, draw), draw)
        yield made
        if made.words.category[1] == "TRAVEL_LODGING" and draw % 3 == 0:
            yield _hold(made)
    elif event.kind == "bought" and event.channel == "cash" and slot == CHECKING:
        # Somebody paid out of pocket and is paid back through Ramp.
        yield _posting(world, event, CHECKING, event.amount, 3, _ramp_words("RAMP REIMBURSEMENT", words.OTHER))
    elif event.kind in ("bought", "paid_bill") and event.channel in ("check", "cash"):
        # What the ledger took out of the petty cash box was a check too.
        number = event.doc_number or str(7000 + event.number % 1000)
        yield _posting(world, event, CHECKING, event.amount, 2 + draw % 6, words.check(number, world.business.index))
    elif event.kind == "refunded" and slot is not None:
        yield _posting(world, event, slot, event.amount, 1 + draw % 2, words.ach(name or "CUSTOMER", "REFUND", words.OTHER))
    elif event.kind == "received" and event.channel in ("ach", "bank") and slot is not None:
        wording = words.ach(name, ("ACH CREDIT", "PAYMENT", "WEB PMT", "VENDOR PYMT")[draw % 4], words.INCOME)
        yield _posting(world, event, slot, -event.amount, 1 if draw % 4 else 0, wording)
    elif event.kind == "deposited" and slot is not None:
        yield _posting(world, event, slot, -event.amount, draw % 2, Wording(_deposit_text(world, draw), words.DEPOSIT, "in store"))
    elif event.kind == "paid_out" and slot is not None:
        wording = words.processor_payout(stable_seed(world.business.seed, "trace", event.number))
        on = bank_day(credited_on(world, event))
        at = posting_time(world, on, draw >> 8)
        yield Movement(str(event.number), slot, -event.amount, at, on, on, wording, (event.number,))
    elif event.kind == "posted" and slot is not None:
        yield _posting(
            world, event, slot, event.amount, draw % 2, words.by_hand(event.memo, event.number, world.business.name, world.business.state)
        )


def true_name(world: World, event: Happening) -> str:
    """The counterparty's own name, whatever the ledger called it then or calls it now."""
    parties = world.vendors if event.doc_kind in ("bill_payment", "purchase", "vendor_credit", "bill") else world.customers
    party = parties.get(event.party)
    return (party.name if party else event.party_name).removesuffix(" (deleted)")


def _slot(world: World, account: int) -> int | None:
    """Which bank account a ledger account is; None for Ramp's card and the petty cash box."""
    return next((slot for slot, name in enumerate(SLOTS) if world.chart[name] == account), None)


def _day(world: World, event: Happening) -> date:
    return datetime.fromtimestamp(event.at, world.zone).date()


def _posting(world: World, event: Happening, slot: int, amount: int, days: int, wording: Wording, key: str = "") -> Movement:
    """A movement that the bank posts on the `days`-th bank day after it happened, or right away on a bank day with 0."""
    on = bank_day(_day(world, event), days)
    at = event.at + 1800 if on == _day(world, event) else posting_time(world, on, stable_seed(event.number, slot))
    # One bank debit or credit in three shows as pending the afternoon before it posts.
    evening = max(event.at + 600, at - PENDING_BEFORE)
    is_shown = wording.method == "ACH" and stable_seed(world.business.seed, "evening", event.number) % 3 == 0 and evening < at
    pending_at = evening if is_shown else 0
    return Movement(key or str(event.number), slot, amount, at, on, _day(world, event), wording, (event.number,), pending_at)


def posting_time(world: World, day: date, draw: int) -> int:
    """An instant of the bank's nightly run before `day` begins for its customers: between four and six, local time."""
    return int(datetime(day.year, day.month, day.day, 4, tzinfo=world.zone).timestamp()) + draw % 7200


def _card_purchase(world: World, event: Happening, slot: int, wording: Wording, draw: int) -> Movement:
    """Shown as pending within the hour, posted one to three bank days later."""
    bought = _day(world, event)
    on = bank_day(bought, 1 + draw % 3)
    at = posting_time(world, on, draw >> 8)
    pending_at = event.at + 60 + draw % 3000 if draw % 10 else 0
    return Movement(str(event.number), slot, event.amount, at, on, bought, wording, (event.number,), pending_at)


def _hold(made: Movement) -> Movement:
    """A hotel's hold beside the bill: it stays pending for almost three weeks and is let go."""
    begun = made.authorized
    amount, at = -(-made.amount // 10_000) * 10_000, made.pending_at or made.at - 86_400
    return Movement(f"{made.key}h", made.slot, amount, at, begun, begun, made.words, (), at, at + 18 * 86_400)


def _ramp_debit(world: World, group: list[Happening]) -> Movement:
    """What Ramp draws for one bill payment, or for several of one day together."""
    first = group[0]
    trace = f"{stable_seed(world.business.seed, 'ramp trace', first.number) % 10**7:07d}"
    if len(group) == 1:
        text = f"RAMP BILLPAY {words.legal_name(true_name(world, first))[: words.WIDTH].strip()}"
    else:
        text = f"RAMP BUSINESS BILL PAY {trace}"
    wording = _ramp_words(text, words.OTHER, trace)
    made = _posting(world, first, CHECKING, sum(event.amount for event in group), drawn_after(world, first.doc_id), wording)
    return replace(made, events=tuple(event.number for event in group))


def _ramp_words(text: str, category: words.Category, reference: str | None = None) -> Wording:
    ramp = words.merchant_entity_id("Ramp")
    return Wording(text, category, "other", "Ramp", ramp, "payment_app", method="ACH", reference=reference)


def _transfer(world: World, event: Happening, source: int | None) -> Iterator[Movement]:
    target = _slot(world, event.other_account)
    if target is None:
        yield _posting(world, event, CHECKING, event.amount, 1, _ramp_words("RAMP STATEMENT PAYMENT", words.CARD_PAYMENT))
    elif target == VISA:
        number = stable_seed(world.business.seed, "mask", "card") % 10_000
        yield _posting(world, event, CHECKING, event.amount, 1, Wording(f"CARDINAL CARD EPAY {number:04d}", words.CARD_PAYMENT))
        thanks = Wording("PAYMENT THANK YOU - WEB", words.CARD_PAYMENT)
        yield _posting(world, event, VISA, -event.amount, 1, thanks, f"{event.number}b")
    elif source is not None:
        names = {CHECKING: "CHK", SAVINGS: "SAV"}
        out = Wording(f"ONLINE TRANSFER TO {names.get(target, '')}", words.MOVED_OUT)
        into = Wording(f"ONLINE TRANSFER FROM {names.get(source, '')}", words.MOVED_IN)
        yield _posting(world, event, source, event.amount, 0, out)
        yield _posting(world, event, target, -event.amount, 0, into, f"{event.number}b")


def _deposit_text(world: World, draw: int) -> str:
    return ("DEPOSIT", "MOBILE DEPOSIT", "BRANCH DEPOSIT", "REMOTE ONLINE DEPOSIT 1")[draw % 4]
