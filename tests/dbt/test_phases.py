"""Each mart with any set of rails that has the ledger: where cash and flows come from, what Ramp says, what a row rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.frames import read_frame
from expectations.suites import SUITES
from tests.dbt.asking import rows
from tests.dbt.documents import bill, invoice
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.phases import OF_ONE_RAIL, OF_SEVERAL_RAILS, PAGE, PHASES, build, facts, page, rails_of
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, phased_business, ramp_bill
from tests.dbt.rawfill import RawWarehouse


@pytest.fixture(scope="module")
def phases(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One warehouse with a business per phase."""
    return build(project, tmp_path_factory.mktemp("phases") / "warehouse.duckdb")


def test_each_phase_has_its_rows_in_every_mart_and_names_its_rails(project: DbtProject, phases: Path) -> None:
    found = facts(phases)
    models = [node for node in project.manifest.nodes.values() if node.resource_type == "model" and node.schema in ("marts", "experiences")]
    assert set(found) == {f"{node.schema}.{node.name}" for node in models}
    for relation, by_phase in found.items():
        for phase, (count, rails) in by_phase.items():
            assert count > 0 or (relation in OF_SEVERAL_RAILS and phase != "all"), (relation, phase)
            assert {rail for value in rails for rail in value.split(",")} <= set(rails_of(phase).split(",")), (relation, phase)
    for relation in ("marts.dim_business", "marts.fct_runway_daily", "experiences.portfolio", "experiences.digest"):
        assert {phase: rails for phase, (_, rails) in found[relation].items()} == {phase: [rails_of(phase)] for phase in PHASES}, relation


def test_the_frame_of_every_check_is_there_in_its_types(phases: Path) -> None:
    with duckdb.connect(str(phases), read_only=True) as warehouse:
        for suite in SUITES:
            frame = read_frame(warehouse, suite, list(PHASES))
            assert frame.checked.column_names == list(suite.columns), suite.check_id


def test_no_model_compares_each_row_with_each_where_it_has_keys(project: DbtProject, phases: Path) -> None:
    """A condition of one side alone, or of both mixed, beside the keys of an outer join makes DuckDB compare all pairs of rows: 1.0 s for
    3,000 payments and 26,000 movements of money, which by keys take 0.1 s.
    """
    schemas = ("intermediate", "quality", "marts", "experiences")
    models = [node for node in project.manifest.nodes.values() if node.resource_type == "model" and node.schema in schemas]
    names = [node.name for node in models if node.language == "sql"]
    slow, queries = set(), project.compiled(phases, names, now=NOW.isoformat(), as_of_date="", known_at="")
    with duckdb.connect(str(phases), read_only=True) as warehouse:
        for name, query in queries.items():
            (plan,) = warehouse.execute(f"explain (format json) {query}").fetchall()
            if any("business_id = business_id" in condition for condition in _pairwise(json.loads(plan[1]))):
                slow.add(name)
    assert slow == set()


def _pairwise(steps: list[dict[str, Any]]) -> Iterator[str]:
    """The conditions of joins that compare all pairs of rows, in a plan."""
    for step in steps:
        if step["name"] == "BLOCKWISE_NL_JOIN":
            yield step["extra_info"]["Condition"]
        yield from _pairwise(step["children"])


def test_no_row_of_healthy_rails_is_degraded(phases: Path) -> None:
    relations = set(facts(phases)) - OF_ONE_RAIL
    assert relations
    for relation in relations:
        assert rows(phases, f"select distinct degraded_rails from {relation}") == [("",)], relation


def test_the_page_of_phases_is_what_the_models_give(phases: Path) -> None:
    assert PAGE.read_text() == page(phases), "run: python -m tests.dbt.phases"


