"""What is published to whom: grants as a matrix, nothing of others, nothing twice, held businesses as they were."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from ingestion.control.acts import acts
from ingestion.errors import RowcolError
from rowcol_assets.publishing import open_published
from rowcol_assets.transform import read_manifest
from tests.publishing.published import generations, manifest, opened, read
from tests.publishing.world import NOON, World


@pytest.mark.parametrize("table", ["marts.dim_business", "marts.fct_bills", "marts.fct_view", "experiences.portfolio"])
@pytest.mark.parametrize(("advisor", "granted"), [("ann", ["acme", "bolt"]), ("bob", ["bolt", "cog"])])
def test_each_advisor_reads_the_granted_businesses_and_no_other(world: World, advisor: str, granted: list[str], table: str) -> None:
    world.publish()
    assert read(world, advisor, f"select distinct business_id from {table} order by 1") == [(name,) for name in granted]
    parquet = pq.read_table(world.folder(advisor) / (table.replace(".", "/") + ".parquet"))
    assert sorted({str(name) for name in parquet["business_id"].to_pylist()}) == granted


def test_no_published_byte_names_a_business_that_is_not_granted(world: World) -> None:
    world.publish()
    for advisor, mine, foreign in (("ann", b"acme", b"cog"), ("bob", b"cog", b"acme")):
        files = [path for path in world.folder(advisor).resolve().rglob("*") if path.is_file()]
        content = {path: path.read_bytes() for path in files}
        assert any(mine in data for data in content.values())
        assert [path for path, data in content.items() if foreign in data.lower()] == []


def test_folders_and_files_are_for_their_owner_only(world: World) -> None:
    world.publish()
    for path in [world.settings.published_dir, *world.settings.published_dir.rglob("*")]:
        if not path.is_symlink():
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    link = world.folder("ann").readlink()
    assert not link.is_absolute()


def test_unchanged_content_is_not_published_again(world: World) -> None:
    world.publish()
    report = world.publish()
    assert (report.changed, set(report.unchanged)) == ((), {"ann", "bob"})
    assert generations(world, "ann") == ["000001"]


def test_a_change_republishes_those_who_see_it_and_keeps_one_former_generation(world: World) -> None:
    world.publish()
    for amount in (7, 8, 9):
        world.execute(f"update marts.fct_bills set open_amount = {amount} where business_id = 'acme' and record_id = '1'")
        report = world.publish()
        assert [generation.advisor for generation in report.changed] == ["ann"]
        assert report.unchanged == ("bob",)
    assert generations(world, "ann") == ["000003", "000004"]
    assert read(world, "ann", "select open_amount::int from marts.fct_bills where business_id = 'acme' and record_id = '1'") == [(9,)]
    world.publish()
    assert generations(world, "ann") == ["000004"]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into marts.fct_empty values ('acme', 5), ('acme', 5)",
        "update marts.fct_bills set due_date = null where business_id = 'acme' and record_id = '2'",
        "update marts.fct_bills set rails_used = ['qbo', 'ramp'] where business_id = 'acme' and record_id = '2'",
        "delete from marts.fct_bills where business_id = 'acme' and record_id = '0'",
        "alter table marts.fct_empty add column note varchar",
        "comment on column marts.fct_bills.due_date is 'When it is due.'",
    ],
)
def test_no_change_goes_unnoticed(world: World, statement: str) -> None:
    world.publish()
    world.execute(statement)
    assert "ann" in [generation.advisor for generation in world.publish().changed]


def test_a_revoked_business_is_gone_at_once_with_the_former_generation(world: World) -> None:
    """The former folder stays for readers on their way to it, with the new files in it, until the next publish."""
    world.publish()
    former = world.folder("ann").resolve()
    (former / "left.parquet").write_text("bolt")
    world.store.revoke("ann", "bolt", NOON)
    report = world.publish()
    assert [generation.advisor for generation in report.changed] == ["ann"]
    assert read(world, "ann", "select distinct business_id from marts.fct_bills") == [("acme",)]
    present = {path.relative_to(world.folder("ann").resolve()): path for path in world.folder("ann").resolve().rglob("*") if path.is_file()}
    left = {path.relative_to(former): path for path in former.rglob("*") if path.is_file()}
    assert left and all(path.samefile(present[name]) for name, path in left.items())
    world.publish()
    assert generations(world, "ann") == ["000002"]


def test_a_new_grant_shows_with_the_next_publish(world: World) -> None:
    world.publish()
    world.grant("ann", "cog")
    assert [generation.advisor for generation in world.publish().changed] == ["ann"]
    assert read(world, "ann", "select count(*) from marts.fct_bills where business_id = 'cog'") == [(3,)]
    assert generations(world, "ann") == ["000001", "000002"]


def test_files_of_an_advisor_the_store_does_not_know_are_taken_away(world: World) -> None:
    world.publish()
    with world.store.database.write() as transaction:
        transaction.exec_driver_sql("delete from grants where advisor_id = 'bob'")
        transaction.exec_driver_sql("delete from advisors where advisor_id = 'bob'")
    assert world.publish().removed == ("bob",)
    assert not world.folder("bob").is_symlink()
    assert not (world.settings.published_dir / ".generations" / "bob").exists()


def test_a_held_business_stays_as_it_was_and_says_why_while_others_move_on(world: World) -> None:
    world.publish()
    world.execute("update marts.fct_bills set open_amount = 999", "update experiences.portfolio set cash = 1")
    world.hold("acme", "unbalanced: it''s off")
    report = world.publish()
    assert {generation.advisor: generation.held for generation in report.changed} == {"ann": {"acme": "unbalanced: it's off"}, "bob": {}}
    amounts = "select business_id, sum(open_amount)::double from marts.fct_bills group by 1 order by 1"
    assert read(world, "ann", amounts) == [("acme", 3.75), ("bolt", 2997.0)]
    states = "select business_id, publish_state, held_reason from {} order by 1"
    for relation in ("marts.fct_publish_state", "experiences.portfolio"):
        assert read(world, "ann", states.format(relation)) == [("acme", "held", "unbalanced: it's off"), ("bolt", "current", None)]
    assert read(world, "ann", "select cash::double from experiences.portfolio where business_id = 'acme'") == [(1000.5,)]
    assert manifest(world, "ann")["held"] == {"acme": "unbalanced: it's off"}
    assert world.publish().changed == ()


def test_a_released_business_shows_its_present_state_again(world: World) -> None:
    world.publish()
    world.hold("acme", "off")
    world.publish()
    world.execute(
        "update marts.fct_publish_state set publish_state = 'current', held_reason = null", "update marts.fct_bills set open_amount = 5"
    )
    world.publish()
    assert read(
        world,
        "ann",
        "select distinct open_amount::int, publish_state from marts.fct_bills join marts.fct_publish_state using (business_id)",
    ) == [(5, "current")]


def test_a_held_business_newly_granted_comes_from_another_advisors_last_good_state(world: World) -> None:
    world.publish()
    world.hold("cog", "off")
    world.execute("update marts.fct_bills set open_amount = 999 where business_id = 'cog'")
    world.grant("ann", "cog")
    world.publish()
    assert read(world, "ann", "select max(open_amount)::double from marts.fct_bills where business_id = 'cog'") == [(2.25,)]


def test_a_business_held_before_it_was_ever_published_shows_only_its_name(world: World) -> None:
    world.hold("acme", "off")
    world.publish()
    shown = "select business_name, cash, runway_days, publish_state, held_reason from experiences.portfolio where business_id = 'acme'"
    assert read(world, "ann", shown) == [("Acme", None, None, "held", "off")]
    assert read(world, "ann", "select count(*) from marts.fct_bills where business_id = 'acme'") == [(0,)]
    assert world.publish().changed == ()


def test_a_held_business_keeps_its_rows_when_a_table_changes_its_columns(world: World) -> None:
    world.publish()
    world.execute("alter table marts.fct_empty add column note varchar", "alter table marts.fct_bills drop column vendor_name")
    world.execute("create table marts.fct_new (business_id varchar)", "insert into marts.fct_new values ('acme'), ('bolt')")
    world.hold("acme", "off")
    world.publish()
    assert read(world, "ann", "select count(*) from marts.fct_bills where business_id = 'acme'") == [(3,)]
    assert read(world, "ann", "select business_id from marts.fct_new") == [("bolt",)]


def test_rows_of_a_held_business_that_are_older_than_a_column_that_is_never_null_say_what_it_was_then(world: World) -> None:
    world.publish()
    world.execute(
        *(f"alter table marts.fct_bills add column {name} varchar default 'new'" for name in ("stage", "size", "kind")),
        *(f"alter table marts.fct_bills add column {name} bigint default 9" for name in ("times_seen", "times_asked")),
    )
    world.hold("acme", "off")
    told = "select record_id, stage, size, kind, times_seen, times_asked from marts.fct_bills where business_id = '{}' order by 1"
    older = [(str(number), "unknown", "large" if number == 2 else "small", "unknown", None, 0) for number in range(3)]
    for _ in range(2):
        world.publish()
        assert read(world, "ann", told.format("acme")) == older
        assert read(world, "ann", told.format("bolt"))[0] == ("0", "new", "new", "new", 9, 9)
        world.execute("update marts.fct_bills set open_amount = open_amount + 1 where business_id = 'bolt'")


def test_what_a_column_was_in_older_rows_is_said_of_columns_that_are_never_null() -> None:
    """And in terms of columns that its relation has."""
    for node in read_manifest()["nodes"].values():
        for name, column in node.get("columns", {}).items():
            if older := column.get("meta", {}).get("older_rows"):
                assert "not_null" in {constraint["type"] for constraint in column["constraints"]}, (node["name"], name)
                columns = ", ".join(
                    f"cast(null as {one['data_type']}) as {other}" for other, one in node["columns"].items() if other != name
                )
                duckdb.sql(f"select cast({older} as {column['data_type']}) from (select {columns})")


def test_a_published_file_opens_shut_off_from_everything_else(world: World, tmp_path: Path) -> None:
    world.publish()
    with opened(world, "ann") as connection:
        for forbidden in (
            f"copy marts.fct_bills to '{tmp_path}/leak.csv'",
            "select * from read_csv('/etc/passwd')",
            f"attach '{world.settings.warehouse_path}' as w",
            "set enable_external_access = true",
            "delete from marts.fct_bills",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(forbidden)
    with pytest.raises(RowcolError, match="nothing is published at"):
        open_published(world.settings.published_dir / "nobody")


def test_each_generation_that_became_current_is_told_once_even_if_the_process_died_before_it_told(world: World) -> None:
    def told() -> list[tuple[str, str, Any]]:
        query = sa.select(acts.c.record_id, acts.c.action, acts.c.details).where(acts.c.entity == "publications").order_by("act_no")
        with world.store.database.read() as transaction:
            return [(row.record_id, row.action, json.loads(row.details).get("generation")) for row in transaction.execute(query)]

    world.publish()
    world.publish()
    assert told() == [("ann", "created", 1), ("bob", "created", 1)]
    world.execute("update marts.fct_bills set open_amount = 7 where business_id = 'acme'")
    world.publish()
    with world.store.database.write() as transaction:
        transaction.execute(sa.delete(acts).where(acts.c.record_id == "ann", acts.c.action == "updated"))
    assert world.publish().changed == ()
    assert told()[2:] == [("ann", "updated", 2)]
    with world.store.database.write() as transaction:
        transaction.exec_driver_sql("delete from grants where advisor_id = 'bob'")
        transaction.exec_driver_sql("delete from advisors where advisor_id = 'bob'")
    world.publish()
    assert told()[3:] == [("bob", "deleted", None)]
    file = (world.folder("ann") / "rowcol_bi.duckdb").read_bytes()
    assert manifest(world, "ann")["database_sha256"] == hashlib.sha256(file).hexdigest()
