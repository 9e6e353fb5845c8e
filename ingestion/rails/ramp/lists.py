"""Which of Ramp's lists an entity is read from: paths, scopes, filters and how far back each looks. No HTTP.

Source: Ramp's Developer API v1 (August 2025). It has no change feed: created and paid dates are all that can be asked
for, so each cycle asks for what money depends on and a daily walk finds the rest. The defaults hide declined
transactions, archived bills and what people owe, so those are asked for expressly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingestion.clock import utc_text
from ingestion.periods import DAY, HOUR

BALANCE_ID = "1"


@dataclass(frozen=True, slots=True)
class Reading:
    """One list with its filters. since: the filter that takes a time, looking `lookback` behind the last reading.

    every: at most once in that time, each cycle without it.
    """

    path: str
    filters: Mapping[str, str] = field(default_factory=dict)
    since: str | None = None
    lookback: timedelta = timedelta()
    every: timedelta | None = None

    def parameters(self, read_at: datetime | None) -> dict[str, str]:
        """The query for what happened since `read_at`, None for everything."""
        if self.since is None or read_at is None:
            return dict(self.filters)
        return {**self.filters, self.since: utc_text(read_at - self.lookback)}


@dataclass(frozen=True, slots=True)
class RampList:
    """How one entity is read.

    scope: what the token must allow. stamp: the field that says when a record came to be. whole: all records; recent:
    what a cycle asks for, empty where that is the same. walk_every: after which time it is read whole. by_id: where a
    record can be read alone, in order. every: read at most once in that time, each cycle without it.
    """

    scope: str
    whole: tuple[Reading, ...]
    by_id: tuple[str, ...]
    stamp: str | None = "created_at"
    recent: tuple[Reading, ...] = ()
    walk_every: timedelta = DAY
    every: timedelta | None = None


# Approval and payment are seen late by their readers, and a payment is dated before it is seen.
_PAID_LATE = timedelta(days=2)
# From authorised to cleared, and from initiated to completed, takes days, under an unchanged date.
_CLEARING = timedelta(days=7)
_SETTLING = timedelta(days=10)
_SEEN_LATE = timedelta(days=1)

_ARCHIVED = Reading("/bills", {"is_archived": "true"})
_BACK = "USER_TO_BUSINESS"
_OUT = "BUSINESS_TO_USER"

LISTS: dict[str, RampList] = {
    "bills": RampList(
        "bills:read",
        # Archived ones last: a bill archived meanwhile is in the one list or the other.
        whole=(Reading("/bills/drafts"), Reading("/bills"), _ARCHIVED),
        recent=(
            Reading("/bills/drafts", every=HOUR),
            Reading("/bills", {"payment_status": "OPEN"}),
            Reading("/bills", since="from_paid_at", lookback=_PAID_LATE),
            _ARCHIVED,
        ),
        by_id=("/bills/", "/bills/drafts/"),
    ),
    "vendors": RampList(
        "vendors:read",
        whole=(Reading("/vendors"),),
        recent=(Reading("/vendors", since="from_created_at", lookback=_SEEN_LATE),),
        by_id=("/vendors/",),
        # Edited vendors are told by no filter, and their bank accounts follow from them.
        walk_every=HOUR,
    ),
    "transactions": RampList(
        "transactions:read",
        stamp="user_transaction_time",
        whole=(Reading("/transactions", {"state": "ALL"}),),
        recent=(Reading("/transactions", {"state": "ALL"}, since="from_date", lookback=_CLEARING),),
        by_id=("/transactions/",),
    ),
    "transfers": RampList(
        "transfers:read",
        whole=(Reading("/transfers"),),
        recent=(Reading("/transfers", since="from_date", lookback=_SETTLING),),
        by_id=("/transfers/",),
    ),
    "reimbursements": RampList(
        "reimbursements:read",
        whole=tuple(Reading("/reimbursements", {"direction": direction}) for direction in (_OUT, _BACK)),
        recent=tuple(
            Reading("/reimbursements", {"direction": direction}, since="updated_after", lookback=_SEEN_LATE) for direction in (_OUT, _BACK)
        ),
        by_id=("/reimbursements/",),
        every=HOUR,
    ),
    "statements": RampList("statements:read", stamp=None, whole=(Reading("/statements"),), by_id=("/statements/",), every=HOUR),
    "entities": RampList("entities:read", stamp=None, whole=(Reading("/entities"),), by_id=("/entities/",), every=DAY),
}


@dataclass(frozen=True, slots=True)
class RampObject:
    """What there is one of. record_id: a fixed one where the object has none; every: read at most once in that time."""

    path: str
    every: timedelta
    scope: str = "business:read"
    stamp: str | None = None
    record_id: str | None = None


OBJECTS: dict[str, RampObject] = {
    "business": RampObject("/business", DAY, stamp="created_time"),
    "balances": RampObject("/business/balance", HOUR, record_id=BALANCE_ID),
}

ACCOUNTS = "vendor_accounts"
ACCOUNTS_SCOPE = "vendors:read"


def scope_of(entity: str) -> str:
    """The scope a token needs to read `entity`."""
    if entity == ACCOUNTS:
        return ACCOUNTS_SCOPE
    return LISTS[entity].scope if entity in LISTS else OBJECTS[entity].scope
