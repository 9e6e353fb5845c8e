"""Recorded companies: byte for byte, with what recordings leave out supplied, and nothing made to happen."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.errors import UsageError
from sandbox.hub import Hub
from sandbox.state import Config
from tests.sandbox.conftest import OpenSandbox

BILL = (
    '{"Id": "%s",  "TotalAmt": 1e2, "Balance": 100.10, "odd":   0.30000000000000004, "SalesTermRef": {"value": "3", "name": "Net 30"}, '
    '"MetaData": {"CreateTime": "2026-02-01T10:00:00-08:00", "LastUpdatedTime": "%s"}}'
)


def record(root: Path, *lines: str, entity: str = "Bill", company: str = "company_one") -> Path:
    (root / company).mkdir(parents=True, exist_ok=True)
    (root / company / f"{entity}.jsonl").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lines = [BILL % ("10", "2026-05-02T08:00:00-07:00"), BILL % ("9", "2026-05-01T08:00:00-07:00")]
    return record(tmp_path / "recorded", *lines)


def test_lines_go_out_byte_for_byte_in_order_of_id(open_sandbox: OpenSandbox, root: Path) -> None:
    ledger = open_sandbox(recorded=str(root))
    lines = (root / "company_one" / "Bill.jsonl").read_bytes().splitlines()
    assert b"[" + lines[1] + b"," + lines[0] + b"]" in ledger.query("select * from Bill").content


def test_the_clock_stands_at_the_newest_record_and_the_feed_works(open_sandbox: OpenSandbox, root: Path) -> None:
    ledger = open_sandbox(recorded=str(root))
    assert ledger.hub.clock()["now"] == "2026-05-02T15:00:00Z"
    found = ledger.changes("Bill,Vendor", "2026-05-02T00:00:00-07:00").json()["CDCResponse"][0]["QueryResponse"]
    assert [row["Id"] for row in found[0]["Bill"]] == ["10"]
    assert found[1] == {}


def test_company_preferences_and_the_terms_referred_to_are_supplied(open_sandbox: OpenSandbox, root: Path) -> None:
    ledger = open_sandbox(recorded=str(root))
    assert ledger.rows("select * from CompanyInfo")[0]["CompanyName"] == "Company One"
    assert ledger.rows("select * from Preferences")[0]["CurrencyPrefs"]["HomeCurrency"]["value"] == "USD"
    assert [(term["Id"], term["Name"], term["DueDays"]) for term in ledger.rows("select * from Term")] == [("3", "Net 30", 30)]
    assert (ledger.business_id, ledger.entry["timezone"]) == ("company_one", "America/Los_Angeles")


def test_time_moves_and_nothing_else_does(open_sandbox: OpenSandbox, root: Path) -> None:
    ledger = open_sandbox(recorded=str(root))
    before = ledger.query("select * from Bill").json()["QueryResponse"]
    ledger.hub.advance(days=3)
    ledger.renew()
    assert ledger.query("select * from Bill").json()["QueryResponse"] == before
    for change in (lambda: ledger.hub.touch(0.1), lambda: ledger.hub.faults.order("qbo", "all", "late_commit")):
        with pytest.raises(UsageError, match="recorded companies do not change"):
            change()


def test_a_restart_keeps_the_time_it_had(tmp_path: Path, root: Path) -> None:
    config = Config(recorded=str(root))
    hub = Hub(tmp_path / "home" / "sandbox", config)
    hub.advance(days=1)
    hub.close()
    again = Hub(tmp_path / "home" / "sandbox", config)
    assert again.clock()["now"] == "2026-05-03T15:00:00Z"
    again.close()


@pytest.mark.parametrize(
    ("lines", "entity", "company", "words"),
    [
        (["{not json"], "Bill", "company_one", "line 1"),
        (['{"Id": "1"}'], "Bill", "company_one", "line 1"),
        (["{}"], "Nonsense", "company_one", "no entity"),
        ([], "Bill", "company_one", "no recorded entity"),
        (["{}"], "Bill", "Company One", "business id"),
    ],
)
def test_what_cannot_be_served_is_named(tmp_path: Path, lines: list[str], entity: str, company: str, words: str) -> None:
    root = record(tmp_path / "broken", *lines, entity=entity, company=company)
    with pytest.raises(UsageError, match=words):
        Hub(tmp_path / "home" / "sandbox", Config(recorded=str(root)))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        Hub(tmp_path / "home" / "sandbox", Config(recorded=str(tmp_path / "nowhere")))


REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")


@pytest.mark.skipif(not REFERENCE, reason="ROWCOL_REFERENCE_DATA names no folder with the recorded company")
def test_the_reference_company_is_served_whole_and_to_the_cent(open_sandbox: OpenSandbox) -> None:
    folder = Path(str(REFERENCE)) / "rails/data/quickbooks/recorded"
    facts = json.loads((folder / "company_craig_2026.expected.json").read_text())
    ledger = open_sandbox(recorded=str(folder))
    for entity, count in facts["counts"].items():
        rows = ledger.walk(entity, page=10)
        assert len(rows) == count
        assert ledger.count(entity, "where Active in (true,false)" if "Active" in rows[0] else "") == count
    bills = json.loads(ledger.query("select * from Bill maxresults 1000").text, parse_float=Decimal)["QueryResponse"]["Bill"]
    assert sum(Decimal(bill["Balance"]) for bill in bills) == Decimal(facts["open_bills"]["sum"])
