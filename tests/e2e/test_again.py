"""Doing it again: a second cycle, two at once, a warehouse made again, a replay of the past: all come to the same figures."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from pathlib import Path

import pytest

from ingestion import warehouse
from ingestion.strategies import Strategy
from rowcol_assets.cli.main import main
from tests.e2e.machine import Machine

EVENTS = "select business_id, count(*) from audit.transaction_log group by business_id order by business_id"
# When the home `base` has its cycle.
FIRST = "2026-09-22T16:00:00Z"


# Two loads at once are tried at random in tests/changelog, and how a run waits for another in tests/dagster/test_runs.py.
@pytest.mark.soak
def test_two_cycles_at_once_over_an_unchanged_source_change_nothing(later_copy: Machine) -> None:
    before = sorted(later_copy.raw()), later_copy.marts(), later_copy.published(), _generations(later_copy), later_copy.query(EVENTS)
    running = [later_copy.begin("run"), later_copy.begin("run")]
    ends = [(process, *process.communicate(timeout=1200)) for process in running]
    codes = sorted(process.returncode for process, _, _ in ends)
    assert codes in ([0, 0], [0, 3]), [told for _, *told in ends]
    assert all("held by process" in errors for process, _, errors in ends if process.returncode == 3)
    after = sorted(later_copy.raw()), later_copy.marts(), later_copy.published(), _generations(later_copy), later_copy.query(EVENTS)
    assert after == before


@pytest.mark.parametrize("way", ["rebuild", pytest.param("run", marks=pytest.mark.soak)])
def test_a_lost_warehouse_comes_back_with_equal_marts(later_copy: Machine, way: str) -> None:
    days = later_copy.query("select distinct as_of_date from marts.fct_runway_daily")
    assert len(days) == 2, "a closed day and today"
    before = later_copy.marts()
    published = later_copy.published(), _generations(later_copy)
    (later_copy.home / "warehouse.duckdb").unlink()
    (told,) = json.loads(later_copy.succeed(way, "--json"))
    if way == "rebuild":
        assert (told["path"], told["versions"] > 0) == (str(later_copy.home / "warehouse.duckdb"), True)
    assert later_copy.marts() == before
    assert (later_copy.published(), _generations(later_copy)) == published


@pytest.mark.parametrize("cycle", [pytest.param("first", marks=pytest.mark.soak), "second"])
def test_a_replay_of_what_was_known_and_set_equals_the_marts_of_that_time_and_touches_nothing(
    base: Path, later_copy: Machine, cycle: str
) -> None:
    known_at = FIRST if cycle == "first" else f"{later_copy.now():%Y-%m-%dT%H:%M:%SZ}"
    then = Machine(base, later_copy.sandbox).marts() if cycle == "first" else later_copy.marts()
    later_copy.sandbox.post("advance", days=1)
    later_copy.sandbox.post("touch", share=0.05)
    later_copy.succeed("sync")
    later_copy.succeed("settings", later_copy.businesses[0], "--min-cash", "123456.00", "--tax-reserve", "777.00")
    before = _files(later_copy, "warehouse.duckdb", "published", "history", "raw")
    [replay] = json.loads(later_copy.succeed("run", "--known-at", known_at, "--json"))
    assert _files(later_copy, "warehouse.duckdb", "published", "history", "raw") == before
    replayed = later_copy.marts(Path(replay["path"]))
    assert {name for name in then if replayed[name] != then[name]} == set()


def test_a_held_warehouse_is_waited_for_and_then_named(
    copy: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(warehouse, "DEFAULT_WAIT_SECONDS", 0.2)
    monkeypatch.setattr("rowcol_assets.steps.WITHDRAWING_WAIT_SECONDS", 0.2)
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: copy.settings)
    # This process goes on with other tests.
    monkeypatch.setattr(Strategy, "give_way", lambda strategy: None)
    umask = os.umask(0o077)
    before = sorted(copy.raw())
    try:
        with (copy.home / "warehouse.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(json.dumps({"pid": 4711, "purpose": "a long look", "since": "2026-09-22T16:00:00Z"}))
            lock.flush()
            for command in (["portfolio"], ["sync"], ["rebuild"], ["run"]):
                with pytest.raises(SystemExit) as end:
                    main(command)
                told = capsys.readouterr().err
                assert (end.value.code, told.count("\n")) == (3, 1), (command, told)
                assert told.count("process 4711 (a long look") == 1, "each reason once, however many rails it stopped"
                assert "Traceback" not in told
    finally:
        os.umask(umask)
    assert sorted(copy.raw()) == before


def _generations(made: Machine) -> dict[str, str]:
    return {link.name: link.resolve().name for link in (made.home / "published").iterdir() if link.is_symlink()}


def _files(made: Machine, *names: str) -> dict[str, str]:
    paths = [path for name in names for path in ((made.home / name), *(made.home / name).rglob("*")) if path.is_file()]
    return {str(path.relative_to(made.home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
