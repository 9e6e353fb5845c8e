"""QuickBooks Online as a rail of the sandbox: faults, routes, credentials, and what it served."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from sandbox.hub import Hub, Listing
from sandbox.qbo import oauth
from sandbox.qbo.app import QboApp
from sandbox.qbo.entities import RAW_TABLE
from sandbox.qbo.limits import Limits
from sandbox.qbo.serving import drifted
from sandbox.qbo.webhooks import QboWebhooks
from sandbox.rails import Row, SandboxRail
from sandbox.served import DRIFTED
from sandbox.spoiling import BODY_FAULTS

_FAULTS = (
    "throttle", "server_error", "html_error", "fault_in_200", *BODY_FAULTS, "slow", "dead_token", "scope_missing",
    "drifting_pages", "duplicate_rows", "schema_drift", "late_commit", "empty_page",
)  # fmt: skip


def _routes(hub: Hub, limits: bool, latency_ms: int) -> list[Route]:
    return QboApp(hub, Limits(limits), latency_ms).routes()


def _credentials(hub: Hub, listing: Listing) -> dict[str, Any]:
    return {
        "client_id": hub.client.client_id,
        "client_secret": hub.client.client_secret,
        "realm_id": listing.realm,
        "refresh_token": oauth.current_refresh_token(hub.state, listing.realm),
        "webhook_verifier": hub.client.webhook_verifier,
    }


def _app(hub: Hub) -> dict[str, str]:
    app = hub.client
    return {"client_id": app.client_id, "client_secret": app.client_secret, "webhook_verifier": app.webhook_verifier}


def _served(hub: Hub) -> Iterator[Row]:
    """Each version that was ever sent, once, with the instant it first went out."""
    first: dict[tuple[str, str, int], int] = {}
    for page in hub.served.pages():
        for place in page.places:
            first.setdefault((page.realm, page.entity, place), page.at)
    for (realm, entity, place), at in first.items():
        if realm not in hub.by_realm:
            continue
        version = hub.company(realm).tables[entity].versions[place & ~DRIFTED]
        body = drifted(version.body) if place & DRIFTED else version.body
        business_id, name = hub.by_realm[realm].business_id, RAW_TABLE.get(entity, entity)
        yield business_id, "qbo", name, version.id, version.number, hashlib.sha256(body).hexdigest(), version.deleted, at
    for (realm, report), sent in hub.state.memory.reports.items():
        if realm in hub.by_realm:
            for number, (digest, at) in enumerate(sent.items(), start=1):
                yield hub.by_realm[realm].business_id, "qbo", RAW_TABLE[report], report, number, digest, False, at


def _readers(hub: Hub) -> set[str]:
    realms = {page.realm for page in hub.served.pages()}
    return {hub.by_realm[realm].business_id for realm in realms if realm in hub.by_realm}


def _warm(hub: Hub, listing: Listing) -> dict[str, int]:
    """A company's records are rendered when it is generated."""
    return {entity: len(table.current) for entity, table in hub.company(listing.realm).tables.items()}


RAIL = SandboxRail(
    "qbo", 0, _FAULTS, ("drifting_pages", "late_commit"), _routes, _credentials, _app, _served, _readers, _warm, {}, QboWebhooks
)
