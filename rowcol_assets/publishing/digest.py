"""The digest of one advisor as data: who needs what, most urgent first, made of published rows and nothing else.

A pure function of rows, so that the same rows always make the same digest. How it is written out is in `digest_text`; which
rows an advisor may see was decided before, by `content`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

Row = Mapping[str, Any]

# What `experiences.portfolio` says of a week in which nothing moved.
NOTHING_CHANGED = "nothing changed"
# Documents named per client and list: a digest is read in a minute, the lists themselves are in experiences.digest.
NAMED = 3
URGENCY = ("red", "amber", "grey", "green")
_LIST = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)


class Document(msgspec.Struct, frozen=True):
    """A bill or invoice. party: vendor or customer; amount: what is open, or to be asked for; days_past_due below 0 before it is due."""

    party: str | None
    number: str | None
    due_date: date | None
    days_past_due: int | None
    amount: Decimal | None
    currency: str | None


class Documents(msgspec.Struct, frozen=True):
    """A list of documents: how many, what they come to in home currency without those of which that is not known, and the first."""

    count: int
    amount: Decimal | None
    unknown_count: int
    first: tuple[Document, ...]


class Client(msgspec.Struct, frozen=True):
    """One client.

    issues: at most three of the portfolio's, after why it is held; changed: since compared_to, in words; overdue_receivable: the
    ledger's, which is overdue_invoices (to be asked for), paid_invoices (paid on Stripe, to be recorded, or covered by credits, to
    be applied) and uncollectible_invoices (given up on Stripe, to be written off) together.
    """

    business_id: str
    name: str
    colour: str
    attention: str
    as_of: date | None
    currency: str | None
    cash: Decimal | None
    runway_days: Decimal | None
    buffer_days: Decimal | None
    overdue_payable: Decimal | None
    overdue_receivable: Decimal | None
    issues: tuple[str, ...]
    changed: str | None
    compared_to: date | None
    ready_to_pay: Documents
    overdue_invoices: Documents
    paid_invoices: Documents
    uncollectible_invoices: Documents


class Digest(msgspec.Struct, frozen=True):
    """What an advisor reads in the morning. nothing_changed: at none of the clients, all of which could be compared."""

    advisor: str
    as_of: date
    published_at: datetime
    nothing_changed: bool
    attention: dict[str, int]
    clients: tuple[Client, ...]


def make_digest(advisor: str, as_of: date, published_at: datetime, portfolio: Sequence[Row], lists: Sequence[Row]) -> Digest:
    """The digest of `advisor` from rows of experiences.portfolio and experiences.digest; columns that lack are not known."""
    by_business = {row["business_id"]: row for row in lists}
    clients = sorted((_client(row, by_business.get(row["business_id"], {})) for row in portfolio), key=_urgency)
    counted: dict[str, int] = {}
    for client in clients:
        counted[client.attention] = counted.get(client.attention, 0) + 1
    unchanged = bool(clients) and all(client.changed == NOTHING_CHANGED for client in clients)
    return Digest(advisor, as_of, published_at, unchanged, counted, tuple(clients))


def digest_json(digest: Digest) -> bytes:
    """`digest` as JSON: amounts as exact numbers, dates as ISO, instants as RFC 3339."""
    return msgspec.json.format(msgspec.json.Encoder(decimal_format="number").encode(digest), indent=1) + b"\n"


def _client(row: Row, lists: Row) -> Client:
    issues = tuple(issue for issue in (row.get("top_issues") or "").split("; ") if issue)
    if row.get("publish_state") == "held":
        issues = (f"held at the last good state: {row.get('held_reason') or 'no reason stored'}", *issues)
    return Client(
        business_id=row["business_id"],
        name=row.get("business_name") or row["business_id"],
        colour=row.get("colour") or "grey",
        attention=row.get("attention") or "not known",
        as_of=row.get("as_of_date"),
        currency=row.get("currency"),
        cash=row.get("cash"),
        runway_days=row.get("runway_days"),
        buffer_days=row.get("buffer_days"),
        overdue_payable=row.get("overdue_ap_amount"),
        overdue_receivable=row.get("overdue_ar_amount"),
        issues=issues,
        changed=row.get("changed_since_last_week"),
        compared_to=row.get("compared_to_date"),
        ready_to_pay=_documents(lists, "payment_ready", "payment_ready_bills", "vendor_name", home="home_open_amount"),
        overdue_invoices=_documents(lists, "overdue_asked", "overdue_asked_invoices", "customer_name", "asked_amount"),
        paid_invoices=_documents(lists, "overdue_paid", "overdue_paid_invoices", "customer_name"),
        uncollectible_invoices=_documents(lists, "overdue_uncollectible", "overdue_uncollectible_invoices", "customer_name"),
    )


def _documents(lists: Row, counted: str, listed: str, party: str, amount: str = "open_amount", home: str | None = None) -> Documents:
    """home: what is added up, where that is not the amount itself."""
    # Amounts in the lists are JSON numbers: read as Decimal, never through a float.
    decoded = _LIST.decode(lists.get(listed) or "[]")
    first = tuple(
        Document(
            party=entry.get(party),
            number=entry.get("document_number"),
            due_date=date.fromisoformat(entry["due_date"]) if entry.get("due_date") else None,
            days_past_due=entry.get("days_past_due"),
            amount=None if entry.get(amount) is None else Decimal(entry[amount]),
            currency=entry.get("currency"),
        )
        for entry in decoded[:NAMED]
    )
    # A list made before it had that amount has none to miss.
    unknown = sum(entry.get(home or amount, 0) is None for entry in decoded)
    return Documents(lists.get(f"{counted}_count") or 0, lists.get(f"{counted}_amount"), unknown, first)


def _urgency(client: Client) -> tuple[int, bool, Decimal, str]:
    rank = URGENCY.index(client.colour) if client.colour in URGENCY else len(URGENCY)
    return rank, client.runway_days is None, client.runway_days or Decimal(0), client.business_id
