"""Webhooks and sync requests as scenarios: debounced into runs, settled only by what was read, never lost, never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from ingestion.control.arrivals_schema import sync_requests, webhook_inbox
from ingestion.control.claims import MOST_ATTEMPTS, Readings, note_readings
from ingestion.control.inbox import dead_letters, prune_arrivals, put_notices, replay_dead_letter
from ingestion.control.schema import businesses
from ingestion.control.sync_requests import ask
from ingestion.registry import RAILS
from ingestion.webhooks import Notice
from rowcol_assets.arrivals import BETWEEN_PUBLISHING, arrival_sensors
from rowcol_assets.code_location import build_definitions
from rowcol_assets.resources import Platform
from tests.dagster.homes import connect
from tests.dagster.place import Place, home_settings

AFTER = [dg.AssetKey(["raw_control", "businesses"]), dg.AssetKey(["marts", "fct_cash"])]
BILLS = ("bills", "vendors")


class Daemon:
    """The two sensors over a home, tick by tick, with runs that the test starts and ends."""

    def __init__(self, home: Path, instance: dg.DagsterInstance) -> None:
        self.platform = Platform(home_settings(home))
        self.database = self.platform.store.database
        self.instance = instance
        self.sensors = {sensor.name: sensor for sensor in arrival_sensors(AFTER)}
        for business in ("acme", "bolt"):
            connect(self.platform.settings, self.platform.store, business)

    def event(self, business: str, number: int = 1, entities: tuple[str, ...] = BILLS) -> None:
        """A webhook of a business."""
        realm = f"realm-{business}"
        with self.database.write() as transaction:
            put_notices(transaction, "qbo", {realm: business}, [Notice(realm, f"evt-{number}", "qbo.bill.updated.v1", entities)])

    def ask(self, business: str, *entities: str) -> None:
        """A sync request."""
        with self.database.write() as transaction:
            ask(transaction, business, "qbo", entities, "ann")

    def tick(self, sensor: str) -> list[dg.RunRequest]:
        """The runs a sensor asks for."""
        with dg.build_sensor_context(instance=self.instance, resources={"platform": self.platform}) as context:
            answer: Any = self.sensors[sensor](context)
        if isinstance(answer, dg.RunRequest):
            return [answer]
        return list(answer.run_requests or []) if isinstance(answer, dg.SensorResult) else []

    def run_of(self, sensor: str) -> dg.DagsterRun:
        """The run of the one request a sensor makes, started."""
        (request,) = self.tick(sensor)
        return self.start(request)

    def start(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The run of a request, started."""
        graph = dg.GraphDefinition(request.job_name or "cycle").to_job()
        return self.instance.create_run_for_job(graph, tags=dict(request.tags), status=dg.DagsterRunStatus.STARTED)

    def read(self, run: dg.DagsterRun, read: list[str], failed: dict[str, str] | None = None) -> None:
        """The sync of a run came to this, and the run goes on."""
        note_readings(self.database, run.tags["rowcol/claim"], "qbo", Readings(read, failed or {}))

    def end(self, run: dg.DagsterRun, read: list[str], failed: dict[str, str] | None = None, succeeded: bool = True) -> None:
        """Ends a run whose sync came to this."""
        self.read(run, read, failed)
        self.instance.handle_new_event(
            dg.EventLogEntry(
                error_info=None, level="info", user_message="", run_id=run.run_id, timestamp=0.0,
                dagster_event=dg.DagsterEvent(
                    "PIPELINE_SUCCESS" if succeeded else "PIPELINE_FAILURE", run.job_name,
                    event_specific_data=None if succeeded else failure(),
                ),
            )
        )  # fmt: skip

    def states(self, table: sa.Table = webhook_inbox) -> list[tuple[str, str]]:
        """Business and state of each row."""
        with self.database.read() as transaction:
            return [(row.business_id, row.state) for row in transaction.execute(sa.select(table).order_by(*table.primary_key))]

    def age(self, by: timedelta, table: sa.Table = webhook_inbox) -> None:
        """Makes rows older than they are."""
        column = table.c.received_at if table is webhook_inbox else table.c.asked_at
        with self.database.write() as transaction:
            for name in (column, table.c.claimed_at, table.c.settled_at):
                for (value,) in transaction.execute(sa.select(name).distinct()).all():
                    if value:
                        transaction.execute(sa.update(table).where(name == value).values({name: value - by}))


def failure() -> Any:
    from dagster._core.events import JobFailureData, RunFailureReason

    return JobFailureData(error=None, failure_reason=RunFailureReason.STEP_FAILURE)


def scope(request: dg.RunRequest) -> dict[str, Any]:
    config: dict[str, Any] = request.run_config["resources"]["scope"]["config"]
    return config


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Daemon(tmp_path / "home", instance)


