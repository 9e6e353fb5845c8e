"""Runs the checks over the warehouse: which apply to whom, what failed, and the results stored as rows.

Which rails a check needs is in the catalogue, which rails a business has in `quality.chk_applicability` (dbt). A check
that cannot run is `error` for the businesses it applies to and disturbs no other check; a check whose rails are not
connected is `not_applicable`; what a notice finds is `noted`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from expectations import catalogue, tables
from expectations.evaluate import Evaluate, EvaluationError, open_evaluator
from expectations.frames import KEY, FrameError, read_frame
from expectations.report import SAMPLE_SIZE, BusinessCheck, CheckReport, Status
from expectations.suites import SUITES_BY_CHECK, Suite
from ingestion.errors import RowcolError, UsageError

APPLICABILITY = "quality.chk_applicability"


@dataclass(frozen=True, slots=True)
class _Check:
    """A check to run. found: its status where records fail it."""

    check_id: str
    found: Status = "failed"


@dataclass(frozen=True, slots=True)
class _Outcome:
    results: list[BusinessCheck]
    failures: pa.Table | None = None


def run_checks(
    warehouse: duckdb.DuckDBPyConnection,
    *,
    run_id: str,
    ran_at: datetime,
    businesses: Sequence[str] | None = None,
    checks: Sequence[str] | None = None,
) -> CheckReport:
    """Evaluates the catalogue's checks and those of raw records, and replaces their results in `quality.expectation_runs` and `_failures`.

    warehouse: a connection that may write, outside a transaction, the first dbt step built. ran_at: product time, with
    zone. businesses, checks: only these (None: all), leaving the rows of others as they are; UsageError for an unknown
    one. What goes wrong inside a check is a result, not an exception.
    """
    if ran_at.tzinfo is None:
        raise UsageError("ran_at needs a zone")
    tables.ensure_tables(warehouse)
    entries = _entries(checks)
    scope = _scope(warehouse, businesses)
    evaluate = _lazy_evaluator()
    outcomes = [_run_check(warehouse, entry, scope, evaluate) for entry in entries]
    results = tuple(result for outcome in outcomes for result in outcome.results)
    found = [outcome.failures for outcome in outcomes if outcome.failures is not None]
    stamp = {"run_id": run_id, "ran_at": ran_at}
    runs = pa.Table.from_pylist(
        [{**stamp, **{name: getattr(result, name) for name in BusinessCheck.__slots__}} for result in results], schema=tables.RUNS_SCHEMA
    )
    failures = _stamped(found, run_id, ran_at)
    tables.replace_results(warehouse, runs, failures, businesses=businesses, checks=checks)
    return CheckReport(run_id=run_id, ran_at=ran_at, results=results, samples=_samples(found))


def _entries(checks: Sequence[str] | None) -> list[_Check]:
    entries = [_Check(entry.check_id) for entry in catalogue.load()]
    entries += [_Check(one.check_id, found="noted" if one.is_notice else "failed") for one in catalogue.load_source_checks()]
    unknown = set(checks or ()) - {entry.check_id for entry in entries}
    if unknown:
        raise UsageError(f"there is no check {min(unknown)!r} in the hygiene catalogue")
    return [entry for entry in entries if checks is None or entry.check_id in checks]


def _scope(warehouse: duckdb.DuckDBPyConnection, businesses: Sequence[str] | None) -> dict[str, dict[str, bool]]:
    """Per check and business, whether the check applies."""
    try:
        rows = warehouse.execute(f"select check_id, business_id, is_applicable from {APPLICABILITY} order by all").fetchall()
    except duckdb.CatalogException:
        raise RowcolError(f"the warehouse has no {APPLICABILITY}: build the models before running the checks") from None
    unknown = set(businesses or ()) - {business for _, business, _ in rows}
    if unknown:
        raise UsageError(f"there is no business {min(unknown)!r}")
    scope: dict[str, dict[str, bool]] = {}
    for check_id, business_id, is_applicable in rows:
        if businesses is None or business_id in businesses:
            scope.setdefault(check_id, {})[business_id] = is_applicable
    return scope


def _lazy_evaluator() -> Evaluate:
    """Opens the evaluator at the first frame with records, so that an import that fails is an error of the checks."""
    opened: list[Evaluate] = []

    def evaluate(checked: pa.Table, suite: Suite) -> list[int]:
        if not opened:
            try:
                opened.append(open_evaluator(catalogue.load_thresholds()))
            except Exception as error:  # a broken installation must not look like passing checks
                raise EvaluationError(f"Great Expectations does not start: {type(error).__name__}") from error
        return opened[0](checked, suite)

    return evaluate


def _run_check(warehouse: duckdb.DuckDBPyConnection, entry: _Check, scope: dict[str, dict[str, bool]], evaluate: Evaluate) -> _Outcome:
    applies = scope.get(entry.check_id, {})
    results = [BusinessCheck(business, entry.check_id, "not_applicable") for business, applicable in applies.items() if not applicable]
    concerned = [business for business, applicable in applies.items() if applicable]
    if not concerned:
        return _Outcome(results)
    try:
        suite = SUITES_BY_CHECK.get(entry.check_id)
        if suite is None:
            raise FrameError(f"{entry.check_id} has no suite")
        frame = read_frame(warehouse, suite, concerned)
        failing = frame.keys.take(pa.array(evaluate(frame.checked, suite), pa.int64()))
    except (FrameError, EvaluationError) as error:
        return _Outcome(results + [BusinessCheck(business, entry.check_id, "error", error=str(error)) for business in concerned])
    checked, failed = _counts(frame.keys), _counts(failing)
    for business in concerned:
        status: Status = entry.found if failed[business] else "passed"
        results.append(BusinessCheck(business, entry.check_id, status, checked[business], failed[business]))
    return _Outcome(results, failing.append_column("check_id", pa.repeat(entry.check_id, failing.num_rows)))


def _counts(keys: pa.Table) -> Counter[str]:
    """Records per business; 0 for a business without any."""
    counted = keys.group_by("business_id").aggregate([([], "count_all")])
    return Counter({row["business_id"]: row["count_all"] for row in counted.to_pylist()})


def _stamped(found: list[pa.Table], run_id: str, ran_at: datetime) -> pa.Table:
    if not found:
        return tables.FAILURES_SCHEMA.empty_table()
    rows = pa.concat_tables(found)
    rows = rows.append_column("run_id", pa.repeat(run_id, rows.num_rows))
    rows = rows.append_column("ran_at", pa.repeat(pa.scalar(ran_at, tables.FAILURES_SCHEMA.field("ran_at").type), rows.num_rows))
    return rows.select(tables.FAILURES_SCHEMA.names).cast(tables.FAILURES_SCHEMA)


def _samples(found: list[pa.Table]) -> dict[str, tuple[str, ...]]:
    return {
        rows["check_id"][0].as_py(): tuple("/".join(row[name] for name in KEY) for row in rows.slice(0, SAMPLE_SIZE).to_pylist())
        for rows in found
        if rows.num_rows
    }
