"""How each entity is read: whole, or after the feed, and once a day a stretch of time anew besides.

The feed says what was touched, but not everything that changes is in it: that a balance transaction becomes available has
no event, so the pending ones are read again when one is due. Invoices and their lines are one reading, and payouts with
what they pay out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ingestion.fetching import EntityReport, RailError
from ingestion.promise import EntityPromise
from ingestion.rails.stripe.feed import PAYMENTS_OF, REFUNDS_OF, Touch, ids_of
from ingestion.rails.stripe.lines import ENTITY as INVOICE_LINES
from ingestion.rails.stripe.lines import Lines
from ingestion.rails.stripe.listings import LISTINGS
from ingestion.rails.stripe.marks import Mark
from ingestion.rails.stripe.members import ENTITY as PAYOUT_TRANSACTIONS
from ingestion.rails.stripe.members import Members
from ingestion.rails.stripe.reading import OVERLAP_SECONDS, WINDOW_SECONDS, AccountReading, ListReading

# Invoices that can still change, however old.
UNSETTLED = ("draft", "open")
# Lists whose objects change with another object's event: the name of that touch, and the list's parameter for it.
NARROWED = {"invoice_payments": (PAYMENTS_OF, "invoice"), "refunds": (REFUNDS_OF, "charge")}


async def read_entity(account: AccountReading, promise: EntityPromise) -> list[EntityReport]:
    """Reads one entity and reports on it."""
    reading = ListReading(account, promise, LISTINGS[promise.name])
    try:
        is_full = await _read(reading, [promise.name])
    except RailError as error:
        return [account.failure(promise.name, error, reading.rows)]
    return [_succeeded(reading, promise.name, reading.rows, is_full)]


async def read_invoices(account: AccountReading, promises: Mapping[str, EntityPromise]) -> list[EntityReport]:
    """Reads invoices with their lines and reports on those of the two that were asked for (`promises`)."""
    lines = Lines(account)
    # What lines are read by is invoices, asked for or not.
    reading = ListReading(account, promises.get("invoices", promises.get(INVOICE_LINES)), LISTINGS["invoices"])  # type: ignore[arg-type]
    reading.is_kept = "invoices" in promises
    reading.also = lines.take if INVOICE_LINES in promises else None
    try:
        is_full = await _read(reading, promises)
        await lines.complete()
        if INVOICE_LINES in account.marks and is_full and not lines.error:
            await lines.note_missing()
        elif not is_full:
            await lines.note_taken_off(_touches(account, promises, "invoices"))
    except RailError as error:
        return [account.failure(name, error, lines.rows if name == INVOICE_LINES else reading.rows) for name in promises]
    reports = []
    for name in promises:
        if name == INVOICE_LINES and lines.error:
            reports.append(account.failure(name, lines.error, lines.rows))
        else:
            reports.append(_succeeded(reading, name, lines.rows if name == INVOICE_LINES else reading.rows, is_full))
    return reports


async def read_payouts(account: AccountReading, promises: Mapping[str, EntityPromise]) -> list[EntityReport]:
    """Reads payouts with what they are made of and reports on those of the two that were asked for (`promises`)."""
    members = Members(account, promises[PAYOUT_TRANSACTIONS].volatile_fields if PAYOUT_TRANSACTIONS in promises else frozenset())
    # What a payout is made of is read by its payout, asked for or not.
    reading = ListReading(account, promises.get("payouts") or promises[PAYOUT_TRANSACTIONS], LISTINGS["payouts"])
    reading.is_kept = "payouts" in promises
    reading.also = members.take if PAYOUT_TRANSACTIONS in promises else None
    try:
        is_full = await _read(reading, promises)
        await members.complete()
    except RailError as error:
        return [account.failure(name, error, members.rows if name == PAYOUT_TRANSACTIONS else reading.rows) for name in promises]
    reports = []
    for name in promises:
        rows = members.rows if name == PAYOUT_TRANSACTIONS else reading.rows
        failed = members.error if name == PAYOUT_TRANSACTIONS else None
        reports.append(account.failure(name, failed, rows) if failed else _succeeded(reading, name, rows, is_full))
    return reports


async def _read(reading: ListReading, names: Collection[str]) -> bool:
    """Reads a list for the entities `names` as far as it has to be; returns whether that was all of it."""
    account, name = reading.account, reading.listing.entity
    feed_error = account.feed.error
    if not account.followed.issuperset(names) or (feed_error and feed_error.kind == "scope_missing"):
        await reading.walk()
        await _find_deleted(reading, names)
        return True
    if name == "balance_transactions":
        await _read_balance_transactions(reading)
        return False
    if feed_error:
        raise feed_error
    is_full = account.session.count_check and name == "customers"
    if is_full:
        # The only entity that is deleted as a matter of course, at any age.
        await reading.walk()
        await _find_deleted(reading, names)
    elif account.session.count_check:
        # A list that was empty is read whole: an answer that had lost its rows would have looked the same.
        was_empty = not all(account.marks[one].newest for one in names)
        await reading.walk(None if was_empty else account.now - WINDOW_SECONDS)
        for status in UNSETTLED if name == "invoices" else ():
            await reading.walk(parameters={"status": status})
    touches = _touches(account, names, name)
    await reading.read_touched(ids_of(touches, reading.listing.object), min((touch.at for touch in touches), default=0))
    if name in NARROWED:
        kind, parameter = NARROWED[name]
        await reading.read_lists_of(parameter, ids_of(touches, kind))
    return is_full


async def _read_balance_transactions(reading: ListReading) -> None:
    """Walks what is new, and back to the oldest pending transaction once one of them is due.

    Where the balance is as it was and no event came, nothing was booked, and nothing is asked: of 10,000 reads a month that
    Stripe allots to a quiet account, four per quarter of an hour would be 11,520.
    """
    account = reading.account
    mark = account.marks["balance_transactions"]
    since = max(0, mark.newest - OVERLAP_SECONDS)
    is_due = bool(mark.pending_until) and account.now >= mark.pending_until
    if is_due:
        since = min(since, mark.pending_from)
    elif _stands_still(account, mark) and not account.session.count_check:
        if mark.pending_until:
            reading.note_pending((mark.pending_from, mark.pending_until))
        return
    if account.session.count_check:
        since = min(since, account.now - WINDOW_SECONDS)
    await reading.walk(since)
    if mark.newest and not reading.rows:
        raise RailError("page_gap", "the newest balance transaction known is missing from its list")
    if mark.pending_until and since > mark.pending_from:
        reading.note_pending((mark.pending_from, mark.pending_until))


def _stands_still(account: AccountReading, mark: Mark) -> bool:
    """Whether the balance is the one at the last reading and no event has come since."""
    return mark.balance == account.balance_hash != "" and not account.feed.error and account.feed.newest == mark.events_to


async def _find_deleted(reading: ListReading, names: Collection[str]) -> None:
    """Reads the records that are known and were not in a whole walk; a first walk has none."""
    account, entity = reading.account, reading.listing.entity
    if entity in names and entity in account.marks:
        known = await account.known_ids(entity)
        await reading.read_each(dict.fromkeys(known - reading.ids, account.now))


def _touches(account: AccountReading, names: Collection[str], entity: str) -> list[Touch]:
    """What the feed says was touched of a list since its entities `names` were last read."""
    found: dict[str, Touch] = {}
    for name in names:
        mark = account.marks[name]
        found |= {touch.key: touch for touch in account.feed.touched(_kinds(entity), account.again_from(mark), mark.seen)}
    return list(found.values())


def _kinds(entity: str) -> Sequence[str]:
    return [LISTINGS[entity].object, *(NARROWED[entity][:1] if entity in NARROWED else ())]


def _succeeded(reading: ListReading, name: str, rows: int, is_full: bool) -> EntityReport:
    feed, known = reading.account.feed, reading.account.marks.get(name)
    pending_from, pending_until = reading.pending or (0, 0)
    mark = Mark(
        reading.account.read_at,
        events_to=feed.newest,
        newest=max(reading.newest, known.newest if known else 0),
        pending_from=pending_from,
        pending_until=pending_until,
        balance=reading.account.balance_hash if name == "balance_transactions" else "",
        seen=feed.keys(_kinds(reading.listing.entity), feed.newest - OVERLAP_SECONDS),
    )
    return EntityReport(name, "succeeded", rows, was_full_walk=is_full, watermark=mark.text())
