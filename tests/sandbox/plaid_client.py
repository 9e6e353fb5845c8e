"""A client that speaks to the sandbox's Plaid as a vendor's client would, one business at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from sandbox.hub import Hub
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.office import office_of
from sandbox.serving import application
from sandbox.state import Config
from tests.sandbox.conftest import InProcess

DAYS = {"days_requested": 730}


class Plaid:
    """One business's bank logins through one HTTP client."""

    def __init__(self, folder: Path, *, limits: bool = False, index: int = 0, **config: Any) -> None:
        self._open(Hub(folder, Config(**{"seed": 7, "businesses": 3, **config})), index, limits=limits)

    @classmethod
    def over(cls, hub: Hub, index: int) -> Plaid:
        """A client of a sandbox that is open already."""
        client = cls.__new__(cls)
        client._open(hub, index, limits=False)
        return client

    def _open(self, hub: Hub, index: int, *, limits: bool) -> None:
        self.hub = hub
        self.http = httpx.Client(transport=InProcess(application(self.hub, "plaid", limits=limits)), base_url="http://testserver")
        self.business_id = self.hub.listings[index].business_id
        self.keys = {"client_id": self.credentials["client_id"], "secret": self.credentials["secret"]}

    @property
    def credentials(self) -> dict[str, Any]:
        entries = self.hub.credentials(("plaid",))
        found: dict[str, Any] = next(entry["credentials"] for entry in entries if entry["business_id"] == self.business_id)
        return found

    @property
    def tokens(self) -> list[str]:
        return [item["access_token"] for item in self.credentials["items"]]

    @property
    def items(self) -> tuple[ItemFacts, ...]:
        return office_of(self.hub).items(self.business_id)

    def post(self, path: str, **fields: Any) -> httpx.Response:
        return self.http.post(path, json={**self.keys, **fields})

    def get(self, path: str, **fields: Any) -> dict[str, Any]:
        """A good answer's body, numbers as the text they were."""
        answer = self.post(path, **fields)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json(parse_float=str, parse_int=str)
        return body

    def problem(self, path: str, **fields: Any) -> tuple[int, str]:
        """Status and error code of a refusal."""
        answer = self.post(path, **fields)
        return answer.status_code, answer.json().get("error_code", "")

    def sync(self, token: str, cursor: str = "", count: int = 500) -> dict[str, Any]:
        return self.get("/transactions/sync", access_token=token, cursor=cursor, count=count, options=DAYS)

    def update(self, token: str, cursor: str = "", count: int = 500) -> tuple[dict[str, list[dict[str, Any]]], str]:
        """A whole update: rows by how they are told, and the cursor after it."""
        rows: dict[str, list[dict[str, Any]]] = {"added": [], "modified": [], "removed": []}
        while True:
            page = self.sync(token, cursor, count)
            for how, known in rows.items():
                known += page[how]
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return rows, cursor

    def close(self) -> None:
        self.hub.close()


class Mirror:
    """What a client holds that applies each update in turn, for all items of the business."""

    def __init__(self, plaid: Plaid) -> None:
        self.plaid = plaid
        self.rows: dict[str, dict[str, Any]] = {}
        self.cursors: dict[str, str] = {}

    def follow(self, count: int = 500) -> dict[str, int]:
        """Reads one update of each item; says how many rows were told in which way."""
        told = {"added": 0, "modified": 0, "removed": 0}
        for token in self.plaid.tokens:
            update, self.cursors[token] = self.plaid.update(token, self.cursors.get(token, ""), count)
            for how, rows in update.items():
                told[how] += len(rows)
            for row in update["added"]:
                assert row["transaction_id"] not in self.rows
                self.rows[row["transaction_id"]] = row
            for row in update["modified"]:
                assert row["transaction_id"] in self.rows
                self.rows[row["transaction_id"]] = row
            for row in update["removed"]:
                del self.rows[row["transaction_id"]]
        return told
