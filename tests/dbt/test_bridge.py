"""Why the runway moved, in a small ledger: each cause with the records behind it, and nothing left over; `rowcol explain` over it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import Settings
from rowcol_assets.cli.main import main
from rowcol_assets.explaining.figures import FIGURES
from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, customer, invoice, purchase, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

EARLIER = NOW - timedelta(days=7)
SEEN = EARLIER + timedelta(days=1)


def _before(raw: RawWarehouse, business_id: str) -> None:
    """A ledger of which 9,000 went out in the 90 days before June 23, 100 a day."""
    raw.business(business_id, now=NOW)
    raw.versions(business_id, "accounts", [account("35", "Bank", 5000), account("60", "Expense")])
    raw.versions(business_id, "vendors", [vendor("1")])
    raw.versions(business_id, "customers", [customer("1")])
    raw.versions(business_id, "bills", [
        bill("paid", 700, DueDate="2026-06-25"),
        bill("cut", 300, DueDate="2026-06-25"),
        bill("near", 400, DueDate="2026-07-28"),
        bill("far", 250, DueDate="2026-12-31"),
        bill("nobodys", 20, DueDate="2026-12-31", VendorRef=None),
    ])  # fmt: skip
    raw.versions(business_id, "invoices", [
        invoice("collected", 600, DueDate="2026-06-20"),
        invoice("too_late", 800, TxnDate="2026-03-01", DueDate="2026-03-27"),
    ])  # fmt: skip
    raw.versions(business_id, "purchases", [
        purchase("old", 1000, TxnDate="2026-03-27"),
        purchase("rent", 8000, TxnDate="2026-06-01"),
        purchase("begin", 1, TxnDate="2025-06-01"),
    ])  # fmt: skip


def _after(raw: RawWarehouse, business_id: str) -> None:
    """A week later: 700 paid, 600 received, 90 spent, and 310 of bills and 180 of spending that are older than they were known."""
    seen: dict[str, Any] = {"load_id": "2", "observed_at": SEEN}
    again: dict[str, Any] = {**seen, "version_no": 2, "updated_at": SEEN}
    raw.version(business_id, "accounts", account("35", "Bank", 4630), **again)
    raw.version(business_id, "bills", bill("paid", 700, 0, DueDate="2026-06-25"), **again)
    raw.version(business_id, "bills", bill("cut", 280, DueDate="2026-06-25"), **again)
    raw.version(business_id, "bills", bill("nobodys", 20, DueDate="2026-12-31", DocNumber="7"), **again)
    raw.version(business_id, "bills", bill("new", 150, TxnDate="2026-06-26", DueDate="2026-07-05"), **seen)
    raw.version(business_id, "bills", bill("late", 310, TxnDate="2026-06-15", DueDate="2026-07-05"), **seen)
    raw.version(business_id, "invoices", invoice("collected", 600, 0, DueDate="2026-06-20"), **again)
    raw.version(business_id, "invoices", invoice("fresh", 50, TxnDate="2026-06-29", DueDate="2026-07-29"), **seen)
    raw.version(business_id, "purchases", purchase("lately", 90, TxnDate="2026-06-28"), **seen)
    raw.version(business_id, "purchases", purchase("forgotten", 180, TxnDate="2026-06-10"), **seen)
    raw.execute(
        "insert into audit.transaction_log (business_id, seq, event_id, rail, entity, record_id, observed_at) values"
        f" ('{business_id}', 1, 'before', 'qbo', 'bills', 'paid', timestamp '2026-06-01 12:00:00'),"
        f" ('{business_id}', 2, 'payment', 'qbo', 'bills', 'paid', timestamp '{SEEN:%Y-%m-%d %H:%M:%S}'),"
        f" ('other', 1, 'foreign', 'qbo', 'bills', 'paid', timestamp '{SEEN:%Y-%m-%d %H:%M:%S}')"
    )


@pytest.fixture(scope="module")
def home(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose warehouse was built on both days."""
    settings = Settings(home=tmp_path_factory.mktemp("bridge"), now=NOW)
    path = settings.warehouse_path
    with RawWarehouse(path) as raw:
        raw.load("1")
        _before(raw, "acme")
    build_marts(project, path, EARLIER, only=("fct_runway_bridge",))
    with RawWarehouse(path) as raw:
        raw.load("2")
        _after(raw, "acme")
    build_marts(project, path, NOW, only=("fct_runway_bridge",))
    return settings


@pytest.fixture(scope="module")
def compared(home: Settings) -> Path:
    """Its warehouse."""
    return home.warehouse_path


