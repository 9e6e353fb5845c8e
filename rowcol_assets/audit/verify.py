"""Checks a log against itself and against its anchors; needs these files and nothing else of the project or the home.

With the anchors (or one remembered root) intact, any edit, deletion, insertion, reordering, move between businesses, cut
tail or rewrite is found: every event is hashed again and chained again, the tree over all of them is rebuilt, and its root
must be that of every checkpoint at the checkpoint's size. Who may have signed a checkpoint follows from the first key over every
handover; each handover is an event of the log too, and each such event a handover.
"""

from __future__ import annotations

import base64
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from rowcol_assets.audit.chain import Head, genesis, heads_root_leaf, link
from rowcol_assets.audit.checkpoint import FIRST, BadCheckpoint, Checkpoint, key_name
from rowcol_assets.audit.files import KEY, EventFile, checkpoint_files, event_files, next_key_files, next_key_path
from rowcol_assets.audit.keys import Key, Keys
from rowcol_assets.audit.merkle import Frontier, root_of
from rowcol_assets.audit.scan import PROBLEMS_TOLD, Scan, scan

# A process takes a second or two to begin, in which one alone checks as many.
EVENTS_WORTH_PROCESSES = 200_000


@dataclass(slots=True)
class Verdict:
    """What checking a log found. keys: which signed what; problems: one sentence each, the first of them; found: how many there are."""

    events: int = 0
    businesses: int = 0
    checkpoints: int = 0
    root: bytes = b""
    keys: list[Key] = field(default_factory=list)
    found: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.found

    def wrong(self, problem: str) -> None:
        """Notes a problem."""
        self.add([problem], 1)

    def add(self, problems: Sequence[str], found: int) -> None:
        """Notes as many problems, of which these are told."""
        self.found += found
        self.problems += problems[: PROBLEMS_TOLD - len(self.problems)]


def verify(folder: Path, anchors: Path, expect: bytes | None = None) -> Verdict:
    """Checks the sealed files below `folder` against the checkpoints in `anchors`.

    expect: a root remembered elsewhere, which the log must have had at the end of one of its files or checkpoints.
    """
    verdict = Verdict()
    checkpoints = _checkpoints(anchors, verdict)
    heads: dict[str, Head] = {}
    tree = Frontier()
    announced: list[tuple[int, str]] = []
    is_expected = expect is None
    due = {checkpoint.size: checkpoint for checkpoint in checkpoints}
    covered = max(due, default=0)
    # What was being sealed when its process died is no part of the log until a checkpoint covers it.
    files = [file for file in event_files(folder) if file.is_sealed or file.end <= covered]
    for file, found in zip(_contiguous(files, verdict), _scanned(files, sorted(due)), strict=True):
        verdict.add(found.problems, found.found)
        _join(file.path.name, found, heads, verdict)
        announced += found.announced
        for level, root in found.parts:
            tree.add(root, level)
            if tree.size in due and due[tree.size].root != tree.root():
                verdict.wrong(f"the first {tree.size} events are not those that checkpoint {tree.size} covers")
        if found.events != file.rows:
            verdict.wrong(f"{file.path.name} holds {found.events} events where its name says {file.rows}")
        is_expected = is_expected or expect == tree.root()
    # The chain of the home itself is no business's; its name is none that a business can have.
    businesses = sum(not name.startswith(":") for name in heads)
    verdict.events, verdict.businesses, verdict.root = tree.size, businesses, tree.root()
    _compare_end(checkpoints, tree, heads, verdict)
    _compare_keys(anchors, announced, covered, verdict)
    if not is_expected:
        verdict.wrong("the root that was expected is none this log ever had")
    return verdict


def parse_root(text: str) -> bytes:
    """A root as people keep it, hexadecimal or base64; ValueError otherwise."""
    try:
        root = bytes.fromhex(text)
    except ValueError:
        root = base64.b64decode(text, validate=True)
    if len(root) != 32:
        raise ValueError("a root has 32 bytes")
    return root


def _checkpoints(anchors: Path, verdict: Verdict) -> list[Checkpoint]:
    try:
        verifier = (anchors / KEY).read_text()
    except OSError:
        verdict.wrong(f"{anchors / KEY} is missing: no checkpoint can be believed")
        return []
    except UnicodeDecodeError as error:
        verdict.wrong(f"{anchors / KEY} is no key, and no checkpoint can be believed: {error}")
        return []
    found: list[Checkpoint] = []
    keys = Keys(verifier)
    verdict.keys = keys.known
    for size, path in checkpoint_files(anchors):
        try:
            checkpoint = keys.read(path.read_text())
        except (BadCheckpoint, OSError, UnicodeDecodeError) as error:
            verdict.wrong(f"{path.name} cannot be believed: {error}")
            continue
        if checkpoint.size != size:
            verdict.wrong(f"{path.name} is the checkpoint of {checkpoint.size} events")
        before = found[-1].digest if found else FIRST
        if checkpoint.after is not None and checkpoint.after != before:
            verdict.wrong(f"the checkpoint before {path.name} is missing or another")
        found.append(checkpoint)
    verdict.checkpoints = len(found)
    return found


