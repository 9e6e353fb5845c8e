"""The inbox of decisions: what an advisor decided, stored once per idempotency key and never changed, one or a hundred at once.

What a decision is about is `decision_subjects`, what may be undone is `undoing`, what became of an approval is `verdicts`; whether a
decision can be carried out is judged later, from the data. Who may decide is `may_act`.
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

from ingestion.control.api_tokens import ACTING_ROLES, role_of
from ingestion.control.arrivals_schema import decisions
from ingestion.control.database import insert
from ingestion.control.decision_subjects import checked_reason, subject_of
from ingestion.control.schema import grants
from ingestion.control.undoing import check_stands
from ingestion.errors import RowcolError, UsageError

SENIORITY = ("owner", "admin", "staff")
MOST_AT_ONCE = 100
OTHER_CONTENT = "this idempotency key was used before for another decision"


class NotAllowed(RowcolError):
    """This advisor may not act for the business."""


class OtherContent(UsageError):
    """The idempotency key was used before, for another decision."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as stored. is_new: it was not there before; bulk_id: of those made at once with it."""

    decision_id: str
    is_new: bool
    bulk_id: str | None = None


def put_decisions(
    transaction: Transaction,
    *,
    business_id: str,
    advisor_id: str,
    idempotency_key: str,
    kind: str,
    subjects: Sequence[Mapping[str, Any]],
    reason: str | None,
    client: str,
    at: datetime,
) -> list[Decided]:
    """Stores one decision per subject, all or none; the same key again gives the first ones, OtherContent when it says something else.

    client: from where they came, a network address or `command line`. The caller's transaction ends with what is raised: NotAllowed when
    the advisor has no grant to act; UsageError when a subject is none of its kind or named twice, when there are more than a hundred, or
    when what is to be undone does not stand.
    """
    if role_of(transaction, advisor_id, business_id) not in ACTING_ROLES:
        raise NotAllowed(f"{advisor_id} may not act for {business_id}")
    check_count(len(subjects))
    made, reason = [subject_of(kind, subject) for subject in subjects], checked_reason(reason)
    digests = [_digest(kind, subject, reason) for subject in made]
    if len(set(digests)) < len(digests):
        raise UsageError("the same is named twice")
    rows = {"business_id": business_id, "advisor_id": advisor_id, "kind": kind, "reason": reason, "client": client, "decided_at": at}
    stored, is_new = _stored(transaction, business_id, advisor_id, idempotency_key), False
    if not stored:
        if kind == "undo":
            check_stands(transaction, business_id, made, at)
        bulk_id = uuid4().hex if len(made) > 1 else None
        for number, (subject, digest) in enumerate(zip(made, digests, strict=True)):
            row = {"subject": msgspec.json.encode(subject, order="deterministic").decode(), "content_hash": digest, "bulk_id": bulk_id}
            key = idempotency_key if number == 0 else f"{idempotency_key}/{number}"
            statement = insert(transaction, decisions).values(**rows, **row, idempotency_key=key, decision_id=uuid4().hex)
            statement = statement.on_conflict_do_nothing(index_elements=["business_id", "advisor_id", "idempotency_key"])
            is_new = transaction.execute(statement.returning(decisions.c.decision_id)).first() is not None
            if not is_new and number > 0:
                raise OtherContent(OTHER_CONTENT)
            if not is_new:
                break  # another process stored it since it was looked for
        stored = _stored(transaction, business_id, advisor_id, idempotency_key)
    if [row.content_hash for row in stored] != digests:
        raise OtherContent(OTHER_CONTENT)
    return [Decided(row.decision_id, is_new, row.bulk_id) for row in stored]


def check_count(named: int) -> None:
    """UsageError unless so many may be decided at once."""
    if not 0 < named <= MOST_AT_ONCE:
        raise UsageError(f"1 to {MOST_AT_ONCE} are decided at once, not {named}")


def known_decision(transaction: Transaction, business_id: str, advisor_id: str, idempotency_key: str) -> bool:
    """Tells whether a decision is stored under this key."""
    return bool(_stored(transaction, business_id, advisor_id, idempotency_key))


def may_act(transaction: Transaction, business_id: str) -> list[tuple[str, str]]:
    """The advisors who may decide for a business and their roles, the most senior first."""
    query = sa.select(grants.c.advisor_id, grants.c.role).filter_by(business_id=business_id, valid_to=None)
    found = [(row.advisor_id, row.role) for row in transaction.execute(query) if row.role in ACTING_ROLES]
    return sorted(found, key=lambda one: (SENIORITY.index(one[1]), one[0]))


def _digest(kind: str, subject: Mapping[str, Any], reason: str | None) -> str:
    """What a decision says. What the guardrail said and what was observed can differ when it is sent again; the decision is the same."""
    decided = {name: value for name, value in subject.items() if name not in ("guardrail", "facts_hash")}
    return hashlib.sha256(msgspec.json.encode({"kind": kind, "subject": decided, "reason": reason}, order="deterministic")).hexdigest()


def _stored(transaction: Transaction, business_id: str, advisor_id: str, idempotency_key: str) -> Sequence[sa.Row[Any]]:
    """What is stored under the key, in its order; nothing when it is new."""
    key = {"business_id": business_id, "advisor_id": advisor_id, "idempotency_key": idempotency_key}
    query = sa.select(decisions.c.decision_id, decisions.c.content_hash, decisions.c.bulk_id)
    first = transaction.execute(query.filter_by(**key)).all()
    if not first or first[0].bulk_id is None:
        return first
    return transaction.execute(query.filter_by(bulk_id=first[0].bulk_id).order_by(decisions.c.decision_no)).all()
