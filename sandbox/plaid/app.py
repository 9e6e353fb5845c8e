"""Plaid's HTTP surface: paths, admission (keys, token, throttles), faults on request, then `sandbox.plaid.endpoints` and `linking`."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.hub import Hub
from sandbox.plaid import hosted_link, linking, replies
from sandbox.plaid.endpoints import OF_ITEM, Asked, institution_get
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.limits import Limits
from sandbox.plaid.office import Office, office_of
from sandbox.plaid.replies import RefusedError
from sandbox.plaid.serving import Serving
from sandbox.plaid.updates import is_under_way
from sandbox.spoiling import BODY_FAULTS, labelled

_BEFORE = ("throttle", "server_error", "html_error", "dead_token", "item_login_required")
Handler = Callable[[Request], Awaitable[Response]]


class PlaidApp:
    """The routes of one sandbox. latency_ms: real milliseconds added to every answer."""

    def __init__(self, hub: Hub, limits: Limits, latency_ms: int = 0) -> None:
        self.hub = hub
        self.limits = limits
        self.latency = latency_ms / 1000

    @property
    def office(self) -> Office:
        return office_of(self.hub)

    def routes(self) -> list[Route]:
        """All paths of the vendor that the sandbox answers."""
        office = self.office
        of_item: dict[str, Callable[[ItemFacts, Asked, Serving], bytes]] = {
            path: _with_office(office, endpoint) for path, endpoint in OF_ITEM.items()
        }
        of_item["/item/webhook/update"] = lambda item, asked, serving: linking.webhook_update(office, item, asked)
        of_item["/item/remove"] = lambda item, asked, serving: linking.remove(office, item)
        of_item["/sandbox/item/fire_webhook"] = lambda item, asked, serving: linking.fire_webhook(office, item, asked)
        of_item["/sandbox/item/reset_login"] = lambda item, asked, serving: linking.reset_login(office, item)
        of_client: dict[str, Callable[[Asked], bytes]] = {
            "/institutions/get_by_id": institution_get,
            "/link/token/create": lambda asked: hosted_link.create(office, asked),
            "/link/token/get": lambda asked: hosted_link.outcome(office, asked),
            "/sandbox/public_token/create": lambda asked: linking.public_token(office, asked),
            "/item/public_token/exchange": lambda asked: linking.exchange(office, asked),
            "/webhook_verification_key/get": lambda asked: linking.webhook_key(office, asked),
        }
        routes = [Route(path, self._route(path, answer, None), methods=["POST"]) for path, answer in of_item.items()]
        routes += [Route(path, self._route(path, None, answer), methods=["POST"]) for path, answer in of_client.items()]
        routes.append(Route("/link/{token}", self._link, methods=["GET"]))
        return routes

    async def _link(self, request: Request) -> Response:
        """The page on which a business would sign in at its banks."""
        try:
            answer = hosted_link.consent(self.office, request.path_params["token"], request)
        except RefusedError as refused:
            return replies.refusal(refused.problem)
        if isinstance(answer, Response):
            return answer
        return RedirectResponse(answer, 302) if answer else Response("You can close this page.", media_type="text/plain")

    def _route(
        self,
        path: str,
        of_item: Callable[[ItemFacts, Asked, Serving], bytes] | None,
        of_client: Callable[[Asked], bytes] | None,
    ) -> Handler:
        async def answer(request: Request) -> Response:
            if self.latency:
                await asyncio.sleep(self.latency)
            try:
                asked = self._admit(request, await request.body())
                item = self._item(asked) if of_item else None
                if code := self.limits.refused(path, item.number if item else None):
                    raise RefusedError(replies.throttled(code))
                return await self._serve(path, asked, item, of_item, of_client)
            except RefusedError as refused:
                return replies.refusal(refused.problem)

        return answer

    async def _serve(self, path: str, asked: Asked, item: ItemFacts | None, of_item: Any, of_client: Any) -> Response:
        business_id = item.business_id if item else ""
        struck = self._struck(business_id, _BEFORE if item else _BEFORE[:3])
        if struck == "html_error":
            return replies.html_error()
        if struck is not None and not (struck == "item_login_required" and path == "/item/get"):
            raise RefusedError(_PROBLEMS[struck])
        if self._struck(business_id, ("slow",)):
            await asyncio.sleep(float(self.hub.options["slow_seconds"]))
        if item is None:
            serving = Serving(self.office, None, self._struck(business_id, BODY_FAULTS))
            return labelled(replies.json_reply(serving.finish(of_client(asked))))
        if self.office.needs_login(item) and path in _NEED_LOGIN:
            raise RefusedError(replies.LOGIN_REQUIRED)
        fault = struck or self._struck(business_id, _spoiling(path, asked, item))
        if fault in _REFUSING:
            raise RefusedError(_REFUSING[fault])
        serving = Serving(self.office, item, fault)
        return labelled(replies.json_reply(serving.finish(of_item(item, asked, serving))))

    def _struck(self, business_id: str, kinds: tuple[str, ...]) -> str | None:
        return self.hub.faults.striking(business_id, kinds, rail="plaid")

    def _admit(self, request: Request, body: bytes) -> Asked:
        """The request's fields; keys stand in them or in the headers."""
        try:
            asked = msgspec.json.decode(body or b"{}")
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise RefusedError(replies.INVALID_BODY) from None
        if not isinstance(asked, dict):
            raise RefusedError(replies.INVALID_BODY)
        client_id = asked.get("client_id") or request.headers.get("plaid-client-id", "")
        secret = asked.get("secret") or request.headers.get("plaid-secret", "")
        absent = [name for name, given in (("client_id", client_id), ("secret", secret)) if not given]
        if absent:
            raise RefusedError(replies.missing(*absent))
        keys = self.office.keys
        if not hmac.compare_digest(f"{client_id}:{secret}".encode(), f"{keys.client_id}:{keys.secret}".encode()):
            raise RefusedError(replies.INVALID_API_KEYS)
        return asked

    def _item(self, asked: Asked) -> ItemFacts:
        token = asked.get("access_token")
        if not token:
            raise RefusedError(replies.missing("access_token"))
        if not isinstance(token, str) or not token.startswith("access-sandbox-"):
            raise RefusedError(replies.INVALID_ACCESS_TOKEN)
        item = self.office.item_of(token)
        if item is None:
            raise RefusedError(replies.UNKNOWN_ACCESS_TOKEN)
        return item


