"""The names of what makes up a log: sealed files of events, and the anchors folder with its checkpoints and public keys.

`events-<first>-<end>.parquet` holds the events from number `first` (from 0) up to but not with `end`, in the order of the
log. While a file is being committed it is called `.sealing-...`: it belongs to the log once a checkpoint covers it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The first public key of a log; of one that took over, `log-<size>.vkey` beside the checkpoint at which it did. No file of the anchors
# is ever written again.
KEY = "log.vkey"

_FILE = re.compile(r"(events|\.sealing)-(\d{12})-(\d{12})\.parquet")
_CHECKPOINT = re.compile(r"checkpoint-(\d{12})")
_NEXT_KEY = re.compile(r"log-(\d{12})\.vkey")


@dataclass(frozen=True, order=True, slots=True)
class EventFile:
    """A file of events [first, end). is_sealed: it has its final name."""

    first: int
    end: int
    path: Path
    is_sealed: bool

    @property
    def rows(self) -> int:
        """How many events its name promises."""
        return self.end - self.first


def event_files(folder: Path) -> list[EventFile]:
    """The files of a log in order, those being committed included."""
    if not folder.is_dir():
        return []
    found = [(path, _FILE.fullmatch(path.name)) for path in folder.iterdir()]
    return sorted(EventFile(int(name[2]), int(name[3]), path, name[1] == "events") for path, name in found if name)


def sealed_path(folder: Path, first: int, end: int) -> Path:
    """Where a file of events lies."""
    return folder / f"events-{first:012d}-{end:012d}.parquet"


def sealing_path(folder: Path, first: int, end: int) -> Path:
    """Where it lies until a checkpoint covers it."""
    return folder / f".sealing-{first:012d}-{end:012d}.parquet"


def checkpoint_path(anchors: Path, size: int) -> Path:
    """Where the checkpoint of a log of `size` events lies."""
    return anchors / f"checkpoint-{size:012d}"


def next_key_path(anchors: Path, size: int) -> Path:
    """Where the public key lies that took over at the checkpoint of `size` events."""
    return anchors / f"log-{size:012d}.vkey"


def checkpoint_files(anchors: Path) -> Sequence[tuple[int, Path]]:
    """The checkpoints of an anchors folder as (events by its name, path), in order."""
    return _numbered(anchors, _CHECKPOINT)


def next_key_files(anchors: Path) -> Sequence[tuple[int, Path]]:
    """The public keys that took over, as (events of the checkpoint at which, path), in order."""
    return _numbered(anchors, _NEXT_KEY)


def _numbered(folder: Path, name: re.Pattern[str]) -> Sequence[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    found = [(path, name.fullmatch(path.name)) for path in folder.iterdir()]
    return sorted((int(match[1]), path) for path, match in found if match)
