"""What an advisor corrected lies over the ledger's word until the ledger catches up, is marked, and can be undone."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.dbt.asking import rows
from tests.dbt.documents import bill, invoice, vendor
from tests.dbt.ledgers import NOW, build_marts, small_ledger
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

LATER = NOW + timedelta(hours=1)
LAST = LATER + timedelta(minutes=5)
BILLS = """select record_id, due_date, vendor_id, corrected_fields from marts.fct_bills
    where business_id = 'acme' and record_id in ('20', '21', '22')"""
INVOICES = "select due_date, open_amount, corrected_fields from marts.fct_invoices where business_id = 'acme' and record_id = '40'"
CORRECTED = [
    ("20", date(2026, 8, 1), "1", "due_date"),
    ("21", date(2026, 7, 9), "2", "vendor_id"),
    ("22", date(2026, 7, 9), "2", "vendor_id"),
]


def decided(raw: RawWarehouse, number: int, kind: str, subject: dict[str, Any]) -> None:
    values = {"decision_no": number, "decision_id": f"d{number}", "business_id": "acme", "advisor_id": "ann", "kind": kind}
    raw.control("decisions", **values, subject=json.dumps(subject), decided_at=NOW)


def correction(record_id: str, entity: str = "bills", **fields: str) -> dict[str, Any]:
    return {"rail": "qbo", "entity": entity, "record_id": record_id, "fields": fields}


def test_a_correction_counts_until_the_ledger_changes_that_very_field_or_it_is_undone(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business_id in ("acme", "other"):
            small_ledger(raw, business_id)
            raw.versions(business_id, "vendors", [vendor("2")])
            raw.versions(business_id, "bills", [bill("20", 70, DueDate=None), bill("21", 80, DueDate="2026-07-09")])
            raw.versions(business_id, "bills", [bill("22", 90, DueDate="2026-07-09")])
            raw.versions(business_id, "invoices", [invoice("40", 60, DueDate="2026-07-09")])
        decided(raw, 1, "correct", correction("20", due_date="2026-07-01"))
        decided(raw, 2, "correct", correction("20", due_date="2026-08-01"))
        decided(raw, 3, "correct", correction("21", vendor_id="2"))
        decided(raw, 4, "correct", correction("21", due_date="2026-12-24"))
        decided(raw, 5, "undo", {"decision_id": "d4"})
        decided(raw, 6, "correct", correction("22", vendor_id="2"))
        decided(raw, 7, "correct", correction("40", "invoices", due_date="2026-07-19"))
    build_marts(project, path, only=("fct_bills", "fct_ap_aging"))
    assert rows(path, f"{BILLS} order by 1") == CORRECTED
    assert rows(path, "select vendor_name from marts.fct_bills where business_id = 'acme' and record_id = '21'") == [("Vendor 2",)]
    assert rows(path, "select due_date from marts.fct_ap_aging where business_id = 'acme' and record_id = '20'") == [(date(2026, 8, 1),)]
    assert rows(path, "select count(corrected_fields) from marts.fct_bills where business_id = 'other'") == [(0,)]
    with RawWarehouse(path) as raw:
        raw.load("2")
        news: dict[str, Any] = {"updated_at": LATER, "observed_at": LATER, "load_id": "2", "version_no": 2}
        raw.version("acme", "bills", bill("20", 70, DueDate="2026-07-20"), **news)
        # A part of it is paid, which stamps the whole record anew.
        raw.version("acme", "bills", bill("21", 80, DueDate="2026-07-09", Balance=50), **news)
        raw.version("acme", "invoices", invoice("40", 60, DueDate="2026-07-09", Balance=10), **news)
        raw.version("acme", "bills", bill("22", 90, DueDate="2026-07-09", VendorRef={"value": "3"}), **news)
        raw.version(
            "acme", "bills", bill("22", 90, DueDate="2026-07-09"), **news | {"updated_at": LAST, "observed_at": LAST, "version_no": 3}
        )
    build_marts(project, path, LAST, only=("fct_bills", "fct_invoices"))
    assert rows(path, f"{BILLS} order by 1") == [
        ("20", date(2026, 7, 20), "1", None),
        CORRECTED[1],
        ("22", date(2026, 7, 9), "1", None),
    ], "what the ledger has changed once is its own word again, also when it changes it back"
    assert rows(path, INVOICES) == [(date(2026, 7, 19), 10, "due_date")]
