"""Compares lists of names with the models of the product's own graph, in a database file made for it and thrown away.

The lists take the place of what the rails' records are made into (`int_party_names`); words, candidates, features and scores
are the project's. What a file of names looks like, and which pair is taken as a link, is in `rowcol_assets.evaluation.vendors`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.errors import RowcolError
from ingestion.settings import Settings
from ingestion.warehouse import connect
from rowcol_assets.transform import run_step

MODELS = ("party_words", "party_token_weights", "party_model", "int_party_terms", "int_party_pairs")
_NAMES = pa.schema([("business_id", pa.string()), ("rail", pa.string()), ("party_id", pa.string()), ("name", pa.string())])


@dataclass(frozen=True, slots=True)
class Name:
    """A name to compare. group: only names of one are compared, as in one business; side: which list it is of."""

    group: str
    side: str
    number: int
    text: str


@contextmanager
def compared_names(
    settings: Settings, names: Sequence[Name], *, kind: str = "vendor", listed: str = "", kept: float | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An open database in which `names` are parties of two rails and `intermediate.int_party_pairs` holds their pairs.

    kind: whose weights count (`party_model`). listed: a side whose own names are not compared with each other, as those of a
    master list. kept: the least score of a pair that is kept, else the model's own. RowcolError when a model fails.
    """
    with tempfile.TemporaryDirectory(prefix="rowcol-") as folder:
        path = Path(folder) / "evaluation.duckdb"
        database = connect(path, settings)
        try:
            fill_names(database, names, kind, listed)
        finally:
            database.close()
        variables = {} if kept is None else {"least_score_kept": str(kept)}
        report = run_step(settings, "before", warehouse_path=path, variables=variables, select=MODELS)
        if report.broken:
            raise RowcolError(f"names could not be compared: {' '.join(report.broken[0].message.split())[:300]}")
        database = connect(path, settings)
        try:
            yield database
        finally:
            database.close()


def fill_names(database: duckdb.DuckDBPyConnection, names: Sequence[Name], kind: str, listed: str) -> None:
    """Makes `names` the parties of the database; those it had are gone."""
    columns = list(zip(*((name.group, name.side, str(name.number), name.text) for name in names), strict=True)) or [()] * len(_NAMES)
    given = pa.table([pa.array(column, pa.string()) for column in columns], schema=_NAMES)
    database.execute("create schema if not exists intermediate")
    database.register("given", given)
    database.execute(
        """create or replace table intermediate.int_party_names as
            select
                business_id, $kind as party_kind, rail, party_id,
                case when trim(name) != '' then [{'role': 'name', 'text': name}] else [] end as names,
                cast([] as struct(kind varchar, value varchar)[]) as evidence,
                rail = $listed as is_listed
            from given""",
        {"kind": kind, "listed": listed},
    )
    database.unregister("given")
