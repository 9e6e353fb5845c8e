"""What may be undone: a decision nobody has undone, or within a day all those that were made at once with one tap.

Storing an undo is `decisions`; what no longer stands is left out by the models (`stg_control__decisions`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.arrivals_schema import decisions
from ingestion.errors import UsageError

# A bulk goes back as a whole for this long; later, others have built on it.
BULK_UNDO = timedelta(hours=24)
# Kinds that follow from decisions and are none.
UNDECIDED = ("undo", "admitted", "refused")


def check_stands(transaction: Transaction, business_id: str, subjects: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """UsageError unless each subject of an undo names a decision, or a bulk of the last day, of which something stands."""
    columns = (decisions.c.decision_id, decisions.c.kind, decisions.c.bulk_id, decisions.c.decided_at)
    rows = transaction.execute(sa.select(*columns).filter_by(business_id=business_id)).all()
    gone = {named for _, named in undone(transaction, {business_id})}
    for subject in subjects:
        if bulk := subject.get("bulk_id"):
            members = [row for row in rows if row.bulk_id == bulk]
            _check_bulk(business_id, bulk, members, at)
            stands = bulk not in gone and any(row.decision_id not in gone for row in members)
        else:
            stands = not gone & {_one(business_id, rows, subject["decision_id"]).bulk_id, subject["decision_id"]}
        if not stands:
            raise UsageError(f"{'bulk' if bulk else 'decision'} {bulk or subject['decision_id']} was undone before")


def undone(transaction: Transaction, business_ids: Collection[str]) -> set[tuple[str, str]]:
    """The business and id of each decision and each bulk of these businesses that was undone."""
    query = sa.select(decisions.c.business_id, decisions.c.subject).where(
        decisions.c.kind == "undo", decisions.c.business_id.in_(business_ids)
    )
    told = [(row.business_id, msgspec.json.decode(row.subject)) for row in transaction.execute(query)]
    return {(business_id, subject.get("bulk_id") or subject["decision_id"]) for business_id, subject in told}


def is_bulk(transaction: Transaction, business_id: str, named: str) -> bool:
    """Tells whether the business has a bulk of that id."""
    query = sa.select(decisions.c.decision_id).filter_by(business_id=business_id, bulk_id=named).limit(1)
    return transaction.execute(query).first() is not None


def _one(business_id: str, rows: Sequence[sa.Row[Any]], decision_id: str) -> sa.Row[Any]:
    found = [row for row in rows if row.decision_id == decision_id]
    if not found:
        raise UsageError(f"{business_id} has no decision {decision_id}")
    if found[0].kind in UNDECIDED:
        raise UsageError("an undo cannot be undone: decide anew" if found[0].kind == "undo" else f"{decision_id} is no decision")
    return found[0]


def _check_bulk(business_id: str, bulk: str, members: Sequence[sa.Row[Any]], at: datetime) -> None:
    if not members:
        raise UsageError(f"{business_id} has no bulk {bulk}")
    if members[0].kind == "undo":
        raise UsageError("an undo cannot be undone: decide anew")
    made = members[0].decided_at
    if at - made > BULK_UNDO:
        raise UsageError(
            f"bulk {bulk} was decided on {made:%Y-%m-%d at %H:%M} UTC: it is undone within 24 hours, then its decisions one by one"
        )
