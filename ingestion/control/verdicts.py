"""What became of decisions that had to be judged: admitted or refused, each once, as rows beside the decisions, which never change.

From the command line a decision is judged before it is stored, and an approval carries what was said; over HTTP it is judged by the
next run (`rowcol_assets.settling`). Until then no model takes an approval into account, and a bill that a person entered, wherever they
did, always waits for that; any other word counts unless it is refused. The judging itself is `rowcol_assets.approving`, `entering` and
`decidable`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.acts import COMMAND_LINE
from ingestion.control.arrivals_schema import decisions
from ingestion.control.database import insert
from ingestion.control.undoing import undone

# Kinds of rows that are no decisions: what the guardrail let through, and what was refused.
ADMITTED = "admitted"
REFUSED = "refused"
# A bill that a person entered, which counts once a run has admitted it.
ENTERED = "enter-bill"
# Those that wait to be admitted, and those that are looked at when they are stored.
NOT_WORDS = ("approve", ENTERED, "undo", ADMITTED, REFUSED)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A decision that nobody has judged. bulk_id: of those that were made at once with it."""

    decision_id: str
    kind: str
    business_id: str
    advisor_id: str
    bulk_id: str | None
    subject: dict[str, Any]
    client: str
    decided_at: datetime

    @property
    def names(self) -> set[tuple[str, str | None]]:
        """By what it can be undone."""
        return {(self.business_id, self.decision_id), (self.business_id, self.bulk_id)}


def waiting_approvals(transaction: Transaction) -> list[Unjudged]:
    """The approvals that wait for the guardrail's word, in the order in which they were made; those undone meanwhile are not among them."""
    return [one for one in waiting_of(transaction, "approve") if "guardrail" not in one.subject]


def waiting_of(transaction: Transaction, kind: str) -> list[Unjudged]:
    """The decisions of a kind that were neither admitted, refused nor undone, in the order in which they were made."""
    return _standing(transaction, decisions.c.kind == kind, but=(ADMITTED, REFUSED))


def still_wait(transaction: Transaction, asked: Sequence[Unjudged]) -> bool:
    """Whether nobody has judged these decisions, which were made at once, or undone them since they were found waiting."""
    return {one.decision_id for one in asked} <= {one.decision_id for one in waiting_of(transaction, asked[0].kind)}


def words_sent(transaction: Transaction) -> list[Unjudged]:
    """What was decided over HTTP besides approvals and entered bills, neither undone nor refused."""
    is_sent = decisions.c.client.is_distinct_from(COMMAND_LINE)
    return _standing(transaction, decisions.c.kind.not_in(NOT_WORDS), is_sent, but=(REFUSED,))


def standing_entered(transaction: Transaction, business_id: str) -> list[Unjudged]:
    """The bills that people entered for a business, admitted or waiting for that; neither undone nor refused."""
    return _standing(transaction, decisions.c.business_id == business_id, decisions.c.kind == ENTERED, but=(REFUSED,))


def standing_approvals(transaction: Transaction, business_id: str) -> list[tuple[str, str]]:
    """The bills (rail and id) of a business that may be paid by an advisor's last word: judged, not undone, and not held since then.

    The models say the same of the last cycle's copy (`stg_control__decisions`, `fct_payment_ready_bills`).
    """
    kinds = ["approve", "hold", ADMITTED, REFUSED]
    query = sa.select(decisions).where(decisions.c.business_id == business_id, decisions.c.kind.in_(kinds))
    rows = [(row, msgspec.json.decode(row.subject)) for row in transaction.execute(query.order_by(decisions.c.decision_no))]
    admitted = {subject["decision_id"] for row, subject in rows if row.kind == ADMITTED}
    gone = {named for _, named in undone(transaction, {business_id})}
    gone |= {subject["decision_id"] for row, subject in rows if row.kind == REFUSED and "decision_id" in subject}
    last: dict[tuple[str, str], str] = {}
    for row, subject in rows:
        is_word = row.kind == "hold" or (row.kind == "approve" and ("guardrail" in subject or row.decision_id in admitted))
        if is_word and not gone & {row.decision_id, row.bulk_id}:
            last[subject["rail"], subject["bill"]] = row.kind
    return [bill for bill, kind in last.items() if kind == "approve"]


