"""When cycles run: exactly one per quarter of an hour, none while one is under way, none for a home without businesses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from ingestion.control.pauses import set_pause
from ingestion.control.store import open_store
from ingestion.errors import RowcolError
from ingestion.freshness import EntityFreshness, connection_freshness
from ingestion.strategies import BULK_OPERATION
from rowcol_assets.first_loads import left_by_cycles
from rowcol_assets.resources import Platform
from rowcol_assets.runs import UNFINISHED
from rowcol_assets.schedules import cycle_schedules
from tests.dagster.homes import connect, synced
from tests.dagster.place import home_settings

DAY = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    settings = home_settings(tmp_path / "home")
    with open_store(settings) as store:
        connect(settings, store, "acme")
    yield Platform(settings)


@contextmanager
def ticking(platform: Platform, at: datetime) -> Iterator[dg.ScheduleEvaluationContext]:
    with (
        dg.DagsterInstance.local_temp() as instance,
        dg.build_schedule_context(instance=instance, scheduled_execution_time=at, resources={"platform": platform}) as context,
    ):
        yield context


def test_every_quarter_of_an_hour_has_exactly_one_cycle_and_the_coarser_tier_wins() -> None:
    ticks: dict[datetime, list[str]] = {}
    for schedule in cycle_schedules():
        for moment in _ticks(schedule):
            ticks.setdefault(moment, []).append(schedule.name)
    assert sorted(ticks) == [DAY + timedelta(minutes=15 * quarter) for quarter in range(96)]
    assert {names[0] for moment, names in ticks.items() if moment.minute} == {"cycle_critical"}
    assert {moment.hour: names for moment, names in ticks.items() if not moment.minute} == {
        hour: ["cycle_historical" if hour == 6 else "cycle_standard"] for hour in range(24)
    }


@pytest.mark.parametrize("schedule", cycle_schedules(), ids=lambda schedule: schedule.name)
def test_a_tick_asks_for_a_cycle_of_everything_due(schedule: dg.ScheduleDefinition, platform: Platform) -> None:
    with ticking(platform, DAY) as context:
        (request,) = schedule.evaluate_tick(context).run_requests or ()
    scope = request.run_config["resources"]["scope"]["config"]
    wants_counts = schedule.name == "cycle_historical"
    assert scope == {"businesses": [], "strategy": "data_fetch", "delivery": "schedule", "count_check": wants_counts}
    assert request.tags["dagster/priority"] == "0"
    assert request.tags["rowcol/tier"] == schedule.name.removeprefix("cycle_")


# A queued run cannot be made without a daemon; that it counts is one line of the list.
@pytest.mark.parametrize("status", [status for status in UNFINISHED if status is not dg.DagsterRunStatus.QUEUED])
def test_no_cycle_starts_while_one_is_under_way(status: dg.DagsterRunStatus, platform: Platform) -> None:
    with ticking(platform, DAY) as context:
        context.instance.create_run_for_job(dg.GraphDefinition("cycle").to_job(), status=status)
        answer = cycle_schedules()[0].evaluate_tick(context)
    assert answer.run_requests == [] and "still running" in str(answer.skip_message)


def test_a_cycle_that_ended_holds_nothing_up(platform: Platform) -> None:
    with ticking(platform, DAY) as context:
        for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
            context.instance.create_run_for_job(dg.GraphDefinition("cycle").to_job(), status=status)
        assert len(cycle_schedules()[0].evaluate_tick(context).run_requests or ()) == 1


def test_a_home_without_businesses_runs_no_cycles(tmp_path: Path) -> None:
    with ticking(Platform(home_settings(tmp_path / "empty")), DAY) as context:
        answer = cycle_schedules()[0].evaluate_tick(context)
    assert answer.run_requests == [] and "no business" in str(answer.skip_message)


def test_a_home_whose_sandbox_is_off_runs_no_cycle_that_could_only_fail(platform: Platform) -> None:
    def silent() -> datetime:
        raise RowcolError("the sandbox does not answer")

    platform.clock = silent
    with ticking(platform, DAY) as context:
        answer = cycle_schedules()[0].evaluate_tick(context)
    assert not answer.run_requests and "does not answer" in str(answer.skip_message)


def test_a_cycle_beside_first_loads_is_for_the_other_businesses(platform: Platform) -> None:
    store = platform.store
    for business in ("bolt", "crane", "dune", "elm"):
        connect(platform.settings, store, business)
    noon = DAY + timedelta(hours=12)
    platform.clock = lambda: noon
    synced(store, "acme", noon - timedelta(hours=1))
    synced(store, "elm", noon - timedelta(minutes=16), strategy=BULK_OPERATION)
    synced(store, "bolt", noon - timedelta(minutes=14), strategy=BULK_OPERATION)
    assert _asked_for(platform) == [], "nobody reads the new ones, so the cycle does"
    with store.lease(store.connections("qbo", ["acme"]), "a webhook's sync", 600):
        assert _asked_for(platform) == []
    with store.lease(store.connections("qbo", ["crane"]), "rowcol sync", 600):
        assert _asked_for(platform) == ["acme", "elm"], "elm came a whole quarter of an hour ago"
        acme, *others = connection_freshness(store, noon)
        never = {"customers": EntityFreshness("critical", "never_synced", None)}
        found = [acme, replace(acme, rail="stripe", entities=never), *others]
        assert left_by_cycles(store, found, noon) == {"bolt", "crane", "dune"}, "a new connection keeps a known business from no cycle"
        set_pause(store.database, "acme", None, is_paused=True)
        assert _asked_for(platform) == ["elm"]


def test_there_is_no_cycle_where_all_businesses_are_being_read_for_the_first_time(platform: Platform) -> None:
    with platform.store.lease(platform.store.connections("qbo", ["acme"]), "rowcol sync", 600), ticking(platform, DAY) as context:
        answer = cycle_schedules()[0].evaluate_tick(context)
    assert answer.run_requests == [] and "first loads of all 1 businesses" in str(answer.skip_message)


def _asked_for(platform: Platform) -> list[str]:
    with ticking(platform, DAY) as context:
        (request,) = cycle_schedules()[0].evaluate_tick(context).run_requests or ()
    businesses: list[str] = request.run_config["resources"]["scope"]["config"]["businesses"]
    return businesses


def _ticks(schedule: dg.ScheduleDefinition) -> list[datetime]:
    """The schedule's moments of one day."""
    from dagster._utils.schedules import cron_string_iterator

    found: list[datetime] = []
    for moment in cron_string_iterator(DAY.timestamp(), str(schedule.cron_schedule), schedule.execution_timezone):
        if moment >= DAY + timedelta(days=1):
            return found
        found.append(moment.astimezone(UTC))
    raise AssertionError("a schedule ticks for ever")
