"""The ledger's own aged reports against our aging as of their date: what ties, what differs, and what cannot be compared."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.ledgers import build_marts
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse
from tests.dbt.tie_outs import FILLS, USELESS

MARTS = ("fct_aging_tie_out", "fct_aging_tie_out_parties", "chk_h41")


@pytest.fixture(scope="module")
def path(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases, built once."""
    with RawWarehouse(tmp_path_factory.mktemp("tie_out") / "warehouse.duckdb") as raw:
        raw.load("1")
        for fill in FILLS:
            fill(raw)
    build_marts(project, raw.path, only=MARTS)
    return raw.path


def parties(path: Path, business_id: str, side: str = "payable") -> dict[str, tuple[Any, ...]]:
    """Per party: the ledger's amount, ours, what is in another age, and the status."""
    found = rows(
        path,
        f"""select party_id, ledger_amount, mirror_amount, misaged_amount, status from marts.fct_aging_tie_out_parties
        where business_id = '{business_id}' and side = '{side}'""",
    )
    return {party: tuple(facts) for party, *facts in found}


def side_of(path: Path, business_id: str, columns: str, side: str = "payable") -> tuple[Any, ...]:
    (found,) = rows(path, f"select {columns} from marts.fct_aging_tie_out where business_id = '{business_id}' and side = '{side}'")
    return found


def failing(path: Path, business_id: str) -> set[str]:
    """What H41 holds against the business, as entity/record."""
    found = rows(
        path,
        f"""select entity || '/' || record_id from quality.chk_h41
        where business_id = '{business_id}' and (ledger_amount is null or aging_amount != ledger_amount)""",
    )
    return {one for (one,) in found} - {"accounts/Accounts Payable USD", "accounts/Accounts Receivable USD"}


def ties(amount: str) -> tuple[Any, ...]:
    return Decimal(amount), Decimal(amount), Decimal(0), "ties"


def test_bills_credits_and_payments_on_account_tie_in_the_ledgers_own_ages(path: Path) -> None:
    assert parties(path, "whole") == {"1": ties("140.00"), "2": ties("-17.00"), "": ties("2.00")}
    assert side_of(path, "whole", "status, difference_amount, parties, parties_tied") == ("ties", Decimal(0), 3, 3)
    assert side_of(path, "whole", "status, ledger_amount, mirror_amount", "receivable") == ("report_without_data", None, Decimal(0))
    assert failing(path, "whole") == set()


def test_what_differs_is_told_per_party_by_amount_or_by_age(path: Path) -> None:
    assert parties(path, "other", "receivable") == {
        "1": (Decimal("100.00"), Decimal("100.00"), Decimal("100.00"), "differs"),
        "2": (Decimal("80.00"), Decimal("50.00"), Decimal(0), "differs"),
        "3": (Decimal("7.00"), Decimal(0), Decimal(0), "differs"),
    }
    told = side_of(path, "other", "status, ledger_amount, mirror_amount, difference_amount, parties_differing", "receivable")
    assert told == ("differs", Decimal("187.00"), Decimal("150.00"), Decimal("-37.00"), 3)
    assert failing(path, "other") == {"customers/1", "customers/2", "customers/3"}


def test_nothing_dated_after_the_report_counts_and_what_it_settles_is_open_again(path: Path) -> None:
    assert parties(path, "postdated") == {"1": ties("70.00")}


def test_a_party_that_changed_since_the_report_is_not_said_to_differ(path: Path) -> None:
    assert {party: facts[-1] for party, facts in parties(path, "changed").items()} == {
        "1": "report_older_than_books", "2": "ties", "3": "report_older_than_books",
    }  # fmt: skip
    assert side_of(path, "changed", "status, parties, parties_tied, parties_changed_since") == ("ties", 3, 1, 2)
    assert failing(path, "changed") == set()


@pytest.mark.parametrize("business", ["header", "sum"])
def test_a_customer_with_jobs_counts_once_wherever_the_report_has_its_own_figures(business: str, path: Path) -> None:
    assert parties(path, business, "receivable") == {"1": ties("25.00"), "2": ties("10.00")}


@pytest.mark.parametrize(("business", "status"), USELESS.items())
def test_a_report_that_is_none_to_go_by_says_so_and_is_never_zero(business: str, status: str, path: Path) -> None:
    assert side_of(path, business, "status, difference_amount, parties") == (status, None, None)
    ledger_amount = Decimal("100.00") if business == "unread" else None
    assert side_of(path, business, "ledger_amount") == (ledger_amount,)
    assert parties(path, business) == {}
    assert failing(path, business) == ({"aged_payables/AgedPayables"} if business == "empty" else set()), "100 are open"


def test_a_correction_made_here_does_not_part_us_from_the_ledger(path: Path) -> None:
    open_here = "select party_id, rail, bucket from intermediate.int_ap_open_documents where business_id = 'corrected' order by rail"
    assert rows(path, open_here) == [("2", "qbo", "current"), ("3", "user", "current")]
    assert parties(path, "corrected") == {"1": ties("100.00")}


def test_a_report_of_earlier_days_is_held_against_the_books_as_of_its_date(path: Path) -> None:
    assert rows(path, "select bucket from intermediate.int_ap_open_documents where business_id = 'earlier'") == [("d1_30",)]
    assert parties(path, "earlier") == {"1": ties("100.00")}


def test_a_reports_rows_are_one_per_party_and_age(path: Path) -> None:
    lines = rows(
        path,
        """select bucket, amount, typeof(amount) from staging.stg_qbo__aged_report_lines
        where business_id = 'whole' and not is_grand_total and party_id = '2'""",
    )
    expected = {"current": "0.00", "d1_30": "8.00", "d31_60": "0.00", "d61_90": "-30.00", "d90_plus": "5.00", "total": "-17.00"}
    assert {bucket: (str(amount), kind) for bucket, amount, kind in lines} == {
        bucket: (amount, "DECIMAL(18,2)") for bucket, amount in expected.items()
    }
