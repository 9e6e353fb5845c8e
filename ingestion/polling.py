"""How often schedules ask each connection: the decision, as a pure function of what is known. Where the facts come from: `pacing`.

Every quarter of an hour, unless the month's calls would not last at that pace. Then those stretch first for which it
matters least: nothing has changed for a day, or the vendor's webhooks tell what changes. A business that is not known to
be above its guardrail never stretches, and nothing stretches beyond four hours; the daily sweep reads everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ingestion.promise import TIERS

USUAL_MINUTES = TIERS["critical"].schedule_minutes

# Minutes between two polls as thrift grows: of a connection both quiet and covered by webhooks, and of one that is either.
LADDER = ((30, USUAL_MINUTES), (60, 30), (120, 60), (240, 120))


@dataclass(frozen=True, slots=True)
class Polled:
    """What a connection's pace depends on.

    is_quiet: no change for a day. is_covered: its webhooks arrive and no change came without one. is_safe: its business is
    known to be above its guardrail.
    """

    is_quiet: bool
    is_covered: bool
    is_safe: bool


@dataclass(frozen=True, slots=True)
class Purse:
    """What a rail's polls may cost until the month ends. calls: None where there is no cap; per_poll: calls of one poll."""

    calls: float | None
    time_left: timedelta
    per_poll: float

    def suffices(self, minutes: Sequence[int]) -> bool:
        """Whether connections polled every so many minutes each can be paid for."""
        minutes_left = self.time_left.total_seconds() / 60
        return self.calls is None or sum(self.per_poll * minutes_left / one for one in minutes) <= self.calls


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a connection is asked, and why."""

    minutes: int
    why: str


USUAL = Pace(USUAL_MINUTES, "the month's calls suffice")


def paces(polled: Sequence[Polled], purse: Purse) -> list[Pace]:
    """The pace of each of `polled`, which are all connections of one rail: the quickest that the purse allows, or the slowest there is."""
    found = [USUAL] * len(polled)
    for rung in LADDER:
        if purse.suffices([pace.minutes for pace in found]):
            break
        found = [_pace(one, *rung) for one in polled]
    return found


def _pace(one: Polled, both: int, either: int) -> Pace:
    if not one.is_safe:
        return Pace(USUAL_MINUTES, "not known to be above its guardrail")
    if one.is_quiet and one.is_covered:
        return Pace(both, "quiet for a day and covered by webhooks")
    if one.is_quiet or one.is_covered:
        return Pace(either, "quiet for a day" if one.is_quiet else "covered by webhooks")
    return Pace(USUAL_MINUTES, "it changes, and no webhook tells of it")
