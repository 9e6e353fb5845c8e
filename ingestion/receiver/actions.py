"""What advisors ask for: syncs and decisions, under a bearer token and the grants of that very moment.

A business that does not exist and one that was not granted get the same answer, so that nobody learns of others' clients.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.api_tokens import ACTING_ROLES, advisor_of, role_of
from ingestion.control.database import Database
from ingestion.control.decision_subjects import Reason, subject_of
from ingestion.control.decisions import MOST_AT_ONCE, Decided, NotAllowed, OtherContent, put_decisions
from ingestion.control.entered_bills import refuse_unfit, unfit_by_itself
from ingestion.control.schema import connections
from ingestion.control.sync_requests import Asked, ask, request_states
from ingestion.control.verdicts import ENTERED
from ingestion.errors import UsageError
from ingestion.receiver.admission import TurnedAway
from ingestion.receiver.writer import BatchWriter
from ingestion.registry import entity_promise, rail_promise
from ingestion.webhooks import Word

NO_GRANT = "this advisor may not act for that business"
T = TypeVar("T")


class SyncOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What to read now. entities: raw tables, none means all of the rail."""

    business: Word
    rail: Word
    entities: Annotated[list[Word], msgspec.Meta(max_length=50)] = []


class DecisionOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What was decided, and on what: one subject, or up to a hundred that stand or fall together."""

    business: Word
    kind: Word
    subject: dict[str, Any] | None = None
    subjects: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)] | None = None
    reason: Reason | None = None


async def authenticated(database: Database, headers: Mapping[str, str]) -> str:
    """The advisor whose bearer token the request carries; TurnedAway (401) otherwise."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    advisor = None
    if scheme.lower() == "bearer" and len(token) < 200:
        # A read of SQLite waits for nobody and takes 0.2 ms, half of what it takes in another thread. A database behind a network
        # is asked in one, so that nobody else waits for it.
        found = functools.partial(advisor_of, database, token.strip())
        advisor = found() if database.is_sqlite else await asyncio.to_thread(found)
    if advisor is None:
        raise TurnedAway(401, "a valid bearer token is needed: rowcol grant ADVISOR --token", {"www-authenticate": "Bearer"})
    return advisor


async def order_sync(writer: BatchWriter, advisor: str, body: bytes) -> list[Asked]:
    """Stores a sync request, or joins the one in flight."""
    order = _read(body, SyncOrder)

    def work(transaction: Transaction) -> list[Asked]:
        _check_grant(transaction, advisor, order.business)
        try:
            rail_promise(order.rail)
            for entity in order.entities:
                entity_promise(order.rail, entity)
        except UsageError as error:
            raise TurnedAway(422, str(error)) from None
        known = sa.select(connections.c.connection_id).filter_by(business_id=order.business, rail=order.rail, removed_at=None).limit(1)
        if transaction.execute(known).first() is None:
            raise TurnedAway(422, f"{order.business} is not connected to {order.rail}")
        return ask(transaction, order.business, order.rail, order.entities, advisor)

    return await writer.write(work)


async def sync_state(database: Database, advisor: str, request_id: str) -> dict[str, Any]:
    """How a sync request stands, for an advisor of its business."""

    def read() -> dict[str, Any] | None:
        rows = request_states(database, [request_id])
        with database.read() as transaction:
            return rows[0] if rows and role_of(transaction, advisor, rows[0]["business_id"]) else None

    row = await asyncio.to_thread(read)
    if row is None:
        raise TurnedAway(404, "there is no such request")
    return row


async def decide(writer: BatchWriter, advisor: str, client: str, headers: Mapping[str, str], body: bytes, at: datetime) -> list[Decided]:
    """Stores a decision once per idempotency key, or all those made at once. client: the address they came from.

    What the guardrail says of an approval is for the run that judges it to say, so an order cannot say it.
    """
    order = _read(body, DecisionOrder)
    if (order.subject is None) == (order.subjects is None):
        raise TurnedAway(422, "a decision has a subject or subjects, one of the two")
    subjects = order.subjects or [order.subject or {}]
    if any("guardrail" in subject for subject in subjects):
        raise TurnedAway(422, "what the guardrail says is not for the decider to say")
    key = headers.get("idempotency-key", "")
    if not 0 < len(key) <= 200 or not key.isascii() or not key.isprintable():
        raise TurnedAway(400, "an Idempotency-Key header of 1 to 200 printable characters is needed")

    def work(transaction: Transaction) -> list[Decided] | str:
        try:
            if order.kind == ENTERED and (said := _unfit(transaction, order, subjects, advisor, client, at, key)):
                return said
            return put_decisions(
                transaction,
                business_id=order.business,
                advisor_id=advisor,
                idempotency_key=key,
                kind=order.kind,
                subjects=subjects,
                reason=order.reason,
                client=client,
                at=at,
            )
        except NotAllowed:
            raise TurnedAway(403, NO_GRANT) from None
        except OtherContent as error:
            raise TurnedAway(409, str(error)) from None
        except UsageError as error:
            raise TurnedAway(422, str(error)) from None

    decided = await writer.write(work)
    # A refusal is answered after it is committed, so that the log has it whatever becomes of the answer.
    if isinstance(decided, str):
        raise TurnedAway(422, decided)
    return decided


def _unfit(
    transaction: Transaction, order: DecisionOrder, subjects: list[dict[str, Any]], advisor: str, client: str, at: datetime, key: str
) -> str | None:
    """Why a bill that is entered cannot be meant, kept for the log; what only the data can tell is judged by the next run."""
    _check_grant(transaction, advisor, order.business)
    for subject in [subject_of(order.kind, one) for one in subjects]:
        if said := unfit_by_itself(subject, at):
            refuse_unfit(
                transaction, business_id=order.business, advisor_id=advisor, subject=subject, said=said, client=client, at=at,
                idempotency_key=key,
            )  # fmt: skip
            return said
    return None


def _check_grant(transaction: Transaction, advisor: str, business_id: str) -> None:
    if role_of(transaction, advisor, business_id) not in ACTING_ROLES:
        raise TurnedAway(403, NO_GRANT)


def _read(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except RecursionError:
        raise TurnedAway(400, "the body is nested too deep") from None
    except msgspec.ValidationError as error:
        raise TurnedAway(422, str(error)) from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise TurnedAway(400, "the body is not JSON") from None
