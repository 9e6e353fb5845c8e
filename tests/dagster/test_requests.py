"""Sync requests as scenarios: served by one cycle at a time, read ahead of the next, settled only by what was published."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import sqlalchemy as sa

from ingestion.control.arrivals_schema import sync_requests, webhook_inbox
from tests.dagster.arriving import AFTER, BILLS, Daemon, scope


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
