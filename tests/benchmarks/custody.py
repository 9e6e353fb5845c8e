"""Checks that compare rails and money that went out twice, measured against what people in the sandbox really got wrong.

Which world that is and when it is looked at: `tests.benchmarks.matches`.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa

from ingestion.settings import Settings
from tests.benchmarks.measured import Measured
from tests.benchmarks.results import Result

CHECKS = ("H16", "H25", "H26", "H27", "H28", "H29", "H30", "H33")
_FLAGGED = "select business_id, record_id from marts.fct_hygiene_flag where status = 'open' and check_id = '{check}'"
_STANDING = "select distinct business_id, record_id from truth where is_standing and hygiene_check = '{check}'"
# A bill that went both ways stays paid twice after nothing is under way any more.
_TWICE = (
    "select distinct business_id, bill_id as record_id from marts.fct_double_payment where kind in ('paid_twice', 'paid_while_in_flight')"
)
_SENT_TWICE = "select distinct business_id, record_id from truth where kind = 'paid_twice'"
_COPIES = "select distinct business_id, other_bill_id as record_id from marts.fct_double_payment where kind = 'duplicate_bills_paid'"
# Only of bills nothing of which is open can both entries have been paid.
_COPIED = """
    select distinct truth.business_id, truth.record_id from truth
    inner join marts.fct_bills as bills on truth.business_id = bills.business_id and truth.record_id = bills.record_id
    where truth.kind = 'duplicate_bill' and bills.open_amount = 0 and not bills.is_voided and not bills.is_deleted
"""


def measure_custody(settings: Settings, mistakes: pa.Table, say: Callable[[str], None]) -> list[Result]:
    """Says precision and recall of each, and requires F1 of .95 or more of bills paid twice and of all checks together.

    mistakes: the table of the truth.
    """
    asked = {f"flags of {check}": (_FLAGGED.format(check=check), _STANDING.format(check=check)) for check in CHECKS}
    asked |= {"bills paid twice": (_TWICE, _SENT_TWICE), "bills entered and paid twice": (_COPIES, _COPIED)}
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as warehouse:
        warehouse.register("truth", mistakes)
        found = {name: Measured(*_counts(warehouse, *queries)) for name, queries in asked.items()}
    for name, measured in found.items():
        say(f"{name}: {measured}")
    judged = {"bills paid twice": found["bills paid twice"]}
    judged["flags of checks that compare rails"] = sum((found[f"flags of {check}"] for check in CHECKS), Measured(0, 0, 0))
    return [Result(f"{name}, F1 on an unseen seed", one.f1, "", ">= .95", one.f1 >= 0.95) for name, one in judged.items()]


def _counts(warehouse: duckdb.DuckDBPyConnection, found: str, true_ones: str) -> tuple[int, int, int]:
    (counted,) = warehouse.execute(
        f"""with found as ({found}), true_ones as ({true_ones})
        select
            (select count(*) from found semi join true_ones using (business_id, record_id)),
            (select count(*) from found),
            (select count(*) from true_ones)"""
    ).fetchall()
    return counted[0], counted[1], counted[2]
