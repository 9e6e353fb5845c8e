"""Who is one with whom across rails: proofs before names, people before both, never across businesses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dbt.ledgers import NOW
from tests.dbt.parties import bank_payment, build_map, groups, ledger_vendor, paying_vendor
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vendors") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in ("acme", "birch"):
            raw.business(business, now=NOW)
            for rail in ("ramp", "plaid", "stripe"):
                raw.connect(business, rail, now=NOW)
        ledger_vendor(raw, "acme", "1", "Halloran Properties", PrimaryEmailAddr={"Address": "office@halloran.example"})
        ledger_vendor(raw, "acme", "2", "Halloran Properties, Inc.", PrimaryEmailAddr={"Address": "office@halloran.example"})
        ledger_vendor(raw, "acme", "3", "Wilson Farm 1 LLC")
        ledger_vendor(raw, "acme", "4", "Wilson Farm 2 LLC")
        ledger_vendor(raw, "acme", "6", "Corner Bistro")
        paying_vendor(raw, "acme", "r1", "HALLORAN PROPS", accounting_vendor_remote_id="1")
        paying_vendor(raw, "acme", "r3", "Wilson Farm #1")
        paying_vendor(raw, "acme", "r7", "Twin Pines Group d/b/a Corner Bistro", name_legal="Twin Pines Group LLC")
        bank_payment(raw, "acme", "t1", "HALLORAN PROPERTIES LLC ACH PMT")
        bank_payment(raw, "acme", "t4", "CHECK 1201", check_number="1201")
        ledger_vendor(raw, "birch", "1", "Halloran Properties")
        for number, (left, right) in enumerate((("Alder Supply", "Birch Tools"), ("Cedar Lumber", "Alder Supply Co")), start=10):
            ledger_vendor(raw, "birch", str(number), left)
            paying_vendor(raw, "birch", f"b{number}", right)
    build_map(project, path)
    return path


def test_proofs_and_names_make_one_vendor_and_a_number_keeps_two_apart(warehouse: Path) -> None:
    assert groups(warehouse, "acme") == {
        frozenset({"qbo:1", "qbo:2", "ramp:r1", "plaid:HALLORAN PROPERTIES LLC ACH PMT"}),
        frozenset({"qbo:3", "ramp:r3"}),
        frozenset({"qbo:6", "ramp:r7"}),
    }
