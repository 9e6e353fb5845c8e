"""What rails served and what the platform itself changed, not in the log yet, becomes events: once per cycle, and what is
published at its end in a further append, so that the cycle that published says so.

The caller holds the writer lock. Dying anywhere loses nothing and doubles nothing: events are found again by comparing
with the log, and what was sealed is copied into the warehouse by whoever comes next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import duckdb
import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingestion.errors import RowcolError
from ingestion.failpoints import fail_point
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.warehouse import has_relation
from rowcol_assets.audit import act_events, differences, rail_events
from rowcol_assets.audit.differences import Subject
from rowcol_assets.audit.log import TransactionLog
from rowcol_assets.audit.subjects import CONTROL, MODELLED, signing_key
from rowcol_assets.audit.tables import copy_sealed, count, ensure_tables, find_new_loads, mark_logged

KEY_FILE = "log-signing.key"
# The run of an event that tells of another key.
ROTATION = "rotate-log-key"


@dataclass(frozen=True, slots=True)
class LogReport:
    """What an append came to: events of it, events in all, the root that covers them (hexadecimal)."""

    appended: int
    events: int
    root: str


def open_log(settings: Settings) -> TransactionLog:
    """The log of a home."""
    return TransactionLog(settings.audit_dir, settings.anchors_dir, settings.home / KEY_FILE, "rowcol/transaction-log")


def append_cycle(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    *,
    run_id: str,
    at: datetime,
    subjects: Sequence[Subject] = CONTROL,
    modelled: Sequence[Subject] = MODELLED,
    left: str | None = None,
) -> LogReport:
    """Appends every event that the log does not hold yet. at: product time of the cycle. left: as `find_new_loads` takes it.

    modelled: subjects that a model makes; one that was not built yet has nothing to tell, which is not the same as no rows.
    """
    log = open_log(settings)
    ensure_tables(warehouse)
    copy_sealed(warehouse, log.folder)
    told = {"run_id": run_id, "recorded_at": _text(at)}
    find_new_loads(warehouse, [*(f"raw_{rail}" for rail in RAILS), "raw_control"], left)
    rail_events.collect(warehouse, RAILS.values(), **told)
    act_events.collect(warehouse, None, **told)
    differences.collect(
        warehouse, [signing_key(log.verifier), *subjects, *(one for one in modelled if has_relation(warehouse, one.relation))], **told
    )
    return _append(settings, warehouse, log, (rail_events.EVENTS, act_events.EVENTS, differences.EVENTS))


def append_acts(settings: Settings, warehouse: duckdb.DuckDBPyConnection, noted: pa.Table, *, run_id: str, at: datetime) -> LogReport:
    """Appends the events of acts that were noted after the cycle's append. noted: columns of `raw_control.acts`."""
    log = open_log(settings)
    ensure_tables(warehouse)
    copy_sealed(warehouse, log.folder)
    find_new_loads(warehouse, ())
    act_events.collect(warehouse, noted, run_id=run_id, recorded_at=_text(at))
    return _append(settings, warehouse, log, (act_events.EVENTS,))


def rotate_key(settings: Settings, warehouse: duckdb.DuckDBPyConnection, *, by: str, at: datetime) -> tuple[str, str]:
    """Has another key sign the checkpoints from here on, and returns the public keys of before and after.

    The new key is announced by an event in the chain of the home, which a checkpoint signed by both covers. by: the login name of
    whoever asks; at: product time. RowcolError while the log has no event.
    """
    log = open_log(settings)
    if not log.size:
        raise RowcolError("there is no transaction log yet, whose key could be replaced: the first `rowcol run` begins it")
    ensure_tables(warehouse)
    copy_sealed(warehouse, log.folder)
    find_new_loads(warehouse, ())
    former, following = log.verifier, log.next_key()
    announced = signing_key(log.public_key(following), by=by)
    differences.collect(warehouse, [announced], run_id=ROTATION, recorded_at=_text(at))
    _append(settings, warehouse, log, (differences.EVENTS,), following)
    return former, log.verifier


def _append(
    settings: Settings,
    warehouse: duckdb.DuckDBPyConnection,
    log: TransactionLog,
    collected: Sequence[str],
    following: Ed25519PrivateKey | None = None,
) -> LogReport:
    """Appends what lies in the tables `collected`, those of the first before those of the next, and removes them."""
    before, parts = 0, []
    for events in collected:
        parts.append(f"select * replace (position + {before} as position) from {events}")
        before += count(warehouse, events)
    warehouse.execute(f"create or replace temp view _pending as {' union all by name '.join(parts)}")
    done = log.append(warehouse, "_pending", partial(fail_point, "mid_log", settings), following)
    fail_point("after_log", settings)
    copy_sealed(warehouse, log.folder)
    mark_logged(warehouse)
    warehouse.execute("drop view _pending")
    for events in collected:
        warehouse.execute(f"drop table {events}")
    return LogReport(done.events, log.size, log.checkpoint.root.hex() if log.checkpoint else "")


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
