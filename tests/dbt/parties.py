"""Vendors and customers on several rails, small enough to say by hand who is who; building the map of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.dbt.asking import rows
from tests.dbt.ledgers import NOW
from tests.dbt.project import DbtProject, broken
from tests.dbt.rawfill import RawWarehouse

MAPS = ("+vendor_map", "+customer_map")


def ledger_vendor(raw: RawWarehouse, business_id: str, vendor_id: str, name: str, **fields: Any) -> None:
    raw.version(business_id, "vendors", {"Id": vendor_id, "DisplayName": name, "Active": True} | fields)


def paying_vendor(raw: RawWarehouse, business_id: str, vendor_id: str, name: str, **fields: Any) -> None:
    raw.observed(business_id, "ramp", "vendors", vendor_id, {"id": vendor_id, "name": name, "is_active": True} | fields)


def bank_payment(raw: RawWarehouse, business_id: str, transaction_id: str, text: str, **fields: Any) -> None:
    """Ten dollars to somebody."""
    record = {"transaction_id": transaction_id, "account_id": "checking", "amount": 10, "iso_currency_code": "USD", "date": "2026-05-01"}
    raw.observed(business_id, "plaid", "transactions", transaction_id, record | {"pending": False, "name": text} | fields)


def decided(raw: RawWarehouse, business_id: str, kind: str, left: tuple[str, str], right: tuple[str, str], **fields: Any) -> str:
    """Records what an advisor said of two vendors, each named by rail and id, and returns the decision's id."""
    number = 1 + raw.execute("select count(*) from raw_control.decisions")[0][0]
    subject = {"left_rail": left[0], "left_id": left[1], "right_rail": right[0], "right_id": right[1]} | fields
    values = {"decision_no": number, "decision_id": f"d{number}", "business_id": business_id, "advisor_id": "ann", "kind": kind}
    raw.control("decisions", **values, subject=json.dumps(subject), decided_at=NOW)
    return f"d{number}"


def build_map(project: DbtProject, path: Path) -> None:
    assert broken(project.build(path, "--select", *MAPS, now=NOW.isoformat())) == []


def groups(path: Path, business_id: str, party: str = "vendor") -> set[frozenset[str]]:
    """Who is one with whom: the sets of `rail:id` under one key, those of one member left out."""
    found = rows(
        path,
        f"""select list(rail || ':' || rail_{party}_id) from marts.{party}_map where business_id = ?
        group by {party}_key having count(*) > 1""",
        [business_id],
    )
    return {frozenset(members) for (members,) in found}
