"""kill -9 at any moment of a cycle, then the next cycle: the same as if nothing had happened, and readers never notice.

Each kill costs a cycle, so all are in the soak. In `make test` each part is killed alone: a sync at each of its points
(`test_change_log`), what seals the log (`tests/audit/test_log.py`), a publisher beside a reader (`tests/publishing/test_crashes.py`),
a run of Dagster's (`tests/dagster/test_runs.py`).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from ingestion.registry import RAILS
from tests.e2e.homes import pass_days
from tests.e2e.machine import Machine, machine
from tests.e2e.readers import polling

# Longer than a cycle takes on a busy machine; a cycle that was not killed by then was killed after its end, which also counts.
CYCLE_SECONDS = 20.0


@pytest.mark.soak
@pytest.mark.parametrize("points", [("mid_publish",), ("mid_models", "after_models", "before_swap")], ids=" ".join)
def test_a_cycle_killed_at_points_of_its_models_and_publishing_ends_like_an_undisturbed_one(
    copy: Machine, later: Path, points: tuple[str, ...]
) -> None:
    pass_days(copy)
    with polling(copy.home / "published") as readings:
        for point in points:
            copy.die(point, "run")
            assert all(len(seen) == 1 for seen in readings.generations.values()), "a killed run has published"
        copy.succeed("run")
    readings.assert_sound()
    assert_like_undisturbed(copy, later)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(34))
def test_cycles_killed_at_any_time_end_like_an_undisturbed_one(base: Path, later: Path, tmp_path: Path, seed: int) -> None:
    with machine(tmp_path / "machine", copy_of=base) as made:
        kill_at_random_times(made, later, seed=seed, kills=6)


@pytest.mark.soak
def test_a_cycle_over_four_rails_killed_at_each_of_its_steps_ends_like_an_undisturbed_one(
    all_rails: Path, all_rails_later: Path, tmp_path: Path
) -> None:
    with machine(tmp_path / "machine", copy_of=all_rails, businesses=2) as made:
        pass_days(made)
        for point in ("after_fetch", "after_load", "mid_models", "after_models", "after_log"):
            made.die(point, "run")
        made.succeed("run")
        undisturbed = Machine(all_rails_later, made.sandbox)
        assert made.unread() == set()
        for rail in RAILS:
            assert sorted(made.raw(rail)) == sorted(undisturbed.raw(rail)), rail
        assert made.marts() == undisturbed.marts()
        assert made.published() == undisturbed.published()
        made.succeed("verify-log")


def kill_at_random_times(made: Machine, later: Path, seed: int, kills: int) -> None:
    dice = random.Random(seed)
    pass_days(made)
    with polling(made.home / "published") as readings:
        for _ in range(kills):
            after = dice.uniform(0.5, CYCLE_SECONDS)
            process = made.begin("run")
            try:
                process.communicate(timeout=after)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.communicate()
            print(f"seed {seed}: killed after {after:.2f} s, exit code {process.returncode}")  # noqa: T201 - a failing seed is the report
        made.succeed("run")
    readings.assert_sound()
    assert_like_undisturbed(made, later)


def assert_like_undisturbed(made: Machine, later: Path) -> None:
    undisturbed = Machine(later, made.sandbox)
    made.assert_change_log_is_whole()
    assert sorted(made.raw()) == sorted(undisturbed.raw())
    assert made.marts() == undisturbed.marts()
    assert made.published() == undisturbed.published()
    assert not list((made.home / "published" / ".generations").glob("*/*.building")), "left behind"
