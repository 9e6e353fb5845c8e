"""Who is polled how often when the month's calls run short: a table of cases, and what no purse can change."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from ingestion.polling import LADDER, USUAL_MINUTES, Polled, Purse, paces
from ingestion.promise import TIERS

DAY = timedelta(days=1)
BUSY, QUIET, COVERED, BOTH = (Polled(is_quiet=q, is_covered=c, is_safe=True) for c, q in product((False, True), repeat=2))
AT_RISK = Polled(is_quiet=True, is_covered=True, is_safe=False)
# 96 polls a day at the usual pace.
PER_DAY = 96


@pytest.mark.parametrize(
    ("calls", "minutes"),
    [
        # Without a cap, and with calls enough for all five, nobody stretches.
        (None, {15: 5}),
        (5 * PER_DAY, {15: 5}),
        # 432: who is quiet and covered every half hour.
        (5 * PER_DAY - 1, {15: 4, 30: 1}),
        (432, {15: 4, 30: 1}),
        # 312: the quiet and the covered one too, who is both every hour.
        (431, {15: 2, 30: 2, 60: 1}),
        (311, {15: 2, 60: 2, 120: 1}),
        # 222 is the least that can be done: who changes unannounced and who is at risk are never stretched.
        (251, {15: 2, 120: 2, 240: 1}),
        (0, {15: 2, 120: 2, 240: 1}),
        (-1_000, {15: 2, 120: 2, 240: 1}),
    ],
)
def test_those_stretch_first_for_which_it_matters_least_and_no_further_than_the_purse_demands(
    calls: float | None, minutes: dict[int, int]
) -> None:
    found = [pace.minutes for pace in paces([BUSY, QUIET, COVERED, BOTH, AT_RISK], Purse(calls, DAY, 1.0))]
    assert {one: found.count(one) for one in set(found)} == minutes
    assert found[0] == found[4] == USUAL_MINUTES


@pytest.mark.parametrize(
    ("polled", "minutes", "why"),
    [
        (AT_RISK, 15, "not known to be above its guardrail"),
        (BUSY, 15, "it changes, and no webhook tells of it"),
        (QUIET, 120, "quiet for a day"),
        (COVERED, 120, "covered by webhooks"),
        (BOTH, 240, "quiet for a day and covered by webhooks"),
    ],
)
def test_each_pace_says_why(polled: Polled, minutes: int, why: str) -> None:
    (pace,) = paces([polled], Purse(0, DAY, 1.0))
    assert (pace.minutes, pace.why) == (minutes, why)


def test_dearer_polls_and_a_longer_rest_of_the_month_demand_more() -> None:
    polled = [BOTH] * 10
    calls = 10.0 * PER_DAY
    assert {pace.minutes for pace in paces(polled, Purse(calls, DAY, 1.0))} == {15}
    assert {pace.minutes for pace in paces(polled, Purse(calls, DAY, 2.0))} == {30}
    assert {pace.minutes for pace in paces(polled, Purse(calls, 4 * DAY, 1.0))} == {60}


def test_a_business_that_may_be_below_its_guardrail_is_never_polled_beyond_the_fresh_bound() -> None:
    for quiet, covered in product((False, True), repeat=2):
        (pace,) = paces([Polled(quiet, covered, is_safe=False)], Purse(-1e9, 30 * DAY, 10.0))
        assert pace.minutes <= TIERS["critical"].fresh_minutes
    assert all(both >= either >= USUAL_MINUTES for both, either in LADDER)
