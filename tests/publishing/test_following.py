"""A PostgreSQL database that follows: a copy after each publish that changed something, and a grant that ended at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from ingestion.clock import fixed_clock
from ingestion.control.acts import acts
from ingestion.errors import RowcolError
from ingestion.settings import Settings
from rowcol_assets.assets.copied import copied_assets
from rowcol_assets.assets.published import published_assets
from rowcol_assets.cli.main import main
from rowcol_assets.code_location import build_definitions
from rowcol_assets.publishing.postgres.copy import LOCK_KEY, Copied, publish_to_postgres
from rowcol_assets.publishing.postgres.following import copy_published, target_of, withdraw
from rowcol_assets.publishing.postgres.source import Source, open_source, write_rows
from rowcol_assets.publishing.postgres.target import parse_target
from rowcol_assets.resources import Platform
from tests.publishing.database import TELLING, Database
from tests.publishing.world import NOON, World

BUSINESSES = "select distinct business_id from marts.fct_bills order by 1"
UNREACHABLE = f"postgresql://publisher:{TELLING}@127.0.0.1:1/bi?connect_timeout=2"
NOT_REACHED = "bi at 127.0.0.1 cannot be reached"


@pytest.fixture
def following(world: World, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The home's settings with the database set, as commands are given them."""
    settings = world.settings.model_copy(update={"publish_url": SecretStr(database.url)})
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: settings)
    monkeypatch.setattr("ingestion.control.product_clock_of", lambda *_: fixed_clock(NOON))
    yield settings


def copied(world: World, database: Database) -> Copied:
    return copy_published(world.settings, world.store, parse_target(database.url), NOON, unless_same=True)


def noted(world: World) -> int:
    with world.store.database.read() as transaction:
        return len(transaction.execute(sa.select(acts.c.record_id).filter_by(entity="exports")).all())


def test_what_was_published_is_copied_and_what_was_not_costs_nothing(world: World, database: Database) -> None:
    world.publish()
    assert (copied(world, database).is_same, copied(world, database).is_same) == (False, True)
    assert noted(world) == 1
    world.publish("run-2")
    assert copied(world, database).is_same, "a publish that changed no file"

    world.execute("update marts.fct_bills set open_amount = 999")
    world.publish("run-3")
    assert not copied(world, database).is_same
    assert database.read("ann", "select distinct open_amount from marts.fct_bills") == [(999,)]

    world.grant("bob", "acme")
    assert not copied(world, database).is_same, "the file of ann has the rows that bob was granted since"
    assert database.read("bob", BUSINESSES) == [("acme",), ("bolt",), ("cog",)]


def test_an_advisor_who_gets_a_role_reads_after_the_next_publish(world: World, database: Database) -> None:
    late = f"late_{database.name}"
    world.grant(late, "acme")
    world.publish()
    assert copied(world, database).without_role == (late,)
    with psycopg.connect(host=database.socket, user="postgres", dbname=database.name, autocommit=True) as server:
        server.execute(f"create role {late} login")
        try:
            assert not copied(world, database).is_same
            assert database.read(late, BUSINESSES) == [("acme",)]
        finally:
            server.execute(f"drop owned by {late}; drop role {late}")


def test_a_grant_that_ended_is_seen_no_more_before_anything_is_published(world: World, database: Database) -> None:
    world.publish()
    url = parse_target(database.url)
    withdraw(url, world.store.open_grants())  # nothing was copied yet, so that nothing is shown
    copied(world, database)
    world.store.revoke("ann", "bolt", NOON)
    world.grant("ann", "cog")
    withdraw(url, world.store.open_grants())
    assert database.read("ann", BUSINESSES) == [("acme",)], "and what is new follows with the copy, which has its rows"
    assert database.read("bob", BUSINESSES) == [("bolt",), ("cog",)]
    assert database.read("publisher", BUSINESSES) == database.read("publisher", "select * from rowcol.advisors") == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.read("ann", "delete from rowcol.advisors returning 1")
    assert not copied(world, database).is_same
    assert database.read("ann", BUSINESSES) == [("acme",), ("cog",)]


