"""The steps of a cycle as plain functions, each under the writer lock for as long as it needs the warehouse.

Free of Dagster, so that a cycle, a replay and a rebuild use the same ones. Wiring is in `rowcol_assets.assets`; the
sync step is `ingestion.sync`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations import tables as quality_tables
from expectations.report import CheckReport
from expectations.run import run_checks
from ingestion.clock import Clock
from ingestion.control.acts import newest_act
from ingestion.control.rows import appended_rows
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError, WarehouseBusy
from ingestion.failpoints import fail_point
from ingestion.settings import Settings
from ingestion.warehouse import connect, has_relation, open_warehouse, writer_lock
from rowcol_assets.audit import tables as audit_tables
from rowcol_assets.audit.writer import LogReport, append_acts, append_cycle
from rowcol_assets.deferral import DEFERRED_LOADS, defer_loads
from rowcol_assets.history import keep_history, restore_history
from rowcol_assets.history_changes import keep_changes
from rowcol_assets.linking import keep_links
from rowcol_assets.pictures import Drawn, Relation, draw
from rowcol_assets.publishing.postgres.following import withdraw_ended
from rowcol_assets.publishing.probing import probe_files
from rowcol_assets.publishing.promised import promised_relations
from rowcol_assets.publishing.publish import publish, withdraw_files
from rowcol_assets.publishing.report import PublishReport
from rowcol_assets.standing import remember_built, standing_nodes
from rowcol_assets.transform import DbtReport, EventHandler, Step, run_step

# A part of a bulk load holds the warehouse longest of what works on it besides cycles: a few seconds.
WITHDRAWING_WAIT_SECONDS = 10.0
# How a step tells a person what it did.
Say = Callable[[str], None]


def silent(line: str) -> None:
    """Tells nobody."""


def transform(
    settings: Settings,
    step: Step,
    variables: Mapping[str, str],
    *,
    select: Sequence[str] | None = None,
    businesses: Sequence[str] = (),
    on_event: EventHandler | None = None,
) -> DbtReport:
    """Builds one dbt step in the warehouse, without what stands as it is (`standing`), or just the models of `select`.

    businesses: those the run is for, none for all; large loads of others are left by it and by its append to the log (`deferral`).
    A warehouse that was made again first gets back the history kept outside it.
    """
    heard = _killed_midway(settings, on_event) if step == "before" and settings.fail_at == "mid_models" else on_event
    with writer_lock(settings, f"dbt {step}"):
        with open_warehouse(settings, f"dbt {step}") as warehouse:
            quality_tables.ensure_tables(warehouse)
            audit_tables.ensure_tables(warehouse)
            restore_history(settings, warehouse)
            if step == "before":
                defer_loads(warehouse, businesses)
            whole = step == "before" and select is None
            standing = standing_nodes(warehouse) if whole else frozenset[str]()
        path = settings.warehouse_path
        report = run_step(settings, step, warehouse_path=path, variables=variables, select=select, standing=standing, on_event=heard)
        if whole and not report.broken:
            with open_warehouse(settings, f"dbt {step}") as warehouse:
                remember_built(warehouse)
    if step == "after":
        fail_point("after_models", settings)
    return report


def _killed_midway(settings: Settings, on_event: EventHandler | None) -> EventHandler:
    """Hands events on until half of the step's nodes are done, where the fail point `mid_models` strikes."""

    def handle(event: dict[str, Any]) -> None:
        told = event["data"]
        # How many there are is called otherwise of a test (dbt's LogTestResult) than of a model or a seed.
        if 2 * int(told["index"]) >= int(told["total"] if "total" in told else told["num_models"]):
            fail_point("mid_models", settings)
        if on_event:
            on_event(event)

    return handle


def check(settings: Settings, run_id: str, ran_at: datetime, checks: Sequence[str] | None = None) -> CheckReport:
    """Runs the checks of the catalogue over the frames that dbt left in the warehouse."""
    with open_warehouse(settings, "great expectations") as warehouse:
        return run_checks(warehouse, run_id=run_id, ran_at=ran_at, checks=checks)


def log_events(settings: Settings, run_id: str, at: datetime) -> LogReport:
    """Appends to the transaction log whatever happened since the last append; at: product time of the cycle."""
    with open_warehouse(settings, "transaction log") as warehouse:
        left = DEFERRED_LOADS if has_relation(warehouse, DEFERRED_LOADS) else None
        return append_cycle(settings, warehouse, run_id=run_id, at=at, left=left)


def publish_all(settings: Settings, store: ControlStore, started_at: datetime, run_id: str, clock: Clock) -> PublishReport:
    """Publishes every advisor whose content changed, logs that, keeps outside the warehouse what is needed there, and tries the files.

    clock: the time within the run, which tells when a file was ready. Where it fails, what is granted no more is taken out of the
    database that follows; an error that this cannot be done is a note on the first one.
    """
    try:
        with open_warehouse(settings, "publish") as warehouse:
            keep_history(settings, warehouse)
            keep_changes(settings, warehouse, started_at, clock())
            keep_links(store, warehouse)
            logged = newest_act(store.database)
            told: dict[str, Any] = {"as_of": started_at.date(), "published_at": started_at, "run_id": run_id, "clock": clock}
            try:
                return publish(settings, store, warehouse, promised=promised_relations(), **told)
            finally:
                noted, newest = appended_rows(store, "acts", logged)
                if newest > logged:
                    append_acts(settings, warehouse, noted, run_id=run_id, at=started_at)
    except Exception as error:
        try:
            withdraw_ended(settings, store)
        except RowcolError as still_shown:
            error.add_note(str(still_shown))
        raise
    finally:
        probe_files(settings, store, clock())


def withdraw_after_failure(settings: Settings, store: ControlStore, at: datetime, run_id: str, *, waits: bool = True) -> None:
    """Has neither files nor the database that follows show what is granted no more, though no publish of the run will see to it.

    Whoever works on the warehouse is waited for, since most of them are done in seconds and publish nothing; not for as long as by a
    step, since one may have failed for having waited; without `waits` not at all. RowcolError says what can still be shown.
    """
    still_shown = []
    try:
        with writer_lock(settings, "withdrawing", WITHDRAWING_WAIT_SECONDS if waits else 0):
            withdraw_files(settings, store, at, run_id)
    except WarehouseBusy as error:
        still_shown.append(f"published files can still show clients granted no more: {error}")
    try:
        withdraw_ended(settings, store)
    except RowcolError as error:
        still_shown.append(str(error))
    if still_shown:
        raise RowcolError("; ".join(still_shown))


def ensure_quality_tables(settings: Settings, path: Path) -> None:
    """Makes the tables that checks write to, which dbt's second step reads even before the first check ran."""
    warehouse = connect(path, settings)
    try:
        quality_tables.ensure_tables(warehouse)
    finally:
        warehouse.close()


def seen_of(settings: Settings, relations: Sequence[Relation]) -> tuple[dict[Relation, int], dict[Relation, Drawn]]:
    """What is told of relations that were built: the rows of tables, since counting a view would build it, and pictures."""
    with open_warehouse(settings, "row counts") as warehouse:
        return _counts(warehouse, set(relations)), draw(warehouse, relations)


def _counts(warehouse: duckdb.DuckDBPyConnection, wanted: set[Relation]) -> dict[Relation, int]:
    known = warehouse.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    counts = {}
    for schema, table in known:
        if (schema, table) in wanted:
            row = warehouse.execute(f'select count(*) from "{schema}"."{table}"').fetchone()
            counts[schema, table] = int(row[0]) if row else 0
    return counts
