"""Ten minutes of cycles with BI readers beside them, while grants come and go: no reader's error, nothing of others in any byte."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.e2e.homes import pass_days
from tests.e2e.machine import machine, open_file
from tests.publishing.bi import READERS, reading
from tests.security.searching import of_others, search

MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))


@pytest.mark.soak
def test_readers_meet_no_error_in_minutes_of_cycles_and_no_byte_is_anybody_elses(base: Path, tmp_path: Path) -> None:
    with machine(tmp_path / "machine", copy_of=base) as made:
        published = made.home / "published"
        changing = made.businesses[2]
        cycles, scanned = 0, 0
        until = time.monotonic() + 60 * MINUTES
        with reading(published / "ann") as seen:
            while time.monotonic() < until:
                pass_days(made)
                is_granted = cycles % 2 == 0
                made.succeed("grant", "ann", changing, *([] if is_granted else ["--revoke"]))
                made.succeed("run")
                cycles += 1
                own = {*made.businesses[:2], *([changing] if is_granted else [])}
                assert shown(published / "ann") == own
                for generation in (published / ".generations" / "ann").iterdir():
                    allowed = (
                        own if generation == (published / "ann").resolve() else {*made.businesses[:2], changing} if is_granted else own
                    )
                    searched, found = search(generation, of_others(made, allowed))
                    assert found == [], generation
                    scanned += searched
        told = {kind: (each.reads, len(each.businesses), len(each.wrong)) for kind, each in seen.items()}
        print(f"{cycles} cycles, {scanned:,} bytes searched; reads, changes seen and errors: {told}")  # noqa: T201 - the report of a soak
        assert {kind: each.wrong for kind, each in seen.items()} == {kind: [] for kind in READERS}
        assert all(each.reads > cycles for each in seen.values())


def shown(folder: Path) -> set[str]:
    """The businesses of the portfolio in the published file."""
    with open_file(folder / "rowcol_bi.duckdb") as connection:
        return {business for (business,) in connection.execute("select business_id from experiences.portfolio").fetchall()}
