"""The kept history as it stood at an instant, for a replay: what a cycle of then knew of the days before.

What was kept by then is put where dbt continues it, and what the control store tells only as of now where the models read it. A
day's last cycle closes the day: where it came after the instant, the day is left out and the replay computes it. How the control
store itself stood is in `control_as_known`; how a lost warehouse gets its history back in `history`.
"""

from __future__ import annotations

from datetime import date, datetime

import duckdb

from ingestion.clock import utc_text
from ingestion.settings import Settings
from rowcol_assets.history import history_path
from rowcol_assets.history_changes import FLAGS, TOKENS, WALKS, Followed, states_as_known

# Marts that keep days, with the column of a row's day. A span of days that has ended since had no end yet.
_DAYS = (
    ("fct_runway_daily", "as_of_date", "kept.*"),
    ("fct_cash", "as_of_date", "kept.*"),
    (
        "fct_runway_items",
        "valid_from_date",
        "kept.* replace (case when kept.valid_to_date < known_days.last_date then kept.valid_to_date end as valid_to_date)",
    ),
)


def restore_as_known(warehouse: duckdb.DuckDBPyConnection, settings: Settings, known_at: datetime, as_of: date | None) -> None:
    """Makes the marts that continue their own past, in a warehouse without marts, with what was kept of it until `known_at`.

    as_of: where another date is valued, only days before it.
    """
    warehouse.execute("create schema marts")
    if history_path(settings, "marts", "fct_runway_daily").exists():
        _restore_days(warehouse, settings, known_at, as_of)
    if flags := states_as_known(settings, FLAGS, known_at):
        warehouse.execute(f"create table {FLAGS.mart} as {flags}")


def fill_gaps(warehouse: duckdb.DuckDBPyConnection, settings: Settings, known_at: datetime) -> None:
    """Tells of `raw_control` what was overwritten since `known_at`, where a cycle until then has told it of its marts."""
    _fill(warehouse, settings, known_at, TOKENS, "connections", {"token_expires_at": "timezone('UTC', past.token_expires_at)"})
    walks = {"last_full_walk_at": "timezone('UTC', past.last_full_walk_at)", "source_count": "past.source_count"}
    _fill(warehouse, settings, known_at, WALKS, "sync_states", walks)


def _restore_days(warehouse: duckdb.DuckDBPyConnection, settings: Settings, known_at: datetime, as_of: date | None) -> None:
    warehouse.execute(
        """create or replace temp table known_days as
        select business_id, max(as_of_date) as last_date
        from read_parquet($path)
        where
            greatest(computed_at, synced_at) <= timezone('UTC', $known_at::timestamptz)
            and as_of_date < coalesce($as_of, date 'infinity')
        group by business_id""",
        {"path": str(history_path(settings, "marts", "fct_runway_daily")), "known_at": utc_text(known_at), "as_of": as_of},
    )
    for table, day, columns in _DAYS:
        path = history_path(settings, "marts", table)
        if path.exists():
            warehouse.execute(
                f"""create table marts.{table} as
                select {columns}
                from read_parquet(?) as kept
                inner join known_days on kept.business_id = known_days.business_id
                where kept.{day} <= known_days.last_date""",
                [str(path)],
            )


def _fill(
    warehouse: duckdb.DuckDBPyConnection, settings: Settings, known_at: datetime, followed: Followed, table: str, columns: dict[str, str]
) -> None:
    """Sets columns of a table of `raw_control` that are empty; columns: each with the SQL of its value in `past`."""
    if states := states_as_known(settings, followed, known_at):
        told = ", ".join(f"{name} = coalesce(now.{name}, {value})" for name, value in columns.items())
        same = " and ".join(f"now.{name} = past.{name}" for name in followed.key)
        warehouse.execute(f"update raw_control.{table} as now set {told} from ({states}) as past where {same}")
