"""What README and reading.md promise of published files, on one built here: relations, questions, recipes, origins of rows."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from ingestion.clock import fixed_clock
from ingestion.control import open_store
from ingestion.control.onboarding import onboard
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse
from rowcol_assets.publishing import open_published, publish
from rowcol_assets.publishing.postgres.copy import publish_to_postgres
from rowcol_assets.publishing.postgres.target import parse_target
from rowcol_assets.publishing.promised import promised_relations
from tests.dbt.documents import account, bill, bill_payment, customer, invoice, purchase, vendor
from tests.dbt.ledgers import build_marts
from tests.dbt.project import dbt_project
from tests.dbt.rawfill import RawWarehouse
from tests.docs.documents import ROOT, blocks, table

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ADVISOR = "alder-finch-advisory"
README, READING = ((ROOT / page).read_text() for page in ("README.md", "docs/reading.md"))
RECIPES = blocks(READING, "python")
QUERIES = [statement.strip() for block in blocks(README, "sql") for statement in block.split(";") if statement.strip()]
QUERY = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.splitlines()[0].removeprefix("-- "))
CREDENTIALS = {"client_id": "client", "client_secret": "secret", "refresh_token": "token"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that was published for one advisor: one business in order, one that was never read."""
    folder = tmp_path_factory.mktemp("readme")
    with RawWarehouse(folder / "warehouse.duckdb") as raw:
        raw.load("1")
        _fill(raw)
    build_marts(dbt_project(), folder / "warehouse.duckdb", NOW)
    settings = Settings(home=folder / ".rowcol", _env_file=None)
    with open_store(settings) as store:
        for business in ("acme", "silent"):
            onboard(settings, store, business, "qbo", {**CREDENTIALS, "realm_id": f"realm-{business}"})
            store.grant(ADVISOR, business, "staff", NOW)
        shutil.copy(folder / "warehouse.duckdb", settings.warehouse_path)
        with open_warehouse(settings, "test") as warehouse:
            told: dict[str, Any] = {"as_of": NOW.date(), "published_at": NOW, "run_id": "run", "clock": fixed_clock(NOW)}
            publish(settings, store, warehouse, promised=promised_relations(), **told)
    return settings


@pytest.fixture(scope="module")
def published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """That advisor's file."""
    with open_published(settings.published_dir / ADVISOR) as file:
        yield file


def _fill(raw: RawWarehouse) -> None:
    raw.business("acme", now=NOW)
    raw.control("businesses", business_id="silent", business_name="Silent", timezone="UTC", is_paused=False, onboarded_at=NOW)
    raw.control("connections", business_id="silent", connection_id="realm-silent", rail="qbo", state="degraded", is_sandbox=True)
    raw.versions("acme", "accounts", [account("35", "Bank", 1000), account("60", "Expense"), account("33", "Accounts Payable", -100)])
    raw.versions("acme", "terms", [{"Id": "3", "Name": "Net 30", "Type": "STANDARD", "DueDays": 30, "Active": True}])
    raw.versions("acme", "vendors", [vendor("1", TermRef={"value": "3"}, Vendor1099=True)])
    raw.versions("acme", "customers", [customer("1", SalesTermRef={"value": "3"}, PrimaryEmailAddr={"Address": "c@customer.example"})])
    raw.versions("acme", "bills", [bill("7", 100), bill("8", 50, 0, DueDate="2026-01-01")])
    raw.versions("acme", "bill_payments", [bill_payment("11", "8", 50, "2026-06-10")])
    raw.versions("acme", "invoices", [invoice("9", 40, DueDate="2026-06-29", TxnDate="2026-01-01")])
    raw.versions("acme", "purchases", [purchase("10", 900)])
    raw.checked("acme", "H13", at=NOW, entity="vendors", record_id="1", observed="no terms")
    raw.begun(NOW - timedelta(days=5))


def _told() -> dict[str, tuple[str, str]]:
    """What the front page says that one row of a published relation is, and which questions it answers."""
    headings = ("relation", "one row is", "questions it answers")
    rows = table(README, *headings) + table(README.split("### Marts")[1], *headings)
    return {relation: (one_row, questions) for names, one_row, questions in rows for relation in re.findall(r"`([\w.]+)`", names)}


@QUERY
def test_a_question_runs_as_it_stands_and_has_an_answer(published: duckdb.DuckDBPyConnection, query: str) -> None:
    assert published.execute(query).fetchall()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.splitlines()[0].removeprefix("import "))
