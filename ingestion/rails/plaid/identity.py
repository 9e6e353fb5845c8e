"""Which items a credentials file holds, asked of Plaid when a business is connected: each becomes a connection of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx
import msgspec

from ingestion.answers import ask
from ingestion.fetching import Identity, RailError, Renewed, Traffic
from ingestion.rails.plaid.client import Access, post
from ingestion.rails.plaid.items import ITEM_PATH, OtherItem
from ingestion.rails.plaid.wire import read_item
from ingestion.strategies import USER_ACTION

NEEDED = "transactions"
# An access token says for which environment it is.
ENVIRONMENTS = {"access-production-": True, "access-sandbox-": False, "access-development-": False}


class _Products(msgspec.Struct):
    products: list[str] = []
    billed_products: list[str] = []
    consented_products: list[str] = []
    available_products: list[str] = []


_products = msgspec.json.Decoder(_Products)


class _Given(msgspec.Struct):
    item_id: str
    access_token: str


async def identify(
    http: httpx.AsyncClient, base_url: str, auth_url: str, credentials: Mapping[str, Any], renewed: Renewed
) -> list[Identity]:
    """The items of `credentials`, each with the secret to keep for it.

    RailError refuses all of them when one is no item or has another's token. One whose owner has to sign in again is let in:
    its sync will say so, and the others of the file are not held up.
    """
    try:
        items = msgspec.convert(credentials["items"], list[_Given])
    except msgspec.ValidationError:
        raise RailError("refused", "items is a list of objects with item_id and access_token") from None
    return [await _identify(http, base_url, str(credentials["client_id"]), str(credentials["secret"]), item) for item in items]


async def _identify(http: httpx.AsyncClient, base_url: str, client_id: str, secret: str, given: _Given) -> Identity:
    access = Access(base_url, client_id, secret, given.item_id, given.access_token)
    item = await ask(USER_ACTION, Traffic(), ITEM_PATH, partial(post, http, access, ITEM_PATH, {}), read_item)
    if item.record.record_id != given.item_id:
        raise OtherItem
    kept = {"client_id": client_id, "secret": secret, "item_id": given.item_id, "access_token": given.access_token}
    known = _products.decode(item.record.payload)
    served = {*known.products, *known.billed_products, *known.consented_products, *known.available_products}
    return Identity(
        given.item_id,
        kept,
        item.institution_name or item.institution_id or given.item_id,
        is_live=next((is_live for prefix, is_live in ENVIRONMENTS.items() if given.access_token.startswith(prefix)), None),
        lacking=(NEEDED,) if served and NEEDED not in served else (),
    )
