"""Plaid in memory, as small as its contract: items whose transactions change, cursors, pages, mutations, errors.

A cursor is a position in the item's history; a cursor between two pages also names the history it was made of, so that
a change in between is a mutation. The full vendor is in the sandbox; this one can be told what happens between two pages.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

CLIENT_ID = "client-1"


def transaction(record_id: str, amount: str = "72.10", **fields: Any) -> bytes:
    """A transaction as JSON text; the amount is written as it is given."""
    told = {"transaction_id": record_id, "account_id": "acc-1", "date": "2026-03-02", "pending": False, **fields}
    return (json.dumps(told, ensure_ascii=False)[:-1] + f', "amount":  {amount}, "iso_currency_code": "USD"}}').encode()


def account(
    account_id: str = "acc-1", balances: str = '{"available": 100.0, "current": 110.9400, "limit": null}', name: str = "Checking"
) -> bytes:
    """An account as JSON text."""
    return f'{{"account_id": "{account_id}", "balances": {balances}, "name": "{name}", "type": "depository"}}'.encode()


def error(code: str, kind: str = "ITEM_ERROR", status: int = 400, message: str = "no") -> tuple[int, bytes]:
    """An answer that reports an error."""
    return status, json.dumps({"error_type": kind, "error_code": code, "error_message": message, "request_id": "r"}).encode()


MUTATION = error("TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION", "TRANSACTIONS_ERROR")


@dataclass
class BankItem:
    """One item. history: the state of its transactions after each change; faults: what a path answers instead, once each."""

    item_id: str
    institution_id: str | None = "ins_3"
    error_code: str | None = None
    updated_at: str | None = "2026-03-02T18:00:00Z"
    webhook: str | None = None
    consent_expires_at: str | None = None
    accounts: list[bytes] = field(default_factory=lambda: [account()])
    live_accounts: list[bytes] = field(default_factory=lambda: [account(balances='{"available": 90.5, "current": null}')])
    history: list[dict[str, bytes]] = field(default_factory=lambda: [{}])
    status: str = "HISTORICAL_UPDATE_COMPLETE"
    page_rows: int = 500
    oldest_cursor: int = 0
    faults: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    between_pages: list[Callable[[], None]] = field(default_factory=list)

    @property
    def state(self) -> dict[str, bytes]:
        return self.history[-1]

    def put(self, record_id: str, payload: bytes | None = None) -> None:
        self.history.append({**self.state, record_id: payload or transaction(record_id)})

    def remove(self, record_id: str) -> None:
        self.history.append({known: payload for known, payload in self.state.items() if known != record_id})

    def post(self, pending_id: str, posted_id: str) -> None:
        """The pending transaction ends and the posted one names it, in one change of the item."""
        kept = {known: payload for known, payload in self.state.items() if known != pending_id}
        self.history.append({**kept, posted_id: transaction(posted_id, pending_transaction_id=pending_id)})

    def lose_cursors(self) -> None:
        """From here on, cursors handed out before are not known any more."""
        self.history.append(dict(self.state))
        self.oldest_cursor = len(self.history) - 1

    def sync(self, cursor: str, count: int) -> tuple[int, bytes]:
        if self.status == "NOT_READY":
            return 200, _page([], [], [], "", False, self.status)
        start, end, offset = (int(part) for part in cursor.split(":")) if ":" in cursor else (int(cursor or -1), len(self.history) - 1, 0)
        if cursor and start < self.oldest_cursor and start != -1:
            return error("INVALID_FIELD", "INVALID_REQUEST", message="cursor not associated with access_token")
        if end != len(self.history) - 1:
            return MUTATION
        before, now = self.history[start] if start >= 0 else {}, self.history[end]
        changes = [("modified" if one in before else "added", payload) for one, payload in now.items() if before.get(one) != payload]
        changes += [("removed", json.dumps({"transaction_id": one, "account_id": "acc-1"}).encode()) for one in before.keys() - now.keys()]
        rows = changes[offset : offset + min(count, self.page_rows)]
        has_more = offset + len(rows) < len(changes)
        following = f"{start}:{end}:{offset + len(rows)}" if has_more else str(end)
        if has_more and self.between_pages:
            self.between_pages.pop(0)()
        added, modified, removed = ([payload for kind, payload in rows if kind == name] for name in ("added", "modified", "removed"))
        return 200, _page(added, modified, removed, following, has_more, self.status)


@dataclass
class Bank:
    """Answers as Plaid; asked: every call's path and body."""

    items: dict[str, BankItem] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    secret: str = "secret-1"

    def item(self, item_id: str = "item-1", **facts: Any) -> BankItem:
        self.items[f"access-{item_id}"] = BankItem(item_id, **facts)
        return self.items[f"access-{item_id}"]

    def credentials(self, *items: BankItem) -> dict[str, Any]:
        given = [{"item_id": item.item_id, "access_token": f"access-{item.item_id}"} for item in items]
        return {"client_id": CLIENT_ID, "secret": self.secret, "items": given}

    def calls(self) -> Counter[str]:
        return Counter(path for path, _ in self.asked)

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        path = request.url.path
        self.asked.append((path, body))
        status, content = self._answer(path, body)
        return httpx.Response(status, content=content)

    def _answer(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if (body["client_id"], body["secret"]) != (CLIENT_ID, self.secret):
            return error("INVALID_API_KEYS", "INVALID_INPUT")
        if path == "/institutions/get_by_id":
            return 200, json.dumps({"institution": {"institution_id": body["institution_id"], "name": "Chase"}, "request_id": "r"}).encode()
        item = self.items.get(body["access_token"])
        if item is None:
            return error("INVALID_ACCESS_TOKEN", "INVALID_INPUT")
        if item.faults.get(path):
            return item.faults[path].pop(0)
        head = json.dumps(
            {
                "item_id": item.item_id,
                "institution_id": item.institution_id,
                "webhook": item.webhook,
                "consent_expiration_time": item.consent_expires_at,
                "error": {"error_type": "ITEM_ERROR", "error_code": item.error_code} if item.error_code else None,
            }
        )
        if path == "/item/webhook/update":
            item.webhook = body["webhook"]
            return 200, f'{{"item": {head}, "request_id": "r"}}'.encode()
        if path == "/item/get":
            status = json.dumps({"transactions": {"last_successful_update": item.updated_at, "last_failed_update": None}})
            return 200, f'{{"item": {head}, "status": {status}, "request_id": "r"}}'.encode()
        if path in ("/accounts/get", "/accounts/balance/get"):
            served = item.accounts if path == "/accounts/get" else item.live_accounts
            return 200, b'{"accounts": [' + b",".join(served) + b'], "item": ' + head.encode() + b', "request_id": "r"}'
        if path == "/transactions/get":
            first = body["options"]["offset"]
            rows = list(item.state.values())
            page = b",".join(rows[first : first + body["options"]["count"]])
            total = str(len(rows)).encode()
            return 200, b'{"transactions": [' + page + b'], "total_transactions": ' + total + b', "item": ' + head.encode() + b"}"
        assert path == "/transactions/sync", path
        return item.sync(body.get("cursor", ""), body.get("count", 100))


def _page(added: list[bytes], modified: list[bytes], removed: list[bytes], cursor: str, has_more: bool, status: str) -> bytes:
    lists = b",".join(
        b'"' + name + b'": [' + b",".join(rows) + b"]" for name, rows in ((b"added", added), (b"modified", modified), (b"removed", removed))
    )
    tail = json.dumps(
        {"accounts": [], "next_cursor": cursor, "has_more": has_more, "transactions_update_status": status, "request_id": "r"}
    )
    return b"{" + lists + b"," + tail[1:].encode()