@pytest.fixture
def asked(home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`rowcol explain` with these arguments: exit code and what it said."""
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: home)

    def ask(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["explain", *arguments])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out + told.err

    return ask


def _week(path: Path) -> dict[str, dict[str, Any]]:
    with duckdb.connect(str(path)) as connection:
        cursor = connection.execute("select * from marts.fct_runway_bridge where period = 'week'")
        names = [column[0] for column in cursor.description or ()]
        return {row["cause"]: row for row in (dict(zip(names, values, strict=True)) for values in cursor.fetchall())}


def _told(part: Mapping[str, Any]) -> list[str]:
    return [record["record_id"] for record in json.loads(part["records"])]


def test_each_cause_has_its_part_in_money_and_the_records_behind_it(compared: Path) -> None:
    parts = {cause: (part["change_amount"], _told(part)) for cause, part in _week(compared).items()}
    assert parts == {
        # 370 less, of which a bill took 700 and an invoice brought 600: 270 more went otherwise.
        "balance": (Decimal(-270), ["35"]),
        "receipts": (Decimal(0), ["collected"]),
        "late_receipts": (Decimal(-800), ["too_late"]),
        "new_invoices": (Decimal(50), ["fresh"]),
        "paid_bills": (Decimal(0), ["paid"]),
        "new_bills": (Decimal(-150), ["new"]),
        "bills_coming_due": (Decimal(-400), ["near"]),
        "changed_documents": (Decimal(20), ["cut"]),
        "late_data": (Decimal(-310), ["late", "forgotten"]),
        "burn": (Decimal(0), ["old", "lately"]),
    }


def test_parts_are_the_whole_change_of_the_daily_history(compared: Path) -> None:
    parts = _week(compared)
    history = "select runway_days, spendable + ar_expected - ap_30 from marts.fct_runway_daily order by as_of_date"
    (days_before, before), (days_after, after) = rows(compared, history)
    assert (days_before, days_after) == (Decimal("54.00"), Decimal("38.52"))
    assert sum(part["change_days"] for part in parts.values()) == days_after - days_before
    assert sum(part["change_amount"] for part in parts.values()) == after - before == Decimal(-1860)
    assert {(part["total_change_days"], part["total_change_amount"]) for part in parts.values()} == {
        (days_after - days_before, after - before)
    }
    # 1,000 went out of the window and 90 came into it; 180 had been in it unseen.
    assert (parts["burn"]["outflow_amount"], parts["late_data"]["outflow_amount"]) == (Decimal(-910), Decimal(180))
    assert parts["burn"]["change_days"] > 0 > parts["late_data"]["change_days"]


def test_a_record_is_told_with_what_the_log_heard_of_it_in_between(compared: Path) -> None:
    (paid,) = json.loads(_week(compared)["paid_bills"]["records"])
    assert (paid["entity"], paid["amount"], paid["cash_amount"], paid["event_ids"]) == ("bills", 0, -700, ["payment"])


def test_what_is_not_recorded_is_said(compared: Path) -> None:
    found = rows(compared, "select period, cause, null_reason, change_days from marts.fct_runway_bridge where from_date is null order by 1")
    assert found == [("day", "no_history", "no_history", None), ("month", "no_history", "no_history", None)]


def test_items_keep_the_last_state_of_each_day_and_write_what_changed(compared: Path) -> None:
    query = """select record_id, valid_from_date::varchar, valid_to_date::varchar, open_amount from marts.fct_runway_items
        where record_id in ('paid', 'far', 'new') order by 1, 2"""
    assert rows(compared, query) == [
        ("far", "2026-06-23", None, Decimal(250)),
        ("new", "2026-06-30", None, Decimal(150)),
        ("paid", "2026-06-23", "2026-06-29", Decimal(700)),
        ("paid", "2026-06-30", None, Decimal(0)),
    ]


def test_an_item_has_the_vendor_and_number_that_its_document_has_since_without_doing_anything_to_the_runway(compared: Path) -> None:
    query = """select valid_from_date::varchar, valid_to_date::varchar, party_name, document_number, open_amount
        from marts.fct_runway_items where record_id = 'nobodys' order by 1"""
    assert rows(compared, query) == [
        ("2026-06-23", "2026-06-29", None, None, Decimal(20)),
        ("2026-06-30", None, "Vendor 1", "7", Decimal(20)),
    ]
    assert not [cause for cause, part in _week(compared).items() if "nobodys" in _told(part)]


def test_every_figure_of_the_runway_is_explained_and_its_records_come_to_it(asked: Any, compared: Path) -> None:
    with duckdb.connect(str(compared)) as connection:
        cursor = connection.execute("select * from marts.fct_runway_daily where as_of_date = date '2026-06-30'")
        day = dict(zip([column[0] for column in cursor.description or ()], cursor.fetchone() or (), strict=True))
    for metric in FIGURES:
        code, told = asked("acme", metric, "--json")
        found = json.loads(told)
        expected = str(day[metric]) if metric == "covered_until" else None if day[metric] is None else pytest.approx(float(day[metric]))
        assert (code, found["value"]) == (0, expected), metric
        for term in found["terms"]:
            if term["from_records"] is not None and term["value"] is not None:
                assert term["from_records"] == pytest.approx(float(term["value"])), (metric, term)


def test_cash_and_the_records_until_the_day_it_is_covered_until_come_to_less_than_nothing_and_not_before(asked: Any) -> None:
    _, told = asked("acme", "covered_until", "--json")
    found = json.loads(told, parse_float=Decimal)
    (cash,) = [Decimal(term["value"]) for term in found["terms"] if term["term"] == "cash"]
    walked = {record["record_id"]: Decimal(record["amount"]) for record in found["records"] if record["term"] == "covered_until"}
    daily = -walked["acme"] / (date.fromisoformat(found["value"]) - date(2026, 6, 30)).days
    assert walked.keys() >= {"near", "cut", "new", "late", "fresh"} and "far" not in walked
    assert -daily <= cash + sum(walked.values()) < 0
    assert asked("acme", "covered_until")[1].startswith(f"covered_until of acme on 2026-06-30: {found['value']} = the first day")
    assert json.loads(asked("acme", "covered_until", "--as-of", "2026-06-23", "--json")[1])["records"] != found["records"]


@pytest.mark.parametrize(
    ("changed", "metric", "said"),
    [
        ("covered_until = null", "covered_until", "no day within a year, cash lasts longer"),
        ("covered_until = null, cash = null, null_reason = 'no_cash_account'", "covered_until", "unknown (no cash account)"),
        ("ar_credits = null, null_reason = null", "ar_credits", "unknown"),
    ],
)
def test_why_a_figure_has_no_value_is_said_in_words(
    home: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: str,
    metric: str,
    said: str,
) -> None:
    settings = Settings(home=tmp_path, now=NOW)
    shutil.copy(home.warehouse_path, settings.warehouse_path)
    rows(settings.warehouse_path, f"update marts.fct_runway_daily set {changed}")
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: settings)
    with pytest.raises(SystemExit):
        main(["explain", "acme", metric])
    assert f"{metric} of acme on 2026-06-30: {said} = " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("metric", "said"),
    [("ap_30", "1,140.00 USD"), ("gross_burn", "91.89 USD"), ("runway_days", "38.52"), ("observed_days", "90")],
)
def test_an_amount_is_told_in_its_currency_and_nothing_else_is(asked: Any, metric: str, said: str) -> None:
    assert asked("acme", metric)[1].startswith(f"{metric} of acme on 2026-06-30: {said} = ")


@pytest.mark.parametrize(
    ("metric", "day", "records"),
    [
        ("ap_30", "2026-06-30", {"near": 400, "late": 310, "cut": 280, "new": 150}),
        ("ap_30", "2026-06-24", {"paid": 700, "cut": 300}),
        ("ar_expected", "2026-06-30", {"fresh": 50}),
        ("ar_open", "2026-06-23", {"too_late": 800, "collected": 600}),
        ("overdue_ar_amount", "2026-06-30", {"too_late": 800}),
        ("outflow_90", "2026-06-30", {"rent": 8000, "forgotten": 180, "lately": 90}),
        ("cash", "2026-06-23", {"35": 5000}),
    ],
)
def test_a_sum_has_its_records_as_they_were_known_on_that_day(asked: Any, metric: str, day: str, records: dict[str, int]) -> None:
    code, told = asked("acme", metric, "--as-of", day, "--json")
    assert (code, {record["record_id"]: record["amount"] for record in json.loads(told)["records"]}) == (0, records)


def test_any_two_recorded_days_are_compared_as_the_standing_spans_are(asked: Any, compared: Path) -> None:
    code, told = asked("acme", "runway_days", "--from", "2026-06-23", "--json")
    moved, week = json.loads(told), _week(compared)
    assert (code, moved["to_date"], moved["change_days"]) == (0, "2026-06-30", pytest.approx(-15.48))
    for cause in moved["causes"]:
        assert cause["change_days"] == pytest.approx(float(week[cause["cause"]]["change_days"]))
        assert [record["record_id"] for record in cause["records"]] == _told(week[cause["cause"]])
    (paid,) = next(cause["records"] for cause in moved["causes"] if cause["cause"] == "paid_bills")
    assert paid["event_ids"] == ["payment"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("acme ap_30", 0, "ap_30 of acme on 2026-06-30: 1,140.00 USD = what is open of bills due within 30 days"),
        ("acme runway_days --from 2026-06-23", 0, "54.00 to 38.52, -15.48 days"),
        ("acme profit", 2, "there is no figure 'profit' to explain; there are ap_30, ap_open, ar_credits, ar_expected"),
        ("nobody cash", 2, "there is no business 'nobody' with a runway; there are acme"),
        ("acme cash --as-of 2026-01-01", 1, "no day of acme is recorded up to 2026-01-01"),
        ("acme cash --as-of yesterday", 2, "'yesterday' is no date: YYYY-MM-DD"),
        ("acme cash --from 2026-06-23", 2, "only runway_days is split into causes"),
        ("acme runway_days --from 2026-06-25", 1, "2026-06-25 was not recorded of acme; the last recorded day before it is 2026-06-23"),
        ("acme runway_days --from 2026-06-30", 2, "--from 2026-06-30 is not before 2026-06-30"),
        ("acme runway_days --to 2026-06-30", 2, "--to needs --from"),
    ],
)
def test_what_is_asked_gets_an_answer_or_one_sentence(asked: Any, arguments: str, code: int, said: str) -> None:
    found, told = asked(*arguments.split())
    assert (found, said in told, "Traceback" in told) == (code, True, False), told
