"""The runway of past days from today's records, and what the guardrail would have said to what was paid."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, bill_payment, customer, invoice, purchase, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

TODAY = NOW.date()
RENT_DAYS = [TODAY - timedelta(days=7 * week) for week in range(30)]


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with 100 of rent a week, a bill paid in two parts, an invoice paid, and one that nobody has paid."""
    path = tmp_path_factory.mktemp("history") / "warehouse.duckdb"
    line = {"Amount": 400, "LinkedTxn": [{"TxnId": "i", "TxnType": "Invoice"}]}
    received = {"Id": "r", "TotalAmt": 400, "TxnDate": "2026-06-26", "CustomerRef": {"value": "1"}, "Line": [line]}
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=NOW)
        raw.versions("acme", "accounts", [account("35", "Bank", 10_050), account("60", "Expense")])
        raw.versions("acme", "vendors", [vendor("1")])
        raw.versions("acme", "customers", [customer("1")])
        raw.versions("acme", "purchases", [purchase(f"p{day}", 100, TxnDate=day.isoformat()) for day in RENT_DAYS])
        raw.versions("acme", "bills", [bill("b", 1000, 250, TxnDate="2026-05-01", DueDate="2026-07-20")])
        raw.versions("acme", "bill_payments", [bill_payment("1", "b", 300, "2026-06-10"), bill_payment("2", "b", 450, "2026-06-20")])
        raw.versions("acme", "invoices", [invoice("i", 400, 0, TxnDate="2026-04-20", DueDate="2026-05-20")])
        raw.versions("acme", "invoices", [invoice("old", 70, 70, TxnDate="2026-01-01", DueDate="2026-03-20")])
        raw.versions("acme", "payments", [received | {"DepositToAccountRef": {"value": "35"}}])
        raw.business("bare", now=NOW)
        raw.versions("bare", "purchases", [purchase("1", 100)])
        _strict(raw)
        _odd(raw)
        raw.business("silent", now=NOW)
        raw.versions("silent", "accounts", [account("35", "Bank", 500)])
    build_marts(project, path, only=("fct_runway_history", "fct_guardrail_backtest", "fct_runway_daily"))
    return path


def _strict(raw: RawWarehouse) -> None:
    """Who wanted 10,600 left first, 2,000 from the evening of the 20th on, by its own clock, and what the policy wants since the 25th,
    which the log has yet to tell."""
    zone = {"timezone": "America/Los_Angeles"}
    raw.business("strict", now=NOW, **zone, onboarded_at="2026-05-01T12:00:00Z", changed_at="2026-06-25T12:00:00Z")
    for seq, at, floor in ((1, "2026-05-01 12:00:00", "10600.00"), (2, "2026-06-21 05:00:00", "2000.00")):
        raw.execute(
            "insert into audit.transaction_log by name"
            " select 'strict' as business_id, ? as seq, ? as event_id, ?::timestamp as occurred_at,"
            " timestamp '2026-06-22 12:00:00' as observed_at, 'businesses' as entity, 'strict' as record_id, ? as snapshot",
            [seq, f"businesses/{seq}", at, f'{{"min_buffer_days":null,"min_cash_amount":{floor}}}'],
        )
    raw.versions("strict", "accounts", [account("35", "Bank", 9_750), account("60", "Expense")])
    raw.versions("strict", "vendors", [vendor("1")])
    raw.versions("strict", "purchases", [purchase(f"p{day}", 100, TxnDate=day.isoformat()) for day in RENT_DAYS])
    raw.versions("strict", "bills", [bill("b", 800, 0, TxnDate="2026-05-01", DueDate="2026-07-20")])
    payments = (("1", 300, "2026-06-10"), ("2", 450, "2026-06-20"), ("3", 50, "2026-06-26"))
    raw.versions("strict", "bill_payments", [bill_payment(number, "b", amount, day) for number, amount, day in payments])


def _odd(raw: RawWarehouse) -> None:
    """Who has documents dated ahead, a bill below zero, one that owes more than its total, one without any day and a check dated ahead."""
    entered = {"MetaData": {"CreateTime": "2026-06-10T09:00:00Z"}}
    raw.business("odd", now=NOW)
    raw.versions("odd", "accounts", [account("35", "Bank", 5_000), account("60", "Expense")])
    raw.versions("odd", "vendors", [vendor("1")])
    raw.versions("odd", "customers", [customer("1")])
    raw.versions("odd", "purchases", [purchase(f"p{day}", 100, TxnDate=day.isoformat()) for day in RENT_DAYS])
    raw.versions(
        "odd",
        "bills",
        [
            bill("ahead", 100, TxnDate="2026-07-10", DueDate="2026-07-20", **entered),
            bill("ahead and undated", 20, TxnDate="2026-09-10", DueDate=None, **entered),
            bill("below zero", -30, TxnDate="2026-05-01", DueDate="2026-06-01"),
            bill("of nothing", 0, 7, TxnDate="2026-05-01", DueDate="2026-06-01"),
            bill("of no day", 5, TxnDate=None, DueDate=None, **entered),
            bill("paid ahead", 50, 0, TxnDate="2026-05-01", DueDate="2026-06-01"),
        ],
    )
    raw.versions("odd", "bill_payments", [bill_payment("1", "paid ahead", 50, "2026-07-03")])
    raw.versions("odd", "invoices", [invoice("ahead", 40, TxnDate="2026-07-10", DueDate="2026-08-20", **entered)])


