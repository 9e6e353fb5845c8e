"""One world per test: two advisors, three businesses, one of them read by both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publishing.database import database as database  # a fixture of this folder
from tests.publishing.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """ann reads acme and bolt, bob reads bolt and cog."""
    made = make_world(tmp_path / "home")
    made.add("acme", "bolt", "cog")
    made.grant("ann", "acme", "bolt")
    made.grant("bob", "bolt", "cog")
    yield made
    made.store.close()
