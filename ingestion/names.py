"""Which known name somebody may have meant who gave one that is not known. What a name may look like is in `identifiers`.

A slip of the keys is a letter too much, too little, another one or two changed places. Names that are counted through
(`advisor-1` and `advisor-2`, `team-a` and `team-b`) differ in a number or a single letter, and mean to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

_PARTS = re.compile(r"[._@+-]+")
# Of the longer of two parts: from which length on how many letters may differ. Three letters are too few to tell a slip in
# (ann, dan), eight are enough for two slips.
_LETTERS = ((8, 2), (4, 1))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, to be named in a refusal; None where none is like it."""
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.7)), None)


def slip_of(name: str, known: Iterable[str]) -> str | None:
    """The known name of which `name` looks like a slip of the keys, the nearest first; None where it is a name of its own."""
    slips = [other for other in sorted(known) if other != name and _is_slip(name, other)]
    return next(iter(get_close_matches(name, slips, n=1, cutoff=0)), None)


def _is_slip(name: str, other: str) -> bool:
    if _PARTS.sub("", name) == _PARTS.sub("", other):
        return True
    parts, others = _PARTS.split(name), _PARTS.split(other)
    differing = [(one, two) for one, two in zip(parts, others, strict=False) if one != two]
    return len(parts) == len(others) and all(_differs_by_a_slip(one, two) for one, two in differing)


def _differs_by_a_slip(one: str, two: str) -> bool:
    if re.sub(r"\d+", "", one) == re.sub(r"\d+", "", two):
        return False
    length = max(len(one), len(two))
    same = sum(block.size for block in SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks())
    return length - same <= next((letters for least, letters in _LETTERS if length >= least), 0)