def history(path: Path, day: date, columns: str) -> tuple[object, ...]:
    found = rows(path, f"select {columns} from marts.fct_runway_history where business_id = 'acme' and as_of_date = ?", [day])
    assert len(found) == 1
    return found[0]


def test_documents_and_cash_of_a_day_are_what_they_were_on_it(warehouse: Path) -> None:
    def rent_since(day: date) -> int:
        return 100 * sum(1 for paid_on in RENT_DAYS if paid_on > day)

    for day, payable, due_soon, owed, expected, moved in [
        (date(2026, 4, 30), 0, 0, 470, 470, 750 - 400),
        (date(2026, 5, 1), 1000, 0, 470, 470, 750 - 400),
        (date(2026, 6, 10), 700, 0, 470, 470, 450 - 400),
        (date(2026, 6, 19), 700, 0, 470, 400, 450 - 400),
        (date(2026, 6, 20), 250, 250, 470, 400, -400),
        (date(2026, 6, 25), 250, 250, 470, 400, -400),
        (date(2026, 6, 26), 250, 250, 70, 0, 0),
    ]:
        found = history(warehouse, day, "ap_open, ap_30, ar_open, ar_expected, cash, observed_days")
        assert found == (payable, due_soon, owed, expected, 10_050 + moved + rent_since(day), 90), day


def test_what_is_dated_ahead_counts_from_the_day_it_was_entered_and_what_is_odd_as_it_is_open(warehouse: Path) -> None:
    found = rows(
        warehouse,
        """select as_of_date, ap_open, ap_30, ar_open, ar_expected from marts.fct_runway_history
        where business_id = 'odd' and as_of_date in ('2026-06-09', '2026-06-20', '2026-06-30') order by 1""",
    )
    assert found == [
        (date(2026, 6, 9), -30 + 7 + 50, -30 + 7 + 50, 0, 0),
        (date(2026, 6, 20), -30 + 7 + 50 + 100 + 20 + 5, -30 + 7 + 50 + 100 + 20 + 5, 40, 40),
        (date(2026, 6, 30), -30 + 7 + 100 + 20 + 5, -30 + 7 + 100 + 20 + 5, 40, 40),
    ]


def test_today_is_what_the_runway_of_today_is(warehouse: Path) -> None:
    shared = """cash, cash_source, reserved, spendable, observed_days, outflow_90, inflow_90, gross_burn, net_burn, ap_30, ap_open,
        ar_expected, ar_open, ar_credits, buffer_days, runway_days, runway_days_net, runway_days_bills, shortfall_amount, runway_status,
        runway_basis, null_reason, formula_version"""
    days = f"select business_id, as_of_date, {shared} from marts.{{}} where as_of_date = date '{TODAY}' order by 1"
    assert rows(warehouse, days.format("fct_runway_history")) == rows(warehouse, days.format("fct_runway_daily"))


def test_there_are_ninety_days_and_what_is_not_known_is_not_told(warehouse: Path) -> None:
    counts = (
        "select business_id, count(*), count(cash), count(runway_days), any_value(null_reason) from marts.fct_runway_history group by 1"
    )
    assert rows(warehouse, f"{counts} order by 1") == [
        ("acme", 91, 91, 91, None),
        ("bare", 91, 0, 0, "no_cash_account"),
        ("odd", 91, 91, 91, None),
        ("silent", 91, 91, 0, "short_history"),
        ("strict", 91, 91, 91, None),
    ]
    told = "select as_of_date, recorded_cash from marts.fct_runway_history where business_id = 'acme' and is_recorded"
    assert rows(warehouse, told) == [(TODAY, 10_050)]


def test_the_guardrails_word_on_past_payments_is_judged_by_what_came_of_them(warehouse: Path) -> None:
    """The floor is 10,000: the first payment left more, the second less, and on the 23rd, before the invoice was paid, cash was 9,750."""
    found = rows(
        warehouse,
        """select payment_date, payment_count, paid_amount, cash_before, cash_after, answer, rule_hits, lowest_cash_amount,
            fell_below_floor, verdict from marts.fct_guardrail_backtest where business_id = 'acme' order by 1""",
    )
    assert found == [
        (date(2026, 6, 10), 1, 300, 10_700, 10_400, "approved", None, 9_750, True, "missed"),
        (date(2026, 6, 20), 1, 450, 10_300, 9_850, "held", "cash_below_floor", 9_750, True, "rightly held"),
    ]


def test_a_past_payment_is_judged_by_the_floors_that_the_business_had_set_on_its_day(warehouse: Path) -> None:
    query = """select payment_date, policy_version, min_cash_amount, min_buffer_days, cash_after, answer
        from marts.fct_guardrail_backtest where business_id = 'strict' order by 1"""
    assert rows(warehouse, query) == [
        (date(2026, 6, 10), "1+own", 10_600, 14, 10_550, "held"),
        (date(2026, 6, 20), "1+own", 2_000, 14, 10_000, "approved"),
        (date(2026, 6, 26), "1", 10_000, 14, 9_850, "held"),
    ]
