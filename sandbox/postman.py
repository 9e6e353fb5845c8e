"""Carries the rails' webhooks to a receiver whenever something happened, as patient as each vendor is; a task of the server.

Where to is an option of the sandbox (`sandbox.state`), or what the vendor was told by API; how well is an option. Without an
address nothing is sent and nothing is kept for later. What is told is each rail's (`sandbox/<rail>/webhooks.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

import httpx

from sandbox.hub import Hub
from sandbox.rails import sandbox_rails
from sandbox.seeds import seeded_dice
from sandbox.webhooks import Delivery, Webhooks, stays_here

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a moment's webhooks go that no API call directed ('': nowhere), and how badly all of them are carried."""

    url: str
    duplicates: float
    is_disordered: bool
    wait_share: float


class Postman:
    """One per server. counts: by rail, what was sent, taken, refused for good, and given up."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # Empty while nothing is sent: what happens then is nobody's news.
        self._boxes: dict[str, Webhooks] = {}
        self._dice = seeded_dice(hub.config.seed, "webhooks")
        self._task: asyncio.Task[None] | None = None
        self._has_news = False
        self._patience = {name: rail.webhooks.patience for name, rail in sandbox_rails().items()}
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in sandbox_rails()}
        hub.state.listeners.append(self._before_change)

    async def delivered(self) -> dict[str, dict[str, int]]:
        """Waits until all that happened has been told or given up; the counts by rail."""
        while self._task is not None:
            await asyncio.shield(self._task)
        return {name: dict(counts) for name, counts in self.counts.items()}

    async def stop(self) -> None:
        """Ends what is under way; what it carried is lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _before_change(self) -> None:
        if not self._hub.state.memory.is_listened_to():
            self._boxes = {}
        elif not self._boxes:
            self._boxes = {name: rail.webhooks(self._hub) for name, rail in sandbox_rails().items()}
            for box in self._boxes.values():
                box.news()
        for box in self._boxes.values():
            box.mark()
        if not self._boxes and not self._hub.errands:
            return
        self._has_news = True
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._carry())

    async def _carry(self) -> None:
        try:
            while self._has_news:
                # The change itself follows within the same turn of the loop.
                await asyncio.sleep(0)
                self._has_news = False
                target = self._target()
                told = {name: box.news() for name, box in self._boxes.items()}
                for name, delivery in self._hub.errands:
                    told.setdefault(name, []).append(delivery)
                self._hub.errands.clear()
                async with httpx.AsyncClient(trust_env=False) as http:
                    await asyncio.gather(*(self._round(http, name, _sendable(news, target), target) for name, news in told.items()))
        finally:
            self._task = None

    def _target(self) -> _Target:
        options = self._hub.options
        return _Target(
            str(options["webhooks_to"]).rstrip("/"),
            float(options["webhook_duplicates"]),
            bool(options["webhook_disorder"]),
            float(options["webhook_wait_share"]),
        )

    async def _round(self, http: httpx.AsyncClient, rail: str, news: list[Delivery], target: _Target) -> None:
        patience = self._patience[rail]
        again = [delivery for delivery in news if self._dice.random() < target.duplicates]
        if target.is_disordered:
            self._dice.shuffle(news)
        if patience.in_order:
            for delivery in (*news, *again):
                await self._deliver(http, rail, delivery, target)
            return
        at_once = asyncio.Semaphore(AT_ONCE)

        async def one(delivery: Delivery) -> None:
            async with at_once:
                await self._deliver(http, rail, delivery, target)

        await asyncio.gather(*map(one, news))
        await asyncio.gather(*map(one, again))

    async def _deliver(self, http: httpx.AsyncClient, rail: str, delivery: Delivery, target: _Target) -> None:
        patience, counts = self._patience[rail], self.counts[rail]
        for wait in (*patience.waits, None):
            status = await self._post(http, rail, delivery, target)
            counts["sent"] += 1
            if 200 <= status < 300:
                counts["taken"] += 1
                return
            if patience.is_final(status):
                counts["refused"] += 1
                return
            if wait is not None:
                await asyncio.sleep(wait * target.wait_share)
        counts["given_up"] += 1

    async def _post(self, http: httpx.AsyncClient, rail: str, delivery: Delivery, target: _Target) -> int:
        """The status of the answer, 0 for none in time."""
        headers = {"content-type": "application/json", **delivery.sign(delivery.body, self._hub.now)}
        try:
            url = delivery.url or f"{target.url}/webhooks/{rail}"
            answer = await http.post(url, content=delivery.body, headers=headers, timeout=self._patience[rail].timeout)
        except httpx.TransportError:
            return 0
        return answer.status_code


def _sendable(news: list[Delivery], target: _Target) -> list[Delivery]:
    """What has somewhere to go on this machine."""
    return [delivery for delivery in news if (stays_here(delivery.url) if delivery.url else target.url)]
