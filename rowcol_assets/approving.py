"""Approving bills: cash is read from the vendors first, and what the guardrail does not approve is refused, and the refusal kept.

The guardrail's rules are in `guardrail` and in the models; storing is `ingestion.control.decisions`. Nothing is paid by an
approval: the payment service or a person pays, and the chain of custody follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.engine import Connection as Transaction

from ingestion.control import product_clock_of
from ingestion.control.decisions import Decided, known_decision, put_decisions
from ingestion.control.store import ControlStore
from ingestion.control.verdicts import note_refusal, standing_approvals
from ingestion.currencies import shown_amount
from ingestion.errors import RowcolError
from ingestion.live.desk import ask_once
from ingestion.live.facts import Answer as Live
from ingestion.live.facts import LiveFailure, question_of
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse
from rowcol_assets.decidable import is_built, not_built
from rowcol_assets.guardrail import Answer, Bill, NotPayable, judge
from rowcol_assets.home_cash import NoHomeCash, home_cash

# What an advisor takes back by approving.
LIFTED = "held_by_advisor"
# What is kept with an approval is a sentence.
MOST_NAMED = 10
# How often it is judged anew since others approved meanwhile.
MOST_TRIES = 10
Kept = TypeVar("Kept")


class Refused(RowcolError):
    """The guardrail does not approve. answer: held or needs_data; rules: the rules that speak against it."""

    def __init__(self, answer: str, rules: Sequence[str], said: str) -> None:
        super().__init__(f"not approved, {answer}: {said}")
        self.answer = answer
        self.rules = tuple(rules)


def approve(
    settings: Settings,
    store: ControlStore,
    business_id: str,
    advisor_id: str,
    subjects: list[dict[str, Any]],
    *,
    key: str,
    reason: str | None,
    client: str,
) -> tuple[list[Decided], list[dict[str, Any]]]:
    """Stores approvals of all these bills with what the guardrail said would be left, or keeps the refusal per bill and raises Refused.

    key: of a decision that may be stored already, which then is not judged again. client: from where it is wanted.
    """
    at = product_clock_of(settings, store)()

    def keep(transaction: Transaction, told: list[dict[str, Any]]) -> tuple[list[Decided], list[dict[str, Any]]]:
        stored = put_decisions(
            transaction, business_id=business_id, advisor_id=advisor_id, idempotency_key=key, kind="approve", subjects=told, reason=reason,
            client=client, at=at,
        )  # fmt: skip
        return stored, told

    def keep_judged(transaction: Transaction, answer: Answer) -> tuple[list[Decided], list[dict[str, Any]]]:
        return keep(transaction, [subject | {"guardrail": said_of(answer)} for subject in subjects])

    with store.database.write() as transaction:
        if known_decision(transaction, business_id, advisor_id, key):
            return keep(transaction, subjects)
    try:
        bills = [(subject["rail"], subject["bill"]) for subject in subjects]
        return admit(settings, store, business_id, bills, keep_judged)
    except Refused as refusal:
        with store.database.write() as transaction:
            for subject in subjects:
                told = {"kind": "approve", "subject": subject, "answer": refusal.answer, "rules": list(refusal.rules)}
                note_refusal(transaction, business_id=business_id, advisor_id=advisor_id, subject=told, client=client, at=at)
        raise


def admit(
    settings: Settings,
    store: ControlStore,
    business_id: str,
    bills: Sequence[Bill],
    keep: Callable[[Transaction, Answer], Kept],
    *,
    balances: Callable[[], Live] | None = None,
) -> Kept:
    """Judges all these bills and, where they are approved, keeps it by `keep`; Refused where they are not.

    balances: in place of `live_balances`, for who has asked already.

    Judging takes as long as the vendors do, and nobody is kept from approving meanwhile. What others approved by then would be spent
    twice, so it is looked for in the transaction that keeps the approval, and the judging begins anew beside it.
    """
    for _ in range(MOST_TRIES):
        with store.database.read() as transaction:
            standing = standing_approvals(transaction, business_id)
        told = (balances or partial(live_balances, settings, store, business_id))()
        answer = _approved(settings, store, business_id, bills, standing, told)
        with store.database.exclusive("approvals") as transaction:
            if set(standing_approvals(transaction, business_id)) == set(standing):
                return keep(transaction, answer)
    raise RowcolError(f"others keep approving bills of {business_id}: try again")


def live_balances(settings: Settings, store: ControlStore, business_id: str) -> Live:
    """What the vendors state now, for as long as they take (`patience_seconds`, a bank 40 s); Refused, needs_data, where they do not."""
    try:
        return ask_once(settings, store, product_clock_of(settings, store), question_of("balances", business_id), strict=True)
    except LiveFailure as error:
        raise Refused("needs_data", ["no_live_balance"], f"no live balance: {error}") from None


def _approved(
    settings: Settings, store: ControlStore, business_id: str, bills: Sequence[Bill], standing: Sequence[Bill], told: Live
) -> Answer:
    """The guardrail's approval of paying all these bills on the cash that the vendors told, beside the approvals that stand.

    Refused says why not: where nothing was built for a day it is needs_data. WarehouseBusy when the warehouse stays held.
    """
    clock = product_clock_of(settings, store)
    with open_warehouse(settings, "approval") as warehouse:
        if not is_built(warehouse, business_id):
            raise Refused("needs_data", ["not_judged"], not_built(business_id))
        try:
            cash = home_cash(warehouse, business_id, told.value["cash"])
            answer = judge(warehouse, business_id, bills, at=clock(), live_cash=cash.amount, standing=standing)
        except NoHomeCash as error:
            raise Refused("needs_data", ["no_live_balance"], f"no live balance: {error}") from None
        except NotPayable as error:
            raise Refused("held", ["not_payable"], str(error)) from None
    against = [hit for hit in answer.rule_hits if hit.rule != LIFTED]
    if against:
        verdict = "needs_data" if any(hit.answer == "needs_data" for hit in against) else "held"
        raise Refused(verdict, list(dict.fromkeys(hit.rule for hit in against)), ", ".join(map(str, against)))
    return replace(answer, excluded_currencies=cash.left_out)


def said_of(answer: Answer) -> str:
    """What the guardrail said would be left, as it is kept with an approval."""
    named = ", ".join(answer.excluded_currencies[:MOST_NAMED]) + (" and others" if len(answer.excluded_currencies) > MOST_NAMED else "")
    without = f", without what is held in {named}" if named else ""
    cash = "unknown" if answer.cash_after is None else shown_amount(answer.cash_after, answer.currency)
    floor = shown_amount(answer.min_cash_amount, answer.currency)
    left = f"cash {cash}, buffer {answer.buffer_days_after} days afterwards{without}"
    return f"{left}, policy {answer.policy_version} of {floor} and {answer.min_buffer_days} days"
