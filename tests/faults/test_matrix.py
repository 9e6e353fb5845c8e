"""Every fault on every rail: what it comes to for the business it strikes, that no other notices, and that nothing is lost or doubled.

The fault first lasts, and then strikes once more while what it kept away is read.
"""

from __future__ import annotations

import pytest

from ingestion.registry import RAILS
from sandbox.rails import sandbox_rails
from tests.faults.conftest import OpenPlace, Place, outcomes_of, small_pages
from tests.faults.matrix import MATRIX, PAGE, Cell, Never, page

CELLS = [(rail, kind, cell) for kind, cells in MATRIX.items() for rail, cell in cells.items() if isinstance(cell, Cell)]


def _cells(in_walk: bool) -> list[object]:
    # Tests of one rail share a home, so they run in one process.
    return [
        pytest.param(rail, kind, cell, id=f"{rail}-{kind}", marks=pytest.mark.xdist_group(f"faults-{rail}"))
        for rail, kind, cell in CELLS
        if cell.in_walk == in_walk
    ]


def test_the_table_says_of_each_fault_and_rail_what_the_sandbox_can_show() -> None:
    rails = sandbox_rails()
    assert {kind: set(cells) for kind, cells in MATRIX.items()} == {kind: set(RAILS) for kind in MATRIX}
    for name, rail in rails.items():
        assert {kind for kind, cells in MATRIX.items() if isinstance(cells[name], Cell)} == set(rail.faults)
    assert all(cell.why for cells in MATRIX.values() for cell in cells.values() if isinstance(cell, Never))


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == page(), "python -m tests.faults.matrix writes it"


@pytest.mark.parametrize(("rail", "kind", "cell"), _cells(in_walk=False))
def test_a_fault_in_a_cycle(place_of: OpenPlace, rail: str, kind: str, cell: Cell) -> None:
    place = place_of(rail)
    place.sandbox.post("advance", days=1)
    place.fault(rail, kind)
    _assert_outcome(place, rail, cell)
    place.fault(rail, "clear")
    _assert_made_up_for(place, rail, kind, cell)


@pytest.mark.parametrize(("rail", "kind", "cell"), _cells(in_walk=True))
def test_a_fault_in_a_first_walk(new_place: OpenPlace, rail: str, kind: str, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)
    place = new_place(rail)
    place.fault(rail, kind)
    _assert_outcome(place, rail, cell)
    place.fault(rail, "clear")
    _assert_made_up_for(place, rail, kind, cell)


def _assert_outcome(place: Place, rail: str, cell: Cell) -> None:
    """The broken business's connections come to what the table says, and nobody else's to anything."""
    kept = _kept_pages(place)
    report = place.sync(rail)
    for outcome in report.outcomes:
        if outcome.business_id != place.broken:
            assert (outcome.status, outcome.error_kind, outcome.retries) == ("succeeded", None, 0)
    told = [(outcome.status, outcome.error_kind) for outcome in outcomes_of(report, place.broken)]
    wanted = (cell.status, cell.reason) if cell.reason else ("succeeded", None)
    assert wanted in told and set(told) <= {wanted, ("succeeded", None)}, [outcome.error for outcome in outcomes_of(report, place.broken)]
    states = {one.state for one in place.store.connections(rail) if one.business_id == place.broken}
    assert (cell.state if cell.reason else "healthy") in states
    assert {one.state for one in place.store.connections(rail) if one.business_id != place.broken} == {"healthy"}
    assert (_kept_pages(place) > kept) == cell.is_kept


def _assert_made_up_for(place: Place, rail: str, kind: str, cell: Cell) -> None:
    """The next sync brings all that is missing, also when the fault strikes once more; the one after it brings nothing."""
    if cell.once:
        place.fault(rail, kind, count=1)
    report = place.sync(rail, count_check=True)
    assert not report.failed, [(outcome.error_kind, outcome.error) for outcome in report.failed]
    place.fault(rail, "clear")
    assert not place.sync(rail, count_check=True).failed
    place.assert_whole(rail)
    assert {one.state for one in place.store.connections(rail)} == {"healthy"}


def _kept_pages(place: Place) -> int:
    return sum(path.is_file() for path in place.settings.quarantine_dir.rglob("*"))
