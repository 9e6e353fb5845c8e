"""Fits the constants of the cash forecast and writes them into the seeds `forecast_shares` and `forecast_errors`.

`python -m tests.benchmarks.fit_forecast --warehouse W...` takes warehouses of sandbox businesses with a long history, as a cycle
left them: how much of the open documents was paid in which time, then, by the forecasts these shares make, where P10, P50 and P90
lie among the businesses' own errors. No client's data is looked at. What the forecast is worth elsewhere: `forecast`.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from rowcol_assets.transform import PROJECT_DIR
from tests.dbt.project import DbtProject, failures

SEEDS = ("forecast_policy", "forecast_shares", "forecast_errors")
SIDES = ("payable", "receivable")
BINS = (-999, -90, -60, -30, -14, -7, 0, 4, 7, 11, 14, 21, 28, 35, 49)
HORIZONS = (7, 14, 21, 28, 30, 35, 42, 49, 56, 63, 70, 77, 84, 91)
# Least numbers of past forecasts of a business: the fewer, the less is known of its errors.
CLASSES = (8, 12, 20)
# Days from the ledger's payment to the bank: deposits are made every other day, checks and transfers clear bank days later.
# What is paid by card moves cash with the card's statement, which is a series of its own.
DAYS_TO_THE_BANK = {"receivable": 2, "payable": 3}
# A bin is believed as if that many more documents had been paid as those of known and unknown habits together are.
PRIOR_DOCUMENTS = 50

SETTLED = f"""
    with horizons as (select unnest({list(HORIZONS)})::integer as horizon_days),
    payments as (
        select business_id, 'receivable' as side, linked_txn_id as record_id, txn_date, sum(amount) as amount
        from staging.stg_qbo__payment_lines
        where linked_txn_type = 'Invoice' and not is_deleted and not is_voided
        group by all
        union all
        select lines.business_id, 'payable', lines.linked_txn_id, lines.txn_date, sum(lines.amount)
        from staging.stg_qbo__bill_payment_lines as lines
        inner join staging.stg_qbo__bill_payments as payments
            on lines.business_id = payments.business_id and lines.bill_payment_id = payments.record_id
        where lines.linked_txn_type = 'Bill' and not lines.is_deleted and not lines.is_voided and payments.bank_account_id is not null
        group by all
    ),
    opened as (
        select side, is_habit_known, expected_bin, horizon_days, count(*) as documents, sum(open_amount) as amount
        from documents cross join horizons
        where origin_date + horizon_days <= as_of_date
        group by all
    ),
    paid as (
        select documents.side, is_habit_known, expected_bin, horizon_days, sum(payments.amount) as amount
        from documents
        inner join payments
            on documents.business_id = payments.business_id
            and documents.side = payments.side
            and documents.record_id = payments.record_id
            and documents.origin_date < payments.txn_date
        cross join horizons
        where
            origin_date + horizon_days <= as_of_date
            and payments.txn_date <= origin_date + horizon_days - case documents.side
                when 'receivable' then {DAYS_TO_THE_BANK["receivable"]} else {DAYS_TO_THE_BANK["payable"]}
            end
        group by all
    )
    select
        side, is_habit_known, expected_bin, horizon_days, documents,
        opened.amount as opened_amount, coalesce(paid.amount, 0) as paid_amount
    from opened left join paid using (side, is_habit_known, expected_bin, horizon_days)
"""
ERRORS = """
    select horizon_days, case_count, (cast(actual_change - dated_change as double) - mean_error) / error_deviation as error
    from intermediate.int_forecast_cases
    where actual_change is not null and error_deviation > 0
"""


def fit(warehouses: Sequence[Path]) -> None:
    """Replaces both seeds by what these warehouses come to; the files themselves are left as they are."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as found:
        project = DbtProject(Path(folder) / "dbt")
        copies = [Path(shutil.copyfile(path, Path(folder) / f"{number}.duckdb")) for number, path in enumerate(warehouses)]
        for number, path in enumerate(copies):
            _build(project, path, *SEEDS, "int_forecast_flows", "int_forecast_documents")
            with duckdb.connect(str(path)) as warehouse:
                warehouse.execute("create temp table documents as select * from intermediate.int_forecast_documents")
                _keep(found, "settled", number, warehouse.execute(SETTLED).to_arrow_table())
        _write("forecast_shares", ("kind", "is_habit_known", "days_ahead", "horizon_days", "share"), _shares(found))
        for number, path in enumerate(copies):
            _build(project, path, *SEEDS, "int_forecast_stock", "int_forecast_cases")
            with duckdb.connect(str(path), read_only=True) as warehouse:
                _keep(found, "errors", number, warehouse.execute(ERRORS).to_arrow_table())
        _write("forecast_errors", ("horizon_days", "least_cases", "p10", "p50", "p90"), _errors(found))


def _shares(found: duckdb.DuckDBPyConnection) -> Iterable[tuple[Any, ...]]:
    """Shares that never fall as the horizon grows."""
    counted = {
        key: (documents, share)
        for *key_parts, documents, share in found.execute(
            """select side, is_habit_known, expected_bin, horizon_days, sum(documents), sum(paid_amount) / sum(opened_amount)
            from settled group by all"""
        ).fetchall()
        if (key := tuple(key_parts))
    }
    of_all = {
        tuple(key): share
        for *key, share in found.execute(
            "select side, expected_bin, horizon_days, sum(paid_amount) / sum(opened_amount) from settled group by all"
        ).fetchall()
    }
    for side in SIDES:
        for is_known in (False, True):
            for days in BINS:
                least = 0.0
                for horizon in HORIZONS:
                    prior = float(of_all.get((side, days, horizon), least))
                    documents, own = counted.get((side, is_known, days, horizon), (0, 0))
                    share = (float(documents) * float(own) + PRIOR_DOCUMENTS * prior) / (float(documents) + PRIOR_DOCUMENTS)
                    least = min(1.0, max(least, share))
                    yield side, str(is_known).lower(), days, horizon, f"{least:.4f}"


def _errors(found: duckdb.DuckDBPyConnection) -> Iterable[tuple[Any, ...]]:
    for horizon in HORIZONS:
        for least, beyond in zip(CLASSES, (*CLASSES[1:], 10**9), strict=True):
            (quantiles,) = found.execute(
                "select quantile_cont(error, [.1, .5, .9]) from errors where horizon_days = ? and case_count >= ? and case_count < ?",
                [horizon, least, beyond],
            ).fetchall()[0]
            yield horizon, least, *(f"{value:.3f}" for value in quantiles)


def _build(project: DbtProject, path: Path, *models: str) -> None:
    broken = failures(project.build(path, "--select", *models, now=_now(path)))
    if broken:
        raise SystemExit(f"{path.name}: {broken[0]}")


def _now(path: Path) -> str:
    with duckdb.connect(str(path), read_only=True) as warehouse:
        return str(warehouse.execute("select cast(max(run_at) as varchar) from intermediate.int_business_calendar").fetchall()[0][0])


def _keep(found: duckdb.DuckDBPyConnection, name: str, number: int, rows: Any) -> None:
    found.register("rows", rows)
    found.execute(f"create table {name} as select * from rows" if number == 0 else f"insert into {name} select * from rows")


def _write(seed: str, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with (PROJECT_DIR / "seeds" / f"{seed}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


def main() -> None:
    """Entry of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, action="append", required=True)
    fit(parser.parse_args().warehouse)


if __name__ == "__main__":
    main()
