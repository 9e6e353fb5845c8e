"""Replays: the marts as of another date, or as known at another instant, built in a file of their own.

Raw tables come from the segments, not from the warehouse, so a replay waits for nobody and changes neither history nor
log nor published files. `as_of` values what is known now at another date, and has no past; `known_at` bounds what was known, settings
(`control_as_known`) and the days before (`history_as_known`) included. The seeds, which set what holds for everybody, are those of today.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from expectations.run import run_checks
from ingestion.changelog.schema import CHANGE
from ingestion.changelog.segments import distinct_changes, segments
from ingestion.clock import Clock, utc_text
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError
from ingestion.files import private_dir
from ingestion.promise import RailPromise
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.warehouse import connect
from rowcol_assets.audit.tables import log_as_known
from rowcol_assets.control_as_known import fill_control
from rowcol_assets.history_as_known import fill_gaps, restore_as_known
from rowcol_assets.steps import Say, ensure_quality_tables, silent
from rowcol_assets.transform import Step, run_step

LOAD_ID = "replay"


@dataclass(frozen=True)
class Moment:
    """What to replay: another valuation date, another bound of knowledge, or both."""

    as_of: date | None = None
    known_at: datetime | None = None

    @property
    def name(self) -> str:
        """A file stem that is no schema's name and needs no quoting."""
        parts = []
        if self.as_of:
            parts.append(f"as_of_{self.as_of:%Y_%m_%d}")
        if self.known_at:
            parts.append(f"known_at_{self.known_at:%Y%m%dT%H%M%SZ}".lower())
        return "_".join(parts)


def replay(settings: Settings, store: ControlStore, clock: Clock, moment: Moment, say: Say = silent) -> Path:
    """Builds the replay and returns its file; an earlier replay of the same moment is replaced when this one is done."""
    building = private_dir(settings.replay_dir / f".building-{os.getpid()}")
    path = building / f"{moment.name}.duckdb"
    now = moment.known_at or clock()
    variables = {
        "rowcol_now": utc_text(now),
        "as_of_date": moment.as_of.isoformat() if moment.as_of else "",
        "known_at": utc_text(moment.known_at) if moment.known_at else "",
        "run_id": moment.name,
    }
    try:
        _fill(settings, store, path, moment)
        ensure_quality_tables(settings, path)
        _build(settings, "before", path, variables, say)
        warehouse = connect(path, settings)
        try:
            run_checks(warehouse, run_id=moment.name, ran_at=now)
        finally:
            warehouse.close()
        _build(settings, "after", path, variables, say)
        target = settings.replay_dir / path.name
        path.replace(target)
        return target
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _build(settings: Settings, step: Step, path: Path, variables: dict[str, str], say: Say) -> None:
    report = run_step(settings, step, warehouse_path=path, variables=variables)
    say(f"dbt {step}: {len(report.nodes)} nodes")
    if report.broken:
        first = report.broken[0]
        raise RowcolError(f"the replay failed at {first.unique_id}: {' '.join(first.message.split())[:300]}")


def _fill(settings: Settings, store: ControlStore, path: Path, moment: Moment) -> None:
    warehouse = connect(path, settings)
    try:
        for rail in RAILS.values():
            _fill_rail(settings, warehouse, rail)
        log_as_known(warehouse, settings.audit_dir, moment.known_at)
        fill_control(warehouse, store, settings.audit_dir, moment.known_at, LOAD_ID)
        if moment.known_at:
            fill_gaps(warehouse, settings, moment.known_at)
            restore_as_known(warehouse, settings, moment.known_at, moment.as_of)
    finally:
        warehouse.close()


def _fill_rail(settings: Settings, warehouse: duckdb.DuckDBPyConnection, rail: RailPromise) -> None:
    schema = f"raw_{rail.name}"
    warehouse.execute(f"create schema {schema}")
    for promise in rail.entities:
        paths = [str(path) for path in segments(settings, rail.name, promise.name)]
        empty = CHANGE.empty_table()
        warehouse.register("empty", empty)
        warehouse.execute(f"create table {schema}.{promise.name} as select * from empty")
        warehouse.unregister("empty")
        if paths:
            warehouse.execute(
                f"""insert into {schema}.{promise.name} by name
                select * replace ('{LOAD_ID}' as _dlt_load_id) from ({distinct_changes()})""",
                {"paths": paths},
            )
    warehouse.execute(
        f"""create table {schema}._dlt_loads as
        select '{LOAD_ID}' as load_id, '{rail.name}' as schema_name, 0::bigint as status,
            timestamptz '1970-01-01 00:00:00+00' as inserted_at, '' as schema_version_hash"""
    )
