"""What came over HTTP is judged by the next run, before it copies the control store: approvals are admitted, or refused with the reason,
a word on a flag is refused when it is about other facts than the last run had observed, and bills that people entered, wherever they
did, are admitted or refused.

The receiver waits for no warehouse and no vendor, so it stores an approval as it is asked for, and until it is admitted no model takes
it into account. What was asked for at once is judged together, and what is admitted counts as spent for whatever is judged next.
The judging is `approving` and `entering`; the rows are `ingestion.control.verdicts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Connection as Transaction

from ingestion.control import product_clock_of
from ingestion.control.store import ControlStore
from ingestion.control.verdicts import (
    ENTERED,
    Unjudged,
    note_admitted,
    note_refusal,
    standing_entered,
    waiting_approvals,
    waiting_of,
    words_on_flags,
)
from ingestion.errors import RowcolError, WarehouseBusy
from ingestion.settings import Settings
from ingestion.warehouse import has_relation, open_warehouse
from rowcol_assets.approving import Refused, admit, said_of
from rowcol_assets.entering import can_judge, why_unfit
from rowcol_assets.guardrail import Answer, Bill

FACTS_CHANGED = "the flag is gone, or about other facts than were decided on: look at it again"


@dataclass(frozen=True, slots=True)
class Settled:
    """How many approvals, or entered bills, a run has judged."""

    admitted: int = 0
    refused: int = 0


def settle_approvals(settings: Settings, store: ControlStore) -> Settled:
    """Judges all approvals that wait; they go on waiting where nothing was ever built. WarehouseBusy when the warehouse stays held."""
    with store.database.read() as transaction:
        waiting = waiting_approvals(transaction)
    if not waiting:
        return Settled()
    with open_warehouse(settings, "approvals") as warehouse:
        if not has_relation(warehouse, "marts.fct_guardrail"):
            return Settled()
    groups: dict[str, list[Unjudged]] = {}
    for one in waiting:
        groups.setdefault(one.bulk_id or one.decision_id, []).append(one)
    admitted = refused = 0
    for asked in groups.values():
        if _settle(settings, store, asked):
            admitted += len(asked)
        else:
            refused += len(asked)
    return Settled(admitted, refused)


def settle_flags(settings: Settings, store: ControlStore) -> int:
    """Refuses what was said on flags since the last run about other facts than it had observed; returns how many.

    From the command line that is refused before it is stored. A later change of facts is no refusal: it opens the flag again.
    """
    with store.database.read() as transaction:
        said = words_on_flags(transaction)
    if not said:
        return 0
    with open_warehouse(settings, "flags") as warehouse:
        if not has_relation(warehouse, "marts.fct_hygiene_flag"):
            return 0
        # What the warehouse's copy has was said before the last run, which has taken it into account.
        known = {decision for (decision,) in warehouse.execute("select decision_id from raw_control.decisions").fetchall()}
        flags = warehouse.execute("select business_id, flag_id, facts_hash from marts.fct_hygiene_flag").fetchall()
    facts = {(business, flag): observed for business, flag, observed in flags}
    at = product_clock_of(settings, store)()
    new = [one for one in said if one.decision_id not in known]
    outdated = [one for one in new if facts.get((one.business_id, one.subject["flag_id"])) != one.subject["facts_hash"]]
    with store.database.write() as transaction:
        for one in outdated:
            told = {"kind": "resolve-flag", "subject": one.subject, "answer": "refused", "rules": ["facts_changed"], "said": FACTS_CHANGED}
            note_refusal(
                transaction, business_id=one.business_id, advisor_id=one.advisor_id, subject=told,
                client=one.client, at=at, decision_id=one.decision_id,
            )  # fmt: skip
    return len(outdated)


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
    with store.database.write() as transaction:
        for one, reason in reasons:
            if reason is None:
                note_admitted(transaction, one, None, at)
                continue
            told = {"kind": ENTERED, "subject": one.subject, "answer": "refused", "rules": ["unfit"], "said": reason}
            note_refusal(
                transaction, business_id=one.business_id, advisor_id=one.advisor_id, subject=told,
                client=one.client, at=at, decision_id=one.decision_id,
            )  # fmt: skip
    return Settled(len(reasons) - len(refused), len(refused))


def _settle(settings: Settings, store: ControlStore, asked: list[Unjudged]) -> bool:
    """Judges what was asked for at once and keeps the verdict; whether it was admitted."""
    business_id = asked[0].business_id
    # Approved twice is paid once.
    bills = list(dict.fromkeys((one.subject["rail"], one.subject["bill"]) for one in asked))

    at = product_clock_of(settings, store)()

    def keep(transaction: Transaction, answer: Answer) -> None:
        for one in asked:
            note_admitted(transaction, one, said_of(answer), at)

    try:
        _admit(settings, store, business_id, bills, keep)
    except Refused as refusal:
        with store.database.write() as transaction:
            for one in asked:
                told = {"kind": "approve", "subject": one.subject, "answer": refusal.answer, "rules": list(refusal.rules)}
                note_refusal(
                    transaction, business_id=business_id, advisor_id=one.advisor_id, subject=told | {"said": str(refusal)},
                    client=one.client, at=at, decision_id=one.decision_id,
                )  # fmt: skip
        return False
    return True


def _admit(
    settings: Settings, store: ControlStore, business_id: str, bills: list[Bill], keep: Callable[[Transaction, Answer], None]
) -> None:
    """`admit`, which refuses what cannot be judged too: one client's trouble must not stop the others' cycle."""
    try:
        admit(settings, store, business_id, bills, keep)
    except (Refused, WarehouseBusy):
        raise
    except RowcolError as error:
        raise Refused("needs_data", ["not_judged"], str(error)) from None