def test_waiting_webhooks_become_one_sync_of_their_rail_for_their_businesses_and_tables(daemon: Daemon) -> None:
    for number in range(3):
        daemon.event("acme", number)
    daemon.event("bolt", 9, ("customers",))
    (request,) = daemon.tick("webhook_inbox")
    assert (request.job_name, scope(request)["businesses"], scope(request)["delivery"]) == ("sync", ["acme", "bolt"], "webhook")
    keys = {"/".join(key.path) for key in request.asset_selection or []}
    assert keys == {"raw_qbo/bills", "raw_qbo/vendors", "raw_qbo/customers"}


def test_what_comes_in_while_a_rail_is_being_read_waits_and_is_read_together(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    run = daemon.run_of("webhook_inbox")
    daemon.event("acme", 2)
    daemon.event("bolt", 3)
    assert daemon.tick("webhook_inbox") == []
    daemon.end(run, ["acme"])
    assert daemon.states() == [("acme", "done"), ("acme", "pending"), ("bolt", "pending")]
    requests = daemon.tick("webhook_inbox")
    assert scope(requests[0])["businesses"] == ["acme", "bolt"]


def test_what_webhooks_brought_is_published_by_one_run_and_not_again_within_a_minute(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    daemon.end(daemon.run_of("webhook_inbox"), ["acme"])
    (publish,) = daemon.tick("webhook_inbox")
    assert (publish.job_name, publish.asset_selection, publish.tags["rowcol/kind"]) == ("cycle", AFTER, "publish")
    assert scope(publish)["businesses"] == ["acme"]
    run = daemon.start(publish)
    assert daemon.tick("webhook_inbox") == []
    daemon.instance.report_run_canceled(run)
    assert daemon.tick("webhook_inbox") == []
    daemon.event("acme", 2)
    daemon.end(daemon.run_of("webhook_inbox"), ["acme"])
    assert daemon.tick("webhook_inbox") == [], f"the last one began less than {BETWEEN_PUBLISHING} ago"


def test_a_business_left_to_another_sync_or_not_read_keeps_its_webhook(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    daemon.event("bolt", 2)
    run = daemon.run_of("webhook_inbox")
    daemon.end(run, [], {"bolt": "500 three times"})
    daemon.tick("webhook_inbox")
    assert daemon.states() == [("acme", "pending"), ("bolt", "pending")]
    with daemon.database.read() as transaction:
        reasons = transaction.execute(sa.select(webhook_inbox.c.reason).order_by(webhook_inbox.c.inbox_no)).scalars().all()
    assert reasons == [None, "500 three times"]


def test_a_webhook_whose_runs_all_fail_waits_longer_each_time_then_is_a_dead_letter_that_can_be_replayed(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    for attempt in range(MOST_ATTEMPTS):
        (request,) = daemon.tick("webhook_inbox")
        daemon.end(daemon.start(request), [], {"acme": "500"}, succeeded=False)
        if attempt < MOST_ATTEMPTS - 1:
            assert daemon.tick("webhook_inbox") == [], "it waits before it is tried again"
            daemon.age(timedelta(minutes=2**attempt))
    (letter,) = dead_letters(daemon.database)
    assert (letter["business_id"], letter["reason"], letter["attempts"]) == ("acme", "500", MOST_ATTEMPTS)
    replay_dead_letter(daemon.database, letter["inbox_no"])
    assert scope(*daemon.tick("webhook_inbox"))["businesses"] == ["acme"]


def test_a_claim_whose_run_never_came_to_be_or_was_killed_is_given_back(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    assert len(daemon.tick("webhook_inbox")) == 1
    assert daemon.tick("webhook_inbox") == []
    daemon.age(timedelta(minutes=3))
    (again,) = daemon.tick("webhook_inbox")
    daemon.instance.report_run_failed(daemon.start(again))
    daemon.age(timedelta(minutes=16))
    assert len(daemon.tick("webhook_inbox")) == 1


def test_what_is_paused_or_held_by_another_sync_waits_without_a_run(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    daemon.event("bolt", 2)
    store = daemon.platform.store
    with daemon.database.write() as transaction:
        transaction.execute(sa.update(businesses).filter_by(business_id="acme").values(is_paused=True))
    with store.lease(store.connections("qbo", ["bolt"]), "bulk load", 600):
        assert daemon.tick("webhook_inbox") == []
    assert scope(*daemon.tick("webhook_inbox"))["businesses"] == ["bolt"]
    assert daemon.states() == [("acme", "pending"), ("bolt", "pending")]


def test_sync_requests_become_one_cycle_for_what_they_touch_before_everything_else(daemon: Daemon) -> None:
    daemon.ask("acme", "bills")
    daemon.ask("bolt")
    (request,) = daemon.tick("sync_requests")
    assert scope(request) | {"count_check": False} == {
        "businesses": ["acme", "bolt"], "strategy": "user_action", "delivery": "on_demand", "count_check": False,
    }  # fmt: skip
    assert (request.tags["dagster/priority"], request.tags["rowcol/kind"]) == ("10", "action")
    keys = request.asset_selection or []
    assert set(AFTER) <= set(keys) and dg.AssetKey(["raw_qbo", "journal_entries"]) in keys
    assert daemon.tick("webhook_inbox") == []


def test_webhooks_about_what_a_person_asks_for_are_read_by_the_persons_run_and_by_no_other(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    daemon.event("acme", 2, ("invoices",))
    daemon.event("bolt", 3)
    daemon.ask("acme", *BILLS)
    run = daemon.run_of("sync_requests")
    (left,) = daemon.tick("webhook_inbox")
    with daemon.database.read() as transaction:
        claimed = dict(transaction.execute(sa.select(webhook_inbox.c.event_id, webhook_inbox.c.claim_id)).tuples().all())
    assert claimed["evt-1"] == run.tags["rowcol/claim"]
    assert claimed["evt-2"] == claimed["evt-3"] == left.tags["rowcol/claim"]
    daemon.end(run, ["acme"])
    assert daemon.states()[0] == ("acme", "done")


def test_a_request_is_done_when_its_cycle_is_and_one_asked_again_meanwhile_is_served_again(daemon: Daemon) -> None:
    daemon.ask("acme", "bills")
    daemon.ask("bolt", "bills")
    (request,) = daemon.tick("sync_requests")
    run = daemon.start(request)
    daemon.ask("bolt", "bills")
    assert daemon.tick("sync_requests") == [], "the run may read it only now"
    daemon.end(run, ["acme", "bolt"])
    (again,) = daemon.tick("sync_requests")
    assert sorted(daemon.states(sync_requests)) == [("acme", "done"), ("bolt", "pending")]
    assert scope(again)["businesses"] == ["bolt"] and dg.AssetKey(["raw_qbo", "bills"]) in (again.asset_selection or [])


def test_what_is_asked_for_while_a_cycle_is_under_way_is_read_at_once_and_published_by_the_next(daemon: Daemon) -> None:
    daemon.ask("acme", "bills")
    cycle = daemon.run_of("sync_requests")
    daemon.ask("bolt", "bills")
    daemon.event("bolt", 1, ("bills",))
    (ahead,) = daemon.tick("sync_requests")
    assert (ahead.job_name, ahead.tags["rowcol/kind"], ahead.tags["dagster/priority"]) == ("sync", "sync", "10")
    assert (scope(ahead)["businesses"], ahead.asset_selection) == (["bolt"], [dg.AssetKey(["raw_qbo", "bills"])])
    reading = daemon.start(ahead)
    daemon.ask("bolt", "vendors")
    assert daemon.tick("sync_requests") == [], "one reads ahead at a time"
    daemon.end(reading, ["bolt"])
    (second,) = daemon.tick("sync_requests")
    assert second.asset_selection == [dg.AssetKey(["raw_qbo", "vendors"])]
    assert daemon.states() == [("bolt", "done")], "its webhook rode along"
    daemon.end(daemon.start(second), [], {"bolt": "500"})
    daemon.end(cycle, ["acme"])
    daemon.age(timedelta(minutes=1), sync_requests)
    (publish,) = daemon.tick("sync_requests")
    assert (publish.job_name, publish.tags["rowcol/kind"], scope(publish)["businesses"]) == ("cycle", "action", ["bolt"])
    assert publish.asset_selection == [dg.AssetKey(["raw_qbo", "vendors"]), *AFTER], "bills are read"
    assert sorted(daemon.states(sync_requests)) == [("acme", "done"), ("bolt", "pending"), ("bolt", "pending")]
    daemon.end(daemon.start(publish), ["bolt"])
    assert daemon.tick("sync_requests") == []
    assert {state for _, state in daemon.states(sync_requests)} == {"done"}


def test_what_was_read_ahead_is_published_without_another_call_even_while_its_connection_is_held(daemon: Daemon) -> None:
    daemon.ask("acme", "bills")
    cycle = daemon.run_of("sync_requests")
    daemon.ask("bolt", "bills")
    daemon.end(daemon.run_of("sync_requests"), ["bolt"])
    daemon.end(cycle, ["acme"])
    store = daemon.platform.store
    with store.lease(store.connections("qbo", ["bolt"]), "bulk load", 600):
        (publish,) = daemon.tick("sync_requests")
    assert (publish.asset_selection, scope(publish)["businesses"]) == (AFTER, ["bolt"])


def test_what_is_asked_for_again_after_its_cycle_has_read_it_is_read_again_before_that_has_published(daemon: Daemon) -> None:
    daemon.ask("acme", "bills")
    cycle = daemon.run_of("sync_requests")
    daemon.read(cycle, ["acme"])
    daemon.ask("acme", "bills")
    (ahead,) = daemon.tick("sync_requests")
    assert ahead.asset_selection == [dg.AssetKey(["raw_qbo", "bills"])]
    daemon.end(daemon.start(ahead), ["acme"])
    daemon.end(cycle, [])
    (publish,) = daemon.tick("sync_requests")
    assert publish.asset_selection == AFTER
    assert daemon.states(sync_requests) == [("acme", "pending")]
    daemon.ask("acme", "bills")
    daemon.end(daemon.start(publish), [])
    (again,) = daemon.tick("sync_requests")
    assert dg.AssetKey(["raw_qbo", "bills"]) in (again.asset_selection or []), "asked for once more after it was taken"


def test_a_request_whose_cycle_failed_after_the_fetch_is_served_again(daemon: Daemon) -> None:
    daemon.ask("acme", "bills")
    daemon.end(daemon.run_of("sync_requests"), ["acme"], succeeded=False)
    daemon.age(timedelta(minutes=2), sync_requests)
    assert len(daemon.tick("sync_requests")) == 1
    assert daemon.states(sync_requests) == [("acme", "pending")]


def test_settled_rows_are_deleted_after_a_month_and_waiting_ones_never(daemon: Daemon) -> None:
    daemon.event("acme", 1)
    daemon.end(daemon.run_of("webhook_inbox"), ["acme"])
    daemon.event("bolt", 2)
    daemon.age(timedelta(days=29))
    assert prune_arrivals(daemon.database) == 0
    daemon.age(timedelta(days=400))
    assert prune_arrivals(daemon.database) == 1
    assert daemon.states() == [("bolt", "pending")]


# Beside the other tests of the finished home, which is made once on each worker.
@pytest.mark.xdist_group("dagster-home")
def test_runs_of_the_code_location_read_and_settle_what_waits(place: Place) -> None:
    """Through real definitions: a webhook's sync and a person's cycle, over a home with a sandbox behind it.

    Of the models that a person's cycle makes, one is made: whole cycles are run in tests/e2e.
    """
    one, other = place.businesses[:2]
    platform = Platform(place.settings, retries_when_busy=False)
    definitions = build_definitions(place.settings, overrides={"platform": platform})
    every = definitions.resolve_asset_graph().materializable_asset_keys
    whole = {"/".join(key.path) for key in every if key.path[0] not in {f"raw_{rail}" for rail in RAILS}} | {"raw_qbo/bills"}
    settling = definitions.get_sensor_def("sync_requests")
    (realm,) = (each.connection_id for each in platform.store.connections("qbo", [one]))
    with platform.store.database.write() as transaction:
        put_notices(transaction, "qbo", {realm: one}, [Notice(realm, "evt-1", "qbo.bill.updated.v1", ("bills",))])
        ask(transaction, other, "qbo", ["bills"], "ann")
    with dg.DagsterInstance.ephemeral() as instance:
        for sensor, job, asked in (("webhook_inbox", "sync", {"raw_qbo/bills"}), ("sync_requests", "cycle", whole)):
            with dg.build_sensor_context(instance=instance, resources={"platform": platform}) as context:
                answer: Any = definitions.get_sensor_def(sensor)(context)
            request = answer if isinstance(answer, dg.RunRequest) else answer.run_requests[0]
            selection = {"/".join(key.path): key for key in request.asset_selection or []}
            assert set(selection) == asked
            made = [key for name, key in selection.items() if name.startswith("raw_") or name == "staging/stg_qbo__bills"]
            result = definitions.resolve_job_def(job).execute_in_process(
                run_config=request.run_config, asset_selection=made, tags=dict(request.tags), instance=instance, raise_on_error=False
            )
            assert result.success
        with dg.build_sensor_context(instance=instance, resources={"platform": platform}) as context:
            settling(context)
    query = "select distinct business_id, delivery, strategy from raw_control.sync_outcomes"
    read = place.rows(f"{query} where delivery = 'webhook' or strategy = 'user_action' order by all")
    assert read == sorted([(one, "webhook", "data_fetch"), (other, "on_demand", "user_action")])
    with platform.store.database.read() as transaction:
        assert transaction.execute(sa.select(webhook_inbox.c.state)).scalars().all() == ["done"]
        assert transaction.execute(sa.select(sync_requests.c.state)).scalars().all() == ["done"]
