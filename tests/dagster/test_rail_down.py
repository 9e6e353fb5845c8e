"""A rail that is down for one business: its other rails flow, what the dead one said last stays and is marked, nobody else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store
from ingestion.registry import RAILS
from rowcol_assets.cycle import JobReport
from sandbox.server import start
from tests.dagster.place import Place, home_settings, onboard_all

pytestmark = pytest.mark.xdist_group("dagster-home")

MIRRORS = {"ramp": ("stg_ramp__bills", "stg_ramp__transactions"), "plaid": ("stg_plaid__balances", "stg_plaid__transactions")}
KNOWN = ("stg_qbo__bills", *(mirror for mirrors in MIRRORS.values() for mirror in mirrors))
RAW = [[f"raw_{rail}", entity.name] for rail, promise in RAILS.items() for entity in promise.entities]
FAULTS = {"ramp": "dead_token", "plaid": "item_login_required"}


@dataclass(frozen=True)
class DayAfter:
    """A home after a cycle, a day and a minute after it was first read.

    victims: the business of each rail that is down; first: what was known before.
    """

    place: Place
    victims: dict[str, str]
    bystander: str
    report: JobReport
    first: dict[str, Any]


@pytest.fixture(scope="module")
def day_after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DayAfter]:
    """Three businesses on all rails; Ramp is down for one and the banks of another, for as long as it takes to be stale."""
    folder = tmp_path_factory.mktemp("rail-down")
    with start(folder / "world", seed=7, businesses=3) as sandbox:
        place = onboard_all(home_settings(folder / "home"), sandbox)
        with open_store(place.settings) as store:
            for entry in sandbox.others:
                told = {key: entry[key] for key in ("base_url", "auth_url")}
                onboard(place.settings, store, entry["business_id"], entry["rail"], entry["credentials"], **told)
        # Of the first day nothing but what the rails said is asked.
        assert not place.run(assets=[*RAW, ["seeds", "currency_exponents"], *(["staging", mirror] for mirror in KNOWN)]).incomplete
        *few, bystander = place.businesses
        victims = dict(zip(FAULTS, few, strict=True))
        first = {rail: said_by(place, rail, business) for rail, business in victims.items()}
        first |= {business: ledger(place, business) for business in place.businesses}
        for rail, business in victims.items():
            sandbox.post("fault", rail=rail, business=business, kind=FAULTS[rail])
        sandbox.post("advance", days=1)
        sandbox.post("touch", share=0.2)
        yield DayAfter(place, victims, bystander, place.run(), first)


def said_by(place: Place, rail: str, business: str) -> list[list[tuple[Any, ...]]]:
    """All that the mirrors hold of what a rail says of a business."""
    return [place.rows(f"select * from staging.{mirror} where business_id = ? order by all", [business]) for mirror in MIRRORS[rail]]


def ledger(place: Place, business: str) -> Any:
    """When the newest of the bills that are known was changed in the ledger."""
    return place.rows("select max(source_updated_at) from staging.stg_qbo__bills where business_id = ?", [business])[0][0]


def portfolio(place: Place, business: str, columns: str) -> tuple[Any, ...]:
    """Columns of a business's row of the portfolio."""
    return place.rows(f"select {columns} from experiences.portfolio where business_id = ?", [business])[0]


@pytest.mark.parametrize("rail", FAULTS)
def test_the_other_rails_move_on_and_the_last_good_data_of_the_dead_one_stays(day_after: DayAfter, rail: str) -> None:
    place, victim = day_after.place, day_after.victims[rail]
    assert day_after.report.succeeded, "a client's rail fails no step"
    assert {one.rail: one.business_id for one in day_after.report.incomplete} == day_after.victims
    assert ledger(place, victim) > day_after.first[victim]
    found = said_by(place, rail, victim)
    assert found == day_after.first[rail] and all(found)


@pytest.mark.parametrize("rail", FAULTS)
def test_the_dead_rail_is_named_with_its_age_and_only_where_it_counts(day_after: DayAfter, rail: str) -> None:
    place, victim = day_after.place, day_after.victims[rail]
    health = "select min(last_success_at) from marts.fct_connection_health where business_id = ? and rail = ? and state != 'healthy'"
    ((last_success_at,),) = place.rows(health, [victim, rail])
    degraded, age, as_of, state = portfolio(place, victim, "degraded_rails, max_input_age_minutes, as_of, freshness_state")
    assert (degraded, state) == (rail, "stale")
    assert age == (as_of - last_success_at) // timedelta(minutes=1) > 1440
    assert portfolio(place, day_after.bystander, "degraded_rails, freshness_state") == ("", "fresh")
    marked = dict(place.rows("select distinct rails_used, degraded_rails from marts.fct_bills where business_id = ?", [victim]))
    assert marked == {"qbo": "", "qbo,ramp": "ramp" if rail == "ramp" else ""}


def test_cash_falls_back_to_the_ledger_where_the_banks_are_down(day_after: DayAfter) -> None:
    place = day_after.place
    sources = {business: portfolio(place, business, "cash_source")[0] for business in place.businesses}
    assert sources == {business: "qbo" if business == day_after.victims["plaid"] else "plaid" for business in place.businesses}


# A quiet cycle costs 20 s of a processor; that each version is logged once is asked in tests/audit/test_writer.py.
@pytest.mark.soak
def test_a_further_cycle_over_rails_that_say_nothing_new_logs_nothing_and_links_alike(day_after: DayAfter) -> None:
    place = day_after.place
    links = [f"from marts.{mart} order by all" for mart in ("vendor_map", "customer_map", "fct_match", "bill_map", "fct_exception")]

    def state() -> list[list[tuple[Any, ...]]]:
        return [
            place.rows("select count(*) from audit.transaction_log where business_id != ':home'"),
            *(place.rows(query) for query in links),
        ]

    before = state()
    assert all(before)
    assert place.run().succeeded
    assert state() == before
