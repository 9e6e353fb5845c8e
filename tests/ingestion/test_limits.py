"""Vendors' limits are kept, across processes, and are left aside for this machine alone."""

from __future__ import annotations

import pytest

from ingestion.settings import Settings


@pytest.mark.parametrize(
    ("setting", "base_url", "kept"),
    [
        ("on", "http://127.0.0.1:9001", True),
        ("off", "http://127.0.0.1:9001", False),
        ("off", "http://localhost:9001/", False),
        ("off", "http://[::1]:9001", False),
        ("off", "https://api.ramp.com", True),
        ("off", "https://127.0.0.1.example.com", True),
    ],
)
def test_limits_are_left_aside_for_this_machine_alone(setting: str, base_url: str, kept: bool) -> None:
    assert Settings(rail_limits=setting).keeps_limits_of(base_url) is kept
