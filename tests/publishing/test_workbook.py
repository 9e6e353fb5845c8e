"""The workbook beside a published file: the same cents, granted clients only, no formula from a name, whole or not at all."""

from __future__ import annotations

import csv
import shutil
import subprocess
import zipfile
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from rowcol_assets.publishing import open_published, sheets, workbook
from tests.docs.documents import ROOT
from tests.publishing.published import manifest
from tests.publishing.world import World

HOSTILE = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "<r><t>x</t></r>", "<r>&</r>", "http://x.example", "a\x01b", "x" * 40_000, "{=1}"]
AMOUNTS = ["0.01", "-0.01", "0.10", "1.15", "19.99", "1234567.89", "9007199254740.99", "9999999999999.99", "-9999999999999.99", "0.00"]


@cache
def contracts() -> dict[str, str]:
    """The columns of every mart and experience, with their types."""
    found = {}
    for path in (ROOT / "dbt_project/models").glob("*/*.yml"):
        for model in yaml.load(path.read_text(), yaml.CSafeLoader).get("models") or []:
            if columns := model.get("columns"):
                found[model["name"]] = ", ".join(f"{column['name']} {column.get('data_type', 'varchar')}" for column in columns)
    return found


@pytest.fixture
def shaped(world: World) -> World:
    """The world with the tables the sheets read in the shape their contracts give them."""
    statements = []
    for schema, name in sorted({key for sheet in sheets.SHEETS for key in sheet.reads}):
        statements.append(f"create table {schema}.shaped ({contracts()[name]})")
        if (schema, name) in (("marts", "dim_business"), ("experiences", "portfolio")):
            columns = "* exclude (hygiene_score)" if name == "portfolio" else "*"
            statements.append(f"insert into {schema}.shaped by name select {columns} from {schema}.{name}")
            statements.append(f"drop table {schema}.{name}")
        statements.append(f"alter table {schema}.shaped rename to {name}")
    world.execute(*statements)
    return world


def bill(business: str, number: int, **values: Any) -> str:
    said = {"business_id": business, "record_id": str(number), "is_payment_ready": "true", "due_date": "2026-07-01", **values}
    listed = ", ".join("'" + str(value).replace("'", "''") + "'" for value in said.values())
    return f"insert into marts.fct_payment_ready_bills ({', '.join(said)}) values ({listed})"


def opened(world: World, advisor: str) -> openpyxl.Workbook:
    return openpyxl.load_workbook(world.folder(advisor) / "rowcol_bi.xlsx")


def rows(book: openpyxl.Workbook, sheet: str) -> list[dict[str, Any]]:
    head, *body = book[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in body]


def test_every_amount_is_the_files_to_the_cent_and_none_that_is_too_long_is_another_one(shaped: World) -> None:
    too_long = "12345678901234.56"
    shaped.execute(*(bill("acme", number, open_amount=amount) for number, amount in enumerate([*AMOUNTS, too_long])))
    shaped.publish()
    with open_published(shaped.folder("ann")) as file:
        query = "select record_id, open_amount from marts.fct_payment_ready_bills"
        expected: dict[str, Decimal] = dict(file.execute(query).fetchall())
    shown = {row["Record id"]: row["Open amount"] for row in rows(opened(shaped, "ann"), "Ready to pay")}
    assert shown.pop(str(len(AMOUNTS))) == too_long
    assert len(shown) == len(AMOUNTS) and all(isinstance(amount, int | float) for amount in shown.values())
    assert {number: Decimal(amount).quantize(Decimal("0.01")) for number, amount in shown.items()} == {
        number: amount for number, amount in expected.items() if number in shown
    }


def test_a_sum_of_amounts_that_no_column_could_hold_is_written_whole(shaped: World) -> None:
    """A client whose books hold such amounts must not keep the others' files from being published."""
    columns = "business_id, bucket, currency, open_amount"
    shaped.execute(*[f"insert into marts.fct_ap_aging ({columns}) values ('acme', 'current', 'USD', 9999999999999999.99)"] * 2)
    shaped.publish()
    assert [row["Open amount"] for row in rows(opened(shaped, "ann"), "Aging")] == ["19999999999999999.98"]


def test_a_name_never_becomes_a_formula_a_link_or_markup(shaped: World) -> None:
    shaped.execute(*(bill("acme", number, vendor_name=name) for number, name in enumerate(HOSTILE)))
    shaped.publish()
    page = opened(shaped, "ann")["Ready to pay"]
    column = [cell.value for cell in page[1]].index("Vendor name")
    cells = {row[-1].value: row[column] for row in page.iter_rows(min_row=2)}
    assert {cell.data_type for row in page.iter_rows(min_row=2) for cell in row} <= {"s", "n", "d", "b"}
    for number, name in enumerate(HOSTILE):
        cell = cells[str(number)]
        whole = {"<": f" {name}", "x": f"{name[:32_766]}…", "a": "a_x0001_b"}.get(name[0], name)
        assert (cell.value, cell.data_type, cell.hyperlink) == (whole, "s", None)
        assert bool(cell.quotePrefix) == name.startswith(("=", "+", "-", "@", "\t"))
    with zipfile.ZipFile(shaped.folder("ann") / "rowcol_bi.xlsx") as package:
        assert not any(b"<f>" in package.read(name) or b"externalLink" in package.read(name) for name in package.namelist())


