"""The past of marts whose rows change in place: each state of a row, and since when it was known.

A mart of days keeps its past itself (`history`); of a flag, of a token's end or of a walk the warehouse has only the last state. With
each cycle whatever differs from the last kept state is added to `history/changes/<mart>/<month>.parquet`. A month's first cycle keeps
every row, so that nobody reads more than two months, after ten years as after one. A replay reads these states (`history_as_known`);
a rebuild needs only the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.clock import utc_text
from ingestion.settings import Settings
from ingestion.warehouse import has_relation
from rowcol_assets.history import write_parquet


@dataclass(frozen=True, slots=True)
class Followed:
    """A mart whose rows change in place.

    rows: SQL of what is kept of it, where that is more than its own columns. key: what names a row. state: a row that differs in one of
    these is kept again. noted: kept with a state, and no reason to keep one. learnt_at: the column that tells when a row's state was
    learnt, where that was before the cycle had its figures.
    """

    mart: str
    key: tuple[str, ...]
    state: tuple[str, ...]
    noted: tuple[str, ...] = ()
    rows: str = ""
    learnt_at: str = ""


# When a flag was checked differs with each cycle: it is kept when a flag is no longer among those of the last checks.
FLAGS = Followed(
    mart="marts.fct_hygiene_flag",
    key=("business_id", "check_id", "rail", "entity", "record_id"),
    state=(
        "status", "observed", "impact_amount", "opened_at", "resolved_at", "reopened_count", "resolution", "resolved_by",
        "resolution_reason", "decision_id", "run_id", "is_last_checked",
    ),
    noted=("checked_at",),
    rows="(select *, checked_at = max(checked_at) over (partition by business_id) as is_last_checked from marts.fct_hygiene_flag)",
)  # fmt: skip
# The control store knows these as they are now alone; a sync is what changes them.
TOKENS = Followed(
    mart="marts.fct_connection_health",
    key=("business_id", "rail", "connection_id"),
    state=("token_expires_at",),
    learnt_at="last_attempt_at",
)
WALKS = Followed(
    mart="marts.fct_rail_freshness",
    key=("business_id", "rail", "connection_id", "entity"),
    state=("last_full_walk_at", "source_count"),
    learnt_at="last_attempt_at",
)
FOLLOWED = (FLAGS, TOKENS, WALKS)


def keep_changes(settings: Settings, warehouse: duckdb.DuckDBPyConnection, started_at: datetime, at: datetime) -> None:
    """Adds the states of rows that differ from those kept last; rows that are gone are states too.

    started_at: of the cycle that found them, before which none was known; at: now, when all are.
    """
    for followed in FOLLOWED:
        if has_relation(warehouse, followed.mart):
            _keep(settings, warehouse, followed, started_at, at)


def states_as_known(settings: Settings, followed: Followed, known_at: datetime) -> str | None:
    """SELECT of the rows of a mart as they stood at an instant, in the columns that are kept; None where nothing was kept by then."""
    files = [path for path in _files(settings, followed) if path.stem <= _month(known_at)]
    if not files:
        return None
    # The instant may lie before the first cycle of its own month.
    listed = ", ".join(_quoted(path) for path in files[-2:])
    return f"""
        select {", ".join((*followed.key, *followed.state, *followed.noted))}
        from (
            select *
            from read_parquet([{listed}], filename = true, union_by_name = true)
            where known_from <= {_instant(known_at)}
            qualify row_number() over (partition by {", ".join(followed.key)} order by filename desc, kept_no desc) = 1
        )
        where not is_gone
    """


def _keep(settings: Settings, warehouse: duckdb.DuckDBPyConnection, followed: Followed, started_at: datetime, at: datetime) -> None:
    target = _folder(settings, followed) / f"{_month(at)}.parquet"
    former = _files(settings, followed)[-1:]
    columns = ", ".join((*followed.key, *followed.state, *followed.noted))
    learnt_at = f"timezone('UTC', {followed.learnt_at})" if followed.learnt_at else _instant(at)
    present = f"""
        select {columns}, false as is_gone, least({_instant(at)}, greatest({_instant(started_at)}, {learnt_at})) as known_from
        from {followed.rows or followed.mart}
    """
    kept = f"select * from read_parquet({_quoted(former[0])})" if former else f"select *, 0::bigint as kept_no from ({present}) limit 0"
    same = " and ".join(f"present.{name} = standing.{name}" for name in followed.key)
    # A month's file tells of every row.
    unchanged = [f"present.{name} is not distinct from standing.{name}" for name in followed.state] if former == [target] else ["false"]
    warehouse.execute(
        f"""create or replace temp table changed_states as
        with present as ({present}), kept as ({kept}), standing as (
            select * exclude (kept_no)
            from kept
            qualify row_number() over (partition by {", ".join(followed.key)} order by kept_no desc) = 1
        ), changed as (
            select * from present
            anti join standing on {same} and not standing.is_gone and {" and ".join(unchanged)}

            union all by name

            select * replace (true as is_gone, {_instant(at)} as known_from) from standing
            anti join present on {same}
            where not standing.is_gone
        )
        -- Two cycles can be at one instant: the number tells which was later.
        select *, (select coalesce(max(kept_no), 0) + 1 from kept) as kept_no from changed"""
    )
    if warehouse.execute("select 1 from changed_states limit 1").fetchone():
        rows = f"{kept} union all by name from changed_states" if former == [target] else "from changed_states"
        write_parquet(warehouse, f"({rows})", target)
    warehouse.execute("drop table changed_states")


def _files(settings: Settings, followed: Followed) -> list[Path]:
    return sorted(_folder(settings, followed).glob("*.parquet"))


def _instant(at: datetime) -> str:
    return f"timestamptz '{utc_text(at)}'"


def _folder(settings: Settings, followed: Followed) -> Path:
    return settings.home / "history" / "changes" / followed.mart


def _month(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m}"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