def test_cash_is_the_banks_where_there_is_one_and_the_gap_to_the_ledger_is_named(phases: Path) -> None:
    found = rows(phases, "select business_id, cash, cash_source, cash_gap from marts.fct_runway_daily order by 1")
    bank, ledger = (Decimal(800), "plaid", Decimal(200)), (Decimal(1000), "qbo", None)
    assert {row[0]: row[1:] for row in found} == {"ledger": ledger, "ramp": ledger, "bank": bank, "all": bank, "bank_only": bank}
    sums = dict(rows(phases, "select business_id, sum(home_balance_amount) from marts.fct_cash group by all"))
    assert sums == {row[0]: row[1] for row in found}
    pages = {row[0]: row[1:] for row in rows(phases, "select distinct rail, source_url from marts.fct_cash")}
    assert pages == {"qbo": ("https://app.qbo.intuit.com/app/register?accountId=35",), "plaid": (None,)}


def test_flows_are_the_banks_and_what_was_bought_by_card_counts_once(phases: Path) -> None:
    found = rows(phases, "select business_id, outflow_90, inflow_90, flow_source from marts.fct_runway_daily")
    assert {row[0]: row[1:] for row in found} == {
        "ledger": (Decimal(920), 0, "qbo"),
        "ramp": (Decimal(950), 0, "qbo"),
        "bank": (Decimal(480), Decimal(60), "plaid"),
        "all": (Decimal(480), Decimal(60), "plaid"),
        "bank_only": (Decimal(450), Decimal(60), "plaid"),
    }


def test_ramps_word_on_a_linked_bill_wins_and_the_ledgers_stays_beside_it(phases: Path) -> None:
    found = rows(
        phases,
        "select business_id, status, effective_status, status_source, ramp_bill_id, rails_used from marts.fct_bills where record_id = '7'",
    )
    ledger, linked = ("open", "open", "qbo", None, "qbo"), ("open", "paid", "ramp", "r7", "qbo,ramp")
    assert {row[0]: row[1:] for row in found} == {"ledger": ledger, "ramp": linked, "bank": linked, "all": linked, "bank_only": ledger}
    assert rows(phases, "select count(*) from marts.fct_bills") == [(len(PHASES) * 3,)]
    reasons = dict(rows(phases, "select business_id, blocked_reasons from marts.fct_payment_ready_bills where record_id = '7'"))
    assert {business_id for business_id, reason in reasons.items() if "paid_on_ramp" in (reason or "")} == {"ramp", "bank", "all"}


def test_a_bank_not_heard_of_for_a_day_gives_cash_back_to_the_ledger_and_a_rail_that_is_down_is_named(
    project: DbtProject, tmp_path: Path
) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        phased_business(raw, "fresh", ("ramp", "plaid"), age=timedelta(hours=24))
        phased_business(raw, "old", ("ramp", "plaid"), age=timedelta(hours=24, minutes=1))
        phased_business(raw, "half", ("plaid",))
        raw.connect("half", "plaid", now=NOW, age=timedelta(days=3), connection_id="second-bank")
        bank_account(raw, "half", "savings", available=5000, current=5000, connection_id="second-bank")
        for business, minutes in (("reached", 0), ("unreached", 1)):
            phased_business(raw, business, ("plaid",))
            bank_read_at = NOW - timedelta(hours=24, minutes=minutes)
            raw.execute("update raw_control.sync_states set source_read_at = ? where business_id = ?", [bank_read_at, business])
    build_marts(project, path, only=("fct_runway_daily", "fct_bills", "fct_payment_ready_bills"))
    found = rows(
        path, "select business_id, cash, cash_source, flow_source, outflow_90, degraded_rails from marts.fct_runway_daily order by 1"
    )
    assert found == [
        ("fresh", Decimal(800), "plaid", "plaid", Decimal(480), ""),
        ("half", Decimal(1000), "qbo", "qbo", Decimal(900), "plaid"),
        ("old", Decimal(1000), "qbo", "qbo", Decimal(930), "plaid,ramp"),
        ("reached", Decimal(800), "plaid", "plaid", Decimal(450), ""),
        # Read a minute ago, but what Plaid served then is from before: the rail works, its bank was not reached.
        ("unreached", Decimal(1000), "qbo", "qbo", Decimal(900), ""),
    ]
    whose = "where record_id = '7' and business_id in ('fresh', 'half', 'old') order by 1"
    bills = rows(path, f"select business_id, effective_status, degraded_rails from marts.fct_bills {whose}")
    assert bills == [("fresh", "paid", ""), ("half", "open", ""), ("old", "paid", "ramp")]
    assert rows(path, f"select business_id, blocked_reasons from marts.fct_payment_ready_bills {whose}") == [
        ("fresh", "paid_on_ramp"),
        ("half", None),
        ("old", "paid_on_ramp,stale"),
    ]


