"""What a run that fails before it publishes does about grants that ended: what shows a client granted no more is taken away."""

from __future__ import annotations

import fcntl
import threading

import dagster as dg
import pytest
import sqlalchemy as sa

from ingestion.control.acts import acts
from ingestion.errors import RowcolError
from rowcol_assets.code_location import build_definitions
from rowcol_assets.jobs import withdraw_ended_grants
from rowcol_assets.resources import Platform
from rowcol_assets.steps import withdraw_after_failure
from tests.publishing.published import read
from tests.publishing.world import NOON, World


def test_a_run_that_fails_before_it_publishes_takes_away_what_shows_a_client_granted_no_more(world: World) -> None:
    """The files of ann, from whom a client was taken, and of nobody else; the log is told why."""

    @dg.asset
    def models() -> None:
        raise dg.Failure("the models do not build")

    job = dg.define_asset_job("broken", selection=[models], hooks={withdraw_ended_grants})
    definitions = dg.Definitions(assets=[models], jobs=[job], resources={"platform": Platform(world.settings)})

    def fail() -> None:
        assert not definitions.resolve_job_def("broken").execute_in_process(raise_on_error=False).success

    world.publish()
    fail()
    assert world.folder("ann").exists(), "nobody was withdrawn"
    world.store.revoke("ann", "bolt", NOON)
    fail()
    assert (world.folder("ann").exists(), world.folder("bob").exists()) == (False, True)
    with world.store.database.read() as transaction:
        told = transaction.execute(sa.select(acts.c.record_id, acts.c.reason).filter_by(entity="publications", action="deleted")).all()
    assert [tuple(one) for one in told] == [("ann", "a run failed before it published, and the former files show clients granted no more")]
    world.publish("run-2")
    assert read(world, "ann", "select distinct business_id from marts.fct_bills") == [("acme",)]


def test_ended_grants_are_looked_after_when_whoever_works_on_the_warehouse_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync or an explanation holds it for a moment and publishes nothing."""
    world.publish()
    world.store.revoke("ann", "bolt", NOON)
    with world.settings.lock_path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with monkeypatch.context() as patched, pytest.raises(RowcolError, match="files can still show clients granted no more"):
            patched.setattr("rowcol_assets.steps.WITHDRAWING_WAIT_SECONDS", 0.1)
            withdraw_after_failure(world.settings, world.store, NOON, "run-2")
        assert world.folder("ann").exists()
        done = threading.Timer(0.3, fcntl.flock, (other, fcntl.LOCK_UN))
        done.start()
        withdraw_after_failure(world.settings, world.store, NOON, "run-2")
        done.join()
    assert not world.folder("ann").exists()


def test_of_a_run_whose_steps_fail_for_a_held_warehouse_one_waits_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def of(rail: str) -> dg.AssetsDefinition:
        @dg.asset(name=rail)
        def mirror() -> None:
            raise dg.Failure("the warehouse is held by another program")

        return mirror

    mirrors = [of(rail) for rail in ("qbo", "ramp", "stripe")]
    job = dg.define_asset_job("broken", selection=mirrors, hooks={withdraw_ended_grants})
    definitions = dg.Definitions(assets=mirrors, jobs=[job], resources={"platform": Platform(world.settings)})
    tried: list[bool] = []
    monkeypatch.setattr("rowcol_assets.jobs.withdraw_after_failure", lambda *_, waits: tried.append(waits))
    definitions.resolve_job_def("broken").execute_in_process(raise_on_error=False)
    assert tried == [True, False, False]


def test_a_cycle_looks_after_ended_grants_when_it_fails(world: World) -> None:
    assert build_definitions(world.settings).resolve_job_def("cycle").hook_defs == {withdraw_ended_grants}
