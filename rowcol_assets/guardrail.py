"""The guardrail on a set of payments: what `marts.fct_guardrail` says of each bill alone, said of all of them together.

The rules on one bill and the policy are the models' (`fct_guardrail`, seeds `guardrail_policy` and `guardrail_rules`); here
the amounts are added up, with what is promised before (`int_commitments`), held against the same floors, and what the figures rest on
is as old as it is when somebody asks. Of which file is asked is in `what_if` and `approving`; who may decide, and what becomes of it,
in `approving`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import duckdb

from ingestion.control.entered_bills import USER
from ingestion.errors import RowcolError, UsageError
from ingestion.warehouse import has_relation

Verdict = Literal["approved", "held", "needs_data"]
# A bill by its rail and its id there.
Bill = tuple[str, str]
# What was built longer ago says nothing of what is open now, whatever cash is.
OLDEST = timedelta(hours=24)


class NotPayable(RowcolError):
    """A bill is none of the business's, or nothing is open on it."""


@dataclass(frozen=True)
class Hit:
    """One rule that speaks against the payments. record_id: the bill it is about; None where it is about all of them. said: more of it."""

    rule: str
    answer: Verdict
    record_id: str | None = None
    said: str | None = None

    def __str__(self) -> str:
        more = [f"bill {self.record_id}"] if self.record_id else []
        return self.rule + "".join(f" ({words})" for words in [*more, *([self.said] if self.said else [])])


