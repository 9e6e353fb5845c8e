"""What became of known records that a walk over everything did not meet: read one by one, and kept as deleted if gone.

A token the vendor does not know is answered like a record it does not have, so what is gone is believed only if a list
can be read with the same token afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from ingestion.answers import MalformedPage
from ingestion.changelog.schema import content_hash
from ingestion.fetching import RailError
from ingestion.rails.ramp.client import RampClient, RecordNotFound
from ingestion.rails.ramp.wire import Form, Record, read_object

TOKEN_CHECKS = 2


async def read_missing(
    client: RampClient, missing: Sequence[str], paths_of: Callable[[str], Sequence[str]], form: Form, proof: str
) -> list[Record]:
    """The records named by `missing` as they are now: from the first path that knows it, or else its deletion.

    paths_of: where a record can be read alone. proof: the path of a list that the token may read. RailError as the client
    raises it.
    """
    if not missing:
        return []
    for _ in range(TOKEN_CHECKS):
        records = await asyncio.gather(*(_state_of(client, paths_of(record_id), record_id, form) for record_id in missing))
        if not any(record.is_deleted for record in records):
            return records
        version = client.token_version
        await client.get(client.address(proof, {"page_size": "2"}), lambda body: body)
        if client.token_version == version:
            return records
    raise RailError("page_gap", "which records were deleted could not be told: the token changed while they were read")


async def _state_of(client: RampClient, paths: Sequence[str], record_id: str, form: Form) -> Record:
    answer = b""
    for path in paths:
        try:
            return await client.get(client.address(path, {}), lambda body: _read(body, record_id, form), may_be_missing=True)
        except RecordNotFound as gone:
            answer = gone.body
    return tombstone(record_id, answer)


def _read(body: bytes, record_id: str, form: Form) -> Record:
    record = read_object(body, form)
    if record.record_id != record_id.rpartition("/")[2]:
        raise MalformedPage("another record than the one asked for")
    return msgspec.structs.replace(record, record_id=record_id)


def tombstone(record_id: str, body: bytes) -> Record:
    """The deletion of a record; the vendor's words about it name the request, so they are not what tells two apart."""
    try:
        body.decode("utf-8")
        msgspec.json.decode(body, type=msgspec.Raw)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        body = b"{}"
    return Record(record_id, None, body, content_hash(b"deleted"), is_deleted=True)
