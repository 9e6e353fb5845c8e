"""Live answers over HTTP: whose business it is, what is asked, and with which status what cannot be answered is told.

A business that does not exist and one that was not granted get the same answer. Reading takes any role, view_only included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ingestion.control.api_tokens import role_of
from ingestion.control.database import Database
from ingestion.errors import UsageError
from ingestion.live.desk import LiveDesk
from ingestion.live.facts import FailureKind, LiveFailure, question_of
from ingestion.receiver.admission import TurnedAway

STATUS_OF: Mapping[FailureKind, int] = {"not_connected": 409, "paused": 409, "not_found": 404, "unavailable": 503}
YES, NO = frozenset({"1", "true"}), frozenset({"", "0", "false"})


async def live_answer(
    desk: LiveDesk, database: Database, advisor: str, path: Mapping[str, str], query: Mapping[str, str]
) -> dict[str, Any]:
    """The answer as plain values. path: business and what (`balances`, `bill/17`); query: strict."""
    business, (subject, _, record_id) = path["business"], path["what"].partition("/")
    if not await asyncio.to_thread(_may_read, database, advisor, business):
        raise TurnedAway(403, "this advisor may not read that business")
    strict = query.get("strict", "").lower()
    if strict not in YES | NO:
        raise TurnedAway(422, "strict is 1 or 0")
    try:
        question = question_of(subject, business, record_id or None)
        return asdict(await desk.ask(question, strict=strict in YES, caller=advisor))
    except UsageError as error:
        raise TurnedAway(422, str(error)) from None
    except LiveFailure as failure:
        status = STATUS_OF[failure.kind]
        raise TurnedAway(status, str(failure), {"retry-after": "30"} if status == 503 else None) from None


def _may_read(database: Database, advisor: str, business_id: str) -> bool:
    with database.read() as transaction:
        return role_of(transaction, advisor, business_id) is not None
