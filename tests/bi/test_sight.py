"""What a login may see is looked up at each request, and nothing is what it sees when that cannot be told."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from pathlib import Path
from types import ModuleType

import pytest

from rowcol_assets.bi.access import HOLDS_SECONDS, write_access
from rowcol_assets.bi.server import SIDE
from tests.publishing.world import NOON, make_world


@pytest.fixture
def sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module as Superset's environment has it: by its bare name, told its home by the environment."""
    monkeypatch.setenv("ROWCOL_HOME", str(tmp_path / "home"))
    spec = importlib.util.spec_from_file_location("sight", SIDE / "sight.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_is_seen_before_grants_are_told_or_when_they_cannot_be_read(sight: ModuleType, tmp_path: Path) -> None:
    assert sight.clause("ann") == "1 = 0"
    (tmp_path / "home" / "bi").mkdir(parents=True)
    for broken in ('{"holds_seconds": 900, "advisors": {"ann": ["acme', "[]", '{"advisors": {"ann": ["acme"]}}'):
        (tmp_path / "home" / "bi" / "access.json").write_text(broken)
        assert sight.clause("ann") == "1 = 0"


def test_a_login_sees_its_grants_and_its_file_until_they_are_taken(sight: ModuleType, tmp_path: Path) -> None:
    world = make_world(tmp_path / "home")
    world.add("acme", "bolt")
    world.grant("ann", "acme", "bolt")
    assert write_access(world.settings, world.store) == ["ann"]
    with pytest.raises(sight.NothingPublished, match="next cycle"):
        sight.published_file("ann")
    world.publish()
    assert sight.clause("ann") == "business_id in ('', 'acme', 'bolt')"
    first = sight.published_file("ann")

    world.store.revoke("ann", "bolt", NOON)
    assert write_access(world.settings, world.store) == []
    assert sight.clause("ann") == "business_id in ('', 'acme')"
    world.publish()
    assert sight.published_file("ann") != first
    world.store.close()


def test_who_is_no_advisor_sees_nothing_even_with_a_file(sight: ModuleType, tmp_path: Path) -> None:
    world = make_world(tmp_path / "home")
    world.add("acme")
    world.grant("ann", "acme")
    world.publish()
    write_access(world.settings, world.store)
    for login in (None, "", "bob", "../published/ann", "RowCol import"):
        assert sight.clause(login) == "1 = 0"
        with pytest.raises(sight.NothingPublished, match="no clients"):
            sight.published_file(login)
    world.store.close()


def test_a_business_that_is_no_id_does_not_become_part_of_a_query(sight: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "home" / "bi").mkdir(parents=True)
    told = {"holds_seconds": 900, "advisors": {"ann": ["acme", "x') or 1=1 --"]}}
    (tmp_path / "home" / "bi" / "access.json").write_text(json.dumps(told))
    assert sight.clause("ann") == "business_id in ('', 'acme')"


def test_grants_that_nobody_looked_at_again_hold_for_a_while_and_then_show_nothing(sight: ModuleType, tmp_path: Path) -> None:
    world = make_world(tmp_path / "home")
    world.add("acme")
    world.grant("ann", "acme")
    world.publish()
    write_access(world.settings, world.store)
    told = tmp_path / "home" / "bi" / "access.json"

    def looked_at(seconds_ago: float) -> None:
        os.utime(told, (time.time() - seconds_ago,) * 2)

    looked_at(HOLDS_SECONDS - 60)
    assert sight.clause("ann") == "business_id in ('', 'acme')"
    looked_at(HOLDS_SECONDS + 60)
    assert sight.clause("ann") == "1 = 0"
    with pytest.raises(sight.NothingPublished, match="cannot be told at the moment"):
        sight.published_file("ann")
    # The next look finds the same grants: they hold again.
    assert write_access(world.settings, world.store) == []
    assert sight.clause("ann") == "business_id in ('', 'acme')"
    world.store.close()


def test_grants_are_told_for_the_owner_alone(tmp_path: Path) -> None:
    world = make_world(tmp_path / "home")
    world.add("acme")
    world.grant("ann", "acme")
    write_access(world.settings, world.store)
    assert (world.settings.home / "bi" / "access.json").stat().st_mode & 0o077 == 0
    world.store.close()
