"""Fetches a check's frame from the warehouse: the records concerned, typed as declared, in two Arrow tables.

`keys` identifies the records and says what a person sees; `checked` holds only the columns the suite reads, as
integers wherever order or equality of numbers matters: money in cents, dates in days. Great Expectations hashes every
column it is handed twice (0.4 s per 100,000 rows of nine text columns, 0.01 s of two of integers), hence the narrow
table; and no value passes through a float, which a nullable pandas column would otherwise make of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from expectations.suites import ColumnKind, Suite

KEY = ("business_id", "rail", "entity", "record_id")
SHOWN = {"observed": "VARCHAR", "impact_amount": "DECIMAL(18,2)"}
CENTS = 100

_TYPES: dict[ColumnKind, frozenset[str]] = {
    "text": frozenset({"VARCHAR"}),
    "date": frozenset({"DATE"}),
    "integer": frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}),
    "boolean": frozenset({"BOOLEAN"}),
    "money": frozenset({"DECIMAL(18,2)"}),
}
_SELECT: dict[ColumnKind, str] = {
    "text": "{column}",
    "date": "cast({column} - date '1970-01-01' as bigint)",
    "integer": "cast({column} as bigint)",
    "boolean": "{column}",
    "money": f"cast(cast({{column}} as decimal(20, 2)) * {CENTS} as bigint)",
}


class FrameError(Exception):
    """A frame is missing or not what its suite declares; the message is the one-line reason, without values."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One check's records: `keys` and `checked` have the same rows in the same order."""

    keys: pa.Table
    checked: pa.Table


def read_frame(warehouse: duckdb.DuckDBPyConnection, suite: Suite, businesses: Sequence[str]) -> Frame:
    """The frame of `suite` for `businesses`; FrameError when it is missing, mistyped or its keys are not unique.

    Keys must be unique because each failing one becomes one flag; a frame that fans out is our mistake, and an error
    says so where a duplicate flag would not.
    """
    try:
        _check_types(suite, {name: kind for name, kind, *_ in warehouse.execute(f"describe {suite.frame}").fetchall()})
        table = warehouse.execute(_query(suite), [list(businesses)]).to_arrow_table()
    except duckdb.Error as error:
        raise FrameError(f"{suite.frame}: {str(error).splitlines()[0]}") from error
    _check_keys(suite, table)
    return Frame(
        keys=table.select([*KEY, *SHOWN]),
        checked=pa.table([table[f"checked_{name}"] for name in suite.columns], names=list(suite.columns)),
    )


def _check_types(suite: Suite, found: dict[str, str]) -> None:
    expected = {name: frozenset({"VARCHAR"}) for name in KEY} | {name: frozenset({kind}) for name, kind in SHOWN.items()}
    expected |= {name: _TYPES[kind] for name, kind in suite.columns.items()}
    for name, kinds in expected.items():
        if name not in found:
            raise FrameError(f"{suite.frame} has no column {name}")
        if found[name] not in kinds:
            raise FrameError(f"{suite.frame}.{name} is {found[name]}, not {' or '.join(sorted(kinds))}")


def _query(suite: Suite) -> str:
    checked = [f"{_SELECT[kind].format(column=name)} as checked_{name}" for name, kind in suite.columns.items()]
    return f"select {', '.join([*KEY, *SHOWN, *checked])} from {suite.frame} where list_contains(?, business_id)"


def _check_keys(suite: Suite, table: pa.Table) -> None:
    keys = table.select(list(KEY))
    if any(keys[name].null_count for name in KEY):
        raise FrameError(f"{suite.frame} has a record without a key")
    if keys.group_by(list(KEY)).aggregate([]).num_rows != table.num_rows:
        raise FrameError(f"{suite.frame} lists a record more than once")
