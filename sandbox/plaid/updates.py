"""What /transactions/sync answers: cursors, the net changes between two of them, staged history, mutation while paging.

A cursor is opaque to clients; it says how far an item's feed was read, and in mid-update up to where the update goes and how
much of it was served. It is signed, so that a cursor of another item or another link is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sandbox.plaid.feed import CORRECTED, DROPPED, PENDING, POSTED, TAKEN_BACK, Feed
from sandbox.plaid.items import ItemFacts
from sandbox.seeds import derived_secret

_PACKED = struct.Struct(">BIIIIH??")
INITIAL_DAYS = 30


class BadCursorError(Exception):
    """The cursor is none of this item's."""


class MutatedError(Exception):
    """What was served of the update is not true any more."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """position: changes of the feed already read. end, offset: of the update in progress, end 0 for none.

    is_whole: whether the history before the first month was delivered too. leads_whole: whether this update delivers it.
    """

    position: int = 0
    end: int = 0
    offset: int = 0
    is_whole: bool = False
    leads_whole: bool = False

    def pack(self, item: ItemFacts) -> str:
        """The cursor as text for one item."""
        packed = _PACKED.pack(1, item.number, self.position, self.end, self.offset, item.generation, self.is_whole, self.leads_whole)
        return base64.b64encode(packed + _signature(item, packed)).decode()


def unpack(text: str, item: ItemFacts) -> Cursor:
    """The cursor a client sent; '' is the beginning. BadCursorError if it is not this item's."""
    if not text:
        return Cursor()
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadCursorError from None
    packed, signature = content[: _PACKED.size], content[_PACKED.size :]
    if not hmac.compare_digest(signature, _signature(item, packed)):
        raise BadCursorError
    _, number, position, end, offset, generation, is_whole, leads_whole = _PACKED.unpack(packed)
    if (number, generation) != (item.number, item.generation):
        raise BadCursorError
    return Cursor(position, end, offset, is_whole, leads_whole)


def is_under_way(text: object, item: ItemFacts) -> bool:
    """Whether a client's cursor stands in the middle of an update."""
    try:
        return isinstance(text, str) and unpack(text, item).end > 0
    except BadCursorError:
        return False


def _signature(item: ItemFacts, packed: bytes) -> bytes:
    return hmac.new(derived_secret(32, item.seed, "cursor").encode(), packed, hashlib.sha256).digest()[:12]


@dataclass(frozen=True, slots=True)
class History:
    """How much of the past an item may tell. since: oldest date; recent_since: oldest date of the first stage; is_whole: both stages."""

    since: date
    is_whole: bool
    asked_on: date

    @classmethod
    def of(cls, asked_at: int, days: int, *, is_whole: bool) -> History:
        """The history of an item first asked at an instant (epoch seconds) for so many days."""
        asked_on = datetime.fromtimestamp(asked_at, UTC).date()
        return cls(asked_on - timedelta(days=days), is_whole, asked_on)

    @property
    def recent_since(self) -> date:
        return max(self.since, self.asked_on - timedelta(days=INITIAL_DAYS))


# (how it is told: added, modified or removed; place of the change in the feed)
Net = list[tuple[str, int]]


def begin(feed: Feed, cursor: Cursor, history: History) -> Cursor:
    """The cursor with an update in progress: a new one up to the feed's end, or the one it is in the middle of.

    MutatedError when, since its first page, anything served in it was changed or removed.
    """
    if cursor.end == 0:
        return replace(cursor, end=len(feed.changes), offset=0, leads_whole=history.is_whole)
    begun = {feed.changes[place].key for _, place in net_changes(feed, cursor, history)[: cursor.offset]}
    if any(change.key in begun and change.stage != PENDING for change in feed.changes[cursor.end :]):
        raise MutatedError
    return cursor


def net_changes(feed: Feed, cursor: Cursor, history: History) -> Net:
    """What an update in progress tells: each transaction once, by its last change, in order of time.

    What came and went in between is not told. When history is delivered in stages, the second brings what is older.
    The last answer is kept with the feed: the pages of an update ask for the same.
    """
    asked = (replace(cursor, offset=0), history)
    if feed.last_net is None or feed.last_net[0] != asked:
        feed.last_net = (asked, _net_changes(feed, cursor, history))
    return feed.last_net[1]


def _net_changes(feed: Feed, cursor: Cursor, history: History) -> Net:
    limit = history.since if cursor.leads_whole else history.recent_since
    told = _standing(feed, cursor.position, cursor.end)
    is_leading = cursor.leads_whole and not cursor.is_whole
    known = _standing(feed, 0, cursor.position) if told or is_leading else {}
    found: Net = []
    if is_leading:
        # Standing before the cursor but older than what the first stage told, or all of it for an item read for the first time.
        found = [
            ("added", place)
            for row, (place, is_there) in known.items()
            if is_there and row not in told and limit <= _date(feed, place) < history.recent_since
        ]
    for row, (place, is_there) in told.items():
        before = known.get(row)
        was_told = before is not None and before[1] and (cursor.is_whole or _date(feed, before[0]) >= history.recent_since)
        if _date(feed, place) < limit:
            continue
        if is_there:
            found.append(("modified" if was_told else "added", place))
        elif was_told:
            found.append(("removed", place))
    found.sort(key=lambda entry: entry[1])
    return found


def standing(feed: Feed, history: History, first: date, last: date) -> list[int]:
    """The places in the feed of the transactions there are now, of the days `first` to `last`, newest first."""
    oldest = max(first, history.since if history.is_whole else history.recent_since)
    there = [place for place, is_there in _standing(feed, 0, len(feed.changes)).values() if is_there]
    return sorted(
        (place for place in there if oldest <= _date(feed, place) <= last), key=lambda place: (_date(feed, place), place), reverse=True
    )


def _date(feed: Feed, place: int) -> date:
    change = feed.changes[place]
    return change.movement.authorized if change.stage in (PENDING, DROPPED) else change.movement.on


def _standing(feed: Feed, start: int, end: int) -> dict[tuple[str, bool], tuple[int, bool]]:
    """Per row (key, whether it is the pending one) the place of its last change in a stretch, and whether it is there afterwards."""
    rows: dict[tuple[str, bool], tuple[int, bool]] = {}
    for place in range(start, end):
        change = feed.changes[place]
        if change.stage in (POSTED, CORRECTED, TAKEN_BACK):
            rows[change.key, False] = (place, change.stage != TAKEN_BACK)
        else:
            rows[change.key, True] = (place, change.stage == PENDING)
    return rows


def finished(cursor: Cursor) -> Cursor:
    """The cursor after the last page of an update."""
    return Cursor(position=cursor.end, is_whole=cursor.is_whole or cursor.leads_whole)
