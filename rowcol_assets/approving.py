"""Approving bills: cash is read from the vendors first, and what the guardrail does not approve is refused, and the refusal kept.

The guardrail's rules are in `guardrail` and in the models; storing is `ingestion.control.decisions`. Nothing is paid by an
approval: the payment service or a person pays, and the chain of custody follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from ingestion.control import product_clock_of
from ingestion.control.decisions import known_decision
from ingestion.control.store import ControlStore
from ingestion.control.verdicts import note_refusal, standing_approvals
from ingestion.errors import RowcolError
from ingestion.live.desk import ask_once
from ingestion.live.facts import LiveFailure, question_of
from ingestion.settings import Settings
from ingestion.warehouse import has_relation, open_warehouse
from rowcol_assets.guardrail import Answer, NotPayable, judge

# What an advisor takes back by approving.
LIFTED = "held_by_advisor"
# What was built longer ago says nothing of what is open now, whatever cash is.
OLDEST = timedelta(hours=24)


class Refused(RowcolError):
    """The guardrail does not approve. answer: held or needs_data; rules: the rules that speak against it."""

    def __init__(self, answer: str, rules: Sequence[str], said: str) -> None:
        super().__init__(f"not approved, {answer}: {said}")
        self.answer = answer
        self.rules = tuple(rules)


def approved(settings: Settings, store: ControlStore, business_id: str, bills: Sequence[tuple[str, str]]) -> Answer:
    """The guardrail's approval of paying all these bills (rail and id) on the cash that the vendors state now, beside what is approved.

    Refused says why not: without a live balance it is needs_data, and where nothing was built for a day too. WarehouseBusy when the
    warehouse stays held.
    """
    clock = product_clock_of(settings, store)
    try:
        told = ask_once(settings, store, clock, question_of("balances", business_id), strict=True)
    except LiveFailure as error:
        raise Refused("needs_data", ["no_live_balance"], f"no live balance: {error}") from None
    with store.database.read() as transaction:
        standing = standing_approvals(transaction, business_id)
    with open_warehouse(settings, "approval") as warehouse:
        _check_age(warehouse, business_id, clock())
        try:
            last = judge(warehouse, business_id, bills, standing=standing)
        except NotPayable as error:
            raise Refused("held", ["not_payable"], str(error)) from None
        cash = _home_cash(business_id, last.currency, told.value["cash"])
        answer = judge(warehouse, business_id, bills, live_cash=cash, standing=standing)
    against = [hit for hit in answer.rule_hits if hit.rule != LIFTED]
    if against:
        verdict = "needs_data" if any(hit.answer == "needs_data" for hit in against) else "held"
        said = ", ".join(hit.rule + (f" (bill {hit.record_id})" if hit.record_id else "") for hit in against)
        raise Refused(verdict, list(dict.fromkeys(hit.rule for hit in against)), said)
    return answer


def let_by_the_guardrail(
    settings: Settings,
    store: ControlStore,
    business_id: str,
    advisor_id: str,
    subjects: list[dict[str, Any]],
    *,
    key: str | None,
    client: str,
) -> list[dict[str, Any]]:
    """The subjects of approvals with what the guardrail said would be left after all of them; Refused, kept per bill, where it does not.

    key: of a decision that may be stored already, which then is not judged again. client: from where it is wanted.
    """
    if key is not None:
        with store.database.read() as transaction:
            if known_decision(transaction, business_id, advisor_id, key):
                return subjects
    try:
        answer = approved(settings, store, business_id, [(subject["rail"], subject["bill"]) for subject in subjects])
    except Refused as refusal:
        at = product_clock_of(settings, store)()
        with store.database.write() as transaction:
            for subject in subjects:
                told = {"kind": "approve", "subject": subject, "answer": refusal.answer, "rules": list(refusal.rules)}
                note_refusal(transaction, business_id=business_id, advisor_id=advisor_id, subject=told, client=client, at=at)
        raise
    return [subject | {"guardrail": said_of(answer)} for subject in subjects]


def said_of(answer: Answer) -> str:
    """What the guardrail said would be left, as it is kept with an approval."""
    return f"cash {answer.cash_after}, buffer {answer.buffer_days_after} days afterwards, policy {answer.policy_version}"


def _check_age(warehouse: duckdb.DuckDBPyConnection, business_id: str, now: datetime) -> None:
    """Refused when the last build of the business is older than OLDEST."""
    if not has_relation(warehouse, "marts.dim_business"):
        return  # nothing was ever built, which `judge` says
    built = warehouse.execute("select as_of from marts.dim_business where business_id = ?", [business_id]).fetchone()
    if built is not None and now - built[0].replace(tzinfo=UTC) > OLDEST:
        raise Refused("needs_data", ["data_too_old"], f"what is known of {business_id} is of {built[0]:%Y-%m-%d %H:%M} UTC: rowcol run")


def _home_cash(business_id: str, currency: str, by_currency: dict[str, Decimal] | None) -> Decimal:
    """Live cash as one sum; Refused where it is none: an account without a readable amount, or one in another currency."""
    if by_currency is None or not by_currency:
        raise Refused("needs_data", ["no_live_balance"], f"no live balance: no account of {business_id} states what is on it")
    if set(by_currency) != {currency}:
        foreign = ", ".join(sorted(set(by_currency) - {currency}))
        raise Refused("needs_data", ["no_live_balance"], f"no live balance in {currency}: there are accounts in {foreign}")
    return by_currency[currency]
