"""Plaid's consent: Hosted Link, a session that ends in public tokens, update mode for a login that broke, and removal.

Source: Plaid's API reference, /link/token/create, /link/token/get, /item/public_token/exchange, /item/remove. Link answers no
redirect with a code: the browser only comes back, and what came of it is asked for. A new login gets the whole history, since
how far back it reaches is fixed when transactions begin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx
import msgspec

from ingestion.answers import MalformedPage
from ingestion.answers import ask as ask_again
from ingestion.consent import App, Asking, ConsentDenied, Ending, Page, Place, page_address
from ingestion.control.facts import TokenState
from ingestion.fetching import RailError, Traffic
from ingestion.rails.plaid.client import Access, post
from ingestion.rails.plaid.complaints import CODES_OF_THE_GONE
from ingestion.rails.plaid.items import COUNTRY_CODES
from ingestion.rails.plaid.transactions import DAYS_REQUESTED
from ingestion.strategies import USER_ACTION

CLIENT_NAME = "RowCol"
# The session can be told a moment after the browser has come back.
LOOKS = 10
BETWEEN_LOOKS_SECONDS = 1.0


class _Link(msgspec.Struct):
    link_token: str
    hosted_link_url: str


class _Added(msgspec.Struct):
    public_token: str


class _Results(msgspec.Struct):
    item_add_results: list[_Added] = []


class _Session(msgspec.Struct):
    finished_at: str | None = None
    exit: dict[str, Any] | None = None
    results: _Results | None = None


class _Outcome(msgspec.Struct):
    link_sessions: list[_Session] = []


class _Linked(msgspec.Struct):
    item_id: str
    access_token: str


_link, _outcome, _linked = (msgspec.json.Decoder(kind) for kind in (_Link, _Outcome, _Linked))


async def ask(http: httpx.AsyncClient, app: App, asking: Asking) -> Page:
    """A Hosted Link page for the business: to sign in at a bank, or again at the one it is renewed for."""
    fields: dict[str, Any] = {
        "client_name": app.keys.get("client_name", CLIENT_NAME),
        "language": "en",
        "country_codes": COUNTRY_CODES,
        "user": {"client_user_id": asking.business_id},
        "hosted_link": {"completion_redirect_uri": page_address(asking.redirect_uri, state=asking.state)},
    }
    if asking.renewed is None:
        fields |= {"products": ["transactions"], "transactions": {"days_requested": DAYS_REQUESTED}}
        # In update mode the field has no effect; of items that are there, `items` sees to it.
        if asking.webhook:
            fields["webhook"] = asking.webhook
    else:
        fields["access_token"] = asking.renewed["access_token"]
    made = await _asked(http, app, "/link/token/create", fields, _link)
    return Page(made.hosted_link_url, ticket=made.link_token)


def named(answer: Mapping[str, str]) -> str | None:
    """The browser comes back without a word about the bank."""
    return None


async def take(http: httpx.AsyncClient, app: App, asking: Asking, page: Page, answer: Mapping[str, str]) -> dict[str, Any]:
    """The items that the session added, or the renewed one as it was; ConsentDenied when the person left the page."""
    session = await _finished(http, app, page.ticket)
    kept = {name: app.keys[name] for name in ("client_id", "secret")}
    if session.exit is not None:
        raise ConsentDenied("the bank's consent was not given: Plaid's page was left before its end")
    if asking.renewed is not None:
        item = {name: asking.renewed[name] for name in ("item_id", "access_token")}
        return {**kept, "items": [item]}
    added = session.results.item_add_results if session.results else []
    linked = [await _asked(http, app, "/item/public_token/exchange", {"public_token": each.public_token}, _linked) for each in added]
    if not linked:
        raise ConsentDenied("no bank was chosen on Plaid's page")
    return {**kept, "items": [{"item_id": each.item_id, "access_token": each.access_token} for each in linked]}


async def end(http: httpx.AsyncClient, place: Place, credentials: Mapping[str, Any], token: TokenState | None) -> Ending:
    """Removes the item, or each of those that a page added, which ends its access token and its bill."""
    endings = [await _removed(http, place, credentials, item) for item in credentials.get("items", [credentials])]
    return "revoked" if "revoked" in endings else "already_over"


async def _removed(http: httpx.AsyncClient, place: Place, keys: Mapping[str, Any], item: Mapping[str, Any]) -> Ending:
    access = Access(place.base_url, keys["client_id"], keys["secret"], item["item_id"], item["access_token"])
    try:
        await ask_again(USER_ACTION, Traffic(), "/item/remove", partial(post, http, access, "/item/remove", {}), bytes)
    except RailError as error:
        if any(code in str(error) for code in CODES_OF_THE_GONE):
            return "already_over"
        raise
    return "revoked"


async def _finished(http: httpx.AsyncClient, app: App, link_token: str) -> _Session:
    for _ in range(LOOKS):
        sessions = (await _asked(http, app, "/link/token/get", {"link_token": link_token}, _outcome)).link_sessions
        ended = [session for session in sessions if session.finished_at is not None or session.exit is not None]
        if ended:
            # A page can be left and opened again: what it came to in the end is what counts.
            return next((session for session in ended if session.exit is None), ended[0])
        await asyncio.sleep(BETWEEN_LOOKS_SECONDS)
    raise RailError("not_ready", "Plaid does not say what came of its page")


async def _asked(http: httpx.AsyncClient, app: App, path: str, fields: Mapping[str, Any], decoder: msgspec.json.Decoder[Any]) -> Any:
    access = Access(app.place.base_url, app.keys["client_id"], app.keys["secret"], "", "")

    def parse(body: bytes) -> Any:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise MalformedPage(type(error).__name__) from None

    return await ask_again(USER_ACTION, Traffic(), path, lambda: post(http, access, path, fields), parse)
