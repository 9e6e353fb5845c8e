"""The daily history outside the warehouse, so that a warehouse that is made again knows its closed days.

Marts that keep their own past (a closed day is never computed again) cannot be derived from today's state of the
change log. After each cycle they are written beside the raw segments; `rebuild` puts them back before dbt runs.
Everything else in the warehouse is derived. How rows that change in place stood before is in `history_changes`, what of
all this a replay of the past gets in `history_as_known`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from ingestion.files import private_dir, sync_dir, sync_file
from ingestion.settings import Settings

HISTORY = (
    ("marts", "fct_runway_daily"),
    ("marts", "fct_runway_items"),
    ("marts", "fct_cash"),
    ("marts", "fct_hygiene_flag"),
    ("marts", "fct_hygiene_score"),
)


def history_path(settings: Settings, schema: str, table: str) -> Path:
    """Where a mart's history lies."""
    return settings.home / "history" / f"{schema}.{table}.parquet"


def keep_history(settings: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Writes the marts that keep their own past; each file is the old one or the new one, never a part."""
    for schema, table in _existing(warehouse):
        write_parquet(warehouse, f"{schema}.{table}", history_path(settings, schema, table))


def write_parquet(warehouse: duckdb.DuckDBPyConnection, rows: str, target: Path) -> None:
    """Replaces a file of the history by `rows`, a table or a query in brackets, which may read the file."""
    private_dir(target.parent)
    beside = target.with_name(f".{target.name}.tmp")
    try:
        warehouse.execute(f"copy {rows} to '{str(beside).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)")
        beside.chmod(0o600)
        sync_file(beside)
        beside.replace(target)
    finally:
        # On a full disk half a file would keep others from being written.
        beside.unlink(missing_ok=True)
    sync_dir(target.parent)


def restore_history(settings: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Puts kept marts back into a warehouse that does not have them; dbt then continues them."""
    present = _existing(warehouse)
    for schema, table in HISTORY:
        source = history_path(settings, schema, table)
        if source.exists() and (schema, table) not in present:
            warehouse.execute(f"create schema if not exists {schema}")
            warehouse.execute(f"create table {schema}.{table} as select * from read_parquet(?)", [str(source)])


def _existing(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    known = set(warehouse.execute("select schema_name, table_name from duckdb_tables()").fetchall())
    return [relation for relation in HISTORY if relation in known]
