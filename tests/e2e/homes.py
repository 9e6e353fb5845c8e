"""Homes that are dear to make (a cycle costs 25 s of CPU) and therefore made once per test run and copied by each test."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestion.registry import RAILS
from tests.e2e.hostile import ZONES, Written, write_hostile
from tests.e2e.machine import Machine, machine

REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")
COMPANY = "company_craig_2026"
# One cycle serves all tests of recorded companies, so they stay with one worker.
RECORDED_GROUP = "recorded"
# What each of five businesses meets in its first cycle; the first meets nothing.
TROUBLES = ("", "dead_token", "server_error", "torn_json", "html_error")


@dataclass(frozen=True)
class Recorded:
    """A machine whose sandbox serves recorded companies; hostile: which record of those holds what."""

    machine: Machine
    hostile: Written


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sandbox businesses, two of them ann's and one bob's, after one `rowcol run`. To be copied, not used."""

    def build(folder: Path) -> None:
        with machine(folder) as made:
            made.connect(grants={"ann": made.businesses[:2], "bob": made.businesses[2:]})
            made.succeed("run")

    return _once(tmp_path_factory, "base", build)


@pytest.fixture(scope="session")
def later(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same three days on, with edits, after a second `rowcol run`. To be copied, not used."""

    def build(folder: Path) -> None:
        with machine(folder, copy_of=base) as made:
            pass_days(made)
            made.succeed("run")

    return _once(tmp_path_factory, "later", build)


@pytest.fixture(scope="session")
def all_rails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sandbox businesses of ann's on all four rails, after one `rowcol run`. To be copied, not used."""

    def build(folder: Path) -> None:
        with machine(folder, businesses=2) as made:
            made.connect(grants={"ann": made.businesses}, rails=tuple(RAILS))
            made.succeed("run")

    return _once(tmp_path_factory, "all-rails", build)


@pytest.fixture(scope="session")
def all_rails_later(all_rails: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same three days on, with edits, after a second `rowcol run`. To be copied, not used."""

    def build(folder: Path) -> None:
        with machine(folder, copy_of=all_rails, businesses=2) as made:
            pass_days(made)
            made.succeed("run")

    return _once(tmp_path_factory, "all-rails-later", build)


@pytest.fixture(scope="session")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five businesses of ann's, four of them broken in different ways, after one `rowcol run`; run.json is what that said."""

    def build(folder: Path) -> None:
        with machine(folder, seed=11, businesses=len(TROUBLES)) as made:
            made.connect(grants={"ann": made.businesses})
            for business, kind in zip(made.businesses, TROUBLES, strict=True):
                if kind:
                    made.sandbox.post("fault", rail="qbo", business=business, kind=kind)
            done = made.rowcol("run")
            told = {"code": done.returncode, "output": done.stdout, "errors": done.stderr}
            (folder / "run.json").write_text(json.dumps(told))

    return _once(tmp_path_factory, "troubled", build)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Hostile companies of ann's and, where there is reference data, a real one of bob's, after one `rowcol run`."""
    folder = tmp_path_factory.mktemp("recorded")
    hostile = write_hostile(folder / "recordings")
    if REFERENCE:
        shutil.copytree(recordings() / COMPANY, folder / "recordings" / COMPANY)
    with machine(folder / "machine", recorded=folder / "recordings") as made:
        grants = {"ann": [business for business in made.businesses if business != COMPANY], "bob": [COMPANY]}
        made.connect(grants=grants if REFERENCE else {"ann": grants["ann"]}, timezones=ZONES)
        made.succeed("run")
        yield Recorded(made, hostile)


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine of this test's own, as `base` left it."""
    with machine(tmp_path / "machine", copy_of=base) as made:
        yield made


@pytest.fixture
def later_copy(later: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine of this test's own, as `later` left it."""
    with machine(tmp_path / "machine", copy_of=later) as made:
        yield made


@pytest.fixture
def troubled_copy(troubled: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine of this test's own, as `troubled` left it, faults included."""
    with machine(tmp_path / "machine", copy_of=troubled, seed=11, businesses=len(TROUBLES)) as made:
        yield made


def pass_days(made: Machine) -> None:
    """What lies between `base` and `later`."""
    made.sandbox.post("advance", days=3)
    made.sandbox.post("touch", share=0.05)


def _once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """Builds `name` once for all workers of this test run."""
    shared = factory.getbasetemp()
    if shared.name.startswith("popen-"):
        shared = shared.parent
    folder = shared / f"e2e-{name}"
    with (shared / f"e2e-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            build(folder)
            (folder / "ready").touch()
    return folder


def recordings() -> Path:
    """The reference data's recorded companies."""
    return Path(str(REFERENCE)) / "rails" / "data" / "quickbooks" / "recorded"
