"""What came over HTTP is judged by the next run, before it copies the control store: approvals are admitted, or refused with the reason,
any other word is refused when it is about nothing, something settled or another business's, or about other facts of a flag than the last
run had observed, and bills that people entered, wherever they did, are admitted or refused.

The receiver waits for no warehouse and no vendor, so it stores an approval as it is asked for, and until it is admitted no model takes
it into account. What was asked for at once is judged together, and what is admitted counts as spent for whatever is judged next.
The judging is `approving`, `decidable` and `entering`; the rows are `ingestion.control.verdicts`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import duckdb
from sqlalchemy.engine import Connection as Transaction

from ingestion.control import product_clock_of
from ingestion.control.store import ControlStore
from ingestion.control.verdicts import (
    ENTERED,
    Unjudged,
    note_admitted,
    refuse,
    standing_entered,
    still_wait,
    waiting_approvals,
    waiting_of,
    words_sent,
)
from ingestion.errors import RowcolError, WarehouseBusy
from ingestion.live.facts import Answer as Live
from ingestion.settings import Settings
from ingestion.warehouse import has_relation, open_warehouse
from rowcol_assets.approving import Refused, admit, live_balances, said_of
from rowcol_assets.decidable import check_one, facts_of, is_built
from rowcol_assets.entering import can_judge, why_unfit
from rowcol_assets.guardrail import Answer, Bill

# Businesses whose vendors are asked at once; of more that do not answer, the next wait for these.
ASKED_AT_ONCE = 32
FACTS_CHANGED = "the flag is about other facts than were decided on: look at it again"


@dataclass(frozen=True, slots=True)
class Settled:
    """How many approvals, or entered bills, a run has judged."""

    admitted: int = 0
    refused: int = 0


def settle_approvals(settings: Settings, store: ControlStore) -> Settled:
    """Judges all approvals that wait; those of a business that was never built go on waiting.

    Businesses are judged side by side, each on one reading of its balances: a vendor that does not answer is waited for up to 40 s, and
    one after the other, each of them for each approval, three such businesses with two approvals would hold everybody's cycle up for
    four minutes. WarehouseBusy when the warehouse stays held.
    """
    with store.database.read() as transaction:
        waiting = waiting_approvals(transaction)
    if not waiting:
        return Settled()
    with open_warehouse(settings, "approvals") as warehouse:
        if not has_relation(warehouse, "marts.fct_guardrail"):
            return Settled()
        built = {business for business in {one.business_id for one in waiting} if is_built(warehouse, business)}
    groups: dict[str, dict[str, list[Unjudged]]] = {}
    for one in (one for one in waiting if one.business_id in built):
        groups.setdefault(one.business_id, {}).setdefault(one.bulk_id or one.decision_id, []).append(one)
    if not groups:
        return Settled()
    with ThreadPoolExecutor(min(len(groups), ASKED_AT_ONCE), "approvals") as threads:
        settled = list(threads.map(partial(_settle_business, settings, store), groups, [list(one.values()) for one in groups.values()]))
    return Settled(sum(one.admitted for one in settled), sum(one.refused for one in settled))


def settle_words(settings: Settings, store: ControlStore) -> int:
    """Refuses what was sent since the last run and cannot count, each word of a bulk by itself; returns how many.

    From the command line that is refused before it is stored. A later change of the facts is no refusal: it opens a flag again.
    """
    with store.database.read() as transaction:
        sent = words_sent(transaction)
    if not sent:
        return 0
    with open_warehouse(settings, "decisions") as warehouse:
        if not has_relation(warehouse, "marts.fct_hygiene_flag"):
            return 0
        # What the warehouse's copy has was said before the last run, which has taken it into account.
        known = {decision for (decision,) in warehouse.execute("select decision_id from raw_control.decisions").fetchall()}
        built = {business for business in {one.business_id for one in sent} if is_built(warehouse, business)}
        new = [one for one in sent if one.decision_id not in known and one.business_id in built]
        judged = [(one, _why_refused(warehouse, one)) for one in new]
    at = product_clock_of(settings, store)()
    refused = [(one, reason) for one, reason in judged if reason is not None]
    with store.database.write() as transaction:
        for one, (rule, said) in refused:
            refuse(transaction, one, answer="refused", rules=[rule], said=said, at=at)
    return len(refused)


def _why_refused(warehouse: duckdb.DuckDBPyConnection, one: Unjudged) -> tuple[str, str] | None:
    """The rule and the sentence that speak against a word that was sent; None when nothing does."""
    try:
        check_one(warehouse, one.business_id, one.kind, one.subject, one.decided_at)
    except RowcolError as error:
        return "unfit", str(error)
    observed = one.subject.get("facts_hash")
    if observed and observed != facts_of(warehouse, one.business_id, [one.subject])[one.subject["flag_id"]]:
        return "facts_changed", FACTS_CHANGED
    return None


def settle_entered(settings: Settings, store: ControlStore) -> Settled:
    """Judges all entered bills that wait, each once; those of a business that was never built go on waiting."""
    with store.database.read() as transaction:
        waiting = waiting_of(transaction, ENTERED)
        standing = {business: standing_entered(transaction, business) for business in {one.business_id for one in waiting}}
    if not waiting:
        return Settled()
    reasons: list[tuple[Unjudged, str | None]] = []
    refused: set[str] = set()
    with open_warehouse(settings, "entered bills") as warehouse:
        judged = {business for business in standing if can_judge(warehouse, business)}
        for one in waiting:
            if one.business_id in judged:
                entered = [other.decision_id for other in standing[one.business_id]]
                before = standing[one.business_id][: entered.index(one.decision_id)]
                others = [other.subject for other in before if other.decision_id not in refused]
                reason = why_unfit(warehouse, one.business_id, one.subject, one.decided_at, others)
                refused |= {one.decision_id} if reason else set()
                reasons.append((one, reason))
    at = product_clock_of(settings, store)()
    with store.database.exclusive("entered bills") as transaction:
        reasons = [(one, reason) for one, reason in reasons if still_wait(transaction, [one])]
        for one, reason in reasons:
            if reason is None:
                note_admitted(transaction, one, None, at)
                continue
            refuse(transaction, one, answer="refused", rules=["unfit"], said=reason, at=at)
    admitted = sum(reason is None for _, reason in reasons)
    return Settled(admitted, len(reasons) - admitted)


def _settle_business(settings: Settings, store: ControlStore, business_id: str, groups: list[list[Unjudged]]) -> Settled:
    """Judges what was asked for of one business, in that order, on what its vendors said when they were asked, or did not."""
    said: list[Live | Refused] = []

    def balances() -> Live:
        if not said:
            try:
                said.append(live_balances(settings, store, business_id))
            except Refused as refusal:
                said.append(refusal)
        if isinstance(said[0], Refused):
            raise said[0]
        return said[0]

    settled = [_settle(settings, store, asked, balances) for asked in groups]
    return Settled(sum(one.admitted for one in settled), sum(one.refused for one in settled))


def _settle(settings: Settings, store: ControlStore, asked: list[Unjudged], balances: Callable[[], Live]) -> Settled:
    """Judges what was asked for at once and keeps the verdict.

    A cycle and the run of a user's action go side by side, and both find it waiting: what the first of them says stands.
    """
    business_id = asked[0].business_id
    # Approved twice is paid once.
    bills = list(dict.fromkeys((one.subject["rail"], one.subject["bill"]) for one in asked))

    at = product_clock_of(settings, store)()

    def keep(transaction: Transaction, answer: Answer) -> Settled:
        if not still_wait(transaction, asked):
            return Settled()
        for one in asked:
            note_admitted(transaction, one, said_of(answer), at)
        return Settled(admitted=len(asked))

    try:
        return _admit(settings, store, business_id, bills, keep, balances)
    except Refused as refusal:
        with store.database.exclusive("approvals") as transaction:
            if not still_wait(transaction, asked):
                return Settled()
            for one in asked:
                refuse(transaction, one, answer=refusal.answer, rules=refusal.rules, said=str(refusal), at=at)
        return Settled(refused=len(asked))


def _admit(
    settings: Settings,
    store: ControlStore,
    business_id: str,
    bills: list[Bill],
    keep: Callable[[Transaction, Answer], Settled],
    balances: Callable[[], Live],
) -> Settled:
    """`admit`, which refuses what cannot be judged too: one client's trouble must not stop the others' cycle."""
    try:
        return admit(settings, store, business_id, bills, keep, balances=balances)
    except (Refused, WarehouseBusy):
        raise
    except RowcolError as error:
        raise Refused("needs_data", ["not_judged"], str(error)) from None
