"""Stripe as a rail of the sandbox: faults, routes, credentials, what it served, and what it adds to the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from sandbox.hub import Hub, Listing
from sandbox.plaid.office import office_of as bank_office
from sandbox.rails import Row, SandboxRail
from sandbox.served import DRIFTED
from sandbox.spoiling import BODY_FAULTS
from sandbox.stripe import findings
from sandbox.stripe.app import StripeApp
from sandbox.stripe.book import Book
from sandbox.stripe.connecting import connect_routes
from sandbox.stripe.entities import TABLES
from sandbox.stripe.limits import Limits
from sandbox.stripe.office import account_id, is_connected, office_of, own_key, webhook_secret
from sandbox.stripe.replies import error_body, missing
from sandbox.stripe.serving import OLD_SHAPE, drifted, listed_ids
from sandbox.stripe.shapes import body_of
from sandbox.stripe.table import NEW, OLD, Version
from sandbox.stripe.webhooks import StripeWebhooks

_FAULTS = (
    "throttle", "server_error", "html_error", *BODY_FAULTS, "slow", "dead_token", "scope_missing",
    "duplicate_rows", "schema_drift", "late_commit", "cursor_gone", "empty_page",
)  # fmt: skip


def _routes(hub: Hub, limits: bool, latency_ms: int) -> list[Route]:
    return [*connect_routes(hub), *StripeApp(hub, Limits(limits), latency_ms).routes()]


def _credentials(hub: Hub, listing: Listing) -> dict[str, Any]:
    if is_connected(listing):
        return {
            "api_key": office_of(hub).platform_key,
            "account_id": account_id(hub, listing),
            "client_id": office_of(hub).client_id,
            "webhook_secret": webhook_secret(hub, listing),
        }
    return {"api_key": own_key(hub, listing), "webhook_secret": webhook_secret(hub, listing)}


def _app(hub: Hub) -> dict[str, str]:
    office = office_of(hub)
    return {"client_id": office.client_id, "api_key": office.platform_key}


def _served(hub: Hub) -> Iterator[Row]:
    """Each version that was ever sent, once per shape, with the instant it first went out."""
    office = office_of(hub)
    accounts = list(office.accounts)
    first: dict[tuple[int, str, int], int] = {}
    for page in office.served.pages():
        for place in page.places:
            first.setdefault((int(page.realm), page.entity, place), page.at)
    for (index, table, place), at in first.items():
        if index >= len(accounts):
            continue
        book = office.book(accounts[index])
        version = book.tables[table].versions[place & ~(DRIFTED | OLD_SHAPE)]
        digest = hashlib.sha256(_as_sent(book, table, version, place)).hexdigest()
        yield office.accounts[accounts[index]].business_id, "stripe", table, version.id, version.number, digest, version.deleted, at


def _readers(hub: Hub) -> set[str]:
    indexes = {int(page.realm) for page in office_of(hub).served.pages()}
    return {listing.business_id for listing in hub.listings if listing.index in indexes}


def _as_sent(book: Book, table: str, version: Version, place: int) -> bytes:
    if version.deleted and table != "customers":
        return error_body(missing(book.tables[table].first[version.id].state["object"], version.id, "id"))
    body = body_of(book, table, version, OLD if place & OLD_SHAPE else NEW)
    return drifted(body) if place & DRIFTED else body


def _payouts(hub: Hub) -> Iterator[Row]:
    """One row per payout whose money is to stay in the bank, with the charges in it and, once it shows, the bank's transaction."""
    office, banks = office_of(hub), bank_office(hub)
    for account, listing in office.accounts.items():
        book = office.book(account)
        for number, payout in book.payout_of.items():
            charges = [book.charge_of[part] for part, _ in book.world.reality[number - 1].parts if part in book.charge_of]
            yield listing.business_id, payout, banks.transaction_of(listing.business_id, number), ",".join(charges)


def _receivables(hub: Hub) -> Iterator[Row]:
    """One row per charge, invoice and payout that a document of the ledger stands for today; void invoices and drafts stand for none."""
    office = office_of(hub)
    for account, listing in office.accounts.items():
        book = office.book(account)
        reality, docs = book.world.reality, book.world.docs
        pairs = [("charges", id, "payment", reality[number - 1].doc_id) for number, id in book.charge_of.items()]
        pairs += [("payouts", id, "deposit", reality[number - 1].doc_id) for number, id in book.payout_of.items()]
        pairs += [
            ("invoices", id, "invoice", number)
            for number, id in book.invoice_of.items()
            if book.holds("invoices", id) and book.state("invoices", id)["status"] not in ("draft", "void")
        ]
        for entity, id, kind, number in pairs:
            if (doc := docs[kind].get(number)) is not None and not doc.is_void:
                yield listing.business_id, entity, id, f"{kind}s", str(number)


def _warm(hub: Hub, listing: Listing) -> dict[str, int]:
    """In the shapes since basil, which today's clients ask for; events are written at the account's own version in any case."""
    book = office_of(hub).book(account_id(hub, listing))
    counted = {}
    for name in TABLES:
        ids = listed_ids(hub, book, name)
        for id in ids:
            body_of(book, name, book.tables[name].current[id], NEW)
        counted[name] = len(ids)
    return counted


_TRUTHS = {"payouts": _payouts, "receivables": _receivables, "mistakes": findings.mistakes}
RAIL = SandboxRail("stripe", 3, _FAULTS, ("late_commit",), _routes, _credentials, _app, _served, _readers, _warm, _TRUTHS, StripeWebhooks)
