"""The sensors as scenarios: stale, tried, cooled down, broken, recovered; and what a failed run leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from ingestion.clock import fixed_clock
from ingestion.control.pauses import set_pause
from ingestion.control.schema import connections
from ingestion.errors import RowcolError
from ingestion.registry import RAILS
from ingestion.strategies import BULK_OPERATION
from rowcol_assets.alerts import KEPT_LINES, alert, alerts_path, last_alert, trim_alerts
from rowcol_assets.resources import Platform
from rowcol_assets.runs import run_tags
from rowcol_assets.sensors import COOLDOWN_MINUTES, rail_freshness, run_failure
from tests.dagster.homes import connect, synced
from tests.dagster.place import home_settings

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


class Watch:
    """The freshness sensor over a home, tick by tick, as the daemon would run it."""

    def __init__(self, home: Path, instance: dg.DagsterInstance) -> None:
        self.platform = Platform(home_settings(home))
        self.instance = instance
        self.cursor: str | None = None
        for business in ("acme", "bolt"):
            connect(self.platform.settings, self.platform.store, business)

    def tick(self, minutes: int) -> dg.SensorResult | dg.SkipReason:
        """What the sensor says `minutes` after noon."""
        self.platform.clock = fixed_clock(NOON + timedelta(minutes=minutes))
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources={"platform": self.platform}) as context:
            answer: Any = rail_freshness(context)
            self.cursor = answer.cursor if isinstance(answer, dg.SensorResult) else context.cursor
            return answer

    def wanted(self, minutes: int) -> list[list[str]]:
        """The businesses of each run the sensor asks for."""
        answer = self.tick(minutes)
        requests = (answer.run_requests or []) if isinstance(answer, dg.SensorResult) else []
        return [request.run_config["resources"]["scope"]["config"]["businesses"] for request in requests]

    def alerts(self) -> list[str]:
        """The kinds of the alerts so far."""
        path = alerts_path(self.platform.settings)
        return [line.split('"kind":"')[1].split('"')[0] for line in path.read_text().splitlines()] if path.exists() else []

    def synced(self, business: str, minutes: int, error_kind: str | None = None) -> None:
        """A sync that ended `minutes` after noon."""
        synced(self.platform.store, business, NOON + timedelta(minutes=minutes), error_kind)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(tmp_path / "home", instance)


def test_a_fresh_home_asks_for_nothing(watch: Watch) -> None:
    for business in ("acme", "bolt"):
        watch.synced(business, 0)
    assert watch.wanted(20) == []


def test_what_went_stale_is_synced_in_one_run_of_its_rail_and_no_other_business_is(watch: Watch) -> None:
    watch.synced("acme", 0)
    watch.synced("bolt", 15)
    answer = watch.tick(21)
    assert isinstance(answer, dg.SensorResult) and answer.run_requests
    (request,) = answer.run_requests
    assert request.run_config["resources"]["scope"]["config"]["businesses"] == ["acme"]
    assert request.tags["rowcol/rail"] == "qbo" and request.tags["dagster/priority"] == "0"
    assert {key.path[0] for key in request.asset_selection or []} == {"raw_qbo"}


def test_several_stale_businesses_are_one_run(watch: Watch) -> None:
    assert watch.wanted(0) == [["acme", "bolt"]]


def test_a_first_load_goes_behind_everything_else_and_one_that_went_stale_does_not(watch: Watch) -> None:
    watch.synced("acme", 0)
    answer = watch.tick(21)
    assert isinstance(answer, dg.SensorResult) and answer.run_requests
    scopes = [(request.run_config["resources"]["scope"]["config"], request.tags["rowcol/strategy"]) for request in answer.run_requests]
    assert [(*scope["businesses"], tag) for scope, tag in scopes] == [("acme", "data_fetch"), ("bolt", "bulk_operation")]


def test_first_loads_wait_for_whoever_makes_others_and_what_went_stale_does_not(watch: Watch) -> None:
    store = watch.platform.store
    connect(watch.platform.settings, store, "crane")
    watch.synced("acme", 0)
    with store.lease(store.connections("qbo", ["bolt"]), "rowcol sync", 600):
        assert watch.wanted(21) == [["acme"]], "crane is one of those that the command will come to"
    job = dg.GraphDefinition("sync").to_job()
    run = watch.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=run_tags(BULK_OPERATION))
    assert watch.wanted(22) == []
    assert watch.wanted(21 + COOLDOWN_MINUTES) == [["acme"]]
    watch.instance.report_run_failed(run)
    assert watch.wanted(22 + COOLDOWN_MINUTES) == [["bolt", "crane"]]


def test_a_business_that_stays_stale_is_tried_again_only_after_the_cooldown(watch: Watch) -> None:
    watch.synced("bolt", 1000)
    assert watch.wanted(0) == [["acme"]]
    assert watch.wanted(1) == [] and watch.wanted(COOLDOWN_MINUTES - 1) == []
    assert watch.wanted(COOLDOWN_MINUTES) == [["acme"]]


def test_a_business_that_goes_stale_during_the_cooldown_of_another_does_not_wait_for_it(watch: Watch) -> None:
    watch.synced("bolt", 0)
    assert watch.wanted(18) == [["acme"]]
    assert watch.wanted(21) == [["bolt"]]


def test_one_that_went_stale_again_after_a_success_is_not_held_back_by_an_old_attempt(watch: Watch) -> None:
    watch.synced("bolt", 1000)
    assert watch.wanted(0) == [["acme"]]
    watch.synced("acme", 1)
    assert watch.wanted(10) == []
    assert watch.wanted(22) == [["acme"]]


def test_what_the_months_calls_let_rest_is_not_fetched_for_being_stale(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RAILS, "qbo", replace(RAILS["qbo"], monthly_calls=10))
    monkeypatch.setattr("rowcol_assets.pace.above_guardrail", lambda settings, store: frozenset({"acme"}))
    for business in ("acme", "bolt"):
        watch.synced(business, 0)
    assert watch.wanted(21) == [["bolt"]], "bolt may be below its guardrail"
    watch.synced("bolt", 100)
    assert watch.wanted(116) == [["acme"]], "two hours are the most for what is quiet"


@pytest.mark.parametrize("job", ["cycle", "sync"])
def test_nothing_is_asked_for_while_a_run_is_under_way_and_it_is_afterwards(watch: Watch, job: str) -> None:
    run = watch.instance.create_run_for_job(dg.GraphDefinition(job).to_job(), status=dg.DagsterRunStatus.STARTED)
    answer = watch.tick(0)
    assert isinstance(answer, dg.SkipReason) and "under way" in str(answer.skip_message)
    watch.instance.report_run_failed(run)
    assert watch.wanted(1) == [["acme", "bolt"]]


def test_a_broken_connection_is_told_once_never_synced_and_told_when_it_is_back(watch: Watch) -> None:
    watch.synced("bolt", 1000)
    watch.synced("acme", 0, error_kind="disconnected")
    assert watch.wanted(1) == [] and watch.wanted(60) == []
    assert watch.alerts() == ["connection_broken"]
    told = last_alert(watch.platform.settings)
    assert told is not None and "acme/qbo" in told.subject
    connect(watch.platform.settings, watch.platform.store, "acme")
    assert watch.wanted(61) == [["acme"]]
    watch.synced("acme", 62)
    assert watch.wanted(63) == []
    assert watch.alerts() == ["connection_broken", "connection_recovered"]


def test_who_is_connected_again_while_still_fresh_catches_up_at_once_and_once(watch: Watch) -> None:
    for business in ("acme", "bolt"):
        watch.synced(business, 0)
    watch.synced("acme", 1, error_kind="disconnected")
    assert watch.wanted(2) == []
    connect(watch.platform.settings, watch.platform.store, "acme")
    run = watch.instance.create_run_for_job(dg.GraphDefinition("cycle").to_job(), status=dg.DagsterRunStatus.STARTED)
    assert watch.wanted(3) == [], "a cycle is under way"
    watch.instance.report_run_failed(run)
    assert watch.wanted(4) == [["acme"]]
    assert watch.wanted(5) == []
    assert watch.alerts() == ["connection_broken", "connection_recovered"]


def test_a_connection_that_keeps_failing_is_told_once_and_tried_on(watch: Watch) -> None:
    watch.synced("bolt", 1000)
    for minute in range(3):
        watch.synced("acme", minute, error_kind="server_error")
    assert watch.wanted(3) == [["acme"]] and watch.wanted(3 + COOLDOWN_MINUTES) == [["acme"]]
    assert watch.alerts() == ["connection_failing"]
    watch.synced("acme", 20)
    assert watch.wanted(21) == []
    assert watch.alerts() == ["connection_failing", "connection_recovered"]


def test_a_consent_that_its_owner_has_to_renew_is_told_a_week_ahead_once_per_end(watch: Watch) -> None:
    for business in ("acme", "bolt"):
        watch.synced(business, 0)

    def ends(days: float) -> None:
        with watch.platform.store.database.write() as transaction:
            whose = sa.update(connections).filter_by(business_id="acme")
            transaction.execute(whose.values(consent_expires_at=NOON + timedelta(days=days)))

    ends(8)
    assert watch.wanted(1) == [] and watch.alerts() == []
    ends(6.5)
    assert watch.wanted(2) == [] and watch.wanted(3) == []
    assert watch.alerts() == ["consent_ending"]
    told = last_alert(watch.platform.settings)
    assert told is not None and told.message == "acme/qbo/realm-acme needs its consent renewed before 2026-07-07 00:00 UTC"
    ends(2)
    assert watch.wanted(4) == [] and watch.alerts() == ["consent_ending"] * 2


def test_pausing_what_is_broken_is_no_recovery_and_resuming_catches_up(watch: Watch) -> None:
    watch.synced("bolt", 1000)
    watch.synced("acme", 0, error_kind="disconnected")
    assert watch.wanted(1) == []
    set_pause(watch.platform.store.database, "acme", None, is_paused=True)
    assert watch.wanted(2) == [] and watch.alerts() == ["connection_broken"]
    connect(watch.platform.settings, watch.platform.store, "acme")
    set_pause(watch.platform.store.database, "acme", None, is_paused=False)
    assert watch.wanted(3) == [["acme"]]


def test_a_cursor_of_an_older_program_is_no_obstacle(watch: Watch) -> None:
    watch.cursor = '{"broken":["acme/qbo/realm-acme"],"tried":{}}'
    assert watch.wanted(0) == [["acme", "bolt"]]


def test_a_sandbox_that_does_not_answer_is_a_reason_and_no_failure(watch: Watch) -> None:
    def silent() -> datetime:
        raise RowcolError("the sandbox does not answer")

    watch.platform.clock = silent
    with dg.build_sensor_context(instance=watch.instance, resources={"platform": watch.platform}) as context:
        answer = rail_freshness(context)
    assert isinstance(answer, dg.SkipReason) and "does not answer" in str(answer.skip_message)


def test_a_failed_run_leaves_one_line_without_what_the_code_was_working_on(tmp_path: Path) -> None:
    @dg.op
    def parse() -> None:
        raise ValueError("amount 1,234.56 of Rosewood Dental")

    settings = home_settings(tmp_path / "home")
    settings.home.mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        result = _job(parse).execute_in_process(instance=instance, raise_on_error=False)
        event = next(event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE")
        context = dg.build_run_status_sensor_context(
            sensor_name="run_failure", dagster_event=event, dagster_instance=instance, dagster_run=result.dagster_run,
            resources={"platform": Platform(settings)},
        ).for_run_failure()  # fmt: skip
        run_failure(context)
    told = last_alert(settings)
    assert told is not None and told.kind == "run_failed" and told.subject == result.run_id
    assert "parse" in told.message and "ValueError" in told.message and "Rosewood" not in told.message
    assert alerts_path(settings).stat().st_mode & 0o777 == 0o600


def test_a_failed_run_of_whatever_job_is_told_of(tmp_path: Path) -> None:
    @dg.asset
    def broken() -> None:
        raise ValueError

    settings = home_settings(tmp_path / "home")
    settings.home.mkdir()
    of_materialize_button = dg.Definitions(assets=[broken]).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        cursor = None
        for _ in range(2):
            resources = {"platform": Platform(settings)}
            with dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources, sensor_name="run_failure") as context:
                cursor = run_failure.evaluate_tick(context).cursor
            run = of_materialize_button.execute_in_process(instance=instance, raise_on_error=False)
        # The first tick only looks where events stand now, the second hears of the one run that failed in between.
    assert alerts_path(settings).read_text().count("__ASSET_JOB failed: broken: ") == 1, run.run_id


def test_only_the_newest_alerts_are_kept_and_a_torn_line_hides_none(tmp_path: Path) -> None:
    settings = home_settings(tmp_path / "home")
    settings.home.mkdir()
    path = alerts_path(settings)
    path.write_text("".join(f'{{"at":"","kind":"run_failed","subject":"{number}","message":""}}\n' for number in range(KEPT_LINES + 5)))
    alert(settings, "run_failed", "newest", "two\nlines")
    trim_alerts(settings)
    assert len(path.read_text().splitlines()) == KEPT_LINES
    with path.open("a") as file:
        file.write('{"at":"2026')
    told = last_alert(settings)
    assert told is not None and told.subject == "newest" and told.message == "two lines"


def test_an_untouched_home_has_no_alert(tmp_path: Path) -> None:
    assert last_alert(home_settings(tmp_path / "home")) is None


def _job(op: dg.OpDefinition) -> dg.JobDefinition:
    return dg.GraphDefinition("cycle", node_defs=[op]).to_job()
