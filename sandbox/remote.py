"""Steers a home's sandbox from outside: over HTTP when it is served, in this process on the same files when it is not.

So `rowcol sandbox advance` works after `make run` has stopped the sandbox it started.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx

from ingestion.errors import RowcolError, UsageError
from sandbox.ports import HOST
from sandbox.state import Config, stored_config

TRUTH_SECONDS = 600


class Steering(Protocol):
    """What can be asked of a sandbox wherever it is."""

    def advance(self, days: int, minutes: int) -> dict[str, Any]: ...

    def touch(self, share: float) -> dict[str, Any]: ...

    def fault(self, rail: str, business: str, kind: str, rate: float, count: int | None, after: int) -> dict[str, Any]: ...

    def credentials(self) -> list[dict[str, Any]]: ...

    def apps(self) -> list[dict[str, Any]]: ...

    def truth(self, table: str) -> bytes: ...


class _Served:
    """A sandbox that answers at `base_url`."""

    def __init__(self, base_url: str) -> None:
        self._base = f"{base_url}/sandbox"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            answer = httpx.request(method, f"{self._base}/{path}", json=body, timeout=TRUTH_SECONDS, trust_env=False)
        except httpx.HTTPError as error:
            raise RowcolError(f"the sandbox at {self._base} stopped answering ({type(error).__name__})") from error
        if answer.status_code in (400, 404):
            raise UsageError(answer.json()["error"])
        if answer.status_code != 200:
            raise RowcolError(f"the sandbox at {self._base} answered {answer.status_code}")
        return answer

    def advance(self, days: int, minutes: int) -> dict[str, Any]:
        told: dict[str, Any] = self._ask("POST", "advance", {"days": days, "minutes": minutes}).json()
        return told

    def touch(self, share: float) -> dict[str, Any]:
        told: dict[str, Any] = self._ask("POST", "touch", {"share": share}).json()
        return told

    def fault(self, rail: str, business: str, kind: str, rate: float, count: int | None, after: int) -> dict[str, Any]:
        asked = {"rail": rail, "business": business, "kind": kind, "rate": rate, "count": count, "after": after}
        told: dict[str, Any] = self._ask("POST", "fault", asked).json()
        return told

    def credentials(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self._ask("GET", "credentials").json()
        return told

    def apps(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self._ask("GET", "apps").json()
        return told

    def truth(self, table: str) -> bytes:
        return self._ask("GET", f"truth/{table}").content


class _Local:
    """The same on the files themselves."""

    def __init__(self, folder: Path, config: Config) -> None:
        from sandbox.hub import Hub

        self._hub = Hub(folder, config)
        self.advance = self._hub.advance
        self.touch = self._hub.touch
        self.fault = self._hub.faults.order
        self.credentials = self._hub.credentials
        self.apps = self._hub.apps

    def truth(self, table: str) -> bytes:
        from sandbox.truth import truth_table

        return truth_table(self._hub, table)

    def close(self) -> None:
        self._hub.close()


@contextmanager
def steering(folder: Path) -> Iterator[Steering]:
    """The sandbox kept under `folder`, served or not; RowcolError when none was ever started there."""
    config = stored_config(folder)
    if config is None:
        raise RowcolError(f"no sandbox has been started in {folder.parent}: `rowcol sandbox serve` starts one")
    base_url = served_at(folder)
    if base_url is not None:
        yield _Served(base_url)
        return
    local = _Local(folder, config)
    try:
        yield local
    finally:
        local.close()


def served_at(folder: Path) -> str | None:
    """Where the sandbox kept under `folder` answers, None while it is not served."""
    config = stored_config(folder)
    base_url = f"http://{HOST}:{config.port}" if config else ""
    return base_url if config and config.port and _answers(base_url, config) else None


def _answers(base_url: str, config: Config) -> bool:
    try:
        told = httpx.get(f"{base_url}/sandbox/clock", timeout=5, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(told.get("sandbox") == "rowcol" and told.get("seed") == config.seed)