def test_what_was_read_live_is_the_status_that_counts_from_its_own_moment_on(project: DbtProject, tmp_path: Path) -> None:
    """A bill of Ramp's, one of the ledger alone, and an invoice; each read live half an hour before anything is synced again."""
    path, read_at = tmp_path / "warehouse.duckdb", NOW - timedelta(minutes=30)
    with RawWarehouse(path) as raw:
        raw.load("1")
        phased_business(raw, "acme", ("ramp",))
        ramp_bill(raw, "acme", "r11", "11", "OPEN")
        raw.versions("acme", "bills", [bill("12", 5, DueDate="2026-07-03")])
        raw.versions("acme", "invoices", [invoice("41", 90)])
    build_marts(project, path, only=("fct_bills", "fct_invoices"))
    columns = "record_id, effective_status, status_source, status_as_of"
    documents = f"""select {columns} from marts.fct_bills where record_id in ('11', '12')
        union all select {columns} from marts.fct_invoices where record_id = '41' order by 1"""
    assert [row[:3] for row in rows(path, documents)] == [("11", "open", "ramp"), ("12", "open", "qbo"), ("41", "open", "qbo")]
    with RawWarehouse(path) as raw:
        raw.load("2")
        live: dict[str, Any] = {"version_no": 2, "observed_at": read_at, "load_id": "2", "delivery": "live"}
        record = {"id": "r11", "remote_id": "11", "status": "PAID", "approval_status": "APPROVED"}
        raw.observed("acme", "ramp", "bills", "r11", record, **live)
        changed = read_at - timedelta(minutes=5)
        raw.version("acme", "bills", bill("12", 5, 0, DueDate="2026-07-03"), updated_at=changed, **live)
        raw.version("acme", "invoices", invoice("41", 90, 30), updated_at=changed, **live)
    build_marts(project, path, only=("fct_bills", "fct_invoices"))
    seen, changed_at = read_at.replace(tzinfo=None), changed.replace(tzinfo=None)
    assert rows(path, documents) == [
        ("11", "paid", "ramp", seen),  # Ramp says of no bill when it changed: it was seen changed then
        ("12", "paid", "qbo", changed_at),
        ("41", "partly_paid", "qbo", changed_at),
    ]


def test_a_new_word_of_ramps_reaches_a_bill_the_ledger_did_not_touch(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        phased_business(raw, "acme", ("ramp",))
        ramp_bill(raw, "acme", "r11", "11", "OPEN")
        raw.versions("acme", "bills", [bill("12", 5, DueDate="2026-07-03")])
    build_marts(project, path, only=("fct_bills", "fct_payment_ready_bills"))
    status = "select effective_status, payment_date from marts.fct_bills where record_id = '11'"
    ready = "select blocked_reasons from marts.fct_payment_ready_bills where record_id = '11'"
    assert (rows(path, status), rows(path, ready)) == ([("open", None)], [(None,)])
    with RawWarehouse(path) as raw:
        raw.load("2")
        record = {
            "id": "r11",
            "remote_id": "11",
            "status": "OPEN",
            "approval_status": "APPROVED",
            "payment": {"payment_date": "2026-07-01T00:00:00Z"},
        }
        raw.observed("acme", "ramp", "bills", "r11", record, version_no=2, observed_at=NOW, load_id="2")
    build_marts(project, path, only=("fct_bills", "fct_payment_ready_bills"))
    assert rows(path, status) == [("in_flight", date(2026, 7, 1))]
    assert rows(path, ready) == [("in_flight_on_ramp",)]
