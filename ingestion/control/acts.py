"""What was done to a home as a whole, once and for good: files published, keys made and changed. And who does what to its settings.

An act is written in the transaction of what it tells of, so neither is there without the other; it becomes an event of the
transaction log. Grants, settings and connections tell of themselves: their rows carry who changed them last, from where and when.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.columns import Instant, growing_key
from ingestion.control.database import Database, insert
from ingestion.control.schema import metadata

acts = sa.Table(
    "acts",
    metadata,
    sa.Column("act_no", growing_key(), primary_key=True, autoincrement=True),
    sa.Column("act_id", sa.String, nullable=False, unique=True),
    *(sa.Column(name, sa.String, nullable=False) for name in ("entity", "record_id", "action", "details", "actor_type")),
    *(sa.Column(name, sa.String, nullable=True) for name in ("actor_id", "client", "reason")),
    sa.Column("acted_at", Instant, nullable=False),
)

KEYS = "keys"
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Act:
    """One act. entity, record_id: on what; action: created, updated or deleted; details: all that may be told of it, no secret.

    client: from where; act_id: given where the same act may be told twice.
    """

    entity: str
    record_id: str
    action: str
    details: Mapping[str, Any]
    reason: str
    at: datetime
    actor_type: str = "operator"
    actor_id: str | None = None
    client: str = COMMAND_LINE
    act_id: str | None = None


def note(transaction: Transaction, *told: Act) -> None:
    """Stores acts; one whose id is known adds nothing. An operator that is not named is whoever runs this process."""
    for act in told:
        row = {
            "act_id": act.act_id or uuid4().hex,
            "entity": act.entity,
            "record_id": act.record_id,
            "action": act.action,
            "details": msgspec.json.encode(act.details, order="deterministic").decode(),
            "actor_type": act.actor_type,
            "actor_id": act.actor_id or (operator() if act.actor_type == "operator" else None),
            "client": act.client,
            "reason": act.reason,
            "acted_at": act.at,
        }
        transaction.execute(insert(transaction, acts).values(row).on_conflict_do_nothing(index_elements=["act_id"]))


def known_acts(database: Database, act_ids: Collection[str]) -> set[str]:
    """Those of `act_ids` that are stored."""
    with database.read() as transaction:
        return set(transaction.execute(sa.select(acts.c.act_id).where(acts.c.act_id.in_(act_ids))).scalars())


def newest_act(database: Database) -> int:
    """The number of the act stored last, 0 of none."""
    with database.read() as transaction:
        return transaction.execute(sa.select(sa.func.coalesce(sa.func.max(acts.c.act_no), 0))).scalar_one()


def changed(at: datetime) -> dict[str, Any]:
    """What a row that a person changes at `at` keeps of that: who, from where, when."""
    return {"changed_by": operator(), "changed_from": COMMAND_LINE, "changed_at": at}


def operator() -> str:
    """The login name of whoever runs this process; its number where the system has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
