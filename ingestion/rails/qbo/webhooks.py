"""QuickBooks Online's webhooks: both envelopes it has sent, CloudEvents and the older notifications, under one signature.

Source: Intuit's webhooks guide. The header is the base64 of an HMAC-SHA256 over the raw body; there is no time in it, so
a replay is told by its event id (`ingestion.control.inbox`). Events carry ids only; what they say is read by the sync.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from ingestion.rails.qbo.promise import QBO
from ingestion.webhooks import Notice, Refused, Word, header, hmac_sha256, read_json, same

SIGNED_WITH = "webhook_verifier"
SIGNATURE = "intuit-signature"

# A posting moves balances that get no event of their own: the open documents it settles, and the party's.
MOVED_WITH = {
    "bills": ("vendors", "accounts"),
    "bill_payments": ("bills", "vendor_credits", "vendors", "accounts"),
    "vendor_credits": ("bills", "vendors", "accounts"),
    "purchases": ("accounts",),
    "invoices": ("customers", "accounts"),
    "payments": ("invoices", "credit_memos", "customers", "accounts"),
    "credit_memos": ("invoices", "customers", "accounts"),
    "sales_receipts": ("accounts",),
    "refund_receipts": ("accounts",),
    "deposits": ("payments", "accounts"),
    "transfers": ("accounts",),
    "journal_entries": ("vendors", "customers", "accounts"),
}
TABLES = {promise.vendor_name.lower(): promise.name for promise in QBO.entities}


class CloudEvent(msgspec.Struct):
    """One element of the current envelope; intuitaccountid is the realm."""

    id: Word
    type: Word
    intuitaccountid: Word


class Entity(msgspec.Struct, rename="camel"):
    """One changed record of the older envelope."""

    name: Word
    id: Word
    operation: Word
    last_updated: str = ""


class Changed(msgspec.Struct):
    """The older envelope's list of changed records."""

    entities: list[Entity] = []


class Notification(msgspec.Struct, rename="camel"):
    """One realm of the older envelope."""

    realm_id: Word
    data_change_event: Changed


class Notifications(msgspec.Struct, rename="camel"):
    """The older envelope."""

    event_notifications: list[Notification]


def named(body: bytes) -> frozenset[str]:
    """The realms an unverified body names; Refused when it is neither envelope."""
    return frozenset(notice.connection_id for notice in _notices(body))


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[Notice]:
    """The events of a body signed with the app's verifier token; one body can hold several realms."""
    try:
        signature = base64.b64decode(header(headers, SIGNATURE), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("unsigned", f"the {SIGNATURE} header is not base64") from None
    if not same(signature, hmac_sha256(secret, body)):
        raise Refused("forged", "the signature does not fit the body")
    return _notices(body)


def _notices(body: bytes) -> list[Notice]:
    read = read_json(body, list[CloudEvent] | Notifications)  # type: ignore[arg-type]
    if isinstance(read, list):
        return [Notice(event.intuitaccountid, event.id, event.type, _tables(_subject(event.type))) for event in read]
    return [
        Notice(one.realm_id, _event_id(entity), f"{entity.name}.{entity.operation}", _tables(entity.name))
        for one in read.event_notifications
        for entity in one.data_change_event.entities
    ]


def _subject(kind: str) -> str:
    """The entity's name in `qbo.<entity>.<operation>.v1`."""
    parts = kind.split(".")
    return parts[1] if len(parts) > 1 else ""


def _event_id(entity: Entity) -> str:
    """The older envelope numbers nothing: the same change of the same record at the same time is the same event."""
    parts = "\x1f".join((entity.name, entity.id, entity.operation, entity.last_updated))
    return hashlib.sha256(parts.encode()).hexdigest()


def _tables(vendor_name: str) -> tuple[str, ...]:
    table = TABLES.get(vendor_name.lower().replace("_", ""))
    return (table, *MOVED_WITH.get(table, ())) if table else ()
