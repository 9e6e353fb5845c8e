"""Published files copied into a real PostgreSQL: types, keys, each role's rows only, whole or not at all, no secret told."""

from __future__ import annotations

import json
import os
import subprocess
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from ingestion.clock import fixed_clock
from ingestion.control.acts import acts
from ingestion.errors import RowcolError, UsageError
from rowcol_assets.cli.publish import command
from rowcol_assets.publishing import PublishError
from rowcol_assets.publishing.postgres import copy
from rowcol_assets.publishing.postgres.copy import Copied, publish_to_postgres
from rowcol_assets.publishing.postgres.target import connected, parse_target
from tests.publishing.database import TELLING, Database
from tests.publishing.world import NOON, World

HOSTS = [(business, number) for business in ("acme", "bolt") for number in range(3)]


def copied(world: World, database: Database) -> Copied:
    return publish_to_postgres(world.settings, parse_target(database.url), world.store.open_grants())


def keys_of(database: Database) -> dict[str, str]:
    query = (
        "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
        "where contype = 'p' and connamespace::regnamespace::text in ('marts', 'experiences')"
    )
    return dict(database.read("ann", query))


@pytest.mark.parametrize("table", ["marts.dim_business", "marts.fct_bills", "marts.fct_view", "experiences.portfolio"])
def test_each_role_reads_granted_clients_and_no_other(world: World, database: Database, table: str) -> None:
    world.publish()
    copied(world, database)
    for role, granted in (("ann", ["acme", "bolt"]), ("bob", ["bolt", "cog"]), ("publisher", [])):
        assert database.read(role, f"select distinct business_id from {table} order by 1") == [(name,) for name in granted]
    assert database.read("ann", "select advisor_id, business_id from rowcol.advisors order by 2") == [("ann", "acme"), ("ann", "bolt")]
    for write in ("delete from rowcol.advisors returning 1", "insert into rowcol.advisors values ('ann', 'cog') returning 1"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.read("ann", write)


def test_types_comments_keys_and_values_are_the_contracts(world: World, database: Database) -> None:
    hostile = ['a"b,c\\d', "\\.", "line\n\\.\nend", "", "null\0byte", None]
    with world.warehouse() as connection:
        for (business, number), name in zip(HOSTS, hostile, strict=True):
            update = "update marts.fct_bills set vendor_name = ? where business_id = ? and record_id = ?"
            connection.execute(update, [name, business, str(number)])
    world.publish()
    assert copied(world, database).rows == 3 + 9 + 3 + 3 + 3
    query = (
        "select a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum) from pg_attribute a "
        "where a.attrelid = 'marts.fct_bills'::regclass and a.attnum > 0 order by a.attnum"
    )
    assert database.read("ann", query) == [
        ("business_id", "text", None),
        ("record_id", "text", None),
        ("vendor_name", "text", None),
        ("open_amount", "numeric(18,2)", "What is still owed."),
        ("due_date", "date", None),
        ("synced_at", "timestamp without time zone", None),
        ("is_deleted", "boolean", None),
        ("rails_used", "jsonb", None),
    ]
    assert database.read("ann", "select obj_description('marts.fct_bills'::regclass)") == [("One row per bill.",)]
    assert keys_of(database) == {
        "marts.dim_business": "PRIMARY KEY (business_id)",
        "marts.fct_bills": "PRIMARY KEY (business_id, record_id)",
        "experiences.portfolio": "PRIMARY KEY (business_id)",
    }
    names = database.read("ann", "select vendor_name, open_amount, rails_used from marts.fct_bills order by business_id, record_id")
    stored = ['a"b,c\\d', "\\.", "line\n \\.\nend", "", "nullbyte", None]
    assert names == [(name, number + Decimal("0.25"), ["qbo"]) for (_, number), name in zip(HOSTS, stored, strict=True)]


def test_a_client_that_is_held_is_copied_though_its_rows_are_older_than_a_key(world: World, database: Database) -> None:
    world.execute("alter table marts.fct_bills rename record_id to former_id")
    world.publish()
    world.execute("alter table marts.fct_bills rename former_id to record_id")
    world.hold("acme", "off")
    world.publish()
    copied(world, database)
    assert database.read("ann", "select count(*), count(record_id) from marts.fct_bills") == [(6, 3)]
    assert sorted(keys_of(database)) == ["experiences.portfolio", "marts.dim_business"]


def test_an_advisor_whose_publish_failed_is_copied_from_an_older_file(world: World, database: Database) -> None:
    """bob's newer file has a column more than ann's, from which acme is read, and one of another type."""
    world.publish()
    world.execute("alter table marts.fct_bills add column line varchar default 'x'")
    world.execute("alter table marts.fct_bills alter column record_id type bigint")
    world.execute("insert into marts.fct_bills select * from marts.fct_bills where business_id = 'acme' and record_id = 1")
    with pytest.raises(PublishError, match="the former files stay: ann"):
        world.publish("run-2")
    copied(world, database)
    query = "select business_id, count(record_id), count(line) from marts.fct_bills group by 1 order by 1"
    assert database.read("ann", query) == [("acme", 3, 0), ("bolt", 3, 3)]


def test_a_revoked_grant_is_gone_with_the_next_one_and_a_repeat_changes_nothing(world: World, database: Database) -> None:
    world.publish()
    first = copied(world, database)
    assert copied(world, database) == first
    world.store.revoke("ann", "bolt", NOON)
    copied(world, database)
    assert database.read("ann", "select distinct business_id from marts.fct_bills") == [("acme",)]
    assert database.read("bob", "select distinct business_id from marts.fct_bills order by 1") == [("bolt",), ("cog",)]
    world.store.revoke("ann", "acme", NOON)
    copied(world, database)
    assert database.read("postgres", "select distinct business_id from marts.fct_bills order by 1") == [("bolt",), ("cog",)]


def test_what_a_killed_publish_left_is_removed_and_nobody_elses_folder(world: World, database: Database) -> None:
    world.publish()
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    left, used = (world.settings.home / f"{copy.WORK}rows.{pid}" for pid in (ended.pid, os.getpid()))
    for folder in (left, used):
        folder.mkdir()
    copied(world, database)
    assert (left.exists(), used.exists()) == (False, True)


def test_who_reads_meanwhile_sees_the_former_state_and_a_failure_leaves_it(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    copied(world, database)
    world.execute("update marts.fct_bills set open_amount = 999")
    world.publish()
    seen: list[list[tuple[Any, ...]]] = []

    def fail(*_: object) -> None:
        seen.append(database.read("ann", "select max(open_amount) from marts.fct_bills"))
        raise psycopg.errors.DiskFull("could not extend file")

    with monkeypatch.context() as broken:
        broken.setattr(copy, "_load_advisors", fail)
        with pytest.raises(RowcolError, match=r"nothing was published to .+: could not extend file"):
            copied(world, database)
    assert seen == [[(Decimal("2.25"),)]] == [database.read("ann", "select max(open_amount) from marts.fct_bills")]
    copied(world, database)
    assert database.read("ann", "select max(open_amount) from marts.fct_bills") == [(Decimal(999),)]
    assert list(world.settings.home.glob(".publishing-*")) == []


def test_tables_and_views_of_others_stay(world: World, database: Database) -> None:
    world.publish()
    database.change("create schema marts create table fct_bills (theirs int)")
    with pytest.raises(RowcolError, match='relation "fct_bills" already exists'):
        copied(world, database)
    database.change("drop table marts.fct_bills")
    copied(world, database)
    database.change("create view public.theirs as select * from marts.fct_bills")
    with pytest.raises(RowcolError, match="which a view of your own keeps it from"):
        copied(world, database)


def test_a_role_that_row_level_security_would_not_bind_is_refused(world: World, database: Database) -> None:
    world.grant("postgres", "acme")
    world.publish()
    with pytest.raises(RowcolError, match="the role postgres sees every row"):
        copied(world, database)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://u:hunter2@host/db", "publishes to postgresql only"),
        ("hunter2", "cannot be read"),
        ("postgresql://u:hun@ter2@host/db", "an @ too many"),
        ("postgresql://u:hunter2@host:port/db", "cannot be read"),
        ("postgresql://u:hunter2@host", "names no database"),
        ("postgresql://u:hunter2@127.0.0.1:1/db?connect_timeout=2", "cannot be reached"),
        ("postgresql://u:x@127.0.0.1:1/db?nonsense=hunter2", "nothing was published"),
    ],
)
def test_an_address_that_does_not_work_is_one_sentence_without_its_password(address: str, words: str) -> None:
    with pytest.raises(RowcolError, match=words) as refused, connected(parse_target(address)):
        pass
    shown = refused.value
    assert len(str(shown).splitlines()) == 1 and (shown.__suppress_context__ or shown.__context__ is None)
    assert not any(secret in str(refused.value) for secret in ("hunter2", "ter2@", "hun@"))


