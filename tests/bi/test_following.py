"""While the dashboards run: a control store that is away, or a login that cannot be made, is said and outlived."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore
from types import SimpleNamespace
from typing import Any

import pytest

from ingestion.errors import RowcolError
from rowcol_assets.bi import following
from rowcol_assets.bi.access import write_access
from rowcol_assets.bi.following import MOST_LEFT_OUT, Follower
from rowcol_assets.bi.server import SIDE
from tests.publishing.world import NOON, World, make_world


class AtOnce(Executor):
    """Does what it is given before it answers."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*arguments, **named))
        except RowcolError as error:
            done.set_exception(error)
        return done


class Followed:
    """A follower of a home, what it said, and how often it prepared; `refused` is what the next preparations meet."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.said: list[str] = []
        self.prepared = 0
        self.refused: Exception | None = None
        self.skipped: list[str] = []
        self.follower = Follower(world.settings, world.store, self.said.append, AtOnce())
        monkeypatch.setattr(following, "prepare", self._prepare)

    def _prepare(self, _settings: object) -> list[str]:
        self.prepared += 1
        if self.refused:
            raise self.refused
        return self.skipped

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.follower.follow()

    def told(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = json.loads((self.world.settings.home / "bi" / "access.json").read_bytes())["advisors"]
        return found


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    world = make_world(tmp_path / "home")
    world.add("acme", "bolt")
    world.grant("ann", "acme", "bolt")
    write_access(world.settings, world.store)
    yield Followed(world, monkeypatch)
    world.store.close()


def test_a_control_store_that_is_away_leaves_the_grants_told_last_and_is_said_once(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed.world.store.revoke("ann", "bolt", NOON)
    with monkeypatch.context() as patched:
        patched.setattr("ingestion.control.access.open_grants", _away)
        followed.look(3)
    assert followed.told() == {"ann": ["acme", "bolt"]}
    (said,) = followed.said
    assert "the control store is away" in said and "after 15 minutes they show nothing" in said
    followed.look(2)
    assert followed.told() == {"ann": ["acme"]}
    assert followed.said[1:] == ["that works again: the dashboards know the present grants and logins"]
    assert followed.prepared == 0, "nobody is new"


def test_a_preparation_that_fails_is_tried_again_more_and_more_seldom_and_holds_up_no_grant(followed: Followed) -> None:
    followed.refused = RowcolError("Superset could not be prepared")
    followed.world.grant("eve", "acme")
    followed.look(1 + 2 + 4)
    assert followed.prepared == 3, "at once, then with one look left out, then with three"
    followed.world.store.revoke("ann", "bolt", NOON)
    followed.look()
    assert followed.told() == {"ann": ["acme"], "eve": ["acme"]}
    followed.refused = None
    followed.look(MOST_LEFT_OUT + 1)
    assert followed.prepared == 4
    assert [line.split(":")[0] for line in followed.said] == ["logins of new advisors wait", "that works again"]


def test_grants_are_told_while_a_login_is_being_made_and_who_came_meanwhile_gets_one_too(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = Semaphore(0), Event()

    def slow(_settings: object) -> list[str]:
        begun.release()
        assert may_end.wait(60)
        return []

    monkeypatch.setattr(following, "prepare", slow)
    with ThreadPoolExecutor(1) as threads:
        followed.follower = Follower(followed.world.settings, followed.world.store, followed.said.append, threads)
        followed.world.grant("eve", "acme")
        followed.look()
        assert begun.acquire(timeout=60)
        followed.world.store.revoke("ann", "bolt", NOON)
        followed.world.grant("gus", "bolt")
        followed.look(2)
        assert followed.told() == {"ann": ["acme"], "eve": ["acme"], "gus": ["bolt"]}
        may_end.set()
        until = time.monotonic() + 60
        while not begun.acquire(blocking=False) and time.monotonic() < until:
            followed.look()
        assert time.monotonic() < until, "gus was told of after the first preparation began"


def test_who_gets_no_login_is_named_and_the_next_advisor_is_not_kept_waiting(followed: Followed) -> None:
    followed.skipped = ["ann@advisors.invalid"]
    followed.world.grant("ann@advisors.invalid", "acme")
    followed.look(2)
    assert followed.prepared == 1
    assert [line.split(":")[0] for line in followed.said] == ["ann@advisors.invalid has no login"]
    followed.world.grant("eve", "acme")
    followed.look()
    assert followed.prepared == 2


def test_a_login_that_superset_refuses_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two ids with one address, as Superset's own list of users would do."""
    users: dict[str, str] = {}

    def add_user(name: str, _first: str, _last: str, address: str, _role: object, password: str) -> object:
        assert len(password) > 30
        if address in users.values():
            return False
        users[name] = address
        return name

    manager = SimpleNamespace(find_user=lambda username: users.get(username), add_user=add_user, find_role=lambda name: name)
    advisors = ["ann", "ann@advisors.invalid", "bob@harbor.example"]
    assert _prepare_module(monkeypatch).add_logins(manager, advisors) == ["ann@advisors.invalid"]
    assert users == {"ann": "ann@advisors.invalid", "bob@harbor.example": "bob@harbor.example"}


def _prepare_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The other side's program by its bare name, as its environment has it."""
    monkeypatch.syspath_prepend(str(SIDE))
    spec = importlib.util.spec_from_file_location("prepare", SIDE / "prepare.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _away(_database: object) -> dict[str, list[str]]:
    raise RowcolError("the control store is away")
