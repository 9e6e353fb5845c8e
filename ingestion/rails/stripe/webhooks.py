"""Stripe's webhooks: events under `t=<time>,v1=<signature>[,v1=<another>]`, an HMAC-SHA256 over time, dot and raw body.

Source: Stripe's webhooks guide and the check in its own Python kit. During the roll of a secret several v1 stand side by
side and any of them counts; other schemes (v0) do not. The event's object is rendered in the endpoint's version and
is not used: the sync reads it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from ingestion.webhooks import Notice, Refused, Word, check_age, header, hmac_sha256, read_json, same

SIGNED_WITH = "webhook_secret"
SIGNATURE = "stripe-signature"

# By the longest prefix of an event's type that is listed; a type without one concerns nothing that is kept.
TABLES: dict[str, tuple[str, ...]] = {
    "account.": ("accounts",),
    "balance.": ("balances", "balance_transactions"),
    "charge.": ("charges", "payment_intents", "balances", "balance_transactions"),
    "charge.dispute.": ("disputes", "charges", "balances", "balance_transactions"),
    "charge.refund": ("refunds", "charges", "balances", "balance_transactions"),
    "customer.": ("customers",),
    "customer.discount.": (),
    "customer.source.": (),
    "customer.subscription.": (),
    "customer.tax_id.": (),
    "invoice.": ("invoices", "invoice_lines", "invoice_payments"),
    "invoice_payment.": ("invoice_payments", "invoices"),
    "payment_intent.": ("payment_intents", "charges"),
    "payout.": ("payouts", "payout_transactions", "balances", "balance_transactions"),
    "refund.": ("refunds", "charges", "balances", "balance_transactions"),
}


class Event(msgspec.Struct):
    """An event. account: the connected account it happened on; none on an endpoint of the account's own."""

    id: Word
    type: Word
    account: Word | None = None


def named(body: bytes) -> frozenset[str]:
    """The connected account an unverified body names, if any; Refused when it cannot be read."""
    account = read_json(body, Event).account
    return frozenset((account,)) if account else frozenset()


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[Notice]:
    """The event of a body signed with the endpoint's secret within the last 300 seconds."""
    pairs = [pair.strip().partition("=") for pair in header(headers, SIGNATURE).split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12) or not signatures:
        raise Refused("unsigned", f"the {SIGNATURE} header has no time or no v1 signature")
    expected = hmac_sha256(secret, times[0].encode() + b"." + body).hex().encode()
    if not any(same(expected, signature.encode("utf-8", "replace")) for signature in signatures):
        raise Refused("forged", "no v1 signature fits the body")
    check_age(int(times[0]), now)
    event = read_json(body, Event)
    return [Notice(event.account or "", event.id, event.type, _tables(event.type))]


def _tables(kind: str) -> tuple[str, ...]:
    known = [prefix for prefix in TABLES if kind.startswith(prefix)]
    tables = TABLES[max(known, key=len)] if known else ()
    return (*tables, "events") if tables else ()