def test_a_recipe_runs_as_it_stands_and_prints_something(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    # A copy: DuckDB opens a file in one process with one configuration only, and other tests here have it open.
    shutil.copytree(settings.published_dir / ADVISOR, tmp_path / ".rowcol/published" / ADVISOR)
    monkeypatch.chdir(tmp_path)
    exec(compile(recipe, "docs/reading.md", "exec"), {})
    assert "acme" in capsys.readouterr().out.lower() or "About" in recipe


def test_the_roles_told_read_what_is_copied_into_a_database(settings: Settings, postgres_socket: str) -> None:
    server = f"host={postgres_socket} dbname=postgres user=postgres"
    with psycopg.connect(server, autocommit=True) as administrator:
        for statement in blocks(READING, "sql")[0].replace("publisher", "reading_publisher").replace(" bi ", " reading ").split(";"):
            administrator.execute(statement)
    with open_store(settings) as store:
        url = parse_target(f"postgresql://reading_publisher@/reading?host={postgres_socket}")
        done = publish_to_postgres(settings, url, store.open_grants())
    assert done.without_role == () and done.rows > 0
    with psycopg.connect(host=postgres_socket, dbname="reading", user=ADVISOR) as reader:
        keys = "select count(*) from pg_constraint where contype = 'p' and connamespace::regnamespace::text in ('marts', 'experiences')"
        assert reader.execute(keys).fetchone() == (done.tables,)
        assert reader.execute("select business_name from experiences.portfolio order by 1").fetchall() == [("Acme",), ("Silent",)]
        assert reader.execute("select open_amount from marts.fct_overdue_invoices").fetchall() == [(Decimal("40.00"),)]


def test_the_relations_told_are_those_published(published: duckdb.DuckDBPyConnection) -> None:
    rows = published.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall()
    assert set(_told()) == {relation for (relation,) in rows}


def test_each_relation_has_its_key_and_the_questions_told_and_the_readme_beside_it_says_both(
    settings: Settings, published: duckdb.DuckDBPyConnection
) -> None:
    keys = (
        "select schema_name || '.' || table_name, constraint_column_names from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    )
    promised = promised_relations()
    found = dict(published.execute(keys).fetchall())
    assert found == {relation: list(promised[relation].key) for relation in _told()}
    assert {relation: questions for relation, (_, questions) in _told().items()} == {
        relation: " ".join(promised[relation].questions) for relation in found
    }
    inside = (settings.published_dir / ADVISOR / "README.md").read_text()
    for relation, _, _, key, questions in table(inside, "table", "rows", "what it holds", "key", "questions it answers"):
        assert (key, questions) == (
            ", ".join(f"`{column}`" for column in promised[relation.strip("`")].key),
            " ".join(promised[relation.strip("`")].questions),
        )


def test_every_published_row_says_whose_it_is_on_which_rails_it_rests_and_when_its_source_was_seen(
    published: duckdb.DuckDBPyConnection,
) -> None:
    columns: dict[str, set[str]] = {}
    named = "select table_schema || '.' || table_name, column_name from information_schema.columns"
    for relation, column in published.execute(named).fetchall():
        columns.setdefault(relation, set()).add(column)
    assert [relation for relation, names in columns.items() if not {"business_id", "rails_used", "synced_at"} <= names] == []


def test_a_document_names_its_source_and_leads_back_to_it(published: duckdb.DuckDBPyConnection) -> None:
    row = published.execute(
        "select rail, record_id, change_id is not null, source_url from marts.fct_bills where record_id = '7'"
    ).fetchone()
    assert row is not None
    assert row[:3] == ("qbo", "7", True)
    assert "7" in row[3]


def test_the_digest_holds_the_four_lists(published: duckdb.DuckDBPyConnection) -> None:
    """And what of the overdue is to be asked for, and what is paid."""
    lists = "payment_ready_bills, overdue_invoices, bills_data, invoices_data, overdue_asked_invoices, overdue_paid_invoices"
    row = published.execute(f"select {lists} from experiences.digest where business_id = 'acme'").fetchone()
    assert row is not None
    ready, overdue, bills, invoices, asked, paid = map(json.loads, row)
    assert [one["record_id"] for one in ready] == ["7"]
    assert [one["record_id"] for one in overdue] == [one["record_id"] for one in invoices] == ["9"]
    assert ([one["record_id"] for one in asked], paid) == (["9"], [])
    assert {one["record_id"] for one in bills} == {"7", "8"}


def test_vendors_and_customers_carry_terms_compliance_and_what_is_open(published: duckdb.DuckDBPyConnection) -> None:
    vendors = "select vendor_name, terms_name, terms_due_days, terms_source, is_1099, tax_id_status from marts.dim_vendor"
    assert published.execute(vendors).fetchall() == [("Vendor 1", "Net 30", 30, "vendor", True, "missing")]
    customers = "select customer_name, terms_name, terms_due_days, email from marts.dim_customer"
    assert published.execute(customers).fetchall() == [("Customer 1", "Net 30", 30, "c@customer.example")]
    aged = "select party_name, bucket, open_amount from marts.fct_ar_aging"
    assert published.execute(aged).fetchall() == [("Customer 1", "d1_30", Decimal("40.00"))]
    owed = "select days_past_due, open_amount, customer_email from marts.fct_overdue_invoices"
    assert published.execute(owed).fetchall() == [(1, Decimal("40.00"), "c@customer.example")]


def test_a_comment_explains_every_table_and_column(published: duckdb.DuckDBPyConnection) -> None:
    tables = "select schema_name || '.' || table_name from duckdb_tables() where comment is null"
    columns = "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns() where comment is null and not internal"
    assert published.execute(f"{tables} union all {columns}").fetchall() == []