def _standing(transaction: Transaction, *wanted: sa.ColumnElement[bool], but: tuple[str, ...]) -> list[Unjudged]:
    """The decisions `wanted` of which no row of the kinds `but` tells and that are not undone, in the order in which they were made."""
    settled = decisions.alias("settled")
    told = sa.select(sa.literal(1)).where(
        settled.c.business_id == decisions.c.business_id,
        settled.c.advisor_id == decisions.c.advisor_id,
        settled.c.idempotency_key.in_([f"{verdict}-" + decisions.c.decision_id for verdict in but]),
    )
    rows = transaction.execute(sa.select(decisions).where(*wanted, ~sa.exists(told)).order_by(decisions.c.decision_no))
    found = [_unjudged(row, msgspec.json.decode(row.subject)) for row in rows]
    gone = undone(transaction, {one.business_id for one in found})
    return [one for one in found if not one.names & gone]


def _unjudged(row: Any, subject: dict[str, Any]) -> Unjudged:
    return Unjudged(row.decision_id, row.kind, row.business_id, row.advisor_id, row.bulk_id, subject, row.client or "", row.decided_at)


def note_admitted(transaction: Transaction, decision: Unjudged, guardrail: str | None, at: datetime) -> None:
    """Keeps that a decision counts from the next build on; of an approval, what the guardrail said would be left."""
    told = {"decision_id": decision.decision_id} | ({} if guardrail is None else {"guardrail": guardrail})
    _note(transaction, ADMITTED, decision.business_id, decision.advisor_id, told, decision.client, at, of=decision.decision_id)


def refuse(transaction: Transaction, decision: Unjudged, *, answer: str, rules: Sequence[str], said: str, at: datetime) -> None:
    """Keeps that a decision which is stored does not count. said: why, in a sentence."""
    told = {"kind": decision.kind, "subject": decision.subject, "answer": answer, "rules": list(rules), "said": said}
    note_refusal(
        transaction, business_id=decision.business_id, advisor_id=decision.advisor_id, subject=told, client=decision.client, at=at,
        decision_id=decision.decision_id,
    )  # fmt: skip


def note_refusal(
    transaction: Transaction,
    *,
    business_id: str,
    advisor_id: str,
    subject: Mapping[str, Any],
    client: str,
    at: datetime,
    decision_id: str | None = None,
    named: str | None = None,
) -> None:
    """Keeps that a decision was wanted and refused, for the log; it changes nothing.

    subject: what was wanted, and why it is not; decision_id: the decision that was stored already and does not count; named: of a
    refusal that is kept once however often it is asked for.
    """
    told = {**subject, "decision_id": decision_id} if decision_id else subject
    _note(transaction, REFUSED, business_id, advisor_id, told, client, at, of=decision_id or named or uuid4().hex)


def _note(
    transaction: Transaction, kind: str, business_id: str, advisor_id: str, told: Mapping[str, Any], client: str, at: datetime, *, of: str
) -> None:
    content = msgspec.json.encode(told, order="deterministic")
    statement = insert(transaction, decisions).values(
        business_id=business_id,
        advisor_id=advisor_id,
        idempotency_key=f"{kind}-{of}",
        decision_id=uuid4().hex,
        kind=kind,
        subject=content.decode(),
        content_hash=hashlib.sha256(content).hexdigest(),
        client=client,
        decided_at=at,
    )
    transaction.execute(statement.on_conflict_do_nothing(index_elements=["business_id", "advisor_id", "idempotency_key"]))
