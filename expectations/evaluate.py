"""The adapter to Great Expectations: hands a frame to a suite and takes back the numbers of the failing rows.

The only module that imports Great Expectations, inside functions because the import costs 7 s and 270 MB; `preload`
lets a background thread pay for it while records are fetched. The context lives in memory: no project folder, no
data docs, no analytics, no progress bars. Turning results into rows of the warehouse is `expectations.run`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import pyarrow as pa

from expectations.frames import CENTS
from expectations.suites import Expectation, Suite, Threshold

Evaluate = Callable[[pa.Table, Suite], list[int]]
Thresholds = Mapping[tuple[str, str], Decimal]

REASON_LENGTH = 200
ROW = "row_no"
_COMPLETE = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [ROW],
    "return_unexpected_index_query": False,
    "exclude_unexpected_values": True,
}


class EvaluationError(Exception):
    """Great Expectations could not evaluate an expectation; the message is the one-line reason."""


def preload() -> None:
    """Imports Great Expectations; safe to call from any thread, and again."""
    import great_expectations
    import great_expectations.expectations  # noqa: F401


def open_evaluator(thresholds: Thresholds) -> Evaluate:
    """A function that evaluates frames one after another in one context of its own, limits taken from `thresholds`.

    It returns the row numbers that fail any expectation, ascending, and raises EvaluationError when Great Expectations
    raises or reports an exception: a check that could not run has not passed.
    """
    import great_expectations
    import great_expectations.expectations as classes
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults, ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )
    context = great_expectations.get_context(project_config=config, mode="ephemeral")
    batches = context.data_sources.add_pandas("warehouse").add_dataframe_asset("frame").add_batch_definition_whole_dataframe("frame")

    def evaluate(checked: pa.Table, suite: Suite) -> list[int]:
        if checked.num_rows == 0:
            return []
        try:
            built = [getattr(classes, expectation.name)(**_arguments(expectation, suite, thresholds)) for expectation in suite.expectations]
            batch = batches.get_batch({"dataframe": _pandas_frame(checked)})
            outcome = batch.validate(great_expectations.ExpectationSuite(name=suite.check_id, expectations=built), result_format=_COMPLETE)
        except Exception as error:  # whatever it raises, this check has not run and the others must
            raise EvaluationError(_reason(type(error).__name__, str(error))) from error
        failing: set[int] = set()
        for result in outcome.results:
            failing.update(_failing_rows(result))
        return sorted(failing)

    return evaluate


def _pandas_frame(checked: pa.Table) -> Any:
    """`checked` in pandas, its row numbers as a named index, which Great Expectations reads 10 times faster than a column.

    Masked types, so that a NULL neither turns integers into floats nor slows hashing (Arrow-backed types: 10 times).
    """
    import pandas as pd

    masked = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return checked.to_pandas(types_mapper=masked.get).rename_axis(index=ROW)


def _arguments(expectation: Expectation, suite: Suite, thresholds: Thresholds) -> dict[str, object]:
    def value(argument: object) -> object:
        if not isinstance(argument, Threshold):
            return argument
        limit = thresholds[suite.check_id, argument.name] * (CENTS if argument.is_money else 1)
        if limit != int(limit):
            raise ValueError(f"{suite.check_id} {argument.name} is finer than its column")
        return int(limit)

    return {name: value(argument) for name, argument in expectation.arguments.items() if argument is not None}


def _failing_rows(result: Any) -> Iterable[int]:
    exceptions = result.exception_info or {}
    for info in [exceptions] if "raised_exception" in exceptions else exceptions.values():
        if info.get("raised_exception"):
            raise EvaluationError(_reason(result.expectation_config.type, str(info.get("exception_message"))))
    if result.success:
        return ()
    rows = [int(row) for block in result.result["unexpected_index_list"] for row in block[ROW]]
    if len(rows) != result.result["unexpected_count"]:
        raise EvaluationError(_reason(result.expectation_config.type, "the list of failing rows is incomplete"))
    return rows


def _reason(what: str, message: str) -> str:
    return f"{what}: {' '.join(message.split())}"[:REASON_LENGTH]
