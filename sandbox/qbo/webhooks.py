"""Intuit's webhooks: one body per company with what was edited in it, in either envelope, signed for the app.

Source: Intuit's webhooks guide. Only edits are told, not balances that move with other documents' edits: a record whose
SyncToken stayed the same has no event.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime

import msgspec

from sandbox.hub import Hub
from sandbox.qbo.company import Company
from sandbox.qbo.table import Version
from sandbox.seeds import stable_seed
from sandbox.webhooks import Delivery, Patience, never_final

# Company information has no events.
TOLD = frozenset({
    "Account", "Bill", "BillPayment", "CreditMemo", "Customer", "Deposit", "Invoice", "Item", "JournalEntry", "Payment", "Preferences",
    "Purchase", "RefundReceipt", "SalesReceipt", "Term", "Transfer", "Vendor", "VendorCredit",
})  # fmt: skip
MOST_IN_A_BODY = 100
PATIENCE = Patience((10, 20, 30, 300, 1200, 7200, 14_400, 21_600), 3, never_final, in_order=True)
_PAST = {"Create": "created", "Update": "updated", "Delete": "deleted", "Void": "voided"}


class _Said(msgspec.Struct):
    SyncToken: str = ""
    PrivateNote: str = ""


_said = msgspec.json.Decoder(_Said)


class QboWebhooks:
    """News of all companies that anybody has looked at."""

    patience = PATIENCE

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: dict[str, dict[str, int]] = {}
        self.mark()

    def mark(self) -> None:
        for company in self._hub.looked_at():
            if company.realm not in self._told:
                self._told[company.realm] = {entity: len(table.versions) for entity, table in company.tables.items()}

    def news(self) -> list[Delivery]:
        self.mark()
        bodies: list[bytes] = []
        for company in self._hub.looked_at():
            edits = self._edits(self._hub.company(company.realm))
            bodies += [self._body(company.realm, edits[first : first + MOST_IN_A_BODY]) for first in range(0, len(edits), MOST_IN_A_BODY)]
        return [Delivery(body, self._sign) for body in bodies]

    def _edits(self, company: Company) -> list[tuple[str, str, Version]]:
        found = []
        marks = self._told[company.realm]
        for entity, table in company.tables.items():
            begin = marks[entity]
            before = {version.id: version for version in table.versions[:begin]} if begin < len(table.versions) else {}
            for version in table.versions[begin:]:
                operation = _operation(before.get(version.id), version)
                before[version.id] = version
                if operation and entity in TOLD:
                    found.append((entity, operation, version))
            marks[entity] = len(table.versions)
        return sorted(found, key=lambda edit: edit[2].updated)

    def _body(self, realm: str, edits: list[tuple[str, str, Version]]) -> bytes:
        if self._hub.options["webhook_envelope"] == "notifications":
            entities = [
                {"name": entity, "id": version.id, "operation": operation, "lastUpdated": _instant(version.updated, "%f")[:-3] + "Z"}
                for entity, operation, version in edits
            ]
            return msgspec.json.encode({"eventNotifications": [{"realmId": realm, "dataChangeEvent": {"entities": entities}}]})
        return msgspec.json.encode([_cloud_event(realm, *edit) for edit in edits])

    def _sign(self, body: bytes, at: int) -> dict[str, str]:
        digest = hmac.digest(self._hub.client.webhook_verifier.encode(), body, hashlib.sha256)
        return {"intuit-signature": base64.b64encode(digest).decode()}


def _operation(before: Version | None, version: Version) -> str | None:
    """What was done to a record; None where only balances moved."""
    if version.deleted:
        return "Delete"
    if before is None:
        return "Create"
    old, new = _said.decode(before.body), _said.decode(version.body)
    if old.SyncToken == new.SyncToken:
        return None
    return "Void" if "Voided" in new.PrivateNote and "Voided" not in old.PrivateNote else "Update"


def _cloud_event(realm: str, entity: str, operation: str, version: Version) -> dict[str, object]:
    number = uuid.UUID(int=stable_seed(realm, entity, version.id, version.number) << 64 | stable_seed(realm, version.seq), version=4)
    return {
        "specversion": "1.0",
        "id": str(number),
        "source": "intuit.rowcol-sandbox",
        "type": f"qbo.{entity.lower()}.{_PAST[operation]}.v1",
        "datacontenttype": "application/json",
        "time": _instant(version.updated, "%f000") + "Z",
        "intuitentityid": version.id,
        "intuitaccountid": realm,
        "data": {},
    }


def _instant(at: int, fraction: str) -> str:
    return datetime.fromtimestamp(at, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{fraction}")
