"""The ledger's HTTP surface: paths, admission (token, company, throttles), faults on request, then `sandbox.qbo.endpoints`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.consent import Choice, authorization_code, is_denied, page, sent_back, wants_page
from sandbox.hub import Hub
from sandbox.qbo import oauth, replies
from sandbox.qbo.endpoints import Endpoints
from sandbox.qbo.limits import Limits, ThrottledError
from sandbox.qbo.wire import answer_time, encode
from sandbox.spoiling import BODY_FAULTS, labelled

_BEFORE = ("throttle", "server_error", "html_error", "fault_in_200", "dead_token", "scope_missing")
_PAGE = (*BODY_FAULTS, "drifting_pages", "duplicate_rows", "schema_drift", "empty_page")
# A report is one answer and holds no records: nothing of it drifts, comes twice or is left out.
_REPORT = (*BODY_FAULTS, "schema_drift")
_AFTER = ("late_commit",)
Handler = Callable[[Endpoints, Request], Awaitable[Response]]


class QboApp:
    """The routes of one sandbox. latency_ms: real milliseconds added to every answer."""

    def __init__(self, hub: Hub, limits: Limits, latency_ms: int = 0) -> None:
        self.hub = hub
        self.limits = limits
        self.latency = latency_ms / 1000

    def routes(self) -> list[Route]:
        """All paths of the vendor that the sandbox answers."""
        company = "/v3/company/{realm}"
        return [
            Route(f"{company}/query", self._company_route(_query), methods=["GET", "POST"]),
            Route(f"{company}/cdc", self._company_route(_changes), methods=["GET"]),
            Route(f"{company}/batch", self._company_route(_batch, is_batch=True), methods=["POST"]),
            Route(f"{company}/preferences", self._company_route(_preferences), methods=["GET"]),
            Route(f"{company}/reports/{{name}}", self._company_route(_report, page_faults=_REPORT), methods=["GET"]),
            Route(f"{company}/{{entity}}/{{id}}", self._company_route(_read), methods=["GET"]),
            Route("/oauth2/v1/tokens/bearer", self._token, methods=["POST"]),
            Route("/v2/oauth2/tokens/revoke", self._revoke, methods=["POST"]),
            Route("/connect/oauth2", self._consent, methods=["GET"]),
            Route("/op/v1/jwks", self._jwks, methods=["GET"]),
            Route("/.well-known/openid_configuration/", self._discovery, methods=["GET"]),
            Route("/.well-known/openid_sandbox_configuration/", self._discovery, methods=["GET"]),
        ]

    def _company_route(
        self, handler: Handler, is_batch: bool = False, page_faults: tuple[str, ...] = _PAGE
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            realm = request.path_params["realm"]
            if self.latency:
                await asyncio.sleep(self.latency)
            refusal = self._refuse(request, realm)
            if refusal is not None:
                return refusal
            try:
                with self.limits.admitted(realm, is_batch):
                    return await self._serve(handler, request, realm, page_faults)
            except ThrottledError:
                company = self.hub.company(realm)
                return self._throttled(answer_time(self.hub.now, company.zone))

        return answer

    def _refuse(self, request: Request, realm: str) -> Response | None:
        """401 without a valid token, 403 with one of another company, 404 as HTML for a company there is not."""
        access = oauth.access_of(self.hub.state, request.headers.get("authorization", ""))
        if access is None:
            return replies.unauthorized("Malformed bearer token: too short or too long", self.hub.now)
        if access.realm != realm:
            return replies.forbidden(answer_time(self.hub.now, self.hub.company(access.realm).zone))
        return None

    async def _serve(self, handler: Handler, request: Request, realm: str, page_faults: tuple[str, ...]) -> Response:
        hub = self.hub
        company = hub.company(realm)
        time = answer_time(hub.now, company.zone)
        struck = hub.faults.striking(company.business_id, _BEFORE)
        if struck is not None:
            return self._strike(struck, time)
        if "json" not in request.headers.get("accept", ""):
            return replies.xml_stub(time)
        if hub.faults.striking(company.business_id, ("slow",)):
            await asyncio.sleep(float(hub.options["slow_seconds"]))
        endpoints = Endpoints(hub, company, hub.faults.striking(company.business_id, page_faults))
        response = await handler(endpoints, request)
        if hub.faults.striking(company.business_id, _AFTER):
            endpoints.late_commit()
        return labelled(response)

    def _strike(self, kind: str, time: str) -> Response:
        if kind == "throttle":
            return self._throttled(time)
        if kind == "html_error":
            return replies.html_error()
        if kind == "scope_missing":
            return replies.forbidden(time)
        if kind == "dead_token":
            return replies.unauthorized("Token revoked", self.hub.now)
        return replies.system_fault(200 if kind == "fault_in_200" else 500, time)

    def _throttled(self, time: str) -> Response:
        return replies.throttled(int(self.hub.options["throttle_status"]), time, bool(self.hub.options["retry_after"]))

    async def _token(self, request: Request) -> Response:
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode(errors="replace")).items()}

        def is_dead(realm: str) -> bool:
            listing = self.hub.by_realm.get(realm)
            return listing is None or self.hub.faults.striking(listing.business_id, ("dead_token",)) is not None

        status, body = oauth.token_answer(self.hub.state, request.headers, form, is_dead)
        return replies.json_reply(encode(body), status, {"cache-control": "no-cache, no-store"})

    async def _revoke(self, request: Request) -> Response:
        content = (await request.body()).decode(errors="replace")
        try:
            token = str(json.loads(content)["token"])
        except (ValueError, KeyError, TypeError):
            token = parse_qs(content).get("token", [""])[0]
        return Response(b"", oauth.revoke(self.hub.state, request.headers, token), replies.headers())

    async def _consent(self, request: Request) -> Response:
        """The consent page; `realmId`, or `business` with its id, chooses the company, else it is the first."""
        asked, hub = request.query_params, self.hub
        named = hub.by_business.get(asked.get("business", ""), hub.listings[0])
        realm = asked.get("realmId", named.realm)
        is_code = asked.get("response_type", "code") == "code"
        if asked.get("client_id") != hub.client.client_id or "redirect_uri" not in asked or realm not in hub.by_realm or not is_code:
            return replies.json_reply(encode({"error": "invalid_request"}), 400)
        if wants_page(request):
            companies = [Choice(one.realm, one.name, one.realm == realm) for one in hub.listings]
            return page(request, "Intuit", "realmId", companies)
        state = asked.get("state", "")
        if is_denied(request):
            return sent_back(asked["redirect_uri"], error="access_denied", state=state)
        code = authorization_code(hub.state, "qbo", realm, asked["redirect_uri"])
        return sent_back(asked["redirect_uri"], code=code, state=state, realmId=realm)

    async def _discovery(self, request: Request) -> Response:
        return replies.json_reply(encode(oauth.discovery(str(request.base_url).rstrip("/"))))

    async def _jwks(self, request: Request) -> Response:
        return replies.json_reply(encode({"keys": []}))


async def _query(endpoints: Endpoints, request: Request) -> Response:
    if request.method == "POST":
        return endpoints.query((await request.body()).decode(errors="replace"))
    return endpoints.query(request.query_params.get("query", ""))


async def _changes(endpoints: Endpoints, request: Request) -> Response:
    return endpoints.changes(request.query_params.get("entities", ""), request.query_params.get("changedSince", ""))


async def _batch(endpoints: Endpoints, request: Request) -> Response:
    return endpoints.batch(await request.body())


async def _preferences(endpoints: Endpoints, request: Request) -> Response:
    return endpoints.read("preferences", "1")


async def _report(endpoints: Endpoints, request: Request) -> Response:
    return endpoints.report(request.path_params["name"], request.query_params)


async def _read(endpoints: Endpoints, request: Request) -> Response:
    parameters: dict[str, Any] = request.path_params
    return endpoints.read(parameters["entity"], parameters["id"])
