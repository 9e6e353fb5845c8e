"""One account's objects of one kind: every version, the present ones newest first, and which are deleted.

A version holds the object's fields; its bytes are made when first asked for, per shape. The shapes: `sandbox.stripe.shapes`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

OLD, NEW = 0, 1


class Version:
    """One state of one object. seq: its place in the table's history; at: when it came to be; bodies: by shape, as rendered."""

    __slots__ = ("at", "bodies", "deleted", "id", "number", "seq", "state")

    def __init__(self, seq: int, id: str, number: int, at: int, state: dict[str, Any], deleted: bool) -> None:
        self.seq = seq
        self.id = id
        self.number = number
        self.at = at
        self.state = state
        self.deleted = deleted
        self.bodies: list[bytes | None] = [None, None]


class Table:
    """The objects of one kind. A state that was put is never changed afterwards."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.versions: list[Version] = []
        self.current: dict[str, Version] = {}
        self.gone: dict[str, Version] = {}
        self.first: dict[str, Version] = {}
        # Ids by time of creation, oldest first; the times beside them.
        self.order: list[str] = []
        self._created: list[int] = []
        self._numbers: dict[str, int] = {}

    def put(self, state: dict[str, Any], at: int, id: str = "") -> Version:
        """Adds a version of an object and makes it the present one."""
        id = id or state["id"]
        if id not in self._numbers:
            created = state.get("created", at)
            place = bisect_right(self._created, created)
            self._created.insert(place, created)
            self.order.insert(place, id)
        version = self._append(id, at, state, deleted=False)
        self.current[id] = version
        return version

    def delete(self, id: str, state: dict[str, Any], at: int) -> Version:
        """Takes an object away for ever; `state` is what is still said of it."""
        version = self._append(id, at, state, deleted=True)
        del self.current[id]
        place = self.order.index(id)
        del self.order[place], self._created[place]
        self.gone[id] = version
        return version

    def created_since(self, instant: int) -> list[str]:
        """Ids of the objects created at `instant` or later, oldest first."""
        return self.order[bisect_right(self._created, instant - 1) :]

    def _append(self, id: str, at: int, state: dict[str, Any], deleted: bool) -> Version:
        number = self._numbers.get(id, 0) + 1
        self._numbers[id] = number
        version = Version(len(self.versions), id, number, at, state, deleted)
        self.versions.append(version)
        self.first.setdefault(id, version)
        return version
