"""One company's records of one entity: every version ever servable, the present ones in order, and the tombstones.

Bodies are rendered once and immutable, so that a page is a slice and a join. What is in a body: `sandbox.qbo.render`;
which of them a query wants: `sandbox.qbo.query`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class Version:
    """One state of one record as it is put on the wire. seq: its place in the table's history. updated: epoch seconds."""

    __slots__ = ("active", "body", "deleted", "id", "number", "seq", "updated")

    def __init__(self, seq: int, id: str, number: int, updated: int, body: bytes, active: bool, deleted: bool) -> None:
        self.seq = seq
        self.id = id
        self.number = number
        self.updated = updated
        self.body = body
        self.active = active
        self.deleted = deleted


class Table:
    """The records of one entity, ordered by Id; ids must first arrive in ascending order."""

    def __init__(self, entity: str) -> None:
        self.entity = entity
        self.versions: list[Version] = []
        self.current: dict[str, Version] = {}
        self.tombstones: dict[str, Version] = {}
        self._numbers: dict[str, int] = {}
        self._views: dict[str, list[Version]] = {}
        self._instants: list[int] = []

    def put(self, id: str, updated: int, body: bytes, active: bool = True) -> Version:
        """Adds a version of a record and makes it the present one."""
        version = self._append(id, updated, body, active, deleted=False)
        self.current[id] = version
        return version

    def delete(self, id: str, updated: int, body: bytes) -> Version:
        """Takes a record away for ever; `body` is its tombstone in the change feed."""
        version = self._append(id, updated, body, active=False, deleted=True)
        self.current.pop(id, None)
        self.tombstones[id] = version
        return version

    def _append(self, id: str, updated: int, body: bytes, active: bool, deleted: bool) -> Version:
        number = self._numbers.get(id, 0) + 1
        self._numbers[id] = number
        version = Version(len(self.versions), id, number, updated, body, active, deleted)
        self.versions.append(version)
        self._views.clear()
        return version

    def live(self) -> list[Version]:
        """Present records, inactive names included, by Id."""
        view = self._views.get("live")
        if view is None:
            view = self._views["live"] = list(self.current.values())
        return view

    def active(self) -> list[Version]:
        """Present records without inactive names, by Id."""
        view = self._views.get("active")
        if view is None:
            view = self._views["active"] = [version for version in self.live() if version.active]
        return view

    def updated_between(self, low: int | None, high: int | None) -> list[Version]:
        """Present records with low <= LastUpdatedTime <= high, oldest change first, then by Id."""
        view = self._by_change()
        start = 0 if low is None else bisect_left(self._instants, low)
        end = len(view) if high is None else bisect_right(self._instants, high)
        return view[start:end]

    def changed_since(self, instant: int) -> list[Version]:
        """Present records and tombstones changed at `instant` or later, oldest change first."""
        gone = [version for version in self.tombstones.values() if version.updated >= instant]
        changed = self.updated_between(instant, None)
        return sorted([*changed, *gone], key=_change_order) if gone else changed

    def _by_change(self) -> list[Version]:
        view = self._views.get("changes")
        if view is None:
            view = self._views["changes"] = sorted(self.live(), key=_change_order)
            self._instants = [version.updated for version in view]
        return view


def id_order(id: str) -> tuple[int, str]:
    """Ids in the vendor's order: decimal ones by value."""
    return (int(id), "") if id.isdigit() else (1 << 62, id)


def _change_order(version: Version) -> tuple[int, tuple[int, str]]:
    return version.updated, id_order(version.id)
