"""A sandbox's Ramp in this process, spoken to as a client of the vendor's would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from sandbox.hub import Hub
from sandbox.ramp.desk import Desk
from sandbox.ramp.office import office_of
from sandbox.serving import application
from sandbox.state import Config
from tests.sandbox.conftest import InProcess

API = "/developer/v1"


class RampClient:
    """One business's API through one HTTP client."""

    def __init__(self, hub: Hub, http: httpx.Client, index: int = 0) -> None:
        self.hub, self.http, self.index = hub, http, index
        self.business_id = hub.listings[index].business_id
        self.token = self.fetch_token().json().get("access_token", "")

    @property
    def credentials(self) -> dict[str, Any]:
        held: dict[str, Any] = self.hub.credentials(["ramp"])[self.index]["credentials"]
        return held

    @property
    def desk(self) -> Desk:
        return office_of(self.hub).desk(self.business_id)

    def fetch_token(self, **form: str) -> httpx.Response:
        mine = self.credentials
        if not form:
            form = {"grant_type": "client_credentials", "scope": mine["scopes"]}
            if "refresh_token" in mine:
                form = {"grant_type": "refresh_token", "refresh_token": mine["refresh_token"]}
        return self.http.post(f"{API}/token", data=form, auth=(mine["client_id"], mine["client_secret"]))

    def get(self, path: str, **params: str) -> httpx.Response:
        url = path if path.startswith("http") else API + path
        return self.http.get(url, params=params or None, headers={"Authorization": f"Bearer {self.token}"})

    def post(self, path: str, content: dict[str, Any]) -> httpx.Response:
        return self.http.post(API + path, json=content, headers={"Authorization": f"Bearer {self.token}"})

    def delete(self, path: str) -> httpx.Response:
        return self.http.delete(API + path, headers={"Authorization": f"Bearer {self.token}"})

    def walk(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = self.get(path, **{"page_size": "100", **params})
        found: list[dict[str, Any]] = []
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["data"]
            if not page["page"]["next"]:
                return found
            answer = self.get(page["page"]["next"])


def open_ramp(folder: Path, *, index: int = 0, limits: bool = False, **config: Any) -> RampClient:
    """A client of a sandbox under `folder`; the caller closes its hub."""
    hub = Hub(folder, Config(**{"seed": 7, "businesses": 4, **config}))
    http = httpx.Client(transport=InProcess(application(hub, "ramp", limits=limits)), base_url="http://testserver")
    return RampClient(hub, http, index)
