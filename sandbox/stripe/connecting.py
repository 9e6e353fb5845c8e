"""Stripe Connect's OAuth: an account's owner lets the platform act on it, and either of them ends that again.

Paths and words as on connect.stripe.com. What a connected account can be read with is the platform's key: `sandbox.stripe.office`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.consent import Choice, authorization_code, is_denied, page, read_code, sent_back, wants_page
from sandbox.hub import Hub, Listing
from sandbox.seeds import derived_secret
from sandbox.state import Grant
from sandbox.stripe.office import StripeOffice, account_id, grant_key, office_of

# The vendor's codes live five minutes.
CODE_SECONDS = 300
SCOPES = ("read_only", "read_write")


def connect_routes(hub: Hub) -> list[Route]:
    """The three paths of connect.stripe.com."""
    if hub.config.recorded:
        return []
    office = office_of(hub)

    async def authorize(request: Request) -> Response:
        return _authorize(office, request)

    return [
        Route("/oauth/authorize", authorize, methods=["GET"]),
        Route("/oauth/token", _posted(office, _token), methods=["POST"]),
        Route("/oauth/deauthorize", _posted(office, _deauthorize), methods=["POST"]),
    ]


def _authorize(office: StripeOffice, request: Request) -> Response:
    """The consent page; `business`, an account or a business's id, chooses whose account, else the first one's."""
    asked, hub = request.query_params, office.hub
    scope, back, state = asked.get("scope", "read_only"), asked.get("redirect_uri", ""), asked.get("state", "")
    if asked.get("client_id") != office.client_id:
        return _refused(f"No application matches the supplied client identifier: {asked.get('client_id', '')[:40]}", "invalid_client", 401)
    if asked.get("response_type") != "code" or scope not in SCOPES or not back:
        return _refused("response_type, scope or redirect_uri is missing or not one this application has", "invalid_request")
    named = asked.get("business", "")
    chosen = office.accounts.get(named) or hub.by_business.get(named, hub.listings[0])
    if wants_page(request):
        accounts = [Choice(account, listing.name, listing == chosen) for account, listing in office.accounts.items()]
        return page(request, "Stripe", "business", accounts)
    if is_denied(request):
        return sent_back(back, error="access_denied", error_description="The user denied your request", state=state)
    code = f"ac_{authorization_code(hub.state, 'stripe', grant_key(chosen), back, scope, CODE_SECONDS)}"
    return sent_back(back, code=code, scope=scope, state=state)


def _posted(office: StripeOffice, answer: Callable[[StripeOffice, dict[str, str]], Response]) -> Any:
    """A form that carries the platform's key, as `client_secret` or as the request's authorization."""

    async def endpoint(request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode(errors="replace")).items()}
        key = form.get("client_secret") or request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(key.encode(), office.platform_key.encode()):
            return _refused("Invalid API Key provided", "invalid_client", 401)
        return answer(office, form)

    return endpoint


def _token(office: StripeOffice, form: dict[str, str]) -> Response:
    """A code for the account it was given for."""
    if form.get("grant_type") != "authorization_code":
        return _refused("The only grant types are authorization_code", "unsupported_grant_type")
    state = office.hub.state
    said = read_code(state, "stripe", form.get("code", "").removeprefix("ac_"), None)
    if said is None:
        return _refused("Authorization code does not exist, has expired or was used before", "invalid_grant")
    listing = office.hub.listings[int(said.key.removeprefix("stripe:"))]
    generation = state.grant_of(said.key).generation + 1
    state.remember("grant", realm=said.key, **asdict(Grant(generation=generation, scope=said.scope)))
    return JSONResponse(
        {
            "access_token": f"sk_test_{_of_consent(office, listing, 'access', generation)}",
            "livemode": False,
            "refresh_token": f"rt_{_of_consent(office, listing, 'refresh', generation)}",
            "token_type": "bearer",
            "stripe_publishable_key": f"pk_test_{_of_consent(office, listing, 'publishable', generation)}",
            "stripe_user_id": account_id(office.hub, listing),
            "scope": said.scope,
        }
    )


def _deauthorize(office: StripeOffice, form: dict[str, str]) -> Response:
    """Ends a connection; the account can consent again."""
    account = form.get("stripe_user_id", "")
    listing = office.accounts.get(account)
    if form.get("client_id") != office.client_id or listing is None or not office.is_connected(listing):
        message = f"This application is not connected to stripe account {account[:40]}, or that account does not exist."
        return _refused(message, "invalid_client", 401)
    key = grant_key(listing)
    office.hub.state.remember("grant", realm=key, **asdict(replace(office.hub.state.grant_of(key), revoked=True)))
    return JSONResponse({"stripe_user_id": account})


def _of_consent(office: StripeOffice, listing: Listing, what: str, generation: int) -> str:
    return derived_secret(32, office.hub.config.seed, "stripe consent", listing.index, what, generation)


def _refused(description: str, error: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
