"""Bank accounts of vendors: one list per vendor, so only those of vendors that changed are read. Vendors: `lists`.

A vendor changed if it arrives now unlike its newest known version, or did so since the accounts were last read whole;
the latter catches up on what a failure left. A new bank account alone changes nothing in its vendor's record, which has
no time of its last edit, so besides each vendor has its turn once a week. An account does not name its vendor, so its
record id does.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from ingestion.changelog.heads import known_heads
from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession, RailError
from ingestion.rails.ramp.client import RampClient, RecordNotFound
from ingestion.rails.ramp.gone import read_missing
from ingestion.rails.ramp.lists import ACCOUNTS, LISTS
from ingestion.rails.ramp.marks import Mark
from ingestion.rails.ramp.walk import Keep, ListReader
from ingestion.rails.ramp.wire import Form, Record

_VENDORS = LISTS["vendors"].whole[0].path
# How soon a change of bank account is known that no webhook told of, in days; 60 vendors cost nine requests a day.
ROUND_DAYS = 7


async def changed_vendors(session: FetchSession, connection: Connection, read_now: Mapping[str, str], mark: Mark | None) -> list[str]:
    """The vendors whose accounts are to be read: all without a mark. read_now: hashes of those that arrived in this sync, by id."""
    if mark is None:
        return sorted(read_now)
    if not read_now:
        return []
    heads = await asyncio.to_thread(known_heads, session.store.settings, connection, "vendors")
    arrived = {vendor for vendor, digest in read_now.items() if vendor not in heads or heads[vendor].content_hash != digest}
    return sorted(arrived | {vendor for vendor, head in heads.items() if head.observed_at > mark.read_at and not head.is_deleted})


def having_turn(vendors: Iterable[str], walked_at: datetime, now: datetime) -> set[str]:
    """The vendors whose turn of the round came on a day after that of `walked_at`, up to that of `now`."""
    days = range(walked_at.toordinal() + 1, now.toordinal() + 1)[-ROUND_DAYS:]
    turns = {day % ROUND_DAYS for day in days}
    return {vendor for vendor in vendors if zlib.crc32(vendor.encode()) % ROUND_DAYS in turns}


class AccountReader:
    """Reads the accounts of some vendors of one business."""

    def __init__(self, session: FetchSession, connection: Connection, client: RampClient) -> None:
        self._session = session
        self._connection = connection
        self._client = client

    async def read(self, vendors: Sequence[str], keep: Keep, *, may_be_known: bool) -> None:
        """Hands the accounts of `vendors` to `keep`, and the deletions of those that are gone if any `may_be_known`.

        RailError when not all could be read.
        """
        seen: set[str] = set()
        results = await asyncio.gather(*(self._read_one(vendor, keep, seen) for vendor in vendors), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if errors:
            raise errors[0]
        gone = {vendor for vendor, is_there in zip(vendors, results, strict=True) if not is_there}
        if gone:
            await self._check_token()
        if may_be_known and vendors:
            known = await self._session.known_ids(self._connection, ACCOUNTS)
            missing = sorted(one for one in known - seen if one.partition("/")[0] in set(vendors) - gone)
            keep(await read_missing(self._client, missing, lambda record_id: (_path(record_id),), Form(), _VENDORS))

    async def _read_one(self, vendor: str, keep: Keep, seen: set[str]) -> bool:
        """Whether the vendor was there."""

        def keep_named(accounts: Sequence[Record]) -> None:
            named = [msgspec.structs.replace(account, record_id=f"{vendor}/{account.record_id}") for account in accounts]
            seen.update(account.record_id for account in named)
            keep(named)

        try:
            # Until the vendor changes nobody asks again, so that there is none is believed when said twice.
            await ListReader(self._client, Form()).read(
                f"{_VENDORS}/{quote(vendor, safe='')}/accounts", {}, keep_named, confirm_empty=True, may_be_missing=True
            )
        except RecordNotFound:
            return False
        return True

    async def _check_token(self) -> None:
        """A vendor that is not there and a token that is not known are answered alike: a list tells which it was."""
        version = self._client.token_version
        await self._client.get(self._client.address(_VENDORS, {"page_size": "2"}), lambda body: body)
        if self._client.token_version != version:
            raise RailError("page_gap", "the token changed while accounts were read")


def _path(record_id: str) -> str:
    vendor, _, account = record_id.partition("/")
    return f"{_VENDORS}/{quote(vendor, safe='')}/accounts/{quote(account, safe='')}"
