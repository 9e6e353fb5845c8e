"""The inbox of decisions: what an advisor decided, stored once per idempotency key and never changed.

What a decision is about is `decision_subjects`; whether it can be carried out is judged later, from the data. Who may decide
is `may_act`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.api_tokens import ACTING_ROLES, role_of
from ingestion.control.arrivals_schema import decisions
from ingestion.control.database import insert
from ingestion.control.decision_subjects import checked_reason, subject_of
from ingestion.control.schema import grants
from ingestion.errors import RowcolError, UsageError

SENIORITY = ("owner", "admin", "staff")
# Of no decision, but of what was refused: no model reads it.
REFUSED = "refused"


class NotAllowed(RowcolError):
    """This advisor may not act for the business."""


class OtherContent(UsageError):
    """The idempotency key was used before, for another decision."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as stored. is_new: it was not there before."""

    decision_id: str
    is_new: bool


def put_decision(
    transaction: Transaction,
    *,
    business_id: str,
    advisor_id: str,
    idempotency_key: str,
    kind: str,
    subject: Mapping[str, Any],
    reason: str | None,
    client: str,
    at: datetime,
) -> Decided:
    """Stores a decision; the same key again gives the first one, OtherContent when it says something else.

    client: from where it came, a network address or `command line`. NotAllowed when the advisor has no grant to act, UsageError
    when the subject is none of its kind, or the decision to undo does not stand.
    """
    if role_of(transaction, advisor_id, business_id) not in ACTING_ROLES:
        raise NotAllowed(f"{advisor_id} may not act for {business_id}")
    subject, reason = subject_of(kind, subject), checked_reason(reason)
    # What the guardrail said differs from one minute to the next; the decision is the same.
    decided = {name: value for name, value in subject.items() if name != "guardrail"}
    digest = hashlib.sha256(msgspec.json.encode({"kind": kind, "subject": decided, "reason": reason}, order="deterministic")).hexdigest()
    mine = uuid4().hex
    key = {"business_id": business_id, "advisor_id": advisor_id, "idempotency_key": idempotency_key}
    known = transaction.execute(sa.select(decisions.c.decision_id, decisions.c.content_hash).filter_by(**key)).first()
    if known is None and kind == "undo":
        _check_stands(transaction, business_id, subject["decision_id"])
    statement = insert(transaction, decisions).values(
        **key,
        decision_id=mine,
        kind=kind,
        subject=msgspec.json.encode(subject, order="deterministic").decode(),
        reason=reason,
        content_hash=digest,
        client=client,
        decided_at=at,
    )
    statement = statement.on_conflict_do_nothing(index_elements=list(key)).returning(decisions.c.decision_id)
    if transaction.execute(statement).first():
        return Decided(mine, is_new=True)
    known = transaction.execute(sa.select(decisions.c.decision_id, decisions.c.content_hash).filter_by(**key)).one()
    if known.content_hash != digest:
        raise OtherContent("this idempotency key was used before for another decision")
    return Decided(known.decision_id, is_new=False)


def known_decision(transaction: Transaction, business_id: str, advisor_id: str, idempotency_key: str) -> bool:
    """Tells whether a decision is stored under this key."""
    key = {"business_id": business_id, "advisor_id": advisor_id, "idempotency_key": idempotency_key}
    return transaction.execute(sa.select(decisions.c.decision_id).filter_by(**key)).first() is not None


def note_refusal(
    transaction: Transaction, *, business_id: str, advisor_id: str, subject: Mapping[str, Any], client: str, at: datetime
) -> None:
    """Keeps that a decision was wanted and refused, for the log; it changes nothing. subject: what was wanted, and why it is not."""
    content = msgspec.json.encode(subject, order="deterministic")
    statement = sa.insert(decisions).values(
        business_id=business_id,
        advisor_id=advisor_id,
        idempotency_key=f"{REFUSED}-{uuid4().hex}",
        decision_id=uuid4().hex,
        kind=REFUSED,
        subject=content.decode(),
        content_hash=hashlib.sha256(content).hexdigest(),
        client=client,
        decided_at=at,
    )
    transaction.execute(statement)


def may_act(transaction: Transaction, business_id: str) -> list[tuple[str, str]]:
    """The advisors who may decide for a business and their roles, the most senior first."""
    query = sa.select(grants.c.advisor_id, grants.c.role).filter_by(business_id=business_id, valid_to=None)
    found = [(row.advisor_id, row.role) for row in transaction.execute(query) if row.role in ACTING_ROLES]
    return sorted(found, key=lambda one: (SENIORITY.index(one[1]), one[0]))


def _check_stands(transaction: Transaction, business_id: str, decision_id: str) -> None:
    """UsageError unless the decision is one of the business's that nobody has undone."""
    rows = transaction.execute(
        sa.select(decisions.c.decision_id, decisions.c.kind, decisions.c.subject).filter_by(business_id=business_id)
    ).all()
    made = {row.decision_id: row.kind for row in rows}
    if decision_id not in made:
        raise UsageError(f"{business_id} has no decision {decision_id}")
    if made[decision_id] == "undo":
        raise UsageError("an undo cannot be undone: decide anew")
    undone = {msgspec.json.decode(row.subject)["decision_id"] for row in rows if row.kind == "undo"}
    if decision_id in undone:
        raise UsageError(f"decision {decision_id} was undone before")
