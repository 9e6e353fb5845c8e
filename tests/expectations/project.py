"""The two dbt steps around the checks, cut down to what hygiene needs, on a filled warehouse file.

dbt itself is run by `tests.dbt.project`, the checks by the product's own `expectations.run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.report import CheckReport
from expectations.run import run_checks
from expectations.tables import ensure_tables
from rowcol_assets.transform import DUE
from tests.dbt.asking import rows
from tests.dbt.blank import standing
from tests.dbt.project import dbt_project, failures

__all__ = ["AFTER", "BEFORE", "WAREHOUSE", "build", "check", "rows"]

WAREHOUSE = "warehouse.duckdb"
SEEDS_AND_PARENTS = ["resource_type:seed", "+int_burn", "+int_rail_health", "+dim_business", "+fct_bills", "+fct_invoices"]
BEFORE = ["+quality.chk_*", *SEEDS_AND_PARENTS]
AFTER = ["fct_hygiene_flag", "fct_hygiene_score"]


def build(warehouse: Path, select: Sequence[str], *, now: datetime, **options: Any) -> None:
    """Builds the selected models, seeds and tests; whatever does not succeed fails the calling test, by name."""
    # A replay has no cycle before it, so nothing stands.
    stands = frozenset() if options else standing(dbt_project(), warehouse)
    selection = ["--select", *(f"{name},tag:{DUE}" for name in select)]
    result = dbt_project().build(warehouse, *selection, now=now.isoformat(), standing=stands, **options)
    assert failures(result) == []


def check(warehouse: Path, *, now: datetime, run_id: str = "run", **options: Any) -> CheckReport:
    """Runs the checks on the file, with the quality tables in place."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set timezone = 'UTC'")
        ensure_tables(connection)
        return run_checks(connection, run_id=run_id, ran_at=now, **options)
