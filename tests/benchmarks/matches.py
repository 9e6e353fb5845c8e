"""Matching, measured: against labelled payments of others, and against what truly happened in sandbox businesses it was not fitted on.

How weights are fitted is in `fit_payments`; the labels are found through ROWCOL_REFERENCE_DATA and left out where there are none.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.settings import Settings, load_settings
from rowcol_assets.evaluation.payments import link_payments
from sandbox.server import Running, start
from tests.benchmarks.custody import measure_custody
from tests.benchmarks.homes import ALL_RAILS, UNLIMITED, command, connected_home
from tests.benchmarks.measured import Measured
from tests.benchmarks.party_labels import labels
from tests.benchmarks.results import Result

# Weights were fitted on seed 31.
UNSEEN_SEED, BUSINESSES = 77, 8
SIDES = ("payments_origin.parquet", "payments_destination.parquet")
Say = Callable[[str], None]


def measure(folder: Path, say: Say) -> list[Result]:
    """F1 of payments in two lists, of bank transactions and of bills on two rails, and the share of wrong automatic links."""
    return [*_labelled(folder, say), *_unseen(folder, say)]


def _labelled(folder: Path, say: Say) -> list[Result]:
    left, right = (labels(side) for side in SIDES)
    if left is None or right is None:
        say("no labels: ROWCOL_REFERENCE_DATA names no folder that has them")
        return []
    out = folder / "pairs.parquet"
    link_payments(load_settings(), left, right, out)
    with duckdb.connect() as database:
        counted = database.execute(
            """select
                (select count(*) from read_parquet($out) as pairs
                    inner join read_parquet($left) as lefts on pairs.left_id = lefts.unique_id
                    inner join read_parquet($right) as rights on pairs.right_id = rights.unique_id
                    where lefts.ground_truth = rights.ground_truth),
                (select count(*) from read_parquet($out)),
                (select count(*) from read_parquet($left) as lefts
                    inner join read_parquet($right) as rights on lefts.ground_truth = rights.ground_truth)""",
            {"left": str(left), "right": str(right), "out": str(out)},
        ).fetchall()
    payments = Measured(*counted[0])
    say(f"payments of two lists, on the labels the weights were fitted to: {payments}")
    return [Result("payments of two lists, F1", payments.f1, "", ">= .995", payments.f1 >= 0.995)]


def _unseen(folder: Path, say: Say) -> list[Result]:
    with start(folder / "world", seed=UNSEEN_SEED, businesses=BUSINESSES) as running:
        running.warm()
        settings = connected_home(folder / "home", running, ALL_RAILS)
        command(settings, "run", pace=UNLIMITED)
        names = ("bank_matches", "bills", "receivables", "mistakes")
        banks, bills, owed, mistakes = (_truth(running, name) for name in names)
    results = measure_custody(settings, mistakes, say)
    receivables = {entity: RECEIVABLES.replace("<entity>", entity) for entity in ("charges", "invoices", "payouts")}
    for name, truth, query, least in (
        ("bank transactions and what they stand for", banks, BANK, 0.98),
        ("bills on two rails", bills, BILLS, 0.995),
        ("charges and the ledger's payments", owed, receivables["charges"], 0.98),
        ("invoices of Stripe and the ledger", owed, receivables["invoices"], 0.98),
        ("payouts and what books them", owed, receivables["payouts"], 0.98),
    ):
        found, automatic = (_judged(settings, truth, query, tier) for tier in ("true", "tier = 'auto'"))
        wrong = 1 - automatic.precision
        say(f"{name}, seed {UNSEEN_SEED}: {found}; of tier auto: {automatic}")
        results += [
            Result(f"{name}, F1 on an unseen seed", found.f1, "", f">= {least:g}", found.f1 >= least),
            Result(f"{name}, wrong automatic links", wrong, "share", "<= .005", wrong <= 0.005),
        ]
    return results


BANK = """
    with found as (
        select distinct business_id, right_id as one, left_rail || '/' || left_entity || '/' || left_id as other
        from marts.fct_match where right_rail = 'plaid' and {tier}
    ),
    true_ones as (select distinct business_id, plaid_transaction_id as one, rail || '/' || entity || '/' || record_id as other from truth)
"""
BILLS = """
    with found as (select distinct business_id, qbo_bill_id as one, ramp_bill_id as other from marts.bill_map where {tier}),
    true_ones as (
        select distinct business_id, qbo_bill_id as one, ramp_bill_id as other from truth
        where qbo_bill_id is not null and ramp_bill_id is not null
    )
"""
RECEIVABLES = """
    with found as (
        select distinct business_id, left_id as one, right_entity || '/' || right_id as other
        from marts.fct_match where left_entity = '<entity>' and left_rail = 'stripe' and right_rail = 'qbo' and {tier}
    ),
    true_ones as (
        select distinct business_id, record_id as one, qbo_entity || '/' || qbo_record_id as other from truth where entity = '<entity>'
    )
"""


def _judged(settings: Settings, truth: pa.Table, query: str, tier: str) -> Measured:
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as warehouse:
        warehouse.register("truth", truth)
        counted = warehouse.execute(
            f"""{query.format(tier=tier)}
            select
                (select count(*) from found semi join true_ones using (business_id, one, other)),
                (select count(*) from found),
                (select count(*) from true_ones)"""
        ).fetchall()
    return Measured(*counted[0])


def _truth(running: Running, name: str) -> pa.Table:
    answer = httpx.get(f"{running.base_url}/sandbox/truth/{name}", trust_env=False, timeout=60).raise_for_status()
    return pq.read_table(io.BytesIO(answer.content))
