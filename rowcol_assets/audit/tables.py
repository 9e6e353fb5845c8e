"""The log's copy in the warehouse: `audit.transaction_log`, and which files and loads it already holds.

The sealed files are the log; whatever is here follows from them and from the raw tables, so a new warehouse fills itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.audit.files import event_files

LOG = "audit.transaction_log"
SEALED_FILES = "audit.sealed_files"
LOGGED_LOADS = "audit.logged_loads"
# Temporary: the loads of rails and control store that this append looks at.
NEW_LOADS = "_new_loads"


def ensure_tables(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables that are not there."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMN_TYPES.items())
    warehouse.execute("create schema if not exists audit")
    warehouse.execute(f"create table if not exists {LOG} ({columns})")
    warehouse.execute(f"create table if not exists {SEALED_FILES} (file_name varchar)")
    warehouse.execute(f"create table if not exists {LOGGED_LOADS} (schema_name varchar, load_id varchar)")


def find_new_loads(warehouse: duckdb.DuckDBPyConnection, schemas: Iterable[str], left: str | None = None) -> None:
    """Fills NEW_LOADS with the finished loads of dlt that are not logged yet; the others are left for the next time.

    left: the relation (schema_name, load_id) of finished loads to leave too.
    """
    warehouse.execute(f"create or replace temp table {NEW_LOADS} (schema_name varchar, load_id varchar)")
    known = {row[0] for row in warehouse.execute("select schema_name from duckdb_tables() where table_name = '_dlt_loads'").fetchall()}
    leaving = f"anti join {left} as left_out on left_out.schema_name = '{{}}' and left_out.load_id = loads.load_id" if left else ""
    for schema in schemas:
        if schema in known:
            warehouse.execute(
                f"""
                insert into {NEW_LOADS}
                select '{schema}', loads.load_id
                from {schema}._dlt_loads as loads
                anti join {LOGGED_LOADS} as done on done.schema_name = '{schema}' and done.load_id = loads.load_id
                {leaving.format(schema)}
                where loads.status = 0
                """
            )


def mark_logged(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Notes the loads of NEW_LOADS as logged."""
    warehouse.execute(f"insert into {LOGGED_LOADS} select * from {NEW_LOADS}")


def copy_sealed(warehouse: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Copies the sealed files that the warehouse does not hold yet, each whole or not at all; returns the events copied."""
    known = {row[0] for row in warehouse.execute(f"select file_name from {SEALED_FILES}").fetchall()}
    copied = 0
    for file in event_files(folder):
        if file.is_sealed and file.path.name not in known:
            warehouse.begin()
            try:
                names = ", ".join(COLUMN_TYPES)
                warehouse.execute(f"insert into {LOG} select {names} from read_parquet($path)", {"path": str(file.path)})
                warehouse.execute(f"insert into {SEALED_FILES} values ($name)", {"name": file.path.name})
            except BaseException:
                warehouse.rollback()
                raise
            warehouse.commit()
            copied += file.rows
    return copied


def log_as_known(warehouse: duckdb.DuckDBPyConnection, folder: Path, known_at: datetime | None) -> None:
    """Makes `audit.transaction_log` of another file a view of the sealed files: the events observed until `known_at`, or all."""
    files = [str(file.path).replace("'", "''") for file in event_files(folder) if file.is_sealed]
    if not files:
        ensure_tables(warehouse)
        return
    listed = ", ".join(f"'{file}'" for file in files)
    bound = f"where observed_at <= timestamp '{known_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'" if known_at else ""
    warehouse.execute("create schema audit")
    warehouse.execute(f"create view {LOG} as select {', '.join(COLUMN_TYPES)} from read_parquet([{listed}]) {bound}")


def count(warehouse: duckdb.DuckDBPyConnection, relation: str) -> int:
    """How many rows a relation has."""
    row = warehouse.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
