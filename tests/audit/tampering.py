"""Tampering with a log, of every kind, at places drawn by a seed: with single events, with files, and whole forgeries.

A kind with events gets the rows of one file, or of the whole log where everything is then numbered, chained and sealed anew
as the writer would, so that only the checkpoints can tell. A kind with files gets the folder.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rowcol_assets.audit import chain
from rowcol_assets.audit.event import EVENT, content_hash
from rowcol_assets.audit.files import EventFile, event_files, sealed_path

Rows = list[dict[str, object]]
Tampering = Callable[[Path, random.Random], None]

HASHES = ("seq", "content_hash", "chain_hash")


def edit(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    name = rng.choice([name for name in EVENT.names if name not in HASHES and isinstance(row[name], str)])
    row[name] = str(row[name]) + "x"


def edit_and_hash_again(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row["changes"] = '{"balance":["10.00","9.99"]}'
    row["content_hash"] = content_hash(row)


def empty_a_value(rows: Rows, rng: random.Random) -> None:
    """Null and the empty text are two things."""
    row = rng.choice(rows)
    row["reason"] = "" if row["reason"] is None else None


def delete(rows: Rows, rng: random.Random) -> None:
    rows.remove(rng.choice(rows))


def insert(rows: Rows, rng: random.Random) -> None:
    at = rng.randrange(len(rows))
    rows.insert(at, {**rows[at], "event_id": "forged"})


def repeat(rows: Rows, rng: random.Random) -> None:
    at = rng.randrange(len(rows))
    rows.insert(at, dict(rows[at]))


def reorder(rows: Rows, rng: random.Random) -> None:
    first, second = rng.sample(range(len(rows)), 2)
    rows[first], rows[second] = rows[second], rows[first]


def swap_contents(rows: Rows, rng: random.Random) -> None:
    first, second = rng.sample(rows, 2)
    first["snapshot"], second["snapshot"] = second["snapshot"], first["snapshot"]


def move(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row["business_id"] = rng.choice(sorted({str(other["business_id"]) for other in rows} - {str(row["business_id"])}))


def exchange_businesses(rows: Rows, rng: random.Random) -> None:
    one, other = rng.sample(sorted({str(row["business_id"]) for row in rows}), 2)
    names = {one: other, other: one}
    for row in rows:
        row["business_id"] = names.get(str(row["business_id"]), row["business_id"])


def cut_tail(rows: Rows, rng: random.Random) -> None:
    del rows[-rng.randint(1, len(rows)) :]


WITH_EVENTS = (
    edit, edit_and_hash_again, empty_a_value, delete, insert, repeat, reorder, swap_contents, move, exchange_businesses, cut_tail,
)  # fmt: skip


def in_a_file(kind: Callable[[Rows, random.Random], None], folder: Path, rng: random.Random) -> None:
    file = rng.choice(event_files(folder))
    rows = _rows(file)
    kind(rows, rng)
    _write(file.path, rows)


def forged(kind: Callable[[Rows, random.Random], None], folder: Path, rng: random.Random) -> None:
    files = event_files(folder)
    rows = [row for file in files for row in _rows(file)]
    kind(rows, rng)
    heads: dict[str, chain.Head] = {}
    for row in rows:
        business = str(row["business_id"])
        head = heads.setdefault(business, chain.genesis(business))
        head.seq += 1
        row["seq"] = head.seq
        row["content_hash"] = content_hash(row)
        head.chain = chain.link(head.chain, bytes.fromhex(str(row["content_hash"])))
        row["chain_hash"] = head.chain.hex()
    for file in files:
        file.path.unlink()
        end = len(rows) if file is files[-1] else min(file.end, len(rows))
        if file.first < end:
            _write(sealed_path(folder, file.first, end), rows[file.first : end])


def remove_files_at_the_end(folder: Path, rng: random.Random) -> None:
    files = event_files(folder)
    for file in files[-rng.randrange(1, len(files)) :]:
        file.path.unlink()


def remove_a_file(folder: Path, rng: random.Random) -> None:
    rng.choice(event_files(folder)).path.unlink()


def rename_a_file(folder: Path, rng: random.Random) -> None:
    file = rng.choice(event_files(folder))
    moved = rng.choice([-file.rows, -1, 1, file.rows, 1000])
    file.path.rename(sealed_path(folder, max(0, file.first + moved), file.end + moved))


def rename_to_something_else(folder: Path, rng: random.Random) -> None:
    file = rng.choice(event_files(folder))
    file.path.rename(file.path.with_suffix(".old"))


def exchange_two_files(folder: Path, rng: random.Random) -> None:
    one, other = rng.sample(event_files(folder), 2)
    content = one.path.read_bytes()
    one.path.write_bytes(other.path.read_bytes())
    other.path.write_bytes(content)


def copy_over_another(folder: Path, rng: random.Random) -> None:
    one, other = rng.sample(event_files(folder), 2)
    one.path.write_bytes(other.path.read_bytes())


def add_a_copy_at_the_end(folder: Path, rng: random.Random) -> None:
    files = event_files(folder)
    file = rng.choice(files)
    sealed_path(folder, files[-1].end, files[-1].end + file.rows).write_bytes(file.path.read_bytes())


def truncate_a_file(folder: Path, rng: random.Random) -> None:
    path = rng.choice(event_files(folder)).path
    os.truncate(path, rng.randrange(path.stat().st_size))


def rewrite_a_file_with_events_of_its_own(folder: Path, rng: random.Random) -> None:
    """A file made anew, chained as if its businesses began with it."""
    file = rng.choice(event_files(folder))
    rows = _rows(file)
    rng.choice(rows)["snapshot"] = '{"Id":"1","note":"a lie"}'
    link: dict[object, bytes] = {}
    for row in rows:
        before = link.get(row["business_id"]) or chain.genesis(str(row["business_id"])).chain
        row["content_hash"] = content_hash(row)
        link[row["business_id"]] = chain.link(before, bytes.fromhex(str(row["content_hash"])))
        row["chain_hash"] = link[row["business_id"]].hex()
    _write(file.path, rows)


WITH_FILES = (
    remove_files_at_the_end, remove_a_file, rename_a_file, rename_to_something_else, exchange_two_files, copy_over_another,
    add_a_copy_at_the_end, truncate_a_file, rewrite_a_file_with_events_of_its_own,
)  # fmt: skip

KINDS: dict[str, Tampering] = {
    **{f"{kind.__name__} in a file": partial(in_a_file, kind) for kind in WITH_EVENTS},
    **{f"{kind.__name__} and all sealed anew": partial(forged, kind) for kind in WITH_EVENTS},
    **{kind.__name__: kind for kind in WITH_FILES},
}


@dataclass
class Tampered:
    """One tampering that changed something. kind: its name; place: the seed that finds it again."""

    kind: str
    place: str


def tamper(folder: Path, number: int, tried: Counter[str]) -> Iterator[Tampered]:
    """Tampers with the log in `folder` as often as `number`, every kind as often as the others, and mends it after each.

    What left every event and every file name as it was is no tampering: another place is drawn.
    """
    content = {path: path.read_bytes() for path in folder.glob("*.parquet")}
    told = _told(folder)
    for turn in range(number):
        kind = list(KINDS)[turn % len(KINDS)]
        for attempt in range(100):
            place = f"{kind}, {turn}, {attempt}"
            KINDS[kind](folder, random.Random(place))
            if _told(folder) != told:
                tried[kind] += 1
                yield Tampered(kind, place)
            is_done = _told(folder) != told
            for path in folder.glob("events-*"):
                if path not in content:
                    path.unlink()
            for path, data in content.items():
                path.write_bytes(data)
            if is_done:
                break
        else:
            raise AssertionError(f"{kind} changes nothing of this log")


def _told(folder: Path) -> list[tuple[str, object]]:
    """What files there are and what each holds; of one that cannot be read, its bytes."""
    found: list[tuple[str, object]] = []
    for path in sorted(folder.glob("events-*.parquet")):
        try:
            found.append((path.name, pq.read_table(path).to_pylist()))
        except (OSError, pa.ArrowInvalid):
            found.append((path.name, path.read_bytes()))
    return found


def _rows(file: EventFile) -> Rows:
    return pq.read_table(file.path).to_pylist()


def _write(path: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema=EVENT), path)
