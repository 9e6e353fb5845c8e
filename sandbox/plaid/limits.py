"""Plaid's throttles, counted in real time: requests a minute per endpoint, by item and over the whole client."""

from __future__ import annotations

import time
from collections import defaultdict, deque

# path: (per item, per client, code of the item's limit, code of the client's); None for no such limit.
PER_MINUTE: dict[str, tuple[int | None, int, str, str]] = {
    "/accounts/get": (15, 15_000, "ACCOUNTS_LIMIT", "ACCOUNTS_LIMIT"),
    "/accounts/balance/get": (5, 1_200, "BALANCE_LIMIT", "ACCOUNTS_BALANCE_GET_LIMIT"),
    "/transactions/sync": (50, 2_500, "TRANSACTIONS_SYNC_LIMIT", "TRANSACTIONS_SYNC_LIMIT"),
    "/transactions/get": (30, 20_000, "TRANSACTIONS_LIMIT", "TRANSACTIONS_LIMIT"),
    "/item/get": (15, 5_000, "ITEM_GET_LIMIT", "ITEM_GET_LIMIT"),
    "/institutions/get_by_id": (None, 400, "", "INSTITUTIONS_GET_BY_ID_LIMIT"),
}


class Limits:
    """Sliding windows of a minute. One app is connected, so its client is the only one."""

    def __init__(self, is_on: bool) -> None:
        self.is_on = is_on
        self._asked: dict[tuple[str, int], deque[float]] = defaultdict(deque)

    def refused(self, path: str, item: int | None) -> str | None:
        """The code of the limit that a request is one too many for, else None; a refused request counts towards none."""
        if not self.is_on or path not in PER_MINUTE:
            return None
        per_item, per_client, item_code, client_code = PER_MINUTE[path]
        now = time.monotonic()
        everybody = self._window(path, -1, now)
        if len(everybody) >= per_client:
            return client_code
        if per_item is not None and item is not None:
            own = self._window(path, item, now)
            if len(own) >= per_item:
                return item_code
            own.append(now)
        everybody.append(now)
        return None

    def _window(self, path: str, item: int, now: float) -> deque[float]:
        window = self._asked[path, item]
        while window and now - window[0] >= 60:
            window.popleft()
        return window
