"""The columns of a raw table and the hash of a record's content.

The identity of a change (`change_id`) is built in `delta`, where versions are compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set
from typing import Any

import msgspec
import pyarrow as pa

INSTANT = pa.timestamp("us", "UTC")

# What a fetch knows of a record when it arrives, besides its payload. `ordinal` counts the entity's arrivals from 0.
_ARRIVAL_FIELDS: list[pa.Field[Any]] = [
    pa.field("business_id", pa.string(), nullable=False),
    pa.field("connection_id", pa.string(), nullable=False),
    pa.field("record_id", pa.string(), nullable=False),
    pa.field("source_updated_at", INSTANT),
    pa.field("is_deleted", pa.bool_(), nullable=False),
    pa.field("content_hash", pa.string(), nullable=False),
    pa.field("observed_at", INSTANT, nullable=False),
    pa.field("delivery", pa.string(), nullable=False),
    pa.field("ordinal", pa.int64(), nullable=False),
]
ARRIVAL = pa.schema(_ARRIVAL_FIELDS)
PAYLOAD = pa.schema([pa.field("payload", pa.string(), nullable=False)])

# One observed version, as it lies in segments and in the raw table. All are nullable, as DuckDB writes Parquet: a
# column declared otherwise makes dlt rewrite each file it is given.
_CHANGE_FIELDS: list[pa.Field[Any]] = [
    pa.field("business_id", pa.string()),
    pa.field("connection_id", pa.string()),
    pa.field("record_id", pa.string()),
    pa.field("change_id", pa.string()),
    pa.field("version_no", pa.int64()),
    pa.field("source_version", pa.string()),
    pa.field("source_updated_at", INSTANT),
    pa.field("is_deleted", pa.bool_()),
    pa.field("payload", pa.string()),
    pa.field("content_hash", pa.string()),
    pa.field("observed_at", INSTANT),
    pa.field("delivery", pa.string()),
    pa.field("sync_id", pa.string()),
    pa.field("_dlt_load_id", pa.string()),
]
CHANGE = pa.schema(_CHANGE_FIELDS)


def content_hash(payload: bytes, volatile_fields: Set[str] = frozenset()) -> str:
    """The hash of a record as served, 32 hexadecimal digits.

    Fields that change without the record changing are left out first, the others stay as they were served: a number
    read as a double would be equal to its neighbours. Without such fields the bytes are hashed as they are, which costs
    a tenth of parsing them.
    """
    if volatile_fields:
        record = msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
        payload = msgspec.json.encode({name: record[name] for name in sorted(record) if name not in volatile_fields})
    return hashlib.blake2b(payload, digest_size=16).hexdigest()
