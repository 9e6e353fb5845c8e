"""The cash forecast over small ledgers: forecasts of past days know nothing of what came later, and a young ledger has none."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from rowcol_assets.explaining.forecast import RELATION
from tests.dbt.asking import rows
from tests.dbt.documents import account, customer, invoice, purchase
from tests.dbt.explained import explained, not_come_to
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

PARTING = date(2026, 5, 5)
FORECAST = """origin_date, horizon_days, receipts_amount, payables_amount, recurring_amount, dated_change, case_count,
    p10_change, p50_change, p90_change, naive_p10_change, naive_p50_change, naive_p90_change"""


def ledger(raw: RawWarehouse, business: str, factor: int, *, paid: bool) -> None:
    """Thirty weeks of expenses, and an invoice; after the day of parting it is paid or not, and expenses are multiplied."""
    raw.business(business, now=NOW)
    raw.versions(business, "accounts", [account("35", "Bank", 5000), account("60", "Expense")])
    raw.versions(business, "customers", [customer("1")])
    days = [date(2025, 12, 3) + timedelta(days=7 * week) for week in range(30)]
    amounts = [100 + 37 * week % 90 for week in range(30)]
    raw.versions(
        business,
        "purchases",
        [
            purchase(f"p{day}", amount * (factor if day > PARTING else 1), TxnDate=day.isoformat())
            for day, amount in zip(days, amounts, strict=True)
        ],
    )
    raw.versions(business, "invoices", [invoice("i", 400, 0 if paid else 400, TxnDate="2026-04-20", DueDate="2026-05-20")])
    if paid:
        line = {"Amount": 400, "LinkedTxn": [{"TxnId": "i", "TxnType": "Invoice"}]}
        received = {"Id": "r", "TotalAmt": 400, "TxnDate": "2026-05-26", "CustomerRef": {"value": "1"}, "Line": [line]}
        raw.versions(business, "payments", [received | {"DepositToAccountRef": {"value": "35"}}])


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("forecast") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        ledger(raw, "one", 1, paid=True)
        ledger(raw, "other", 3, paid=False)
        raw.business("young", now=NOW)
        raw.versions("young", "accounts", [account("35", "Bank", 5000)])
        raw.versions("young", "purchases", [purchase("1", 100)])
    build_marts(project, path, only=("fct_cash_forecast", "fct_forecast_accuracy", "fct_cash", "fct_invoices", "fct_bills", "dim_vendor"))
    return path


def test_a_past_forecast_knows_nothing_of_what_came_later(warehouse: Path) -> None:
    told = f"select {FORECAST} from intermediate.int_forecast_cases where business_id = ? and origin_date {{}} ? order by 1, 2"
    before = [rows(warehouse, told.format("<="), [business, PARTING]) for business in ("one", "other")]
    assert before[0] == before[1]
    assert any(row[2] > 0 and row[7] is not None for row in before[0]), "the invoice is expected, and there is a band"
    after = [rows(warehouse, told.format(">"), [business, PARTING]) for business in ("one", "other")]
    assert after[0] != after[1]


def test_thirteen_weeks_lead_from_todays_cash_to_the_last_closing(warehouse: Path) -> None:
    ends = """select sum(expected_receipts_amount - scheduled_payables_amount - recurring_outflow_amount - payroll_amount
        - varying_outflow_amount + in_transit_amount + undated_net_amount), min_by(opening_amount, week_number),
        max_by(closing_p50_amount, week_number), count(*), bool_and(closing_p10_amount < closing_p50_amount
        and closing_p50_amount < closing_p90_amount), sum(expected_receipts_amount) > 0
        from marts.fct_cash_forecast where business_id = 'other'"""
    ((moved, cash, closing, weeks, is_ordered, is_expecting),) = rows(warehouse, ends)
    assert (cash, weeks, is_ordered, is_expecting) == (5000, 13, True, True)
    assert cash + moved == closing


def test_what_is_expected_in_a_week_is_its_records_to_the_cent(warehouse: Path) -> None:
    assert not_come_to(warehouse, RELATION) == []
    found = explained(warehouse, "other", "closing_p50_amount", "1")
    signs = dict.fromkeys(("scheduled_payables_amount", "recurring_outflow_amount", "payroll_amount", "varying_outflow_amount"), -1)
    terms = {term["term"]: term["value"] for term in found.terms}
    assert terms.pop("closing_p50_amount") == sum(signs.get(name, 1) * value for name, value in terms.items())
    (invoiced,) = [record for record in found.records if record["term"] == "expected_receipts_amount"]
    assert (invoiced["record_id"], invoiced["whole_amount"], invoiced["expected_date"]) == ("i", 400, date(2026, 5, 20))
    assert 0 < invoiced["share"] < 1 and invoiced["reason"] == "by its terms: too few payments to know the habit"
    paid = {record["record_id"]: record["reason"] for record in found.records if record["term"] == "varying_outflow_amount"}
    assert all("every 7 days, last on 2026-06-24" in reason for reason in paid.values())
    band = explained(warehouse, "other", "closing_p10_amount", "1")
    assert len([record for record in band.records if record["term"] == "closing_p10_amount"]) > 8


def test_a_forecast_says_how_far_it_was_off_and_a_young_ledger_that_it_cannot(warehouse: Path) -> None:
    found = rows(
        warehouse,
        """select business_id, horizon_days, case_count > 2, mean_absolute_error is not null, coverage between 0 and 1, null_reason
        from marts.fct_forecast_accuracy where business_id != 'other' order by 1, 2""",
    )
    assert found == [
        *(("one", horizon, True, True, True, None) for horizon in (7, 14, 30)),
        *(("young", horizon, False, False, None, "short_history") for horizon in (7, 14, 30)),
    ]
    assert rows(warehouse, "select distinct closing_p50_amount, null_reason from marts.fct_cash_forecast where business_id = 'young'") == [
        (None, "short_history")
    ]
