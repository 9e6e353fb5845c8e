"""Faults that the sandbox is told to show: which there are now, and which of them strikes a request.

What a fault does to an answer is each rail's (`sandbox/<rail>/app.py`); which kinds a rail can show is in its `rail.py`.
"""

from __future__ import annotations

import random
from collections.abc import Container
from typing import Any

from ingestion.errors import UsageError
from sandbox.rails import sandbox_rails
from sandbox.state import FaultRule, State


class Faults:
    """The faults of one sandbox. businesses: those there are; is_recorded: they are recorded ones, which do not change."""

    def __init__(self, state: State, businesses: Container[str], dice: random.Random, *, is_recorded: bool) -> None:
        self._state = state
        self._businesses = businesses
        self._dice = dice
        self._is_recorded = is_recorded

    def order(self, rail: str, business: str, kind: str, rate: float = 1.0, count: int | None = None, after: int = 0) -> dict[str, Any]:
        """Orders a fault for a business or all, or clears them; after: how many requests it lets pass first.

        UsageError for a rail, business or kind there is not.
        """
        rails = sandbox_rails()
        if rail not in rails:
            raise UsageError(f"the sandbox has no rail {rail!r}; it has: {', '.join(rails)}")
        if business != "all" and business not in self._businesses:
            raise UsageError(f"the sandbox has no business {business!r}; `rowcol sandbox credentials` lists them")
        if kind == "clear":
            numbers = [
                rule.number for rule in self._state.memory.faults.values() if rule.rail == rail and business in ("all", rule.business)
            ]
            self._state.remember("faults_cleared", numbers=numbers)
            return {"cleared": len(numbers)}
        if kind not in rails[rail].faults:
            elsewhere = any(kind in other.faults for other in rails.values())
            what = f"fault {kind!r} does not happen on rail {rail}" if elsewhere else f"there is no fault {kind!r}"
            raise UsageError(f"{what}; there happen: {', '.join(rails[rail].faults)}, clear")
        if kind in rails[rail].world_faults and self._is_recorded:
            raise UsageError(f"recorded companies do not change: fault {kind!r} needs generated ones")
        if not 0 < rate <= 1 or (count is not None and count < 1) or after < 0:
            raise UsageError("rate is above 0 and at most 1, count at least 1, after not negative")
        number = max(self._state.memory.faults, default=0) + 1
        self._state.remember("fault", number=number, rail=rail, business=business, kind=kind, rate=rate, left=count, after=after)
        return {"fault": kind, "business": business, "rate": rate, "count": count, "after": after}

    def striking(self, business_id: str, kinds: tuple[str, ...], rail: str = "qbo") -> str | None:
        """The fault of the rail among `kinds` that strikes this business's request now, counted off; None most of the time."""
        if not self._state.memory.faults:
            return None
        for rule in list(self._state.memory.faults.values()):
            if rule.rail == rail and self._strikes(rule, business_id, kinds):
                if rule.after:
                    self._state.remember("fault_held", number=rule.number)
                    continue
                if rule.left is not None:
                    self._state.remember("fault_fired", number=rule.number)
                return rule.kind
        return None

    def _strikes(self, rule: FaultRule, business_id: str, kinds: tuple[str, ...]) -> bool:
        return rule.business in ("all", business_id) and rule.kind in kinds and (rule.rate >= 1 or self._dice.random() < rule.rate)
