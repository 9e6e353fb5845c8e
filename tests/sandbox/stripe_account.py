"""One Stripe account of a sandbox in this process, through one HTTP client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from sandbox.hub import Hub
from sandbox.serving import application
from sandbox.state import Config
from sandbox.stripe.book import Book
from sandbox.stripe.office import StripeOffice, office_of
from tests.sandbox.conftest import InProcess

PINNED = "2026-03-25.dahlia"
DAY = 86_400


def open_hub(home: Path, **config: Any) -> Hub:
    """A sandbox kept under `home`."""
    return Hub(home / "sandbox", Config(**{"seed": 7, "businesses": 3, **config}))


class Account:
    """Calls for one business's account with the credentials the sandbox gives out."""

    def __init__(self, hub: Hub, index: int = 1, *, limits: bool = False, version: str = PINNED) -> None:
        self.hub = hub
        self.business_id = hub.listings[index].business_id
        self.credentials: dict[str, str] = hub.credentials(("stripe",))[index]["credentials"]
        self.version = version
        app = application(hub, "stripe", limits=limits)
        self.http = httpx.Client(transport=InProcess(app), base_url="http://testserver")
        self.id = next(account for account, listing in self.office.accounts.items() if listing.index == index)

    @property
    def office(self) -> StripeOffice:
        return office_of(self.hub)

    @property
    def book(self) -> Book:
        return self.office.book(self.id)

    def get(self, path: str, *, key: str | None = None, headers: Any = None, **parameters: str) -> httpx.Response:
        """Asks below /v1; a parameter with brackets is given as `dict`."""
        sent = {"Authorization": f"Bearer {key or self.credentials['api_key']}", "Stripe-Version": self.version, **(headers or {})}
        if "account_id" in self.credentials:
            sent.setdefault("Stripe-Account", self.credentials["account_id"])
        return self.http.get(f"/v1{path}", params=parameters, headers=sent)

    def page(self, path: str, **parameters: str) -> dict[str, Any]:
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    def walk(self, path: str, **parameters: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = self.page(path, **{"limit": "100", **parameters})
        while True:
            found += page["data"]
            if not page["has_more"]:
                return found
            page = self.page(path, **{"limit": "100", **parameters}, starting_after=found[-1]["id"])

    def error(self, path: str, **parameters: str) -> tuple[int, dict[str, Any]]:
        answer = self.get(path, **parameters)
        return answer.status_code, answer.json()["error"]