@dataclass(frozen=True)
class State:
    """How the figures of a business stand in a file. as_of: of when they are; held_reason: why they are its last good ones, not new."""

    as_of: datetime
    held_reason: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the guardrail says of a set of bills, and the figures it rests on: money in home currency, days as in the marts.

    committed_amount: what else is promised, to bills that were approved and by payments on their way; it is gone from what is left
    afterwards. excluded_currencies: those of accounts that live cash leaves out. as_of: of when all else is.
    """

    business_id: str
    answer: Verdict
    rule_hits: tuple[Hit, ...]
    bills: tuple[dict[str, Any], ...]
    total_amount: Decimal | None
    committed_amount: Decimal | None
    currency: str
    cash: Decimal | None
    cash_source: str | None
    cash_age_minutes: int | None
    cash_after: Decimal | None
    buffer_days: Decimal | None
    buffer_days_after: Decimal | None
    min_cash_amount: Decimal
    min_buffer_days: int
    policy_version: str
    as_of_date: date
    as_of: datetime
    excluded_currencies: tuple[str, ...] = ()


def judge(
    marts: duckdb.DuckDBPyConnection,
    business_id: str,
    bills: Sequence[Bill],
    *,
    at: datetime,
    live_cash: Decimal | None = None,
    standing: Sequence[Bill] = (),
) -> Answer:
    """What the guardrail says at `at` of paying all these bills (rail and id), from an open file.

    live_cash: cash in home currency as the vendors say it now, instead of the last cycle's. standing: the bills whose approval stands
    by now, known or not to the last cycle. NotPayable: a bill is not open there. UsageError: the same bill twice.
    """
    if not bills:
        raise UsageError("name at least one bill")
    if len(set(bills)) != len(bills):
        raise UsageError("the same bill is named twice")
    if not has_relation(marts, "marts.fct_guardrail"):
        raise RowcolError("there is no guardrail yet: rowcol run")
    state = state_of(marts, business_id)
    if state is None:
        raise RowcolError(f"nothing is known of {business_id} yet: rowcol run")
    rows = {(row["rail"], row["record_id"]): row for row in _rows(marts, business_id, bills)}
    for rail, record_id in bills:
        if (rail, record_id) not in rows:
            raise NotPayable(_why_not(marts, business_id, rail, record_id))
    chosen = [rows[bill] for bill in bills]
    committed = _committed(marts, business_id, bills, standing)
    figures = _figures(marts, chosen, live_cash, committed)
    elapsed = max(int((at - state.as_of).total_seconds()) // 60, 0)
    hits = _state_hits(state, at)
    hits += _own_hits(chosen, elapsed, cash_is_live=live_cash is not None, committed_is_known=committed is not None)
    taken = _taken(figures["total_amount"], committed)
    if figures["cash"] is not None and taken is not None and figures["cash"] - taken < chosen[0]["min_cash_amount"]:
        hits.append(Hit("cash_below_floor", "held"))
    if figures["buffer_days_after"] is not None and figures["buffer_days_after"] < chosen[0]["min_buffer_days"]:
        hits.append(Hit("buffer_below_floor", "held"))
    answers = {hit.answer for hit in hits}
    return Answer(
        business_id=business_id,
        answer="needs_data" if "needs_data" in answers else "held" if answers else "approved",
        rule_hits=tuple(hits),
        bills=tuple({name: row[name] for name in SHOWN} for row in chosen),
        currency=chosen[0]["home_currency"],
        cash_source="live" if live_cash is not None else chosen[0]["cash_source"],
        cash_age_minutes=0 if live_cash is not None else _cash_age(chosen[0], elapsed),
        as_of=state.as_of,
        **figures,
        **{name: chosen[0][name] for name in ("min_cash_amount", "min_buffer_days", "policy_version", "as_of_date")},
    )


def state_of(marts: duckdb.DuckDBPyConnection, business_id: str) -> State | None:
    """How a business stands in an open file; None where it has no figures there."""
    if not has_relation(marts, "marts.fct_publish_state"):
        return None
    query = "select as_of, publish_state, held_reason from marts.fct_publish_state where business_id = ?"
    found = marts.execute(query, [business_id]).fetchone()
    # One that was held before it was ever published has its names alone.
    if found is None or found[0] is None:
        return None
    as_of, publish_state, reason = found
    return State(as_of.replace(tzinfo=UTC), (reason or "no reason stored") if publish_state == "held" else None)


# Of the rules of each bill, the one that the other bills judged with it can settle.
COMMITTED_UNKNOWN = "committed_unknown"
MONEY_BOUND = Decimal(10) ** 15
SHOWN = ("rail", "record_id", "vendor_name", "document_number", "due_date", "home_open_amount", "priority", "answer", "rule_hits")


def _rows(marts: duckdb.DuckDBPyConnection, business_id: str, bills: Sequence[Bill]) -> list[dict[str, Any]]:
    cursor = marts.execute(f"select * from marts.fct_guardrail where business_id = ? and {_AMONG}", [business_id, *_lists(bills)])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _committed(marts: duckdb.DuckDBPyConnection, business_id: str, bills: Sequence[Bill], standing: Sequence[Bill]) -> Decimal | None:
    """What is promised to anything but these bills; None where an amount is not known, or the sum is beyond what counts as one.

    By the last cycle, which knows what is paid and on its way, and what was approved since then; what was taken back since then still
    counts.
    """
    query = f"""
        with promised as (
            select
                {_AMONG} as is_meant,
                case
                    when own_committed_amount = 0 and advisor_decision is distinct from 'approve' and {_AMONG} then home_open_amount
                    else own_committed_amount
                end as amount,
                unlisted_amount
            from marts.fct_guardrail
            where business_id = ?
        )
        select
            try_cast(coalesce(sum(amount) filter (not is_meant), 0) + any_value(unlisted_amount) as decimal(17, 2)),
            count(*) filter (not is_meant) > count(amount) filter (not is_meant) or any_value(unlisted_amount) is null
        from promised
    """
    row = marts.execute(query, [*_lists(bills), *_lists(standing), business_id]).fetchone()
    assert row is not None, "an aggregate has a row"
    amount, is_unknown = row
    return None if is_unknown else amount


_AMONG = "((rail, record_id) in (select unnest(?::varchar[]), unnest(?::varchar[])))"


def _lists(bills: Sequence[Bill]) -> tuple[list[str], list[str]]:
    return [rail for rail, _ in bills], [record_id for _, record_id in bills]


def _figures(
    marts: duckdb.DuckDBPyConnection, chosen: Sequence[dict[str, Any]], live_cash: Decimal | None, committed: Decimal | None
) -> dict[str, Any]:
    """Cash and buffer before and after; the division is the models' own (macro `days_of`), so that one bill gives the mart's figure."""
    first = chosen[0]
    amounts = [row["home_open_amount"] for row in chosen]
    total = None if None in amounts else sum(amounts, Decimal(0))
    cash = first["cash"] if live_cash is None else live_cash
    # Reserves are the same whichever cash they are taken from.
    spendable = None if cash is None or first["cash"] is None else first["spendable"] + cash - first["cash"]
    taken = _taken(total, committed)
    after = None if spendable is None or taken is None else spendable - taken
    days = """
        select case when flow > 0 then
            try_cast(round(cast(amount as double) * days / cast(flow as double), 2) as decimal(18, 2))
        end
        from (select ?::decimal(18, 2) as amount, ?::decimal(18, 2) as flow, ?::bigint as days)
        where amount is not null
    """
    left = [amount if amount is None else max(amount, Decimal(0)) for amount in (spendable, after)]
    buffers = [marts.execute(days, [amount, first["outflow_90"], first["observed_days"]]).fetchone() for amount in left]
    return {
        "total_amount": total,
        "committed_amount": committed,
        "cash": cash,
        # As the models' `money` has it: beyond that a sum is not told.
        "cash_after": None if cash is None or taken is None or abs(cash - taken) >= MONEY_BOUND else cash - taken,
        "buffer_days": buffers[0][0] if buffers[0] else None,
        "buffer_days_after": buffers[1][0] if buffers[1] else None,
    }


def _taken(total: Decimal | None, committed: Decimal | None) -> Decimal | None:
    return None if total is None or committed is None else total + committed


def _state_hits(state: State, at: datetime) -> list[Hit]:
    """What speaks against going by these figures at all."""
    hits = []
    if state.held_reason is not None:
        hits.append(Hit("business_held", "needs_data", said=state.held_reason))
    if at - state.as_of > OLDEST:
        hits.append(Hit("data_too_old", "needs_data", said=f"what is known is of {state.as_of:%Y-%m-%d %H:%M} UTC: rowcol run"))
    return hits


def _cash_age(row: dict[str, Any], elapsed: int) -> int | None:
    """Minutes since cash was read, so many after the cycle that says how old it was then."""
    return None if row["cash_age_minutes"] is None else row["cash_age_minutes"] + elapsed


def _own_hits(chosen: Sequence[dict[str, Any]], elapsed: int, *, cash_is_live: bool, committed_is_known: bool) -> list[Hit]:
    """The rules that do not depend on what else is paid now; those about the business once, however many bills are named."""
    known: tuple[tuple[Verdict, str], ...] = (("needs_data", "needs_data_hits"), ("held", "held_hits"))
    hits = [
        Hit(rule, answer, None if rule in _split(row["business_hits"]) else row["record_id"])
        for row in chosen
        for answer, column in known
        for rule in _split(row[column])
        if rule != COMMITTED_UNKNOWN and not (rule == "cash_stale" and cash_is_live)
    ]
    cash_age, most = _cash_age(chosen[0], elapsed), chosen[0]["max_cash_age_minutes"]
    if cash_age is not None and (most is None or cash_age > most) and not cash_is_live:
        hits.append(Hit("cash_stale", "needs_data"))
    if not committed_is_known:
        hits.append(Hit(COMMITTED_UNKNOWN, "needs_data"))
    return list(dict.fromkeys(hits))


def _split(rules: str | None) -> list[str]:
    return rules.split(",") if rules else []


def _why_not(marts: duckdb.DuckDBPyConnection, business_id: str, rail: str, record_id: str) -> str:
    """Why a bill is none that can be paid."""
    query = "select effective_status from marts.fct_bills where business_id = ? and rail = ? and record_id = ?"
    found = marts.execute(query, [business_id, rail, record_id]).fetchone()
    if found is None and rail not in ("qbo", USER):
        return f"{record_id} is the id of a bill on {rail}: what is approved is the ledger's bill, which marts.bill_map names"
    if found is None:
        return f"{business_id} has no bill {record_id} on {rail}"
    judged = marts.execute("select 1 from marts.fct_guardrail where business_id = ? limit 1", [business_id]).fetchone()
    if judged is None and found[0] in ("open", "partly_paid"):
        return "no version of the guardrail's policy is in force: rowcol doctor"
    return f"bill {record_id} of {business_id} is {found[0]}: there is nothing to pay"
