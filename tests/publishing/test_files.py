"""What a published file holds: tables, types, comments and keys, and the manifest and README beside it."""

from __future__ import annotations

import hashlib

import pyarrow.parquet as pq
import pytest

from rowcol_assets.publishing import PublishError
from tests.publishing.published import manifest, read
from tests.publishing.world import NOON, World


def test_only_relations_with_a_business_of_the_two_schemas_are_published(world: World) -> None:
    world.publish()
    expected = {
        "marts.dim_business",
        "marts.fct_publish_state",
        "marts.fct_bills",
        "marts.fct_empty",
        "marts.fct_view",
        "experiences.portfolio",
    }
    assert set(manifest(world, "ann")["tables"]) == expected
    found = read(
        world,
        "ann",
        "select schema_name || '.' || table_name from duckdb_tables() union select view_name from duckdb_views() where not internal",
    )
    assert {name for (name,) in found} == expected


def test_types_and_comments_are_those_of_the_warehouse(world: World) -> None:
    world.publish()
    query = """
        select table_name, column_name, data_type, comment from duckdb_columns()
        where table_name in ('dim_business', 'fct_bills', 'fct_view', 'fct_empty', 'portfolio') order by all
    """
    with world.warehouse() as connection:
        assert read(world, "ann", query) == connection.execute(query).fetchall()
    assert read(world, "ann", "select comment from duckdb_tables() where table_name = 'fct_bills'") == [("One row per bill.",)]


def test_the_file_is_in_the_format_that_drivers_read_since_duckdb_1_2(world: World) -> None:
    """A DuckDB file names its format after its magic bytes: 64 up to version 1.1, 65 from 1.2 on."""
    world.publish()
    assert (world.folder("ann") / "rowcol_bi.duckdb").read_bytes()[8:20] == b"DUCK" + (65).to_bytes(8, "little")


def test_the_manifest_counts_and_hashes_what_lies_beside_it(world: World) -> None:
    world.publish("run-7")
    told = manifest(world, "ann")
    assert (told["generation"], told["as_of"], told["published_at"]) == (1, "2026-06-30", "2026-06-30T12:00:00.000000Z")
    assert (told["run_id"], told["held"]) == ("run-7", {})
    assert told["tables"]["marts.fct_bills"]["rows"] == 6
    for relation, entry in told["tables"].items():
        file = world.folder("ann") / (relation.replace(".", "/") + ".parquet")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
        assert pq.read_metadata(file).num_rows == entry["rows"]
    readme = (world.folder("ann") / "README.md").read_text()
    assert "Generation 1" in readme
    assert "| `marts.fct_bills` | 6 | One row per bill. | `business_id`, `record_id` | What is owed? To whom? |" in readme


def keys_of(world: World, advisor: str) -> dict[str, list[str]]:
    query = "select table_name, constraint_column_names from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    return dict(read(world, advisor, query))


def test_a_tables_key_is_its_primary_key_and_in_the_manifest(world: World) -> None:
    """A key of which the table lacks a column is none."""
    world.publish()
    keys = {"dim_business": ["business_id"], "fct_bills": ["business_id", "record_id"], "portfolio": ["business_id"]}
    assert keys_of(world, "ann") == keys
    told = {relation.split(".")[1]: entry["key"] for relation, entry in manifest(world, "ann")["tables"].items()}
    assert told == {"fct_publish_state": [], "fct_empty": [], "fct_view": [], **keys}
    required = "select column_name from duckdb_columns() where table_name = 'fct_bills' and not is_nullable order by column_index"
    assert read(world, "ann", required) == [("business_id",), ("record_id",)]


def test_a_row_that_is_there_twice_is_not_published(world: World) -> None:
    world.publish()
    world.execute("insert into marts.fct_bills select * from marts.fct_bills where business_id = 'acme' and record_id = '1'")
    with pytest.raises(PublishError, match=r"the former files stay: ann .*duplicate key"):
        world.publish()
    assert read(world, "ann", "select count(*) from marts.fct_bills") == [(6,)]


def test_a_table_has_no_key_while_a_held_business_keeps_rows_that_are_older_than_it(world: World) -> None:
    world.execute("alter table marts.fct_bills rename record_id to former_id")
    world.publish()
    world.execute("alter table marts.fct_bills rename former_id to record_id")
    world.hold("acme", "off")
    world.publish()
    assert read(world, "ann", "select count(*), count(record_id) from marts.fct_bills") == [(6, 3)]
    assert ("fct_bills" in keys_of(world, "ann"), "portfolio" in keys_of(world, "ann")) == (False, True)
    assert keys_of(world, "bob")["fct_bills"] == ["business_id", "record_id"]


def test_an_empty_published_at_is_filled_with_the_moment_of_publishing(world: World) -> None:
    world.publish()
    assert read(world, "ann", "select distinct published_at from experiences.portfolio") == [(NOON.replace(tzinfo=None),)]


def test_an_advisor_without_clients_gets_a_valid_empty_file(world: World) -> None:
    world.grant("eve", "acme")
    world.store.revoke("eve", "acme", NOON)
    world.publish()
    assert read(world, "eve", "select count(*) from experiences.portfolio") == [(0,)]
    assert b"acme" not in b"".join(path.read_bytes() for path in world.folder("eve").resolve().rglob("*") if path.is_file())
