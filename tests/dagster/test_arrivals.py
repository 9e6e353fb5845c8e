"""Webhooks as scenarios: debounced into runs, settled only by what was read, never lost; and what waits served by real runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from ingestion.control.arrivals_schema import sync_requests, webhook_inbox
from ingestion.control.claims import MOST_ATTEMPTS
from ingestion.control.inbox import dead_letters, prune_arrivals, put_notices, replay_dead_letter
from ingestion.control.schema import businesses
from ingestion.control.sync_requests import ask
from ingestion.registry import RAILS
from ingestion.webhooks import Notice
from rowcol_assets.arrivals import BETWEEN_PUBLISHING
from rowcol_assets.code_location import build_definitions
from rowcol_assets.resources import Platform
from tests.dagster.arriving import AFTER, Daemon, scope
from tests.dagster.place import Place


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