def _contiguous(files: list[EventFile], verdict: Verdict) -> Iterator[EventFile]:
    expected = 0
    for file in files:
        if file.first > expected:
            verdict.wrong(f"events {expected} to {file.first - 1} are missing: no file holds them")
        elif file.first < expected:
            verdict.wrong(f"{file.path.name} begins before the end of the file before it")
        expected = file.end
        yield file


def _scanned(files: Sequence[EventFile], cuts: Sequence[int]) -> Iterator[Scan]:
    """The files' scans in their order; of a large log by as many processes as there are processors, a few files ahead."""
    processes = min(os.cpu_count() or 1, len(files))
    if processes < 2 or sum(file.rows for file in files) < EVENTS_WORTH_PROCESSES:
        yield from (scan(file.path, file.first, _inside(file, cuts)) for file in files)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        waiting: deque[Future[Scan]] = deque()
        for file in files:
            waiting.append(pool.submit(scan, file.path, file.first, _inside(file, cuts)))
            if len(waiting) > processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _inside(file: EventFile, cuts: Sequence[int]) -> list[int]:
    return [cut for cut in cuts if file.first < cut < file.end]


def _join(name: str, found: Scan, heads: dict[str, Head], verdict: Verdict) -> None:
    """Checks the first event of each business in a file against the end of its chain before it, and moves `heads` on."""
    for business, first in found.firsts.items():
        head = heads.get(business) or genesis(business)
        if first.is_sound and first.seq != head.seq + 1:
            verdict.wrong(f"{name}: event {first.seq} of {business} follows its event {head.seq}")
        elif first.is_sound and first.chain != link(head.chain, first.content).hex():
            verdict.wrong(f"{name}: event {first.seq} of {business} does not continue its chain")
    for business, (seq, chain) in found.ends.items():
        heads[business] = Head(seq, chain)


def _compare_end(checkpoints: list[Checkpoint], tree: Frontier, heads: dict[str, Head], verdict: Verdict) -> None:
    if not checkpoints:
        if tree.size:
            verdict.wrong("no checkpoint covers these events")
        return
    last = checkpoints[-1]
    if tree.size < last.size:
        verdict.wrong(f"the last checkpoint covers {last.size} events and the log has {tree.size}: its tail is missing")
    elif tree.size > last.size:
        verdict.wrong(f"{tree.size - last.size} events come after the last checkpoint, which covers {last.size}")
    elif last.businesses != len(heads) or last.heads_root != root_of(heads_root_leaf(name, heads[name]) for name in sorted(heads)):
        verdict.wrong("the ends of the chains are not those the last checkpoint covers")


def _compare_keys(anchors: Path, announced: list[tuple[int, str]], covered: int, verdict: Verdict) -> None:
    """Checks the keys that took over by the checkpoints against those the log tells of, and the files of public keys beside them."""
    if not verdict.keys:
        return
    first, *following = verdict.keys
    told = dict(announced)
    # A log from before it told of its key begins to with the one that took over.
    if announced and announced[0][1] not in (first.verifier, *(key.verifier for key in following[:1])):
        verdict.wrong(f"event {announced[0][0]} tells of key {key_name(announced[0][1])} as the first, and {KEY} is key {first.name}")
    for key in following:
        before = [number for number in told if number < key.since]
        if not before or told[before[-1]] != key.verifier:
            verdict.wrong(f"checkpoint {key.since} hands over to key {key.name}, which no event before it announces")
    known = {key.verifier for key in verdict.keys}
    for number, verifier in announced[1:]:
        if verifier not in known and number < covered:
            verdict.wrong(f"event {number} announces key {key_name(verifier)}, and no checkpoint hands over to it")
    took_over = {key.since: key.verifier for key in following}
    files = dict(next_key_files(anchors))
    for size, path in files.items():
        if _text(path) != took_over.get(size):
            verdict.wrong(f"{path.name} is not the key that took over at {size} events")
    for size in sorted(took_over.keys() - files.keys()):
        verdict.wrong(f"{next_key_path(anchors, size).name} is missing: key {key_name(took_over[size])} took over at {size} events")


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
