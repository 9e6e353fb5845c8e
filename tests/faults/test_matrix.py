"""Every fault on every rail: what it comes to for the business it strikes, that no other notices, and that nothing is lost or doubled.

On each rail all faults happen at once, each to a business of its own beside one that nothing happens to: in a first walk in
small pages, then in a cycle. There the fault first lasts, and then strikes once more while what it kept away is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from ingestion.registry import RAILS
from ingestion.sync import SyncReport
from sandbox.rails import sandbox_rails
from tests.faults.conftest import Place, Version, connected, open_place, outcomes_of
from tests.faults.matrix import MATRIX, PAGE, Cell, Never, page

# Beside those of the table: a token that ends, and shapes that change, between two pages of a walk.
IN_MID_WALK = {"dead_token": 3, "schema_drift": 2}
NOTHING = "nothing"
# Small, so that a walk has many pages; and an answer is too large before a bomb has grown to what a real one may hold.
SMALL = {
    "rails.qbo.walk.PAGE_ROWS": 40,
    "rails.qbo.walk.STEP_BACK_ROWS": 5,
    "rails.ramp.walk.PAGE_SIZE": 20,
    "rails.plaid.transactions.PAGE_ROWS": 40,
    "rails.stripe.listings.PAGE_OBJECTS": 10,
    "exchange.LARGEST_ANSWER_BYTES": 4 << 20,
}

RunOf = Callable[[str], "RailRun"]


@dataclass
class Phase:
    """What came of all faults of one phase: while they last, and when they strike once more."""

    lasting: SyncReport
    states: dict[str, set[str]]
    kept: set[str]
    once: SyncReport
    states_after: dict[str, set[str]]
    kept_after: set[str]
    left_to_strike: dict[str, int]


@dataclass
class RailRun:
    """What a rail's run came to. who: the business that met a case. with_clock_off: syncs under a clock that is off.

    known, served: versions in the end. heads: what exists then, heads_anew: to a home that reads everything then.
    """

    who: dict[str, str]
    walk: Phase
    cycle: Phase
    with_clock_off: list[SyncReport]
    known: tuple[set[Version], set[Version]]
    served: tuple[set[Version], set[Version]]
    heads: set[Version]
    heads_anew: set[Version]


def cells(rail: str) -> dict[str, Cell]:
    return {kind: cell for kind, rails in MATRIX.items() if isinstance(cell := rails[rail], Cell)}


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunOf]:
    """The run of a rail, made when it is first asked for."""
    made: dict[str, RailRun] = {}

    def opening(rail: str) -> RailRun:
        if rail not in made:
            with ExitStack() as stack:
                names = [NOTHING, *cells(rail), *(f"{kind} in mid-walk" for kind in IN_MID_WALK)]
                place = open_place(stack, tmp_path_factory.mktemp(f"faults-{rail}"), rail, len(names))
                made[rail] = _run(stack, place, dict(zip(names, place.businesses, strict=True)))
        return made[rail]

    yield opening


def _run(stack: ExitStack, place: Place, who: dict[str, str]) -> RailRun:
    table = cells(place.rail)
    late = {f"{kind} in mid-walk": (kind, after) for kind, after in IN_MID_WALK.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, size in SMALL.items():
            patch.setattr(f"ingestion.{name}", size)
        walk = _phase(place, who, {name: (name, 0) for name in table} | late, table)
    place.sandbox.post("advance", days=1)
    cycle = _phase(place, who, {name: (name, 0) for name, cell in table.items() if not cell.in_walk}, table)
    off = []
    for minutes in (10, -10):
        place.sandbox.post("advance", minutes=700)
        # The second as once a day, when what no list tells is looked for.
        off.append(place.sync(clock_off=timedelta(minutes=minutes), count_check=minutes < 0))
    known, served = place.raw(), place.served()
    anew = connected(stack, place.settings.home.with_name("anew"), place.rail, place.sandbox)
    assert not anew.sync().failed
    return RailRun(who, walk, cycle, off, known, served, place.heads(), anew.heads())


def _phase(place: Place, who: dict[str, str], cases: dict[str, tuple[str, int]], table: dict[str, Cell]) -> Phase:
    for name, (kind, after) in cases.items():
        place.fault(who[name], kind, after=after)
    lasting, states, kept = place.sync(), place.states(), place.kept_pages()
    place.fault("all", "clear")
    for name, (kind, _) in cases.items():
        if table[kind].once:
            place.fault(who[name], kind, count=1)
    once, states_after, kept_after = place.sync(count_check=True), place.states(), place.kept_pages()
    left = {name: place.fault(who[name], "clear")["cleared"] for name in cases}
    return Phase(lasting, states, kept, once, states_after, kept_after, left)


def test_the_table_says_of_each_fault_and_rail_what_the_sandbox_can_show() -> None:
    assert all(set(rails) == set(RAILS) for rails in MATRIX.values())
    for name, rail in sandbox_rails().items():
        assert set(cells(name)) == set(rail.faults)
    assert all(cell.why for rails in MATRIX.values() for cell in rails.values() if isinstance(cell, Never))


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == page(), "python -m tests.faults.matrix writes it"


# Cases of one rail share a run, so they are judged in one process.
EACH_RAIL = [pytest.param(rail, marks=pytest.mark.xdist_group(f"faults-{rail}")) for rail in RAILS]
EACH_CELL = [
    pytest.param(rail, kind, id=f"{rail}-{kind}", marks=pytest.mark.xdist_group(f"faults-{rail}")) for rail in RAILS for kind in cells(rail)
]


@pytest.mark.parametrize(("rail", "kind"), EACH_CELL)
def test_a_fault_comes_to_what_the_table_says(run_of: RunOf, rail: str, kind: str) -> None:
    run, cell = run_of(rail), cells(rail)[kind]
    business = run.who[kind]
    for phase in (run.walk,) if cell.in_walk else (run.walk, run.cycle):
        outcomes = outcomes_of(phase.lasting, business)
        told = {(outcome.status, outcome.error_kind) for outcome in outcomes}
        wanted = (cell.status, cell.reason) if cell.reason else ("succeeded", None)
        # Of several bank logins one may have nothing that the fault could strike.
        assert wanted in told and told <= {wanted, ("succeeded", None)}, [outcome.error for outcome in outcomes]
        assert (cell.state if cell.reason else "healthy") in phase.states[business]
        assert (business in phase.kept, business in phase.kept_after) == (cell.is_kept, False)
        assert _errors(phase.once, business) == []
        assert phase.left_to_strike[kind] == 0, "the fault did strike"
        assert phase.states_after[business] == {"healthy"}


@pytest.mark.parametrize("rail", EACH_RAIL)
def test_whoever_is_not_struck_does_not_notice(run_of: RunOf, rail: str) -> None:
    run = run_of(rail)
    for report in (run.walk.lasting, run.walk.once, run.cycle.lasting, run.cycle.once):
        unstruck = outcomes_of(report, run.who[NOTHING])
        assert unstruck
        for outcome in unstruck:
            assert (outcome.status, outcome.error_kind, outcome.retries) == ("succeeded", None, 0)


@pytest.mark.parametrize("rail", EACH_RAIL)
def test_afterwards_the_change_log_is_what_was_served_with_nothing_lost_or_doubled(run_of: RunOf, rail: str) -> None:
    run = run_of(rail)
    # Versions the vendor sent to the other home alone are not among them.
    assert run.known[0] == run.served[0]
    assert {version[:3] for version in run.known[1]} >= {version[:3] for version in run.served[1]}


@pytest.mark.parametrize("rail", EACH_RAIL)
def test_afterwards_it_knows_what_a_home_knows_that_reads_everything_then(run_of: RunOf, rail: str) -> None:
    run = run_of(rail)
    # What was served in another shape stays so until it changes.
    drifted = {business for name, business in run.who.items() if name.startswith("schema_drift")}
    assert {head for head in run.heads if head[0] not in drifted} == {head for head in run.heads_anew if head[0] not in drifted}
    assert {head[:3] for head in run.heads} == {head[:3] for head in run.heads_anew}


@pytest.mark.parametrize("rail", EACH_RAIL)
def test_what_ends_or_changes_between_two_pages_costs_nothing_either(run_of: RunOf, rail: str) -> None:
    run = run_of(rail)
    dead = outcomes_of(run.walk.lasting, run.who["dead_token in mid-walk"])
    assert {outcome.error_kind for outcome in dead} - {None} == {cells(rail)["dead_token"].reason}
    assert sum(outcome.requests for outcome in dead) >= 3, "something was read before"
    assert _errors(run.walk.lasting, run.who["schema_drift in mid-walk"]) == []
    assert _errors(run.walk.once, run.who["dead_token in mid-walk"]) == []


@pytest.mark.parametrize("rail", EACH_RAIL)
def test_a_clock_that_is_ten_minutes_off_loses_nothing_and_locks_nobody_out(run_of: RunOf, rail: str) -> None:
    for report in run_of(rail).with_clock_off:
        assert not report.failed, [outcome.error for outcome in report.failed]


def _errors(report: SyncReport, business: str) -> list[str | None]:
    return [outcome.error for outcome in outcomes_of(report, business) if outcome.status in ("failed", "partial")]
