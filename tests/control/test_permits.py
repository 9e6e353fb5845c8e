"""Places under a vendor's limit: never too many filled, whoever asks, on both databases; none kept by the dead."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.control import ControlStore, open_store
from ingestion.control.permits import LEASE_SECONDS, SECOND, Place, Wanted, take
from ingestion.settings import Settings

SPAN = 10


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that moves only when told to, for stores in a file."""
    now = [datetime(2026, 6, 30, tzinfo=UTC)]
    monkeypatch.setattr("ingestion.control.permits.wall_clock", lambda: now[0])

    def passing(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    return passing


def want(number: int, calls: int = 3, span: float = SPAN, bucket: str = "b") -> Wanted:
    return Wanted(number, [Place(bucket, calls, round(span * SECOND))])


@pytest.fixture
def file_store(sqlite_settings: Settings) -> ControlStore:
    return open_store(sqlite_settings)


def test_a_limit_is_filled_by_all_processes_together_and_frees_a_span_after_the_end_of_a_call(store: ControlStore) -> None:
    database = store.database
    assert set(take(database, "one", [want(1), want(2)], []).values()) == {0.0}
    answers = take(database, "two", [want(1), want(2)], [])
    assert answers[1] == 0.0 and answers[2] > 0
    assert take(database, "one", [want(3)], [1, 2])[3] == pytest.approx(SPAN, abs=1), "ended, and counted for another span"


def test_calls_under_way_are_counted_until_their_end_and_no_longer(store: ControlStore) -> None:
    take(store.database, "one", [want(1, calls=1, span=0)], [])
    assert take(store.database, "two", [want(1, calls=1, span=0)], [])[1] > 0
    take(store.database, "one", [], [1])
    assert take(store.database, "two", [want(2, calls=1, span=0)], [])[2] == 0


def test_a_call_takes_all_of_its_places_or_none(store: ControlStore) -> None:
    both = Wanted(2, [Place("a", 1, SECOND), Place("b", 1, SECOND)])
    take(store.database, "one", [want(1, calls=1, bucket="b")], [])
    assert take(store.database, "one", [both], [])[2] > 0
    assert take(store.database, "two", [want(1, calls=1, bucket="a")], [])[1] == 0


def test_what_a_killed_process_held_is_free_after_its_lease_and_what_a_slow_call_holds_is_not(
    file_store: ControlStore, pass_time: Callable[[float], None]
) -> None:
    database = file_store.database
    take(database, "dead", [want(1, calls=2)], [])
    take(database, "slow", [want(1, calls=2)], [])
    for _ in range(4):
        pass_time((LEASE_SECONDS + SPAN) / 4)
        take(database, "slow", [], [], renews=True)
    assert take(database, "third", [want(1, calls=2), want(2, calls=2)], []) == {1: 0.0, 2: pytest.approx(LEASE_SECONDS + SPAN)}


def test_a_clock_that_was_set_back_holds_nobody_up(file_store: ControlStore, pass_time: Callable[[float], None]) -> None:
    take(file_store.database, "one", [want(1, calls=1)], [])
    pass_time(-3600)
    assert take(file_store.database, "two", [want(1, calls=1)], [])[1] == 0


steps = st.lists(st.tuples(st.sampled_from(["one", "two"]), st.integers(0, 4), st.floats(0, 6), st.booleans()), max_size=40)


def test_no_span_ever_holds_more_calls_than_the_limit_whenever_the_vendor_counts_them(
    file_store: ControlStore, pass_time: Callable[[float], None]
) -> None:
    """The vendor counts each call at its permission or at its end, as the example has it."""
    buckets = itertools.count()

    @given(steps)
    def kept(steps: list[tuple[str, int, float, bool]]) -> None:
        bucket, numbers, now = str(next(buckets)), itertools.count(), 0.0
        counted: list[float] = []
        under_way: dict[str, list[tuple[int, float, bool]]] = {"one": [], "two": []}
        for holder, asked, seconds, is_late in steps:
            pass_time(seconds)
            now += seconds
            ended, under_way[holder] = under_way[holder], []
            counted += [now if late else at for _, at, late in ended]
            wanted = [want(next(numbers), bucket=bucket) for _ in range(asked)]
            for each in under_way:
                take(file_store.database, f"{each} of {bucket}", [], [], renews=True)
            waits = take(file_store.database, f"{holder} of {bucket}", wanted, [number for number, *_ in ended])
            under_way[holder] = [(number, now, is_late) for number, wait in waits.items() if not wait]
        counted += [at for calls in under_way.values() for _, at, _ in calls]
        counted.sort()
        assert all(later - earlier >= SPAN - 1e-3 for earlier, later in zip(counted, counted[3:], strict=False))

    kept()