def test_an_invoice_that_is_paid_or_credited_comes_last_with_nothing_to_ask_for(shaped: World) -> None:
    columns = "business_id, record_id, standing, days_past_due, open_amount, asked_amount"
    known = (
        "('acme', 'paid', 'paid_on_stripe', 90, 70, 0), ('acme', 'open', 'to_ask', 9, 40.5, 40.5), ('acme', 'older', 'to_ask', 30, 5, 3)"
    )
    invoices = f"{known}, ('acme', 'credited', 'covered', 40, 8, 0)"
    shaped.execute(f"insert into marts.fct_overdue_invoices ({columns}) values {invoices}")
    shaped.publish()
    shown = [(row["Record id"], row["Asked amount"], row["Standing"]) for row in rows(opened(shaped, "ann"), "Overdue invoices")]
    asked = "to be asked for"
    assert shown == [
        ("older", 3, asked), ("open", 40.5, asked),
        ("paid", 0, "paid through Stripe, to be recorded"), ("credited", 0, "paid or credited, to be applied"),
    ]  # fmt: skip


def test_each_advisor_sees_granted_clients_only(shaped: World) -> None:
    shaped.execute(*(bill(name, 1, vendor_name=f"vendor of {name}") for name in ("acme", "bolt", "cog")))
    shaped.publish()
    for advisor, granted in (("ann", {"acme", "bolt"}), ("bob", {"bolt", "cog"})):
        book = opened(shaped, advisor)
        assert (
            {row["Business id"] for row in rows(book, "Portfolio")} == {row["Business id"] for row in rows(book, "Ready to pay")} == granted
        )
        with zipfile.ZipFile(shaped.folder(advisor) / "rowcol_bi.xlsx") as package:
            content = b"".join(package.read(name) for name in package.namelist()).lower()
        assert not any(other.encode() in content for other in {"acme", "bolt", "cog"} - granted)


def test_the_first_sheet_says_whose_of_when_how_fresh_and_what_each_sheet_is(shaped: World) -> None:
    shaped.execute("update experiences.portfolio set freshness_state = 'fresh'")
    shaped.publish()
    book = opened(shaped, "ann")
    about = [row[:3] for row in book["About"].iter_rows(values_only=True)]
    assert about[:4] == [
        ("Advisor", "ann", None),
        ("Figures as of", datetime.fromisoformat("2026-06-30"), None),
        ("Published at (UTC)", datetime.fromisoformat("2026-06-30 12:00"), None),
        ("Freshness", "fresh: 2", None),
    ]
    assert book.sheetnames == ["About", *(row[0] for row in about[6:])] == ["About", *(sheet.name for sheet in sheets.SHEETS)]
    assert about[6][1:] == (2, sheets.SHEETS[0].says)
    for name in book.sheetnames[1:]:
        assert book[name].freeze_panes == "B2" and book[name].auto_filter.ref
    assert manifest(shaped, "ann")["files"]["rowcol_bi.xlsx"]["bytes"] == (shaped.folder("ann") / "rowcol_bi.xlsx").stat().st_size
    assert "`rowcol_bi.xlsx`" in (shaped.folder("ann") / "README.md").read_text()


def test_dates_are_dates_and_what_a_spreadsheet_has_no_day_for_is_text(shaped: World) -> None:
    shaped.execute(bill("acme", 1, due_date="2024-02-29"), bill("acme", 2, due_date="1899-12-31"), bill("acme", 3, due_date="9999-12-31"))
    shaped.publish()
    due = {row["Record id"]: row["Due date"] for row in rows(opened(shaped, "ann"), "Ready to pay")}
    assert due == {"1": datetime.fromisoformat("2024-02-29"), "2": "1899-12-31", "3": datetime.fromisoformat("9999-12-31")}


def test_a_sheet_that_was_cut_says_so(shaped: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    shaped.execute(*(bill("acme", number) for number in range(5)))
    shaped.publish()
    book = opened(shaped, "ann")
    said = {row[0]: row[1:] for row in book["About"].iter_rows(values_only=True)}
    assert said["Ready to pay"][0] == 2 == len(rows(book, "Ready to pay"))
    assert "Only the first 2 rows are here: all 5 are in rowcol_bi.duckdb." in str(said["Ready to pay"][1])


def test_a_workbook_that_cannot_be_written_leaves_the_former_generation(shaped: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shaped.publish()
    monkeypatch.setattr(workbook, "WORKBOOK", "no-such-folder/rowcol_bi.xlsx")
    shaped.execute(bill("acme", 1))
    with pytest.raises(Exception, match=r"ann \(the workbook could not be written: No such file"):
        shaped.publish()
    assert rows(opened(shaped, "ann"), "Ready to pay") == []


def test_a_generation_without_a_workbook_is_published_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr("rowcol_assets.publishing.layout.FILES", ())
        world.publish()
    assert {generation.advisor for generation in world.publish().changed} == {"ann", "bob"}
    assert world.publish().changed == ()


def test_libreoffice_reads_the_same_cents(shaped: World, tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if not office:
        pytest.skip("LibreOffice is not installed")
    shaped.execute(*(bill("acme", number, open_amount=amount, vendor_name="=1+1") for number, amount in enumerate(AMOUNTS)))
    shaped.publish()
    file, out = shaped.folder("ann") / "rowcol_bi.xlsx", tmp_path / "csv"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,3"
    subprocess.run([office, profile, "--headless", "--convert-to", convert, "--outdir", out, file], check=True, timeout=120)
    (ready,) = out.iterdir()
    with ready.open(newline="") as lines:
        read = [(row["Vendor name"], Decimal(row["Open amount"])) for row in csv.DictReader(lines)]
    assert sorted(read) == sorted(("=1+1", Decimal(amount)) for amount in AMOUNTS)
