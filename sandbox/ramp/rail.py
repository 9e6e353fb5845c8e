"""Ramp as a rail of the sandbox: faults, routes, credentials, what it served, and who is who on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from sandbox.hub import Hub, Listing
from sandbox.rails import Row, SandboxRail
from sandbox.ramp import findings, oauth
from sandbox.ramp.app import RampApp
from sandbox.ramp.limits import Limits
from sandbox.ramp.office import ALONE, DRIFTED, office_of
from sandbox.ramp.webhooks import RampWebhooks
from sandbox.spoiling import BODY_FAULTS

_FAULTS = (
    "throttle", "server_error", "html_error", *BODY_FAULTS, "slow", "dead_token", "scope_missing", "drifting_pages",
    "duplicate_rows", "schema_drift", "late_commit", "cursor_gone", "empty_page",
)  # fmt: skip
# What the raw table is called where it is not the list's own name.
_RAW_TABLE = {"drafts": "bills"}


def _routes(hub: Hub, limits: bool, latency_ms: int) -> list[Route]:
    return RampApp(hub, Limits(limits), latency_ms).routes()


def _credentials(hub: Hub, listing: Listing) -> dict[str, Any]:
    own = oauth.has_own_app(listing.index)
    client, secret = oauth.client_of(hub.config.seed, str(listing.index) if own else oauth.PARTNER)
    consent = {} if own else {"refresh_token": oauth.refresh_token(hub.state, listing.index)}
    return {
        "client_id": client,
        "client_secret": secret,
        "scopes": " ".join(oauth.SCOPES),
        **consent,
        "webhook_secret": oauth.webhook_secret(hub.config.seed, listing.index),
    }


def _app(hub: Hub) -> dict[str, str]:
    client, secret = oauth.client_of(hub.config.seed, oauth.PARTNER)
    return {"client_id": client, "client_secret": secret}


def _served(hub: Hub) -> Iterator[Row]:
    """Each version that was ever sent, with the hash of its body as it first went out; again if another shape was sent in between."""
    office = office_of(hub)
    for sent in office.sent():
        if sent.number >= len(hub.listings):
            continue
        business_id, record = hub.listings[sent.number].business_id, sent.id
        if sent.entity == "vendor_accounts":
            record = f"{office.desk(business_id).shelves['vendor_accounts'].rows[sent.id].fact.vendor}/{sent.id}"
        version = sent.version & ~(DRIFTED | ALONE)
        yield business_id, "ramp", _RAW_TABLE.get(sent.entity, sent.entity), record, version, sent.sha256, False, sent.at


def _readers(hub: Hub) -> set[str]:
    numbers = {sent.number for sent in office_of(hub).sent()}
    return {listing.business_id for listing in hub.listings if listing.index in numbers}


def bill_ids(hub: Hub, business_id: str) -> dict[str, str]:
    """Ramp's bills of a business by the world's id of the paper, drafts left out."""
    rows = office_of(hub).desk(business_id).shelves["bills"].rows.values()
    return {f"bill-{row.fact.ledger}" if row.fact.ledger else f"ramp-bill-{row.id}": row.id for row in rows}


def _vendors(hub: Hub) -> Iterator[Row]:
    for listing in hub.listings:
        for party, vendor in office_of(hub).desk(listing.business_id).vendors.items():
            yield listing.business_id, f"vendor-{party}", "ramp", vendor.id, vendor.name


def _warm(hub: Hub, listing: Listing) -> dict[str, int]:
    desk = office_of(hub).desk(listing.business_id)
    for shelf in desk.shelves.values():
        for row in shelf.rows.values():
            shelf.body(row)
    return {entity: len(shelf.rows) for entity, shelf in desk.shelves.items()}


_TRUTHS = {"vendors": _vendors, "mistakes": findings.mistakes}
RAIL = SandboxRail("ramp", 1, _FAULTS, ("drifting_pages",), _routes, _credentials, _app, _served, _readers, _warm, _TRUTHS, RampWebhooks)
