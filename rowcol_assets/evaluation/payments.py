"""Links two lists of payments with the models of the product's own graph, in a database file made for it and thrown away.

The lists take the place of what the rails' records are made into (`int_money_events`); candidates, scores and the global
assignment are the project's. Weights and limits are those of the pair `statement` in the seeds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from ingestion.warehouse import connect
from rowcol_assets.transform import run_step

COLUMNS = ("unique_id", "memo", "transaction_date", "amount")
# Equal in both lists where two rows are one payment; read by whoever fits or measures, never by the matching.
LABEL = "ground_truth"
MODELS = ("match_pairs", "match_weights", "int_match_verdicts", "int_match_blocks", "int_match_candidates", "int_match_assigned")
# Advisors' verdicts, as far as the models read them.
DECISIONS = """create table staging.stg_control__decisions
    (business_id varchar, kind varchar, decision_no bigint, subject json, is_standing boolean, decision_id varchar, advisor_id varchar,
    decided_at timestamptz, bulk_id varchar)"""
# One side's rows as the model sees them; what cannot be read as a date or an amount is left out and matches nothing.
EVENTS = """
    select
        'evaluation' as business_id, $role || ':' || row_number as event_id, $role as role, 'file' as rail, 'payments' as entity,
        row_number::varchar as record_id, null::varchar as account_id, null::varchar as account_key,
        try_cast(transaction_date as date) as event_date, try_cast(amount as decimal(18, 2)) as amount,
        null::varchar as currency, null::varchar as reference, null::varchar as linked_id,
        memo::varchar as text, null::varchar as party_key, null::varchar as own_account, null::varchar as paired_account,
        null::varchar as purpose, false as is_undone,
        null::varchar as change_id, null::timestamptz as synced_at
    from {side}
    where try_cast(transaction_date as date) is not null and try_cast(amount as decimal(18, 2)) is not null
"""


def link_payments(settings: Settings, left: Path, right: Path, out: Path) -> tuple[int, int]:
    """Writes `out` (Parquet: left_id, right_id, score; one row per linked pair); returns pairs, and rows that no pair could have.

    A pair that could as well be another is left out. UsageError for a file that is no Parquet file or lacks a column.
    """
    with matched_payments(settings, left, right) as database:
        database.execute(
            """create table pairs as
                select lefts.unique_id as left_id, rights.unique_id as right_id, assigned.score
                from intermediate.int_match_assigned as assigned
                inner join lefts on assigned.left_event = 'left:' || lefts.row_number
                inner join rights on assigned.right_event = 'right:' || rights.row_number
                where not assigned.is_ambiguous
                order by lefts.row_number"""
        )
        try:
            database.execute("copy pairs to $out (format parquet)", {"out": str(out)})
        except duckdb.IOException as error:
            raise UsageError(f"{out} cannot be written: {str(error).splitlines()[0]}") from None
        counted = database.execute(
            """select
                (select count(*) from pairs),
                (select count(*) from lefts) + (select count(*) from rights) - (select count(*) from intermediate.int_money_events)"""
        ).fetchall()
        pairs, unreadable = counted[0]
        return int(pairs), int(unreadable)


@contextmanager
def matched_payments(settings: Settings, left: Path, right: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An open database with the tables `lefts` and `rights` and the models' `intermediate.int_match_candidates` and `_assigned`."""
    with tempfile.TemporaryDirectory(prefix="rowcol-") as folder:
        path = Path(folder) / "evaluation.duckdb"
        database = connect(path, settings)
        try:
            _read(database, left, "lefts")
            _read(database, right, "rights")
            sides = " union all ".join(EVENTS.format(side=side).replace("$role", f"'{side[:-1]}'") for side in ("lefts", "rights"))
            database.execute("create schema intermediate")
            # Nobody has decided anything about these lists.
            database.execute("create schema staging")
            database.execute(DECISIONS)
            database.execute(f"create table intermediate.int_money_events as {sides}")
        finally:
            database.close()
        report = run_step(settings, "before", warehouse_path=path, variables={}, select=MODELS)
        if report.broken:
            raise RowcolError(f"matching failed at {report.broken[0].unique_id}: {' '.join(report.broken[0].message.split())[:300]}")
        database = connect(path, settings)
        try:
            yield database
        finally:
            database.close()


def _read(database: duckdb.DuckDBPyConnection, path: Path, table: str) -> None:
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        held = {name for name, *_ in database.execute("describe select * from read_parquet($path)", {"path": str(path)}).fetchall()}
    except duckdb.Error:
        raise UsageError(f"{path} is no Parquet file") from None
    lacking = [name for name in COLUMNS if name not in held]
    if lacking:
        raise UsageError(f"{path} lacks the column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}")
    wanted = ", ".join([*COLUMNS, *sorted(held & {LABEL})])
    database.execute(
        f"create table {table} as select {wanted}, row_number() over () as row_number from read_parquet($path)", {"path": str(path)}
    )
