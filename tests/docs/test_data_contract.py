"""The data contract is the registry's, whole: no table is missing, none is made up."""

from __future__ import annotations

from ingestion.control.rows import TABLES
from ingestion.data_contract import CONTROL_HEADINGS, ENTITY_HEADINGS, PAGE_PATH, data_contract_page
from ingestion.registry import RAILS
from tests.docs.documents import table
from tests.docs.inventory import DBT


def test_the_page_is_what_the_registry_says() -> None:
    assert PAGE_PATH.read_text() == data_contract_page(), "run: python -m ingestion.data_contract"


def test_every_raw_table_is_in_the_contract_and_every_table_of_it_is_read() -> None:
    """Beside the registry: what dbt reads as sources is what the contract lists."""
    for rail in RAILS.values():
        text = data_contract_page().split(f"## {rail.title}")[1]
        listed = {row[0].strip("`") for row in table(text, *ENTITY_HEADINGS)}
        sources = (DBT / "models" / "staging" / rail.name / f"_{rail.name}__sources.yml").read_text()
        assert listed == {line.split(":")[1].strip() for line in sources.splitlines() if line.startswith("      - name: ")} - {"_dlt_loads"}


def test_the_control_stores_copy_is_in_the_contract_with_its_columns() -> None:
    listed = {row[0].strip("`"): tuple(row[1].split(", ")) for row in table(data_contract_page(), *CONTROL_HEADINGS)}
    assert listed == TABLES
