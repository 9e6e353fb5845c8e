"""The inbox of decisions: what an advisor decided, stored once per idempotency key and never changed.

Whether a decision can be carried out is judged later, from the data; permission is the caller's to check.
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

from ingestion.control.arrivals_schema import decisions
from ingestion.control.database import insert
from ingestion.errors import UsageError

KINDS = ("approve", "hold", "same", "different", "unsure", "confirm-match", "reject-match", "correct", "resolve-flag", "undo")


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
    at: datetime,
) -> Decided:
    """Stores a decision; the same key again gives the first one, OtherContent when it says something else."""
    if kind not in KINDS:
        raise UsageError(f"there is no decision of that kind; known: {', '.join(KINDS)}")
    content = msgspec.json.encode({"kind": kind, "subject": subject, "reason": reason}, order="deterministic")
    digest = hashlib.sha256(content).hexdigest()
    mine = uuid4().hex
    key = {"business_id": business_id, "advisor_id": advisor_id, "idempotency_key": idempotency_key}
    statement = insert(transaction, decisions).values(
        **key,
        decision_id=mine,
        kind=kind,
        subject=msgspec.json.encode(subject, order="deterministic").decode(),
        reason=reason,
        content_hash=digest,
        decided_at=at,
    )
    statement = statement.on_conflict_do_nothing(index_elements=list(key)).returning(decisions.c.decision_id)
    if transaction.execute(statement).first():
        return Decided(mine, is_new=True)
    known = transaction.execute(sa.select(decisions.c.decision_id, decisions.c.content_hash).filter_by(**key)).one()
    if known.content_hash != digest:
        raise OtherContent("this idempotency key was used before for another decision")
    return Decided(known.decision_id, is_new=False)
