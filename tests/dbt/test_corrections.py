"""What an advisor corrected lies over the ledger's word until the ledger catches up, is marked, and can be undone."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.dbt.documents import bill, vendor
from tests.dbt.ledgers import NOW, build_marts, small_ledger
from tests.dbt.project import DbtProject, rows
from tests.dbt.rawfill import RawWarehouse

LATER = NOW + timedelta(hours=1)
BILLS = """select record_id, due_date, vendor_id, corrected_fields from marts.fct_bills
    where business_id = 'acme' and record_id in ('20', '21')"""
CORRECTED = [("20", date(2026, 8, 1), "1", "due_date"), ("21", date(2026, 7, 9), "2", "vendor_id")]


def decided(raw: RawWarehouse, number: int, kind: str, subject: dict[str, Any]) -> None:
    values = {"decision_no": number, "decision_id": f"d{number}", "business_id": "acme", "advisor_id": "ann", "kind": kind}
    raw.control("decisions", **values, subject=json.dumps(subject), decided_at=NOW)


def correction(record_id: str, **fields: str) -> dict[str, Any]:
    return {"rail": "qbo", "entity": "bills", "record_id": record_id, "fields": fields}


def test_a_correction_counts_until_the_ledger_says_it_itself_or_it_is_undone(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business_id in ("acme", "other"):
            small_ledger(raw, business_id)
            raw.versions(business_id, "vendors", [vendor("2")])
            raw.versions(business_id, "bills", [bill("20", 70, DueDate=None), bill("21", 80, DueDate="2026-07-09")])
        decided(raw, 1, "correct", correction("20", due_date="2026-07-01"))
        decided(raw, 2, "correct", correction("20", due_date="2026-08-01"))
        decided(raw, 3, "correct", correction("21", vendor_id="2"))
        decided(raw, 4, "correct", correction("21", due_date="2026-12-24"))
        decided(raw, 5, "undo", {"decision_id": "d4"})
    build_marts(project, path, only=("fct_bills", "fct_ap_aging"))
    assert rows(path, f"{BILLS} order by 1") == CORRECTED
    assert rows(path, "select vendor_name from marts.fct_bills where business_id = 'acme' and record_id = '21'") == [("Vendor 2",)]
    assert rows(path, "select due_date from marts.fct_ap_aging where business_id = 'acme' and record_id = '20'") == [(date(2026, 8, 1),)]
    assert rows(path, "select count(corrected_fields) from marts.fct_bills where business_id = 'other'") == [(0,)]
    with RawWarehouse(path) as raw:
        raw.load("2")
        news: dict[str, Any] = {"updated_at": LATER, "observed_at": LATER, "load_id": "2", "version_no": 2}
        raw.version("acme", "bills", bill("20", 70, DueDate="2026-07-20"), **news)
        raw.version("acme", "bills", bill("21", 80, DueDate="2026-07-09"), **news)
    build_marts(project, path, LATER, only=("fct_bills",))
    assert rows(path, f"{BILLS} order by 1") == [("20", date(2026, 7, 20), "1", None), ("21", date(2026, 7, 9), "1", None)]
