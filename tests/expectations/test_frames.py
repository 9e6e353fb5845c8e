"""The frames in SQL, from raw records to flags: one ledger with one mistake of each kind, beside records that are right."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from expectations.report import CheckReport
from expectations.suites import HYGIENE_SUITES
from rowcol_assets.baseline import baselines
from tests.dbt.rawfill import RawWarehouse
from tests.expectations.mistakes import NOW, day, fill, invoice, line, purchase
from tests.expectations.project import AFTER, BEFORE, WAREHOUSE, build, check, rows

pytestmark = pytest.mark.xdist_group("hygiene frames")  # one worker builds the ledger once

MISTAKES: dict[str, set[str]] = {
    "H01": {"bills/no-due"},
    "H02": {"bills/no-vendor", "bills/ghost-vendor"},
    "H03": {"bills/no-amount", "bills/credit", "invoices/negative"},
    "H04": {"bills/over-open", "bills/credit", "invoices/negative"},
    "H05": {"invoices/due-early"},
    "H06": {"purchases/tomorrow"},
    "H07": {"bills/long-overdue"},
    "H08": {"invoices/no-customer"},
    "H09": {"invoices/no-due"},
    "H10": {"invoices/late"},
    "H11": {"invoices/large"},
    "H12": {"bills/ask", "bills/to-sort", "purchases/no-account"},
    "H13": {"vendors/no-terms"},
    "H14": {"vendors/no-tax-id"},
    "H15": {"bills/first", "bills/twin", "bills/same-number", "bills/unpaid-twin"},
    "H17": {"vendors/acme-1", "vendors/acme-2", "vendors/acme-5"},
    "H19": {"purchases/no-payee"},
    "H20": {"bills/on-parent"},
    "H21": {"bills/odd-category"},
    "H22": {"bills/large-first"},
    "H23": {"accounts/overdrawn"},
    "H37": {"businesses/acme"},
    "H38": {"terms/realm-acme", "items/realm-acme"},
    "H39": {"connections/realm-broken", "connections/realm-expiring"},
    "H40": {"customers/realm-acme", "deposits/realm-acme", "payments/realm-acme", "cdc/realm-acme"},
    "H41": {"accounts/Accounts Receivable USD"},
    "H42": set(),
    "H45": {"businesses/acme"},
}
# Of these `test_rail_frames.py` has the mistakes, or `test_custody.py`, `test_payouts.py`, `test_matches.py` and `test_conflicts.py` of
# `tests/dbt`.
OF_OTHER_RAILS = {"H16", "H18", "H43", "H44", *(f"H{number}" for number in range(24, 37))}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("frames") / WAREHOUSE
    fill(path)
    build(path, BEFORE, now=NOW)
    yield path


@pytest.fixture(scope="module")
def report(warehouse: Path) -> CheckReport:
    return check(warehouse, now=NOW)


def test_no_check_errs(report: CheckReport) -> None:
    assert {summary.check_id: summary.error for summary in report.summaries if summary.status == "error"} == {}


@pytest.mark.parametrize("check_id", [suite.check_id for suite in HYGIENE_SUITES if suite.check_id not in OF_OTHER_RAILS])
def test_the_frame_finds_its_mistakes_and_nothing_else(check_id: str, warehouse: Path, report: CheckReport) -> None:
    found = rows(warehouse, f"select entity || '/' || record_id from quality.expectation_failures where check_id = '{check_id}'")
    assert {one for (one,) in found} == MISTAKES[check_id]
    summary = next(one for one in report.summaries if one.check_id == check_id)
    assert summary.records_checked > len(MISTAKES[check_id]), "nothing right is in the frame, so it proves nothing"


def test_a_document_gone_at_its_source_but_open_here_is_found(warehouse: Path) -> None:
    """By construction it cannot happen, so the mirror is bent by hand: the deleted bill is open again."""
    build(warehouse, ["chk_h42"], now=NOW)
    original = rows(warehouse, "select entity, record_id, is_open_here from quality.chk_h42 order by all")
    assert original == [("bills", "deleted", False), ("invoices", "voided", False)]
    rows(
        warehouse,
        "insert into intermediate.int_ap_open_documents by name"
        " select * replace ('deleted' as record_id) from intermediate.int_ap_open_documents limit 1",
    )
    check(warehouse, now=NOW, run_id="bent", checks=["H42"])
    assert rows(warehouse, "select record_id from quality.expectation_failures where check_id = 'H42'") == [("deleted",)]
    rows(warehouse, "delete from intermediate.int_ap_open_documents where record_id = 'deleted'")
    check(warehouse, now=NOW, checks=["H42"])


def test_impact_severity_and_score_follow_from_the_failures(warehouse: Path, report: CheckReport) -> None:
    build(warehouse, AFTER, now=NOW)
    flags = {
        (check_id, record_id): (severity, blocks, impact, amount)
        for check_id, record_id, severity, blocks, impact, amount in rows(
            warehouse,
            "select check_id, record_id, severity, blocks_kind, runway_impact_days, impact_amount from marts.fct_hygiene_flag"
            " where business_id = 'acme' and status = 'open'",
        )
    }
    assert flags["H01", "no-due"][:3] == ("H", "record", Decimal("0.50"))
    assert flags["H10", "late"] == ("M", "", Decimal("0.10"), Decimal("100.00"))
    # 30.00 spent in the last 90 days, all by purchases: 77.00 lasts 77 / (30 / 90) days
    assert flags["H15", "unpaid-twin"] == ("C", "record", Decimal("231.00"), Decimal("77.00"))
    assert flags["H15", "first"][2:] == (None, None), "of two open twins only one puts its amount at risk"
    assert flags["H13", "no-terms"] == ("L", "", Decimal("0.30"), None)
    assert flags["H03", "negative"][2] is None
    assert flags["H12", "ask"][0] == "M", "three of some fifty documents: from 5 % on"
    scores = rows(warehouse, "select business_id, hygiene_score, checks_failed, checks_errored from marts.fct_hygiene_score order by all")
    assert [business for business, *_ in scores] == ["acme", "broken", "expiring", "paused", "quiet"]
    assert scores[4][1:] == (Decimal("100.0"), 0, 0)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = baselines(connection, ["acme", "quiet", "nobody"])
    assert found["nobody"] == {"hygiene_score": None, "hygiene_grade": None, "flags": []}
    assert (found["quiet"]["hygiene_score"], found["quiet"]["flags"]) == (Decimal("100.0"), [])
    told = {flag["check_id"]: (flag["open_flags"], flag["is_blocking"]) for flag in found["acme"]["flags"]}
    counted = rows(warehouse, "select count(*) from marts.fct_hygiene_flag where business_id = 'acme' and status = 'open'")
    assert [(sum(count for count, _ in told.values()),)] == counted
    assert told["H15"][1] and not told["H13"][1]
    assert [flag["severity"] for flag in found["acme"]["flags"]] == sorted(
        (flag["severity"] for flag in found["acme"]["flags"]), key="CHML".index
    )
    assert scores[0][2] == len([check_id for check_id, found in MISTAKES.items() if found and check_id != "H39"])
    twin = rows(
        warehouse,
        "select party_name, currency, observed, source_url from marts.fct_hygiene_flag where check_id = 'H15' and record_id = 'twin'",
    )
    seen = "321.50 USD dated 2026-05-12, same vendor and amount as bill first"
    assert twin == [("Vendor steady", "USD", seen, "https://app.qbo.intuit.com/app/bill?txnId=twin")]
    (sorted_share,) = rows(
        warehouse, "select observed, impact_amount, runway_impact_days from marts.fct_hygiene_flag where check_id = 'H45'"
    )
    assert sorted_share == ("105.00 USD of the last 30 days not yet sorted", Decimal("105.00"), None), (
        "5 and 90 to ask about, 10 on no account"
    )


def test_many_overdue_invoices_and_a_large_share_of_uncategorised_lines_are_graver(tmp_path: Path) -> None:
    path = tmp_path / WAREHOUSE
    with RawWarehouse(path) as raw:
        for business in ("five", "six"):
            raw.business(business, now=NOW)
        raw.load("1")
        for business, count in (("five", 5), ("six", 6)):
            raw.versions(business, "invoices", [invoice(f"{number}", DueDate=day(1)) for number in range(count)])
            raw.versions(
                business,
                "purchases",
                [purchase(f"{number}", Line=[line(1, None if number < count - 5 else "rent")]) for number in range(5)],
            )
    build(path, BEFORE, now=NOW)
    check(path, now=NOW)
    build(path, AFTER, now=NOW)
    found = rows(
        path,
        "select distinct business_id, check_id, severity from marts.fct_hygiene_flag where status = 'open' and check_id in ('H10', 'H12')",
    )
    assert sorted(found) == [("five", "H10", "M"), ("six", "H10", "H"), ("six", "H12", "H")]
