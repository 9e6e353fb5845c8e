"""Which names are taken for slips of known ones: a letter or two of a long part, not a number, not a short name of its own."""

from __future__ import annotations

import pytest

from ingestion.names import nearest, slip_of


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("ann@harbr.example", "ann@harbor.example"),
        ("ann@harbor.exmaple", "ann@harbor.example"),
        ("ann-lee@harbor.example", "ann.lee@harbor.example"),
        ("anna", "ann"),
        ("harbour-advisory", "harbor-advisory"),
    ],
)
def test_a_slip_of_the_keys_is_known_by_the_name_it_misses(name: str, known: str) -> None:
    assert slip_of(name, ["bob@else.example", known]) == known
    assert slip_of(known, [name]) == name


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("ann", "ann"),
        ("ann", "dan"),
        ("bob", "ann"),
        ("dan@harbor.example", "ann@harbor.example"),
        ("advisor-2", "advisor-1"),
        ("advisor2", "advisor1"),
        ("advisor-2", "advisor"),
        ("team-b", "team-a"),
        ("advisor-two", "advisor-one"),
    ],
)
def test_names_that_are_counted_through_or_short_are_names_of_their_own(name: str, known: str) -> None:
    assert slip_of(name, [known]) is None


def test_the_nearest_name_is_named_only_where_it_is_like() -> None:
    assert nearest("acmee", ["bolt", "acme", "acorn"]) == "acme"
    assert nearest("zebra", ["bolt", "acme"]) is None
