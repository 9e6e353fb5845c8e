"""A sandbox in this process, and a client that speaks to it as a vendor's client would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.hub import Hub
from sandbox.serving import application
from sandbox.state import Config


class InProcess(httpx.BaseTransport):
    """Calls the application without a socket, one request at a time."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def answer() -> httpx.Response:
            request_body = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            response = await self._inner.handle_async_request(request_body)
            return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())

        return asyncio.run(answer())


class Ledger:
    """One company's API through one HTTP client."""

    def __init__(self, hub: Hub, http: httpx.Client, index: int = 0) -> None:
        self.hub, self.http = hub, http
        self.entry = hub.credentials(("qbo",))[index]
        self.realm = hub.listings[index].realm
        self.business_id = hub.listings[index].business_id
        self.base = f"/v3/company/{self.realm}"
        self.token = self.refresh().json().get("access_token", "")

    def refresh(self, token: str | None = None) -> Any:
        mine = self.hub.credentials(("qbo",))[self.hub.by_realm[self.realm].index]["credentials"]
        form = {"grant_type": "refresh_token", "refresh_token": token or mine["refresh_token"]}
        return self.http.post("/oauth2/v1/tokens/bearer", data=form, auth=(mine["client_id"], mine["client_secret"]))

    def renew(self) -> None:
        self.token = self.refresh().json()["access_token"]

    def get(self, path: str, **params: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        return self.http.get(self.base + path, params=params, headers=headers)

    def query(self, statement: str) -> Any:
        return self.get("/query", query=statement)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        answer = self.query(statement)
        assert answer.status_code == 200, answer.text
        entity = statement.split(" from ")[1].split()[0]
        found: list[dict[str, Any]] = answer.json()["QueryResponse"].get(entity, [])
        return found

    def count(self, entity: str, where: str = "") -> int:
        answer = self.query(f"select count(*) from {entity} {where}").json()
        return int(answer["QueryResponse"]["totalCount"])

    def walk(self, entity: str, page: int = 1000) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        where = "where Active in (true,false) " if entity in ("Vendor", "Customer", "Account", "Item", "Term") else ""
        while True:
            rows = self.rows(f"select * from {entity} {where}startposition {len(found) + 1} maxresults {page}")
            found += rows
            if len(rows) < page:
                return found

    def changes(self, entities: str, since: str) -> Any:
        return self.get("/cdc", entities=entities, changedSince=since)


OpenSandbox = Callable[..., Ledger]


@pytest.fixture
def open_sandbox(tmp_path: Path) -> Iterator[OpenSandbox]:
    """Opens a sandbox under a folder of its own and returns its first company's ledger."""
    opened: list[Hub] = []

    def opening(folder: Path | None = None, *, limits: bool = False, index: int = 0, **config: Any) -> Ledger:
        hub = Hub(folder or tmp_path / "home" / "sandbox", Config(**{"seed": 7, "businesses": 3, **config}))
        opened.append(hub)
        return Ledger(hub, httpx.Client(transport=InProcess(application(hub, limits=limits)), base_url="http://testserver"), index)

    yield opening
    for hub in opened:
        hub.close()


@pytest.fixture
def ledger(open_sandbox: OpenSandbox) -> Ledger:
    """The first company of a sandbox with three businesses and no throttles."""
    return open_sandbox()
