"""Fits the weights of payment matching and writes them into the seed `match_weights`.

`python -m tests.benchmarks.fit_payments lists --left L --right R` fits the pair `statement` on two labelled lists (their
column `ground_truth` is equal where two rows are one payment); `... rails --warehouse W --truth DIR` fits the rails' pairs
on a warehouse of sandbox businesses and what `rowcol sandbox truth` says of them, or those named with --pair. The other
pairs' weights stay as they are; a pair without any needs a row in the seed (its intercept) to have candidates.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from ingestion.errors import RowcolError
from ingestion.settings import load_settings
from rowcol_assets.evaluation.payments import matched_payments
from rowcol_assets.transform import PROJECT_DIR, run_step
from tests.benchmarks import logistic

SEED = PROJECT_DIR / "seeds" / "match_weights.csv"
KEYS = (
    *("pair", "business_id", "left_event", "right_event", "lag_days", "is_exact", "score", "least_score", "least_gap"),
    *("is_confirmed", "decision_id", "decided_by", "decided_at"),
)
DECIMALS = 4
CANDIDATES = ["match_pairs", "match_weights", "int_match_verdicts", "int_match_blocks", "int_match_candidates"]
# Small beside thousands of candidates.
PENALTY = 0.1

# Which candidates are true, by the sandbox's tables `bank_matches`, `bills` and `receivables`.
TRUE_RAILS = """
    with truth as (
        select business_id, record_id as left_id, entity as left_entity, plaid_transaction_id as right_id, 'transactions' as right_entity
        from read_parquet('{truth}/bank_matches.parquet')
        union all
        select business_id, ramp_bill_id, 'bills', qbo_bill_id, 'bills'
        from read_parquet('{truth}/bills.parquet')
        where ramp_bill_id is not null and qbo_bill_id is not null
        union all
        select business_id, record_id, entity, qbo_record_id, qbo_entity
        from read_parquet('{truth}/receivables.parquet')
    )
    select candidates.*, truth.left_id is not null as is_true
    from intermediate.int_match_candidates as candidates
    inner join intermediate.int_money_events as lefts
        on candidates.business_id = lefts.business_id and candidates.left_event = lefts.event_id
    inner join intermediate.int_money_events as rights
        on candidates.business_id = rights.business_id and candidates.right_event = rights.event_id
    left join truth
        on lefts.business_id = truth.business_id
        and lefts.record_id = truth.left_id and lefts.entity = truth.left_entity
        and rights.record_id = truth.right_id and rights.entity = truth.right_entity
    where candidates.pair != 'statement'
"""
Labelled = Mapping[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]


def labelled_lists(left: Path, right: Path) -> tuple[list[str], Labelled]:
    """(names of the features, {pair: (features, labels)}) of the candidates of two labelled lists."""
    with matched_payments(load_settings(), left, right) as database:
        return _labelled(
            database,
            """select candidates.*, lefts.ground_truth = rights.ground_truth as is_true
            from intermediate.int_match_candidates as candidates
            inner join lefts on candidates.left_event = 'left:' || lefts.row_number
            inner join rights on candidates.right_event = 'right:' || rights.row_number""",
        )


def labelled_rails(warehouse: Path, truth: Path) -> tuple[list[str], Labelled]:
    """(names of the features, {pair: (features, labels)}) of the candidates in a warehouse of sandbox businesses."""
    with duckdb.connect(str(warehouse), read_only=True) as database:
        return _labelled(database, TRUE_RAILS.format(truth=truth))


def labelled_blind(warehouse: Path, truth: Path) -> tuple[list[str], Labelled]:
    """As `labelled_rails`, of the pairs that are of one party, as if all amounts were equal.

    In the sandbox hardly two invoices of a customer have one amount, so that no false candidate is left to learn from; those
    that retainers and subscriptions make elsewhere can be told apart by their days alone, and that can be learnt from all.
    """
    with tempfile.TemporaryDirectory() as folder:
        blind = Path(folder) / "blind.duckdb"
        shutil.copyfile(warehouse, blind)
        with duckdb.connect(str(blind)) as database:
            database.execute(
                """update intermediate.int_money_events set amount = 1 where role in (
                    select unnest([left_role, right_role]) from seeds.match_pairs where is_of_party)"""
            )
        run = run_step(load_settings(), "before", warehouse_path=blind, variables={"rowcol_now": "2026-01-01T00:00:00Z"}, select=CANDIDATES)
        if run.broken:
            raise RowcolError("the candidates could not be made")
        names, found = labelled_rails(blind, truth)
        with duckdb.connect(str(blind), read_only=True) as database:
            of_party = {pair for (pair,) in database.execute("select pair from seeds.match_pairs where is_of_party").fetchall()}
    return names, {pair: labels for pair, labels in found.items() if pair in of_party}


def _labelled(database: duckdb.DuckDBPyConnection, query: str) -> tuple[list[str], Labelled]:
    table = database.execute(query).to_arrow_table()
    names = [name for name in table.column_names if name not in KEYS and name != "is_true"]
    pairs = table["pair"].to_numpy()
    features = np.column_stack([table[name].to_numpy() for name in names])
    labels = table["is_true"].to_numpy()
    return names, {str(pair): (features[pairs == pair], labels[pairs == pair]) for pair in np.unique(pairs)}


def write_weights(names: list[str], labelled: Labelled) -> None:
    """Replaces the weights of the pairs in `labelled` in the seed."""
    with SEED.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["pair"] not in labelled]
    for pair, (features, labels) in labelled.items():
        weights = logistic.fit(features, labels, PENALTY)
        rows += [
            {"pair": pair, "feature": name, "weight": f"{weight:.{DECIMALS}f}"}
            for name, weight in zip(["intercept", *names], weights, strict=True)
            if round(weight, DECIMALS)
        ]
    with SEED.open("w", newline="") as file:
        writer = csv.DictWriter(file, ("pair", "feature", "weight"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["pair"]))


def main() -> None:
    """Entry of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    lists = kinds.add_parser("lists")
    lists.add_argument("--left", type=Path, required=True)
    lists.add_argument("--right", type=Path, required=True)
    rails = kinds.add_parser("rails")
    rails.add_argument("--warehouse", type=Path, required=True)
    rails.add_argument("--truth", type=Path, required=True)
    rails.add_argument("--pair", action="append", help="fit this pair alone; may be given again")
    told = parser.parse_args()
    if told.kind == "lists":
        write_weights(*labelled_lists(told.left, told.right))
    else:
        names, labelled = labelled_rails(told.warehouse, told.truth)
        labelled = {**labelled, **labelled_blind(told.warehouse, told.truth)[1]}
        write_weights(names, {pair: found for pair, found in labelled.items() if not told.pair or pair in told.pair})


if __name__ == "__main__":
    main()
