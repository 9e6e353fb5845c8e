"""One sandbox and one home with a finished cycle for the whole folder; tests that change it work on a copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from rowcol_assets.code_location import build_definitions
from tests.dagster.arriving import Daemon
from tests.dagster.place import ADVISOR, Place, home_settings
from tests.e2e.homes import base
from tests.e2e.machine import machine

__all__ = ["base"]


@pytest.fixture(scope="session")
def finished(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Three businesses of one advisor after their first cycle; not to be changed."""
    with machine(tmp_path_factory.mktemp("dagster") / "machine", copy_of=base) as made:
        place = Place(home_settings(made.home), made.sandbox)
        with place.store() as store:
            for business in place.businesses:
                store.grant(ADVISOR, business, "owner", made.now())
        report = place.run(assets=[["published", "advisors"]])
        assert report.succeeded, report.failures
        yield place


@pytest.fixture
def place(finished: Place, tmp_path: Path) -> Place:
    """A copy of the finished home."""
    return finished.copy(tmp_path / "home")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """The sensors of what arrives, over a home with two businesses."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Daemon(tmp_path / "home", instance)


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The code location over a home that was never used."""
    return build_definitions(home_settings(tmp_path_factory.mktemp("unused") / "home"))
