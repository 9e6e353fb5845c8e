"""Money is what the wire said, to the last digit, or it is rejected with its text; nothing fails and nothing is guessed."""

from __future__ import annotations

import json
import random
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import bill
from tests.dbt.project import DbtProject, failures
from tests.dbt.rawfill import OBSERVED, RawWarehouse

CENT = Decimal("0.01")
HAND_PICKED = [
    "0.285",
    "1.005",
    "2.675",
    "-1.005",
    "-0.005",
    "1e2",
    "1E+2",
    "1e-2",
    "0",
    "-0",
    "0.30000000000000004",
    "0.28499999999999999999",
    "123456789012345.67",
    "123456789012345.675",
    "1234567890123456.78",
    "9999999999999999.99",
    "9999999999999999.994",
    "4503599627370497.5",
    "0.1",
    "900.0",
    "275",
    "99999999999999.995",
]
OUT_OF_RANGE = ["12345678901234567.89", "9999999999999999.995", "1e400", "123456789012345678901234567890"]


def _wire_numbers() -> list[str]:
    chance = random.Random(1)
    drawn = []
    for _ in range(2000):
        whole = chance.randrange(10 ** chance.randrange(1, 16))
        fraction = "".join(chance.choices("0123456789", k=chance.randrange(1, 9)))
        drawn.append(f"{chance.choice(['', '-'])}{whole}.{fraction}")
    return HAND_PICKED + drawn


def _bill_text(record_id: str, amount: str) -> str:
    return (
        f'{{"Id": "{record_id}", "TxnDate": "2026-06-01", "TotalAmt": {amount}, "Balance": 0, "Line": [{{"Id": "1", "Amount": {amount}}}]}}'
    )


def test_amounts_equal_the_wires_decimal_rounded_half_up(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "money.duckdb"
    numbers = _wire_numbers()
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.execute("begin")
        for position, number in enumerate(numbers):
            raw.version("acme", "bills", _bill_text(str(position), number), record_id=str(position), updated_at=OBSERVED)
        raw.execute("commit")
    assert failures(project.build(path, "--select", "stg_qbo__bills")) == []
    typed = {
        int(record_id): (total, line)
        for record_id, total, line in rows(path, "select record_id, total_amount, lines[1].amount from staging.stg_qbo__bills")
    }
    wrong = {
        number: (typed[position], exact)
        for position, number in enumerate(numbers)
        if typed[position] != ((exact := Decimal(number).quantize(CENT, ROUND_HALF_UP)), exact)
    }
    assert wrong == {}
    assert rows(path, "select count(*) from staging.stg_qbo__bills where len(rejected_values) > 0") == [(0,)]


@pytest.mark.parametrize("amount", [*OUT_OF_RANGE, '"abc"', '"true"', "true", '{"value": 1}', "[1]", '""'])
def test_what_is_no_amount_is_null_and_kept_with_its_text(project: DbtProject, tmp_path: Path, amount: str) -> None:
    path = tmp_path / "rejected.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.version("acme", "bills", _bill_text("7", amount), record_id="7", updated_at=OBSERVED)
        raw.version("acme", "bills", bill("8", 5))
    assert failures(project.build(path, "--select", "stg_qbo__bills")) == []
    rejected = rows(
        path, "select path_text.path, path_text.text from (select unnest(rejected_values) as path_text from staging.stg_qbo__bills)"
    )
    assert [where for where, _ in rejected] == ["TotalAmt", "Line[0].Amount"]
    as_served = json.loads(amount, parse_float=str, parse_int=str) if amount.startswith('"') else amount
    assert {text.replace(" ", "") for _, text in rejected} == {str(as_served).replace(" ", "")}
    assert rows(path, "select record_id, total_amount from staging.stg_qbo__bills order by record_id") == [("7", None), ("8", Decimal(5))]


def test_garbage_of_every_kind_becomes_rows_and_leaves_other_values_alone(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "garbage.duckdb"
    garbage = {
        "TxnDate": "yesterday",
        "DueDate": "infinity",
        "VendorRef": "Acme Corp",
        "ExchangeRate": "high",
        "LinkedTxn": "none",
        "Line": {"Amount": 1},
        "MetaData": {"CreateTime": "infinity"},
    }
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.version("acme", "bills", bill("7", 100) | garbage)
        raw.version("acme", "bills", bill("8", 100, Line=["text", {"Id": "2", "Amount": 100}, None]))
        raw.version("acme", "bills", "this is not JSON", record_id="9", updated_at=OBSERVED)
        raw.version("acme", "bills", bill("10", 100, VendorRef=None, Line=None))
        raw.version("acme", "vendors", {"Id": "1", "DisplayName": "V", "Active": "perhaps", "Balance": [1]})
        raw.version("other", "bills", bill("7", 100))
    assert failures(project.build(path, "--select", "+rejected_values")) == []
    found = rows(path, "select business_id, entity, record_id, path, text from quality.rejected_values order by all")
    assert [row for row in found if row[2] == "7"] == [
        ("acme", "bills", "7", "DueDate", "infinity"),
        ("acme", "bills", "7", "ExchangeRate", "high"),
        ("acme", "bills", "7", "Line", '{"Amount":1}'),
        ("acme", "bills", "7", "LinkedTxn", "none"),
        ("acme", "bills", "7", "MetaData.CreateTime", "infinity"),
        ("acme", "bills", "7", "TxnDate", "yesterday"),
        ("acme", "bills", "7", "VendorRef", "Acme Corp"),
    ]
    assert [row[1:] for row in found if row[2] in ("8", "9", "10", "1")] == [
        ("bills", "8", "Line[0]", "text"),
        ("bills", "9", "$", "this is not JSON"),
        ("vendors", "1", "Active", "perhaps"),
        ("vendors", "1", "Balance", "[1]"),
    ]
    assert rows(path, "select total_amount from staging.stg_qbo__bills where business_id = 'acme' and record_id = '7'") == [(100,)]
