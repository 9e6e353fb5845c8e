"""Ramp's HTTP surface: paths, admission (throttle, token, scope), faults on request, then `sandbox.ramp.lists`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.consent import Choice, authorization_code, is_denied, page, sent_back, wants_page
from sandbox.hub import Hub
from sandbox.ramp import oauth, replies, subscriptions
from sandbox.ramp.limits import Limits
from sandbox.ramp.lists import Pages
from sandbox.ramp.office import office_of
from sandbox.spoiling import BODY_FAULTS, labelled

API = "/developer/v1"
# Path of each list, the table its records belong to, and the scope a token needs. `{id}` below it reads one record.
LISTS = (
    ("/bills/drafts", "drafts", "bills:read"),
    ("/bills", "bills", "bills:read"),
    ("/vendors", "vendors", "vendors:read"),
    ("/transactions", "transactions", "transactions:read"),
    ("/transfers", "transfers", "transfers:read"),
    ("/reimbursements", "reimbursements", "reimbursements:read"),
    ("/statements", "statements", "statements:read"),
    ("/entities", "entities", "entities:read"),
)
_BEFORE = ("throttle", "server_error", "html_error", "dead_token")
_ACCOUNTS_PAGE = (*BODY_FAULTS, "duplicate_rows", "schema_drift", "empty_page")
_PAGE = (*_ACCOUNTS_PAGE, "late_commit")
# Page sizes that take the vendor too long when it is slow.
_LONG = frozenset(str(size) for size in range(51, 101))
Handler = Callable[[Pages, Request], Response]


class RampApp:
    """The routes of one sandbox. latency_ms: real milliseconds added to every answer."""

    def __init__(self, hub: Hub, limits: Limits, latency_ms: int = 0) -> None:
        self.hub = hub
        self.limits = limits
        self.latency = latency_ms / 1000

    def routes(self) -> list[Route]:
        """All paths of the vendor that the sandbox answers."""
        routes = [
            Route(f"{API}/token", self._token, methods=["POST"]),
            Route(f"{API}/token/revoke", self._revoke, methods=["POST"]),
            Route("/v1/authorize", self._consent, methods=["GET"]),
            Route(f"{API}/webhooks", self._webhooks, methods=["GET", "POST"]),
            Route(f"{API}/webhooks/{{webhook}}", self._webhooks, methods=["GET", "DELETE"]),
            Route(f"{API}/webhooks/{{webhook}}/verify", self._webhooks, methods=["POST"]),
            self._route("/business", "business:read", lambda pages, request: pages.single("business")),
            self._route("/business/balance", "business:read", lambda pages, request: pages.single("balances")),
            self._route("/vendors/{vendor}/accounts", "vendors:read", _accounts, _ACCOUNTS_PAGE),
            self._route("/vendors/{vendor}/accounts/{id}", "vendors:read", _account),
        ]
        for path, entity, scope in LISTS:
            routes += [self._route(path, scope, _page_of(entity, path), _PAGE), self._route(f"{path}/{{id}}", scope, _record_of(entity))]
        return routes

    def _route(self, path: str, scope: str, handler: Handler, spoilt: tuple[str, ...] = BODY_FAULTS) -> Route:
        """One path. scope: what its token needs; spoilt: the faults that spoil its answers."""

        async def answer(request: Request) -> Response:
            access = await self._access(request)
            return access if isinstance(access, Response) else await self._serve(request, access, scope, handler, spoilt)

        return Route(f"{API}{path}", answer, methods=["GET"])

    async def _access(self, request: Request) -> oauth.Access | Response:
        """Whose request it is, or the answer to one that is not let in."""
        if self.latency:
            await asyncio.sleep(self.latency)
        if not self._is_admitted(request):
            return replies.throttled()
        header = request.headers.get("authorization", "")
        if not header.lower().startswith("bearer "):
            return replies.unauthorized()
        access = oauth.access_of(self.hub.state, header)
        if access is None or access.number >= len(self.hub.listings):
            return replies.not_found("Access token not found")
        return access

    async def _webhooks(self, request: Request) -> Response:
        """Subscriptions, which need no scope."""
        access = await self._access(request)
        if isinstance(access, Response):
            return access
        struck = self.hub.faults.striking(self.hub.listings[access.number].business_id, _BEFORE, "ramp")
        return _strike(struck) if struck else await subscriptions.answer(self.hub, access.number, request)

    def _is_admitted(self, request: Request) -> bool:
        return self.limits.admits(request.client.host if request.client else "")

    async def _serve(self, request: Request, access: oauth.Access, scope: str, handler: Handler, spoilt: tuple[str, ...]) -> Response:
        hub = self.hub
        business_id = hub.listings[access.number].business_id
        struck = hub.faults.striking(business_id, _BEFORE, "ramp")
        if struck is not None:
            return _strike(struck)
        is_lost = scope in oauth.MISSING and hub.faults.striking(business_id, ("scope_missing",), "ramp")
        if scope not in access.scopes or is_lost:
            return replies.forbidden()
        if hub.faults.striking(business_id, ("slow",), "ramp"):
            await asyncio.sleep(float(hub.options["slow_seconds"]))
            if hub.options["ramp_slow_is_504"] and request.query_params.get("page_size", "") in _LONG:
                return replies.html_error(504)
        desk = office_of(hub).desk(business_id)
        start = request.query_params.get("start", "")
        is_bill = request.url.path == f"{API}/bills" and start in desk.shelves["bills"].rows
        if is_bill and hub.faults.striking(business_id, ("drifting_pages",), "ramp"):
            # The bill behind which the page was to begin is archived first.
            hub.state.remember("operation", operation="ramp_archive", at=hub.now, number=desk.number, bill=start)
            desk = office_of(hub).desk(business_id)
        kinds = (*spoilt, "cursor_gone") if start else spoilt
        pages = Pages(office_of(hub), desk, str(request.base_url).rstrip("/"), hub.faults.striking(business_id, kinds, "ramp"))
        return labelled(handler(pages, request))

    def _lost(self, number: int) -> tuple[str, ...] | None:
        """What faults take from a new token: scopes, or all (None)."""
        business_id = self.hub.listings[number].business_id
        if self.hub.faults.striking(business_id, ("dead_token",), "ramp"):
            return None
        return oauth.MISSING if self.hub.faults.striking(business_id, ("scope_missing",), "ramp") else ()

    async def _token(self, request: Request) -> Response:
        if not self._is_admitted(request):
            return replies.throttled()
        form = _form(request.headers.get("content-type", ""), await request.body())
        told = oauth.token_answer(self.hub.state, request.headers, form, len(self.hub.listings), self._lost)
        if isinstance(told, str):
            return replies.not_found(told)
        status, body = told
        return replies.json_reply(body, status)

    async def _revoke(self, request: Request) -> Response:
        form = _form(request.headers.get("content-type", ""), await request.body())
        status = oauth.revoke(self.hub.state, request.headers, form.get("token", ""), len(self.hub.listings))
        return replies.json_reply({}, status) if status != 404 else replies.not_found("Token not found")

    async def _consent(self, request: Request) -> Response:
        """The consent page; `business`, its id or number, chooses whose, else it is the first."""
        asked, hub = request.query_params, self.hub
        business = asked.get("business", "")
        number = int(business) if business.isdecimal() else hub.by_business.get(business, hub.listings[0]).index
        client, _ = oauth.client_of(hub.config.seed, oauth.PARTNER)
        is_code = asked.get("response_type", "code") == "code"
        if asked.get("client_id") != client or "redirect_uri" not in asked or number >= len(hub.listings) or not is_code:
            return replies.json_reply({"error": "invalid_request"}, 400)
        if wants_page(request):
            businesses = [Choice(str(one.index), one.name, one.index == number) for one in hub.listings]
            return page(request, "Ramp", "business", businesses)
        state = asked.get("state", "")
        if is_denied(request):
            return sent_back(asked["redirect_uri"], error="access_denied", state=state)
        key, scope = oauth.grant_key(number), asked.get("scope", "")
        return sent_back(asked["redirect_uri"], code=authorization_code(hub.state, "ramp", key, asked["redirect_uri"], scope), state=state)


def _form(kind: str, body: bytes) -> dict[str, str]:
    """A form, or the JSON object that the vendor's specification also allows; empty when it is neither."""
    text = body.decode(errors="replace")
    if "json" not in kind:
        return {key: values[0] for key, values in parse_qs(text).items()}
    try:
        given = json.loads(text)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}


def _strike(kind: str) -> Response:
    if kind == "throttle":
        return replies.throttled()
    if kind == "html_error":
        return replies.html_error()
    return replies.not_found("Access token not found") if kind == "dead_token" else replies.server_error()


def _page_of(entity: str, path: str) -> Handler:
    return lambda pages, request: pages.page(entity, f"{API}{path}", dict(request.query_params))


def _record_of(entity: str) -> Handler:
    return lambda pages, request: pages.one(entity, request.path_params["id"])


def _accounts(pages: Pages, request: Request) -> Response:
    vendor = request.path_params["vendor"]
    if not pages.knows_vendor(vendor):
        return replies.not_found(f"vendor {vendor} not found")
    return pages.page("vendor_accounts", f"{API}/vendors/{vendor}/accounts", dict(request.query_params), only=vendor)


def _account(pages: Pages, request: Request) -> Response:
    return pages.one("vendor_accounts", request.path_params["id"], only=request.path_params["vendor"])
