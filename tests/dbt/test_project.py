"""The project's own rules: every model described, every mart column too, marts under contract, sources read in one place."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.entity_promises import SEED_PATH, entity_promises_csv
from ingestion.rails.qbo.promise import QBO
from tests.dbt.project import DbtProject
from tests.dbt.raw_tables import RAIL_TABLES


@pytest.fixture(scope="module")
def models(project: DbtProject) -> dict[str, Any]:
    return {node.name: node for node in project.manifest.nodes.values() if node.resource_type == "model"}


def test_every_description_says_what_one_row_is(models: dict[str, Any]) -> None:
    assert [name for name, node in models.items() if not node.description.startswith("One row per ")] == []


def test_every_column_of_marts_and_experiences_is_described_and_typed(models: dict[str, Any]) -> None:
    bare = [
        f"{name}.{column.name}"
        for name, node in models.items()
        if node.schema in ("marts", "experiences")
        for column in node.columns.values()
        if not column.description or not column.data_type
    ]
    assert bare == []


def test_marts_and_experiences_are_public_and_under_contract_and_nothing_else_is(models: dict[str, Any]) -> None:
    public = {name for name, node in models.items() if node.access == "public"}
    assert public == {name for name, node in models.items() if node.schema in ("marts", "experiences")}
    assert [name for name in public if not models[name].contract.enforced] == []


def test_experiences_read_marts_alone(models: dict[str, Any]) -> None:
    read = {parent for node in models.values() if node.schema == "experiences" for parent in node.depends_on.nodes}
    assert {parent for parent in read if models[parent.split(".")[-1]].schema != "marts"} == set()


def test_only_staging_and_the_checks_results_read_sources(models: dict[str, Any]) -> None:
    """One check may look past the mirror, because it is the mirror that it checks."""
    readers = {
        (node.schema, parent.split(".")[2])
        for name, node in models.items()
        for parent in node.depends_on.nodes
        if parent.startswith("source.") and name != "chk_h42"
    }
    rails = {("staging", f"raw_{rail}") for rail in ("qbo", *RAIL_TABLES)}
    assert readers == rails | {("staging", "raw_control"), ("staging", "audit"), ("marts", "quality"), ("marts", "audit")}


def test_every_raw_table_has_a_mirror(models: dict[str, Any]) -> None:
    assert {f"stg_qbo__{entity.name}" for entity in QBO.entities} <= set(models)
    assert {f"stg_{rail}__{table}" for rail, tables in RAIL_TABLES.items() for table in tables} <= set(models)


def test_every_mirror_is_in_the_list_that_freshness_and_rejected_values_read(models: dict[str, Any]) -> None:
    mirrors = {node.unique_id for node in models.values() if node.path.split("/")[-2] == "mirror"}
    assert len(mirrors) == len(QBO.entities) + sum(len(tables) for tables in RAIL_TABLES.values())
    for reader in ("int_entity_heads", "rejected_values"):
        assert set(models[reader].depends_on.nodes) == mirrors, reader
    assert {models[unique_id.split(".")[-1]].config.materialized for unique_id in mirrors} == {"incremental"}


def test_the_seed_of_promises_is_what_the_registry_says() -> None:
    assert SEED_PATH.read_text() == entity_promises_csv(), "run: python -m ingestion.entity_promises"


def test_every_relation_an_exposure_reads_is_public(project: DbtProject, models: dict[str, Any]) -> None:
    exposed = {parent.split(".")[-1] for exposure in project.manifest.exposures.values() for parent in exposure.depends_on.nodes}
    assert {name for name in exposed if models[name].access != "public"} == set()


def test_tests_a_clients_data_can_trip_only_warn_and_no_failing_rows_are_stored(project: DbtProject) -> None:
    tests = [node for node in project.manifest.nodes.values() if node.resource_type == "test"]
    assert {node.name for node in tests if node.name.endswith("tie_to_the_ledger") and node.config.severity.lower() != "warn"} == set()
    assert {node.name for node in tests if node.config.store_failures} == set()
