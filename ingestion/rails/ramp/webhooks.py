"""Ramp's webhooks: thin events under a hexadecimal HMAC-SHA256 of the raw body.

Source: Ramp's webhooks guide. The guide of 2025 called the header X-Ramp-Webhook-Signature, today's X-Ramp-Signature;
both are in use. No time is signed, so a replay is told by its event id (`ingestion.control.inbox`); Ramp repeats an event
within minutes under the same id.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from ingestion.webhooks import Notice, Refused, Word, header, hmac_sha256, read_json, same

SIGNED_WITH = "webhook_secret"
SIGNATURES = ("x-ramp-signature", "x-ramp-webhook-signature")

# The part of an event's type before the dot. A paid bill moves money, so transfers and balances are read with it.
TABLES: dict[str, tuple[str, ...]] = {
    "bills": ("bills", "transfers", "balances"),
    "payments": ("bills", "transfers", "balances"),
    "transactions": ("transactions", "balances"),
    "transfers": ("transfers", "balances"),
    "reimbursements": ("reimbursements",),
    "statements": ("statements",),
    "vendors": ("vendors", "vendor_accounts"),
    "entities": ("entities",),
}


CHALLENGE = "webhooks.verification"


class Event(msgspec.Struct):
    """An event: which business, what happened; the record itself is read by the sync."""

    id: Word
    type: Word
    business_id: Word


class _Challenge(msgspec.Struct):
    type: Word
    challenge: Word
    business_id: Word | None = None


def challenge_in(body: bytes) -> tuple[str, str] | None:
    """The business ('' where none is named) and the challenge of a body by which Ramp proves a new address; None for any other.

    It is signed with a secret that is told at the same time, so it proves nothing: only Ramp knows whether it is the right one.
    """
    if CHALLENGE.encode() not in body:
        return None
    try:
        found = read_json(body, _Challenge)
    except Refused:
        return None
    return (found.business_id or "", found.challenge) if found.type == CHALLENGE else None


def named(body: bytes) -> frozenset[str]:
    """The Ramp business an unverified body names; Refused when it cannot be read."""
    return frozenset((read_json(body, Event).business_id,))


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[Notice]:
    """The event of a body signed with the subscription's secret."""
    text = header(headers, *SIGNATURES).removeprefix("sha256=")
    if len(text) != 64 or text != text.lower():
        raise Refused("unsigned", f"the {SIGNATURES[0]} header is not the hexadecimal of a SHA-256")
    if not same(text.encode("utf-8", "replace"), hmac_sha256(secret, body).hex().encode()):
        raise Refused("forged", "the signature does not fit the body")
    event = read_json(body, Event)
    return [Notice(event.business_id, event.id, event.type, TABLES.get(event.type.partition(".")[0], ()))]
