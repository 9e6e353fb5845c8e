"""Whole and partial runs on a home: what a run's scope reaches, and that one business's trouble stays its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest

from ingestion.registry import RAILS
from rowcol_assets import deferral
from rowcol_assets.assets.rails import READ_CHECK
from rowcol_assets.code_location import build_definitions
from rowcol_assets.instance import open_instance
from tests.dagster.place import Place

pytestmark = pytest.mark.xdist_group("dagster-home")

OUTCOMES = "select business_id, strategy, delivery, status from raw_control.sync_outcomes where sync_id = ? order by 1"


@contextmanager
def disturbed(place: Place, business: str, kind: str) -> Iterator[None]:
    """The sandbox misbehaves for `business` as long as the body runs."""
    place.sandbox.post("fault", rail="qbo", business=business, kind=kind)
    try:
        yield
    finally:
        place.sandbox.post("fault", rail="qbo", business=business, kind="clear")


def states(place: Place) -> dict[str, tuple[str, str | None]]:
    """Per business the publish state and reason in the advisor's file."""
    return {row[0]: row[1:] for row in place.published("select business_id, publish_state, held_reason from marts.fct_publish_state")}


def documents(place: Place, business: str) -> list[tuple[Any, ...]]:
    """What the advisor's file says of the business: its bills, its aging and its row of the portfolio but for the state."""
    parts = {"marts.fct_bills": "*", "marts.fct_ap_aging": "*", "experiences.portfolio": "* exclude (publish_state, held_reason)"}
    rows = []
    for table, columns in parts.items():
        rows += place.published(f"select {columns} from {table} where business_id = '{business}' order by all")
    return rows


# That it moves on when it can be read again: tests/publishing/test_publish.py, tests/e2e/test_isolation.py.
def test_one_business_whose_check_fails_stays_at_its_last_good_publish_and_the_others_move_on(place: Place) -> None:
    held, *others = place.businesses
    before = {business: documents(place, business) for business in place.businesses}
    assert {state for state, _ in states(place).values()} == {"current"}
    with disturbed(place, held, "torn_json"):
        place.sandbox.post("touch", share=0.2)
        report = place.run()
    assert report.succeeded, "a client's data fails no step"
    assert [outcome.business_id for outcome in report.incomplete] == [held]
    assert states(place)[held] == ("held", "part of the ledger is missing: the last sync was incomplete")
    assert documents(place, held) == before[held]
    for business in others:
        assert states(place)[business] == ("current", None)
        assert documents(place, business) != before[business]
    failed = check_results(place, report.run_id)["H40_partial_sync"]
    assert failed["businesses_failed"] == 1 and failed["severity"] == "WARN"
    # What stood as it was is there all the same, and no more than half of the models were built.
    with open_instance(place.settings) as instance:
        made = {event.asset_key: event.step_materialization_data.materialization for event in materializations(instance, report.run_id)}
    assert set(made) == build_definitions(place.settings).resolve_asset_graph().materializable_asset_keys
    standing = {key.path[-1] for key, made_now in made.items() if "built" in made_now.metadata}
    assert {"hygiene_catalogue", "stg_stripe__payouts"} <= standing
    assert not {"stg_qbo__bills", "fct_bills"} & standing


def test_the_scope_of_a_run_reaches_the_sync(place: Place) -> None:
    business = place.businesses[1]
    report = place.run("sync", businesses=[business], strategy="user_action", delivery="webhook")
    assert report.succeeded
    assert {one.rail for one in report.syncs} == set(RAILS)
    sync = next(one for one in report.syncs if one.rail == "qbo")
    assert place.rows(OUTCOMES, [sync.sync_id]) == [(business, "user_action", "webhook", "succeeded")]
    with open_instance(place.settings) as instance:
        run = instance.get_run_by_id(report.run_id)
        assert run is not None and run.tags["dagster/priority"] == "10" and run.tags["rowcol/kind"] == "sync"


