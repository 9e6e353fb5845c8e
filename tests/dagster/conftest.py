"""One sandbox and one home with a finished cycle for the whole folder; tests that change it work on a copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from rowcol_assets.code_location import build_definitions
from sandbox.server import start
from tests.dagster.place import Place, home_settings, onboard_all


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Three businesses after their first cycle; not to be changed."""
    folder = tmp_path_factory.mktemp("dagster")
    with start(folder / "world", seed=7, businesses=3) as sandbox:
        place = onboard_all(home_settings(folder / "home"), sandbox)
        report = place.run()
        assert report.succeeded, report.failures
        yield place


@pytest.fixture
def place(finished: Place, tmp_path: Path) -> Place:
    """A copy of the finished home."""
    return finished.copy(tmp_path / "home")


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The code location over a home that was never used."""
    return build_definitions(home_settings(tmp_path_factory.mktemp("unused") / "home"))
