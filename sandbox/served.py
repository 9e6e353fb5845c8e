"""The record of what was really sent: which version of which record, when, appended before the answer leaves.

One small frame per page (realm, entity, instant, the versions' places in their table), so that it costs a few
microseconds; names, hashes and numbers are looked up when somebody asks (`sandbox.truth`).
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sandbox.qbo.entities import ENTITIES

_HEADER = struct.Struct("<QBqI")
# Set in a place when the record went out in the drifted shape of the fault `schema_drift`.
DRIFTED = 1 << 31


class Page(NamedTuple):
    """One page that was sent. places: positions in the table's version list, DRIFTED set for drifted bodies."""

    realm: str
    entity: str
    at: int
    places: array[int]


class ServedLog:
    """Append-only file of frames; a frame is one write, so kill -9 leaves whole frames."""

    def __init__(self, path: Path, entities: Sequence[str] = tuple(ENTITIES)) -> None:
        self._path = path
        self._entities = entities
        self._numbers = {entity: number for number, entity in enumerate(entities)}
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, realm: str, entity: str, at: int, places: list[int]) -> None:
        """Records that these versions went out at sandbox instant `at`."""
        os.write(self._file, _HEADER.pack(int(realm), self._numbers[entity], at, len(places)) + array("I", places).tobytes())

    def pages(self) -> Iterator[Page]:
        """All pages so far, in the order they were sent."""
        content = self._path.read_bytes()
        position = 0
        while position + _HEADER.size <= len(content):
            realm, entity, at, count = _HEADER.unpack_from(content, position)
            position += _HEADER.size
            places = array("I")
            places.frombytes(content[position : position + count * 4])
            position += count * 4
            yield Page(str(realm), self._entities[entity], at, places)

    def close(self) -> None:
        os.close(self._file)
