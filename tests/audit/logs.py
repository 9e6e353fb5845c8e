"""Logs to test with: events of a few businesses, appended in some steps, and the folders they lie in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.audit.log import PENDING, Appended, TransactionLog

START = datetime(2026, 9, 22, 16, tzinfo=UTC)
_TYPES: dict[str, pa.DataType] = {"varchar": pa.string(), "bigint": pa.int64(), "timestamp": pa.timestamp("us")}
_FIELDS: list[tuple[str, pa.DataType]] = [("position", pa.int64()), *((name, _TYPES[COLUMN_TYPES[name]]) for name in PENDING)]
PENDING_SCHEMA = pa.schema(_FIELDS)


@dataclass(frozen=True)
class Place:
    """Where a log lies."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "audit"

    @property
    def anchors(self) -> Path:
        return self.root / "anchors"

    def open(self) -> TransactionLog:
        """The log, as a new process would find it."""
        return TransactionLog(self.folder, self.anchors, self.root / "signing.key", "rowcol.example/test")


def event(business: str, number: int, **values: str | None) -> dict[str, object]:
    """An event with something in every column that may be empty or not."""
    made: dict[str, object] = dict.fromkeys(PENDING)
    made |= {
        "business_id": business,
        "event_id": f"{business}-{number}",
        "occurred_at": START + timedelta(minutes=number),
        "recorded_at": START + timedelta(days=1),
        "actor_type": "rail",
        "rail": "qbo",
        "entity": "bills",
        "record_id": str(number),
        "action": "updated",
        "changes": '{"balance":["10.00","0.00"]}',
        "snapshot": '{"Id":"' + str(number) + '","note":"h\\u00e9llo \\"there\\""}',
        "reason": "" if number % 2 else None,
    }
    return made | values


def append(log: TransactionLog, events: Sequence[dict[str, object]], successor: Ed25519PrivateKey | None = None) -> Appended:
    """Appends events in this order. successor: the key that takes over with them."""
    rows = [{"position": at, **values} for at, values in enumerate(events)]
    with duckdb.connect() as connection:
        connection.register("pending", pa.Table.from_pylist(rows, schema=PENDING_SCHEMA))
        return log.append(connection, "pending", successor=successor)


def announcement(number: int, public_key: str) -> dict[str, object]:
    """The event that tells of the key that signs from here on."""
    return event(":home", number, rail=None, entity="signing_keys", record_id="log", snapshot=json.dumps({"public_key": public_key}))


def hand_over(log: TransactionLog, number: int, *more: dict[str, object]) -> None:
    """Another key takes over, with the event that announces it, and more of the same append."""
    successor = log.next_key()
    append(log, [announcement(number, log.public_key(successor)), *more], successor)


def make_log(root: Path, steps: int = 4, businesses: Sequence[str] = ("acme", "bolt", "cogs"), each: int = 5) -> Place:
    """A log of `steps` appends, each with `each` events per business."""
    place = Place(root)
    for step in range(steps):
        append(place.open(), [event(name, step * each + number) for number in range(each) for name in businesses])
    return place
