"""Stripe's HTTP surface: paths, admission (key, account, throttles), faults on request, then `sandbox.stripe.serving`."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.hub import Hub
from sandbox.spoiling import BODY_FAULTS, labelled
from sandbox.stripe import replies
from sandbox.stripe.entities import ACCOUNT_VERSION, BASIL, BY_TABLE, LISTED, Entity
from sandbox.stripe.limits import Limits, ThrottledError
from sandbox.stripe.office import office_of
from sandbox.stripe.parameters import read_expand, read_list
from sandbox.stripe.replies import Refusal
from sandbox.stripe.serving import Serving
from sandbox.stripe.shapes import encode
from sandbox.stripe.table import NEW, OLD

_BEFORE = ("throttle", "server_error", "html_error", "dead_token", "scope_missing")
_PAGE = (*BODY_FAULTS, "duplicate_rows", "schema_drift", "empty_page")
Handler = Callable[[Serving, Request], bytes]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key, the account it acts on (empty: the platform's own), and the version answers are written in."""

    key: str
    account: str
    version: str

    @property
    def shape(self) -> int:
        return NEW if self.version >= BASIL else OLD


class StripeApp:
    """The routes of one sandbox. latency_ms: real milliseconds added to every answer."""

    def __init__(self, hub: Hub, limits: Limits, latency_ms: int = 0) -> None:
        self.hub = hub
        self.office = office_of(hub)
        self.limits = limits
        self.latency = latency_ms / 1000

    def routes(self) -> list[Route]:
        """All paths of the vendor that the sandbox answers."""
        routes = [
            self._route("/v1/account", lambda serving, request: serving.account()),
            self._route("/v1/accounts", _accounts),
            self._route("/v1/accounts/{id}", _account),
            self._route("/v1/balance", lambda serving, request: serving.balance()),
            self._route("/v1/invoices/{id}/lines", _lines, BY_TABLE["invoices"]),
            self._route("/v1/charges/{id}/refunds", _refunds, BY_TABLE["charges"]),
        ]
        for entity in LISTED:
            routes.append(self._route(f"/v1/{entity.table}", _list_of(entity), entity))
            routes.append(self._route(f"/v1/{entity.table}/{{id}}", _read_of(entity), entity))
        return [*routes, Route("/{path:path}", self._nowhere, methods=["GET", "POST", "DELETE"])]

    def _route(self, path: str, handler: Handler, entity: Entity | None = None) -> Route:
        async def answer(request: Request) -> Response:
            if self.latency:
                await asyncio.sleep(self.latency)
            try:
                caller = self._caller(request)
                if entity is not None and caller.version < entity.since:
                    raise Refusal(404, f"Unrecognized request URL (GET: {request.url.path}).")
                if not caller.account:
                    return self._of_platform(request, caller)
                with self.limits.admitted(caller.account, path):
                    return await self._serve(handler, request, caller, entity)
            except ThrottledError as error:
                return replies.refused(replies.throttled(str(error), retry_after=bool(self.hub.options["retry_after"])), ACCOUNT_VERSION)
            except Refusal as refusal:
                return replies.refused(refusal, request.headers.get("stripe-version", ACCOUNT_VERSION))

        return Route(path, answer, methods=["GET"])

    def _caller(self, request: Request) -> Caller:
        """Reads key, account and version; Refusal for those that are none."""
        version = request.headers.get("stripe-version", ACCOUNT_VERSION)
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.[a-z_]+)?", version):
            raise Refusal(400, f"Invalid Stripe API version: {version[:40]}")
        key = _key_of(request.headers.get("authorization", ""))
        if key not in self.office.keys:
            raise replies.unknown_key(key)
        account = request.headers.get("stripe-account") or self.office.keys[key]
        if account == self.office.platform_id:
            account = ""
        if not self.office.reaches(key, account):
            raise replies.out_of_reach(account, key)
        return Caller(key, account, version)

    async def _serve(self, handler: Handler, request: Request, caller: Caller, entity: Entity | None) -> Response:
        hub, business = self.hub, self.office.accounts[caller.account].business_id
        kind = hub.faults.striking(business, _BEFORE, rail="stripe")
        if kind == "html_error":
            return replies.html_error(caller.version)
        if kind is not None:
            raise self._struck(kind, caller, entity)
        if hub.faults.striking(business, ("slow",), rail="stripe"):
            await asyncio.sleep(float(hub.options["slow_seconds"]))
        pages = (*_PAGE, "cursor_gone") if "starting_after" in request.query_params else _PAGE
        serving = Serving(self.office, caller.account, caller.shape, hub.faults.striking(business, pages, rail="stripe"))
        body = serving.finish(handler(serving, request))
        if hub.faults.striking(business, ("late_commit",), rail="stripe"):
            hub.state.remember("operation", operation="stripe_late", at=hub.now, realm=self.office.accounts[caller.account].realm)
        return labelled(replies.json_reply(body, caller.version))

    def _struck(self, kind: str, caller: Caller, entity: Entity | None) -> Refusal:
        if kind == "throttle":
            return replies.throttled("global-rate", retry_after=bool(self.hub.options["retry_after"]))
        if kind == "server_error":
            return replies.server_error()
        if kind == "scope_missing":
            return replies.not_permitted(caller.key, entity.permission if entity else "rak_account_read", caller.account)
        if caller.key == self.office.platform_key:
            return replies.out_of_reach(caller.account, caller.key)
        return replies.unknown_key(caller.key)

    def _of_platform(self, request: Request, caller: Caller) -> Response:
        """The platform's own account: itself, the accounts connected to it, and nothing else."""
        own, path = self.office.platform(), request.url.path
        connected = [account for account in self.office.accounts if self.office.reaches(caller.key, account)]
        if path in ("/v1/account", f"/v1/accounts/{self.office.platform_id}"):
            return replies.json_reply(encode(own), caller.version)
        if path.startswith("/v1/accounts/"):
            account = path.rsplit("/", 1)[1]
            if account not in connected:
                raise replies.out_of_reach(account, caller.key)
            return replies.json_reply(Serving(self.office, account, caller.shape, None).account(), caller.version)
        if path == "/v1/balance":
            nothing = [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
            return replies.json_reply(
                encode({"object": "balance", "available": nothing, "livemode": False, "pending": nothing}), caller.version
            )
        rows = [Serving(self.office, account, caller.shape, None).account() for account in connected] if path == "/v1/accounts" else []
        body = b'{"object":"list","url":' + encode(path) + b',"has_more":false,"data":[' + b",".join(rows) + b"]}"
        return replies.json_reply(body, caller.version)

    async def _nowhere(self, request: Request) -> Response:
        message = f"Unrecognized request URL ({request.method}: {request.url.path}). Please see https://stripe.com/docs."
        return replies.refused(Refusal(404, message), ACCOUNT_VERSION)


def _key_of(authorization: str) -> str:
    """The key of a Bearer or Basic authorization, empty for none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().split(":", 1)[0]
        except ValueError:
            return ""
    return value.strip() if scheme.lower() == "bearer" else ""


def _list_of(entity: Entity) -> Handler:
    return lambda serving, request: serving.listed(entity, read_list(request.query_params.multi_items(), entity.filters))


def _read_of(entity: Entity) -> Handler:
    return lambda serving, request: serving.read(entity, request.path_params["id"], read_expand(request.query_params.multi_items()))


def _lines(serving: Serving, request: Request) -> bytes:
    return serving.lines(request.path_params["id"], read_list(request.query_params.multi_items(), ()))


def _refunds(serving: Serving, request: Request) -> bytes:
    return serving.refunds_of(request.path_params["id"], read_list(request.query_params.multi_items(), ()))


def _accounts(serving: Serving, request: Request) -> bytes:
    return b'{"object":"list","url":"/v1/accounts","has_more":false,"data":[]}'


def _account(serving: Serving, request: Request) -> bytes:
    if request.path_params["id"] != serving.book.account_id:
        raise Refusal(403, "The provided key does not have access to that account (or it does not exist).", code="account_invalid")
    return serving.account()
