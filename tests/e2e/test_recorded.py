"""A real company through the whole command line: counts, open items, aging at two dates and cash equal its facts to the cent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.homes import COMPANY, RECORDED_GROUP, REFERENCE, Recorded, recordings
from tests.e2e.machine import Machine

pytestmark = [
    pytest.mark.skipif(not REFERENCE, reason="ROWCOL_REFERENCE_DATA names no folder with the recorded company"),
    pytest.mark.xdist_group(RECORDED_GROUP),
]

TABLES = {
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
BUCKETS = {"current": "current", "1-30": "d1_30", "31-60": "d31_60", "61-90": "d61_90", "90+": "d90_plus", "no_due_date": "no_due_date"}
OWN = f"where business_id = '{COMPANY}'"
CHECKS = f"select check_id, status, records_checked from quality.expectation_runs {OWN}"
LEDGER_PAYABLE, LEDGER_RECEIVABLE = "33", "84"


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((recordings() / f"{COMPANY}.expected.json").read_text(), parse_float=Decimal)
    return read


@pytest.fixture
def company(recorded: Recorded) -> Machine:
    return recorded.machine


def test_everything_about_the_recorded_company_equals_its_facts(company: Machine, facts: dict[str, Any]) -> None:
    company.assert_change_log_is_whole()
    published = company.home / "published" / "bob" / "rowcol_bi.duckdb"
    counts = dict(company.query("select entity, mirror_count from marts.fct_rail_freshness", published))
    assert {name: counts[table] for name, table in TABLES.items()} == {name: facts["counts"][name] for name in TABLES}
    assert _amounts(company, published, "select party_id, sum(open_amount) from marts.fct_ap_aging group by 1") == {
        vendor: Decimal(one["open"]) for vendor, one in facts["open_by_vendor"].items()
    }
    receivable = "select party_id, sum(open_amount) from marts.fct_ar_aging"
    assert _amounts(company, published, f"{receivable} where document_type = 'invoice' group by 1") == {
        customer: Decimal(one["open"]) for customer, one in facts["open_invoices_by_customer"].items()
    }
    assert _amounts(company, published, f"{receivable} group by 1") == {
        customer: Decimal(net) for customer, net in facts["net_open_by_customer"].items()
    }
    accounts = _amounts(company, published, "select account_id, balance_amount from marts.fct_cash")
    assert accounts == {account: Decimal(one["balance"]) for account, one in facts["bank_cash"]["accounts"].items()}
    ledger = facts["account_balances_nonzero"]
    [(cash, payable, owed)] = company.query(
        """select (select cash from experiences.portfolio), (select sum(open_amount) from marts.fct_ap_aging),
        (select sum(open_amount) from marts.fct_ar_aging)""",
        published,
    )
    assert cash == Decimal(facts["bank_cash"]["sum"])
    assert payable == -Decimal(ledger[LEDGER_PAYABLE]["balance"]) == Decimal(facts["open_bills"]["sum"])
    assert owed == Decimal(ledger[LEDGER_RECEIVABLE]["balance"]) == Decimal(facts["net_receivable"])
    credits = _amounts(
        company, published, "select document_type, sum(open_amount) from marts.fct_ar_aging where open_amount < 0 group by document_type"
    )
    assert credits == {"credit_memo": -Decimal(facts["unapplied_credit_memos"]), "payment": -Decimal(facts["unapplied_payments"])}
    assert company.query(f"select * from quality.rejected_values {OWN}") == []
    # A recording has no reports: that is said, and neither taken for a report of nothing nor for a failure.
    tied = company.query("select side, status, ledger_amount from marts.fct_aging_tie_out order by side", published)
    assert tied == [("payable", "not_applicable", None), ("receivable", "not_applicable", None)]


def test_its_checks_come_to_what_its_ledger_is(company: Machine) -> None:
    found = {check: (status, count) for check, status, count in company.query(CHECKS)}
    assert found["H41"] == ("passed", 2)
    assert found["H01"] == ("passed", 5)
    assert found["H10"] == ("failed", 26)
    assert "error" not in {status for status, _ in found.values()}


def test_the_digest_holds_the_four_lists(company: Machine, facts: dict[str, Any]) -> None:
    lists = "payment_ready_bills, overdue_invoices, bills_data, invoices_data"
    [told] = company.query(f"select {lists} from experiences.digest {OWN}")
    ready, overdue, bills, invoices = (json.loads(text, parse_float=Decimal) for text in told)
    assert {bill["record_id"] for bill in ready} <= {bill["record_id"] for bill in bills}
    open_of = [sum((Decimal(one["open_amount"]) for one in listed), Decimal(0)) for listed in (overdue, bills, invoices)]
    assert open_of == [Decimal(facts[name]["sum"]) for name in ("open_invoices", "open_bills", "open_invoices")]


# A replay takes as long as a cycle; `make test` asks both dates of the models alone (tests/dbt/test_recorded_company.py).
@pytest.mark.soak
@pytest.mark.parametrize("date", ["2026-05-05", "2026-06-08"])
def test_aging_at_a_date_equals_the_facts(company: Machine, facts: dict[str, Any], date: str) -> None:
    before = company.published(), company.marts()
    [replay] = json.loads(company.succeed("run", "--as-of", date, "--json"))
    for mart, document, name in (("fct_ap_aging", "bill", "bills_by_due_date"), ("fct_ar_aging", "invoice", "invoices_by_due_date")):
        aged = company.query(
            f"select bucket, sum(open_amount), count(*) from marts.{mart} {OWN} and document_type = '{document}' group by 1",
            Path(replay["path"]),
        )
        expected = facts["aging"][date][name].items()
        assert {bucket: (amount, count) for bucket, amount, count in aged} == {
            BUCKETS[bucket]: (Decimal(one["amount"]), one["count"]) for bucket, one in expected if one["count"]
        }
    assert (company.published(), company.marts()) == before, "a replay touches neither"


def _amounts(company: Machine, path: Path, statement: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = dict(company.query(statement, path))
    assert all(isinstance(amount, Decimal) for amount in found.values())
    return found