_NEED_LOGIN = ("/accounts/balance/get", "/accounts/get", "/transactions/sync", "/transactions/get")
_REFUSING = {"scope_missing": replies.NOT_GRANTED, "institution_down": replies.INSTITUTION_DOWN}
_PROBLEMS = {
    "throttle": replies.throttled("TRANSACTIONS_SYNC_LIMIT"),
    "server_error": replies.SERVER_ERROR,
    "dead_token": replies.UNKNOWN_ACCESS_TOKEN,
    "item_login_required": replies.LOGIN_REQUIRED,
}


def _spoiling(path: str, asked: Asked, item: ItemFacts) -> tuple[str, ...]:
    """The faults that can strike this request: a lost cursor needs one, a mutation an update under way."""
    if path not in _NEED_LOGIN:
        return BODY_FAULTS
    kinds: tuple[str, ...] = (*BODY_FAULTS, "institution_down", "schema_drift")
    if path in ("/accounts/get", "/accounts/balance/get"):
        return kinds
    kinds = (*kinds, "scope_missing", "duplicate_rows")
    if path == "/transactions/get":
        return kinds
    cursor = asked.get("cursor")
    gone = ("cursor_gone",) if cursor else ()
    return (*kinds, "empty_page", *gone, *(("drifting_pages",) if is_under_way(cursor, item) else ()))


def _with_office(office: Office, endpoint: Any) -> Callable[[ItemFacts, Asked, Serving], bytes]:
    return lambda item, asked, serving: endpoint(office, item, asked, serving)
