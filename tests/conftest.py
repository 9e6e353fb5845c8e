"""What holds for all tests: nobody is judged by the clock or waits for a vendor's limit, dear tests come first, and one worker
makes what is built per file."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import settings

from rowcol_assets.collector import collect_rarely
from tests.postgres import postgres_socket as postgres_socket  # a fixture of all folders

# With six processes beside it an example of 20 ms took 810 ms, over hypothesis's limit of 200.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")

# Builds run in the tests' own processes.
collect_rarely()

# Tests of limits say so in their settings; the commands that tests start inherit it.
os.environ["ROWCOL_RAIL_LIMITS"] = "off"
# Workers keep all processors busy: two models at once cost an eighth more of them, and nothing is done sooner.
os.environ["ROWCOL_MODELS_AT_ONCE"] = "1"

# Whole cycles take up to a minute each: begun last, one would run alone on its worker while the others have nothing left.
# These folders take turns, since the tests of one often wait for the same home to be made.
DEAR = ("e2e", "dagster", "publishing", "changelog", "security")


# Before xdist's own, which takes the groups there are then: marked later, a file's homes were made by each worker anew.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests, dear ones first, and keeps a file that shares what it builds on one worker.

    Workers take tests one by one, so each would build a file's module fixtures for itself.
    """
    met: Counter[str] = Counter()
    rank: dict[pytest.Item, tuple[bool, int]] = {}
    for item in items:
        folder = item.path.parent.name
        met[folder] += 1
        rank[item] = (True, 0) if folder not in DEAR else (False, met[folder])
        if isinstance(item, pytest.Function) and _shares(item) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: rank[item])


def _shares(item: pytest.Function) -> bool:
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return any(definition.scope == "module" for found in fixtures for definition in found)
