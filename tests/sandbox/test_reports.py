"""The ledger's aged reports: what they add up to by the books, and the vendor's shape, parameters and refusals."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.qbo.rail import RAIL
from sandbox.qbo.reports import aged_report, asked, today_of
from sandbox.state import ORIGIN
from sandbox.world.aging import Side, open_items
from sandbox.world.identity import business_at
from sandbox.world.life import Life
from tests.sandbox.conftest import Ledger, OpenSandbox
from tests.sandbox.test_recorded import BILL, record

DAY = 86_400
EVERYTHING = date(2100, 1, 1)
TITLES = ["", "Current", "1 - 30", "31 - 60", "61 - 90", "91 and over", "Total"]


@pytest.mark.parametrize(("seed", "index"), [(1, 0), (2, 4), (3, 7), (5, 2)])
def test_what_is_open_adds_up_to_the_accounts_and_to_each_partys_balance(seed: int, index: int) -> None:
    """From totals and applications alone, which is not how the books keep balances."""
    life = Life(business_at(seed, index), ORIGIN, 1.0)
    for days in (0, 20, 90):
        life.live_until(ORIGIN + days * DAY)
        world = life.world
        sides: dict[Side, tuple[int, Any]] = {
            "payable": (-world.accounts[world.chart["ap"]].balance, world.vendors),
            "receivable": (world.accounts[world.chart["ar"]].balance, world.customers),
        }
        for side, (owed, parties) in sides.items():
            held: Counter[int] = Counter()
            for item in open_items(world, side, EVERYTHING):
                held[item.party] += item.cents
            assert sum(held.values()) == owed
            assert {party.id: party.balance for party in parties.values()} == {number: held[number] for number in parties}


def leaves(rows: list[dict[str, Any]]) -> list[list[dict[str, str]]]:
    """The cells of each party's own figures, a section's header among them."""
    found = []
    for row in rows:
        if "Header" in row:
            found += [row["Header"]["ColData"], *leaves(row["Rows"]["Row"])]
        elif row.get("group") != "GrandTotal":
            found.append(row["ColData"])
    return found


def amounts(cells: list[dict[str, str]]) -> list[Decimal]:
    return [Decimal(cell["value"] or 0) for cell in cells[1:]]


@pytest.mark.parametrize("name", ["AgedPayables", "AgedReceivables"])
def test_a_report_has_the_vendors_shape_and_its_columns_and_rows_add_up(ledger: Ledger, name: str) -> None:
    report = ledger.get(f"/reports/{name}").json()
    header = report["Header"]
    assert (header["ReportName"], header["StartPeriod"], header["EndPeriod"], header["Currency"]) == (
        name,
        "2026-09-22",
        "2026-09-22",
        "USD",
    )
    assert header["Option"] == [{"Name": "report_date", "Value": "2026-09-22"}, {"Name": "NoReportData", "Value": "false"}]
    assert [column["ColTitle"] for column in report["Columns"]["Column"]] == TITLES
    *rows, grand = report["Rows"]["Row"]
    assert grand["group"] == "GrandTotal" and grand["Summary"]["ColData"][0]["value"] == "TOTAL"
    own = [amounts(cells) for cells in leaves(rows)]
    assert len(own) > 5 and any(amount < 0 for row in own for amount in row), "credits are in it"
    assert [sum(column) for column in zip(*own, strict=True)] == amounts(grand["Summary"]["ColData"])
    assert all(sum(row[:-1]) == row[-1] for row in own)


def test_a_customer_with_jobs_is_a_section_whose_sum_is_of_all_of_them() -> None:
    world = Life(business_at(7, 0), ORIGIN, 1.0).world
    report = json.loads(aged_report(world, asked("AgedReceivables", {}, today_of(world.now, world)), world.now))
    sections = [row for row in report["Rows"]["Row"] if "Header" in row]
    assert sections and all(section["type"] == "Section" for section in sections)
    for section in sections:
        parent = int(section["Header"]["ColData"][0]["id"])
        assert {world.customers[int(row["ColData"][0]["id"])].parent for row in section["Rows"]["Row"]} == {parent}
        assert amounts(section["Summary"]["ColData"]) == [sum(column) for column in zip(*map(amounts, leaves([section])), strict=True)]
    (total,) = [amounts(row["Summary"]["ColData"])[-1] for row in report["Rows"]["Row"] if row.get("group") == "GrandTotal"]
    assert total == Decimal(world.accounts[world.chart["ar"]].balance).scaleb(-2)


def test_parameters_choose_day_and_buckets(ledger: Ledger) -> None:
    earlier = ledger.get("/reports/AgedPayables", report_date="2026-08-01", aging_period="15", num_periods="3").json()
    assert earlier["Header"]["EndPeriod"] == "2026-08-01"
    assert [column["ColTitle"] for column in earlier["Columns"]["Column"]] == ["", "Current", "1 - 15", "16 - 30", "31 and over", "Total"]
    aged_now = ledger.get("/reports/AgedPayables", report_date="2026-08-01", aging_method="Current").json()
    aged_then = ledger.get("/reports/AgedPayables", report_date="2026-08-01").json()
    totals = [amounts(report["Rows"]["Row"][-1]["Summary"]["ColData"]) for report in (aged_now, aged_then)]
    assert totals[0][-1] == totals[1][-1] and totals[0][0] < totals[1][0], "the same is open, and older by today"


@pytest.mark.parametrize(
    "parameters", [{"report_date": "yesterday"}, {"aging_method": "Sometime"}, {"aging_period": "0"}, {"num_periods": "-1"}]
)
def test_a_parameter_that_is_none_is_refused(ledger: Ledger, parameters: dict[str, str]) -> None:
    answer = ledger.get("/reports/AgedPayables", **parameters)
    assert answer.status_code == 400 and answer.json()["Fault"]["Error"][0]["code"] == "2010"
    assert next(iter(parameters)) in answer.json()["Fault"]["Error"][0]["Detail"]


def test_a_report_there_is_not_and_one_of_a_recorded_company_may_not_be_run(open_sandbox: OpenSandbox, tmp_path: Path) -> None:
    recorded = record(tmp_path / "recorded", BILL % ("9", "2026-05-01T08:00:00-07:00"))
    answers = [
        open_sandbox(folder=tmp_path / "generated").get("/reports/Sunshine"),
        open_sandbox(folder=tmp_path / "real", recorded=str(recorded)).get("/reports/AgedPayables"),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert (answer.json()["Fault"]["Error"][0]["code"], answer.json()["Fault"]["Error"][0]["Message"]) == (
            "5020",
            "Permission Denied Error",
        )


def test_nothing_open_is_no_data_and_not_a_zero(ledger: Ledger) -> None:
    report = ledger.get("/reports/AgedReceivables", report_date="2020-01-01").json()
    assert {"Name": "NoReportData", "Value": "true"} in report["Header"]["Option"] and report["Rows"] == {}


def test_what_was_sent_is_in_the_truth_once_a_spoiled_body_is_not(ledger: Ledger) -> None:
    def sent() -> list[tuple[Any, ...]]:
        return [row for row in RAIL.served(ledger.hub) if row[2] == "aged_payables"]

    ledger.hub.faults.order("qbo", ledger.business_id, "torn_json", count=1)
    ledger.get("/reports/AgedPayables")
    assert sent() == []
    for _ in range(2):
        ledger.get("/reports/AgedPayables")
    ledger.hub.advance(days=3)
    ledger.renew()
    ledger.get("/reports/AgedPayables")
    assert [(row[3], row[4]) for row in sent()] == [("AgedPayables", 1), ("AgedPayables", 2)]
