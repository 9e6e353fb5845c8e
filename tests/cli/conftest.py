"""A home for each test of this folder that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a home can be made; nothing is there yet."""
    return tmp_path / "home"
