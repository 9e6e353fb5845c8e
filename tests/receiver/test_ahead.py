"""A held answer is renewed before it is too old, and a failure is told only once there is nothing else to tell."""

from __future__ import annotations

import asyncio

import pytest

from ingestion.receiver import ahead
from ingestion.receiver.ahead import Ahead


class Time:
    """A clock that the test moves."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    moved = Time()
    monkeypatch.setattr(ahead, "time", moved)
    return moved


def test_nobody_waits_for_a_value_that_is_asked_for_often_enough(time: Time) -> None:
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return asked

    async def use() -> list[int]:
        value = Ahead(ask, seconds=10)
        told = [await value.get(), await value.get()]
        time.now += 6
        told += [await value.get() for _ in range(3)]  # old enough to be asked again, young enough to be told
        await asyncio.sleep(0.001)
        told.append(await value.get())
        time.now += 11
        told += await asyncio.gather(value.get(), value.get())
        return told

    assert asyncio.run(use()) == [1, 1, 1, 1, 1, 2, 3, 3]
    assert asked == 3


def test_a_failure_is_raised_when_what_is_held_is_too_old(time: Time) -> None:
    answers = iter([lambda: 1, lambda: 1 / 0, lambda: 1 / 0, lambda: 4])

    async def ask() -> float:
        return next(answers)()

    async def use() -> None:
        value = Ahead(ask, seconds=10)
        assert await value.get() == 1
        time.now += 6
        assert await value.get() == 1
        await asyncio.sleep(0.001)
        time.now += 6
        with pytest.raises(ZeroDivisionError):
            await value.get()
        assert await value.get() == 4

    asyncio.run(use())
