"""Plaid as a rail of the sandbox: faults, routes, credentials, and what it adds to the truth."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from sandbox.hub import Hub, Listing
from sandbox.plaid import findings, truth
from sandbox.plaid.app import PlaidApp
from sandbox.plaid.feed import DROPPED, TAKEN_BACK
from sandbox.plaid.limits import Limits
from sandbox.plaid.office import office_of
from sandbox.plaid.webhooks import PlaidWebhooks
from sandbox.plaid.wire import transaction_at
from sandbox.rails import SandboxRail
from sandbox.spoiling import BODY_FAULTS

_FAULTS = (
    "throttle", "server_error", "html_error", *BODY_FAULTS, "slow", "dead_token", "scope_missing", "drifting_pages",
    "duplicate_rows", "schema_drift", "cursor_gone", "item_login_required", "institution_down", "empty_page",
)  # fmt: skip


def _routes(hub: Hub, limits: bool, latency_ms: int) -> list[Route]:
    return PlaidApp(hub, Limits(limits), latency_ms).routes()


def _credentials(hub: Hub, listing: Listing) -> dict[str, Any]:
    office = office_of(hub)
    linked = [item for item in office.items(listing.business_id) if not office.login(item).get("is_removed")]
    return {
        "client_id": office.keys.client_id,
        "secret": office.keys.secret,
        "items": [{"item_id": item.item_id, "access_token": item.access_token} for item in linked],
    }


def _app(hub: Hub) -> dict[str, str]:
    keys = office_of(hub).keys
    return {"client_id": keys.client_id, "secret": keys.secret}


def _warm(hub: Hub, listing: Listing) -> dict[str, int]:
    office = office_of(hub)
    bank, items = office.bank(listing.business_id), office.items(listing.business_id)
    for item in items:
        feed = bank.feeds[item.number]
        for place, change in enumerate(feed.changes):
            if change.stage not in (DROPPED, TAKEN_BACK):
                transaction_at(item, feed, place, is_described=True)
    return {"items": len(items), "transactions": sum(len(bank.feeds[item.number].changes) for item in items)}


_TRUTHS = {"bank_matches": truth.bank_matches, "vendors": truth.vendors, "mistakes": findings.mistakes}
RAIL = SandboxRail("plaid", 2, _FAULTS, (), _routes, _credentials, _app, truth.served, truth.readers, _warm, _TRUTHS, PlaidWebhooks)