def test_what_lacks_is_said(world: World, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: world.settings)
    with pytest.raises(RowcolError, match="nothing is published in this home"):
        copied(world, database)
    world.publish()
    for role in ("ann", "nobody"):
        url = str(make_url(database.url).set(username=role).render_as_string(hide_password=False))
        words = "no right to publish" if role == "ann" else "cannot be reached"
        with pytest.raises(RowcolError, match=words) as refused:
            publish_to_postgres(world.settings, parse_target(url), world.store.open_grants())
        assert TELLING not in str(refused.value)
    with pytest.raises(UsageError, match="where to"):
        command(None)


def test_the_command_says_what_was_copied_and_who_has_no_role(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.grant("eve@harbor.example", "acme")
    world.publish()
    told_where = world.settings.model_copy(update={"publish_url": SecretStr(database.url)})
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: told_where)
    monkeypatch.setattr("ingestion.control.product_clock_of", lambda *_: fixed_clock(NOON))
    command(None)
    told = capsys.readouterr().out
    assert "6 tables" in told and "3 businesses for 3 advisors" in told and "nobody can log in as: eve@harbor.example" in told
    assert TELLING not in told
    with world.store.database.read() as transaction:
        (act,) = transaction.execute(sa.select(acts).filter_by(entity="exports")).all()
    assert act.record_id.startswith(database.name) and act.acted_at == NOON
    assert json.loads(act.details)["businesses_by_advisor"]["ann"] == ["acme", "bolt"] and TELLING not in act.details


def test_an_address_may_leave_the_scheme_to_the_driver() -> None:
    assert parse_target("postgres://a@h/d").database == parse_target("postgresql+psycopg://a@h/d").database == "d"
    with pytest.raises(UsageError):
        parse_target("sqlite:///x")