# What is left is neither modelled, logged nor shown: of the models alone in tests/dbt/test_deferral.py.
@pytest.mark.soak
def test_a_run_for_one_business_leaves_a_large_load_of_another_to_the_next_cycle(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferral, "LARGE_LOAD_ROWS", 1)
    asked, other, *_ = place.businesses
    logged = "select count(*) from audit.transaction_log where business_id = ? and actor_type = 'rail'"
    place.sandbox.post("touch", share=0.2)
    assert place.run("sync", businesses=[other]).succeeded
    shown, events = documents(place, other), place.rows(logged, [other])
    assert place.run(businesses=[asked]).succeeded
    assert states(place)[asked] == ("current", None)
    assert states(place)[other] == ("held", "more has been read and counts from the next cycle on")
    # What the next cycle makes of it: tests/dbt/test_deferral.py.
    assert (documents(place, other), place.rows(logged, [other])) == (shown, events)


def test_when_no_connection_answers_the_models_are_built_all_the_same_and_the_check_is_an_error(place: Place) -> None:
    with disturbed(place, "all", "dead_token"):
        report = place.run(assets=[["raw_qbo", "bills"], ["raw_control", "connections"], ["staging", "stg_control__connections"]])
    assert report.succeeded and len(report.incomplete) == 3
    assert {row[0] for row in place.rows("select state from staging.stg_control__connections")} == {"disconnected"}
    result = check_results(place, report.run_id)[READ_CHECK]
    assert not result["passed"] and result["severity"] == "ERROR" and result["connections_not_read"] == 3


@pytest.mark.parametrize(
    "key", [["staging", "stg_qbo__bills"], ["marts", "fct_ap_aging"], ["raw_control", "grants"], ["published", "advisors"]]
)
def test_any_asset_can_be_made_alone(place: Place, key: list[str]) -> None:
    report = place.run(assets=[key])
    assert report.succeeded, report.failures
    with open_instance(place.settings) as instance:
        made = [event.asset_key for event in materializations(instance, report.run_id)]
    assert made == [dg.AssetKey(key)]


def test_materializations_say_how_many_rows_there_are_and_show_no_value(place: Place) -> None:
    with open_instance(place.settings) as instance:
        for name in ("raw_qbo/bills", "raw_control/businesses", "marts/fct_bills", "quality/expectation_runs"):
            event = instance.get_latest_materialization_event(dg.AssetKey(name.split("/")))
            assert event is not None and event.asset_materialization is not None
            (counted,) = place.rows(f"select count(*) from {name.replace('/', '.')}")[0]
            assert event.asset_materialization.metadata["dagster/row_count"].value == counted > 0


def test_a_mart_shows_its_picture_where_it_is_materialized(place: Place) -> None:
    with open_instance(place.settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["marts", "fct_hygiene_flag"]))
    assert event is not None and event.asset_materialization is not None
    shown = event.asset_materialization.metadata
    ((flags,),) = place.rows("select count(*) from marts.fct_hygiene_flag where status = 'open'")
    assert shown["open_flags"].value == flags > 0
    assert str(shown["Open flags by severity"].value).startswith("| severity | count |")


def test_a_check_asked_for_alone_runs_alone_and_leaves_the_results_of_the_others(place: Place) -> None:
    asked = dg.AssetCheckKey(dg.AssetKey(["quality", "expectation_failures"]), "H01_open_bill_without_due_date")
    before = dict(place.rows("select check_id, any_value(run_id) from quality.expectation_runs group by 1"))
    cycle = build_definitions(place.settings).resolve_job_def("cycle")
    with open_instance(place.settings) as instance:
        alone = cycle.get_subset(asset_selection=frozenset(), asset_check_selection=frozenset([asked]))
        result = alone.execute_in_process(instance=instance, raise_on_error=False)
    assert result.success
    assert [evaluation.asset_check_key for evaluation in result.get_asset_check_evaluations()] == [asked]
    after = dict(place.rows("select check_id, any_value(run_id) from quality.expectation_runs group by 1"))
    assert {check for check, run in after.items() if run != before[check]} == {"H01"}


def check_results(place: Place, run_id: str) -> dict[str, dict[str, Any]]:
    """The evaluations of a run's checks by name: their metadata, severity and outcome."""
    with open_instance(place.settings) as instance:
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = {}
    for entry in events:
        assert entry.dagster_event is not None
        evaluation: Any = entry.dagster_event.event_specific_data
        metadata = {key: value.value for key, value in evaluation.metadata.items()}
        found[evaluation.check_name] = {**metadata, "severity": evaluation.severity.value, "passed": evaluation.passed}
    return found


def materializations(instance: dg.DagsterInstance, run_id: str) -> list[Any]:
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return [entry.dagster_event for entry in events]
