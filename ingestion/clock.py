"""The one clock. Product time is `ROWCOL_NOW`, else the sandbox's clock, else the machine's.

Every other module asks here (the linter forbids `datetime.now` elsewhere); durations are measured with
`time.monotonic`, which is no clock. How a home comes to be connected to a sandbox: `ingestion.control.onboarding`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from ingestion.errors import RowcolError
from ingestion.http import tls_context

Clock = Callable[[], datetime]

SANDBOX_CLOCK_PATH = "/sandbox/clock"
SANDBOX_ANSWER_HOLDS_SECONDS = 1.0


def wall_clock() -> datetime:
    """The machine's time in UTC: for leases, logs and real connections."""
    return datetime.now(UTC)


def fixed_clock(instant: datetime) -> Clock:
    """A clock that stands at `instant`."""
    return lambda: instant


def sandbox_clock(base_url: str) -> Clock:
    """A clock that asks the sandbox at `base_url`; the sandbox's time stands still between two `advance`.

    An answer holds for a second: a fetch asks for each response it receives, and asking takes longer than parsing one.
    """
    heard: list[tuple[float, datetime]] = []

    def now() -> datetime:
        if heard and time.monotonic() - heard[-1][0] < SANDBOX_ANSWER_HOLDS_SECONDS:
            return heard[-1][1]
        try:
            answer = httpx.get(
                base_url.rstrip("/") + SANDBOX_CLOCK_PATH, timeout=30, trust_env=False, verify=tls_context()
            ).raise_for_status()
            instant = datetime.fromisoformat(answer.json()["now"]).astimezone(UTC)
            heard[:] = [(time.monotonic(), instant)]
            return instant
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise RowcolError(
                f"the sandbox at {base_url} does not answer, and it is this home's clock:"
                " start it with `rowcol sandbox serve`, or set ROWCOL_NOW"
            ) from error

    return now


def held(clock: Clock, seconds: float = 1.0) -> Clock:
    """`clock`, asked again only when its last answer is `seconds` old: for a service that asks for each of many requests."""
    heard: list[tuple[float, datetime]] = []

    def now() -> datetime:
        if not heard or time.monotonic() - heard[-1][0] >= seconds:
            heard[:] = [(time.monotonic(), clock())]
        return heard[-1][1]

    return now


def product_clock(fixed: datetime | None, sandbox_url: str | None) -> Clock:
    """The clock of a home: `fixed` wins, then the sandbox it is connected to, then the machine."""
    if fixed is not None:
        return fixed_clock(fixed)
    return sandbox_clock(sandbox_url) if sandbox_url else wall_clock


def utc_text(instant: datetime) -> str:
    """`instant` as RFC 3339 text in UTC with microseconds, the one form in which instants are stored as text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
