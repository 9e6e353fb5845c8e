"""The recorded company's aging at two past dates comes out of the models to the cent; all else of it is in `tests/e2e/test_recorded.py`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.project import DbtProject, failures
from tests.dbt.rawfill import RawWarehouse

REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")

pytestmark = pytest.mark.skipif(not REFERENCE, reason="ROWCOL_REFERENCE_DATA names no folder with the recorded company")

ENTITIES = {
    "Account": "accounts",
    "Bill": "bills",
    "BillPayment": "bill_payments",
    "CreditMemo": "credit_memos",
    "Customer": "customers",
    "Deposit": "deposits",
    "Invoice": "invoices",
    "Item": "items",
    "JournalEntry": "journal_entries",
    "Payment": "payments",
    "Purchase": "purchases",
    "Vendor": "vendors",
}
DATES = ("2026-05-05", "2026-06-08")
BUCKETS = {"current": "current", "1-30": "d1_30", "31-60": "d31_60", "61-90": "d61_90", "90+": "d90_plus", "no_due_date": "no_due_date"}


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((_folder() / "company_craig_2026.expected.json").read_text())


@pytest.fixture(scope="module")
def warehouses(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    built = {}
    for date in DATES:
        path = tmp_path_factory.mktemp("recorded") / "recorded.duckdb"
        with RawWarehouse(path) as raw:
            raw.load("1")
            raw.business("craig", now=datetime(2026, 6, 8, 22, tzinfo=UTC), timezone="America/Los_Angeles")
            for vendor_name, entity in ENTITIES.items():
                for line in (_folder() / "company_craig_2026" / f"{vendor_name}.jsonl").read_text().splitlines():
                    raw.version("craig", entity, line)
        marts = ("--select", "+fct_ap_aging", "+fct_ar_aging")
        assert failures(project.build(path, *marts, now="2026-06-08T22:59:57-07:00", as_of_date=date)) == []
        built[date] = path
    yield built


def _folder() -> Path:
    return Path(str(REFERENCE)) / "rails" / "data" / "quickbooks" / "recorded"


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize(
    ("mart", "document", "fact"), [("fct_ap_aging", "bill", "bills_by_due_date"), ("fct_ar_aging", "invoice", "invoices_by_due_date")]
)
def test_aging_equals_the_facts_at_both_dates(
    warehouses: dict[str, Path], expected: dict[str, Any], date: str, mart: str, document: str, fact: str
) -> None:
    aged = {
        bucket: (amount, count)
        for bucket, amount, count in rows(
            warehouses[date],
            f"select bucket, sum(open_amount), count(*) from marts.{mart} where document_type = '{document}' group by bucket",
        )
    }
    facts = {
        BUCKETS[name]: (Decimal(value["amount"]), value["count"]) for name, value in expected["aging"][date][fact].items() if value["count"]
    }
    assert aged == facts
