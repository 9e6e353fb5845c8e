"""The change log against a list in memory, through crashes, lost folders and concurrent runs.

Each sequence serves pages of one entity (new states, repeats, older states, duplicates within a page, deletions) in
child processes that are killed at named points and at arbitrary moments, with the dlt folder or the warehouse
deleted in between. Whatever happened, the versions known afterwards are those served, each once.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections import Counter
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Literal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.changelog.served import Oracle, Served, serve
from tests.forked.processes import forking

Accident = (
    Literal["none", "after_fetch", "mid_load", "after_load", "at_once", "lose_dlt", "lose_warehouse", "lose_both", "second_run"] | float
)

UNFINISHED = "from raw_toy.things anti join (from raw_toy._dlt_loads where status = 0) as loads on _dlt_load_id = loads.load_id"

records = st.sampled_from(["1", "2", "3"])
page = st.lists(st.builds(Served, records, st.integers(0, 4), st.sampled_from(["A", "B", ""])), min_size=1, max_size=5)
accident = st.one_of(
    st.sampled_from(["none", "none", "after_fetch", "mid_load", "after_load", "lose_dlt", "lose_warehouse", "lose_both", "second_run"]),
    st.floats(0.0, 0.6),
)
sequence = st.lists(st.tuples(page, accident), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """A process factory that has dlt and DuckDB imported already, so that a child costs milliseconds."""
    return forking()


def run_sequence(steps: list[tuple[list[Served], Accident]], processes: ForkServerContext) -> None:
    oracle = Oracle()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for number, (served, what) in enumerate(steps):
            oracle.see(served)
            if what in ("lose_dlt", "lose_both"):
                shutil.rmtree(home / "dlt", ignore_errors=True)
            if what in ("lose_warehouse", "lose_both"):
                for file in home.glob("warehouse.duckdb*"):
                    file.unlink()
            if isinstance(what, float):
                _killed_after(processes, what, home, f"{number}-a", served)
            elif what in ("after_fetch", "mid_load", "after_load"):
                child = _start(processes, home, f"{number}-a", served, what)
                child.join()
                assert child.exitcode in (-signal.SIGKILL, 0), "the fail point ended the process some other way"
                assert child.exitcode == -signal.SIGKILL or what == "mid_load"
            elif what == "second_run":
                both = [_start(processes, home, f"{number}-{run}", served, None) for run in "ab"]
                for child in both:
                    child.join()
                assert [child.exitcode for child in both] == [0, 0]
            last = _start(processes, home, f"{number}-z", served, None)
            last.join()
            assert last.exitcode == 0
        _assert_equal(home, oracle)


def _start(processes: ForkServerContext, home: Path, sync_id: str, served: list[Served], fail_at: str | None) -> ForkServerProcess:
    child = processes.Process(target=serve, args=(home, sync_id, served, fail_at))
    child.start()
    return child


def _killed_after(processes: ForkServerContext, seconds: float, home: Path, sync_id: str, served: list[Served]) -> None:
    child = _start(processes, home, sync_id, served, None)
    child.join(timeout=seconds)
    child.kill()
    child.join()


def _assert_equal(home: Path, oracle: Oracle) -> None:
    expected = Counter((record, stamp, content) for record, versions in oracle.versions.items() for stamp, content in versions)
    columns = "record_id, epoch(source_updated_at - timestamptz '2026-01-01 00:00:00+00')::int // 60, coalesce(payload->>'v', '')"
    segments = str(home / "raw" / "toy" / "things" / "*.parquet")
    with duckdb.connect(str(home / "warehouse.duckdb")) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'")
        assert Counter(warehouse.execute(f"select {columns} from raw_toy.things").fetchall()) == expected
        assert Counter(warehouse.execute(f"select {columns} from read_parquet('{segments}')").fetchall()) == expected
        keys = warehouse.execute("select count(*), count(distinct change_id) from raw_toy.things").fetchone()
        assert keys is not None and keys[0] == keys[1]
        assert warehouse.execute(UNFINISHED).fetchall() == [], "mirrors never read what no finished load brought"
        heads = warehouse.execute(
            f"""select {columns} from raw_toy.things
            qualify row_number() over (partition by record_id order by source_updated_at desc, observed_at desc, version_no desc) = 1"""
        ).fetchall()
    assert {record: (stamp, content) for record, stamp, content in heads} == {record: oracle.head(record) for record in oracle.versions}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=sequence)
def test_every_version_served_is_known_once(steps: list[tuple[list[Served], Accident]], processes: ForkServerContext) -> None:
    run_sequence(steps, processes)


@pytest.mark.soak
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=sequence)
def test_every_version_served_is_known_once_in_200_sequences(
    steps: list[tuple[list[Served], Accident]], processes: ForkServerContext
) -> None:
    run_sequence(steps, processes)