def test_a_grant_that_ended_and_was_given_again_is_seen_after_the_next_copy(world: World, database: Database) -> None:
    world.publish()
    copied(world, database)
    world.store.revoke("ann", "bolt", NOON)
    withdraw(parse_target(database.url), world.store.open_grants())
    world.grant("ann", "bolt")
    assert not copied(world, database).is_same, "files and grants are those of the last copy, and the database shows less"
    assert database.read("ann", BUSINESSES) == [("acme",), ("bolt",)]


def test_a_grant_that_ends_while_a_copy_is_made_is_not_in_it(world: World, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish()

    def revoked_meanwhile(*arguments: Any) -> Source:
        source = open_source(*arguments)
        world.store.revoke("ann", "bolt", NOON)
        withdraw(parse_target(database.url), world.store.open_grants())
        return source

    monkeypatch.setattr("rowcol_assets.publishing.postgres.copy.open_source", revoked_meanwhile)
    copied(world, database)
    assert database.read("ann", BUSINESSES) == [("acme",)]


def test_the_command_that_takes_a_grant_takes_it_from_the_database_too(
    world: World, database: Database, following: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish()
    copied(world, database)
    assert rowcol("grant", "ann", "bolt", "--revoke") == 0
    assert f"{database.name} at {database.socket} shows it no more" in capsys.readouterr().err
    assert database.read("ann", BUSINESSES) == [("acme",)]
    assert database.read("bob", BUSINESSES) == [("bolt",), ("cog",)]


def test_a_grant_is_taken_at_once_while_a_copy_goes_on_and_is_not_in_that_copy(
    world: World, database: Database, following: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The copy has its turn, the grants of before and most of its rows when the grant is taken."""
    world.publish()
    copied(world, database)
    monkeypatch.setattr("rowcol_assets.publishing.postgres.following.LOCK_SECONDS", 1)
    seen: list[Any] = []

    def revoked_meanwhile(*arguments: Any) -> None:
        if not seen:
            seen.append(rowcol("grant", "ann", "bolt", "--revoke"))
            seen.append(database.read("ann", BUSINESSES))
        write_rows(*arguments)

    monkeypatch.setattr("rowcol_assets.publishing.postgres.copy.write_rows", revoked_meanwhile)
    world.execute("update marts.fct_bills set open_amount = 999")
    world.publish("run-2")
    assert not copied(world, database).is_same
    assert seen == [0, [("acme",)]]
    assert f"{database.name} at {database.socket} shows it no more" in capsys.readouterr().err
    assert database.read("ann", BUSINESSES) == [("acme",)]
    assert database.read("ann", "select distinct open_amount from marts.fct_bills") == [(999,)]
    world.grant("ann", "bolt")
    copied(world, database)
    assert database.read("ann", BUSINESSES) == [("acme",), ("bolt",)], "what is granted again is not taken for copied"


def test_a_grant_that_cannot_be_taken_in_time_is_an_error_that_says_so(
    world: World, database: Database, following: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish()
    copied(world, database)
    monkeypatch.setattr("rowcol_assets.publishing.postgres.following.LOCK_SECONDS", 1)
    monkeypatch.setattr("rowcol_assets.publishing.postgres.copy.TURN_SECONDS", 1)
    where = f"{database.name} at {database.socket}"
    kept = f"others have kept the grants of {where} to themselves for 1 seconds"
    with psycopg.connect(host=database.socket, user="publisher", dbname=database.name) as other:
        other.execute("select pg_advisory_xact_lock(%s)", [LOCK_KEY])
        other.execute("lock table rowcol.advisors in access exclusive mode")
        assert rowcol("grant", "ann", "bolt", "--revoke") == 1
        assert f"{where} can still show bolt to ann: {kept}" in capsys.readouterr().err
        with pytest.raises(RowcolError, match="has not ended within 1 seconds"):
            publish_to_postgres(world.settings, parse_target(database.url), world.store.open_grants())
    copied(world, database)
    assert database.read("ann", BUSINESSES) == [("acme",)]


def test_a_database_that_cannot_be_told_of_a_grant_taken_is_an_error_that_says_so(
    world: World, following: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    away = following.model_copy(update={"publish_url": SecretStr(UNREACHABLE)})
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: away)
    assert rowcol("grant", "ann", "bolt", "--revoke") == 1
    told = capsys.readouterr()
    assert "ann can no longer read bolt" in told.out and world.store.open_grants()["ann"] == ["acme"]
    assert "bi at 127.0.0.1 can still show bolt to ann: bi at 127.0.0.1 cannot be reached" in told.err
    assert "`rowcol publish`" in told.err and TELLING not in told.err


def test_a_database_that_follows_nothing_by_itself_is_named_when_a_grant_is_taken(
    world: World, database: Database, following: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish()
    copied(world, database)
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: world.settings)
    assert rowcol("grant", "ann", "bolt", "--revoke") == 0
    told = capsys.readouterr().err
    assert f"{database.name} at {database.socket} shows it until `rowcol publish --to` copies into it again" in told


def test_the_copy_is_a_step_of_every_cycle_where_a_database_is_set_and_of_none_else(world: World, following: Settings) -> None:
    keys = {key.to_user_string() for key in build_definitions(world.settings).resolve_asset_graph().get_all_asset_keys()}
    graph = build_definitions(following).resolve_asset_graph()
    added = {key.to_user_string() for key in graph.get_all_asset_keys()} - keys
    assert added == {"published/database"}
    assert graph.get(dg.AssetKey(["published", "database"])).parent_keys == {dg.AssetKey(["published", "advisors"])}


def test_the_step_copies_what_is_published_and_fails_in_one_sentence(world: World, database: Database, following: Settings) -> None:
    world.publish()
    said: list[str] = []
    first = step(following, said)
    assert first.success and noted(world) == 1
    assert step(following, said).success and noted(world) == 1
    where = f"copied into {database.name} at {database.socket}"
    assert said == [f"{where}: 6 tables", f"{where}: it had everything"]
    failed = step(following.model_copy(update={"publish_url": SecretStr(UNREACHABLE)}), said)
    assert NOT_REACHED in why(failed)
    assert TELLING not in str(failed.all_events)


def test_a_grant_that_ended_while_the_database_was_away_is_taken_out_though_publishing_fails(
    world: World, database: Database, following: Settings
) -> None:
    world.publish()
    copied(world, database)
    world.store.revoke("ann", "bolt", NOON)
    world.execute("alter table marts.fct_bills rename to fct_gone")
    away = following.model_copy(update={"publish_url": SecretStr(UNREACHABLE)})
    stopped = "stopped by an unexpected CatalogException"
    assert why_not_published(away).startswith(f"{stopped}; bi at 127.0.0.1 can still show clients granted no more: {NOT_REACHED}")
    assert database.read("ann", BUSINESSES) == [("acme",), ("bolt",)]
    assert why_not_published(following) == stopped
    assert database.read("ann", BUSINESSES) == [("acme",)]


def test_a_grant_that_ended_while_the_database_was_away_is_taken_out_though_copying_fails(world: World, database: Database) -> None:
    world.publish()
    copied(world, database)
    world.store.revoke("ann", "bolt", NOON)
    database.change("create view public.theirs as select * from marts.fct_bills")
    with pytest.raises(RowcolError, match="which a view of your own keeps it from"):
        copied(world, database)
    assert database.read("ann", BUSINESSES) == [("acme",)]


def test_no_database_follows_where_none_is_set(world: World) -> None:
    assert target_of(world.settings) is None


def why_not_published(settings: Settings) -> str:
    assets = published_assets([])
    return why(dg.materialize([assets], resources={"platform": Platform(settings, lambda _: None)}, raise_on_error=False))


def why(failed: dg.ExecuteInProcessResult) -> str:
    """What a person is told of the step that failed."""
    (event,) = [one for one in failed.all_events if one.is_step_failure]
    told = event.step_failure_data.user_failure_data
    assert told is not None and told.description is not None
    return told.description


def step(settings: Settings, said: list[str]) -> dg.ExecuteInProcessResult:
    assets = copied_assets(dg.AssetKey(["published", "advisors"]))
    return dg.materialize([assets], resources={"platform": Platform(settings, said.append)}, raise_on_error=False)


def rowcol(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    code: Any = ended.value.code
    return int(code)
