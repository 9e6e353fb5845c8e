"""What Plaid's endpoints about one item answer, once the request is admitted. Linking and removing items: `sandbox.plaid.linking`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec

from sandbox.plaid import holdings, replies, wire
from sandbox.plaid.feed import DROPPED, TAKEN_BACK, Feed
from sandbox.plaid.items import BY_ID, ItemFacts
from sandbox.plaid.office import DEFAULT_DAYS, Face, Office
from sandbox.plaid.replies import RefusedError, invalid
from sandbox.plaid.serving import DESCRIBED, LIVE, Serving
from sandbox.plaid.updates import BadCursorError, MutatedError, Net, begin, finished, net_changes, standing, unpack

Asked = dict[str, Any]
Endpoint = Callable[[Office, ItemFacts, Asked, Serving], bytes]
MOST_ROWS, USUAL_ROWS, MOST_DAYS, MOST_OFFSET = 500, 100, 730, 1_000_000


def item_get(office: Office, item: ItemFacts, asked: Asked, serving: Serving) -> bytes:
    """The item, with the error it is in, and when the bank was last looked at."""
    now = office.hub.now
    looked = office.feed(item).poll_at(now)
    is_broken = serving.fault == "item_login_required" or office.needs_login(item)
    serving.note("items", [office.face_number(item) << 1 | is_broken])
    status = {
        "transactions": {"last_successful_update": wire.instant(looked), "last_failed_update": None},
        "last_webhook": None,
    }
    answer = {"item": msgspec.Raw(item_body(office, item, is_broken)), "status": status, "request_id": replies.request_id()}
    return wire.encode(answer)


def item_body(office: Office, item: ItemFacts, is_broken: bool, face: Face | None = None) -> bytes:
    """The item object as it is served now, or was with another face, in error or not."""
    error = replies.error_object(replies.LOGIN_REQUIRED) if is_broken else None
    face = face or office.face(item)
    return holdings.item(item, office.linked_at(item), error, webhook=face.webhook, consent_ends=face.consent_ends)


def accounts_get(office: Office, item: ItemFacts, asked: Asked, serving: Serving) -> bytes:
    """The accounts with the balances of the vendor's last look."""
    return _accounts(office, item, asked, serving, is_live=False)


def balance_get(office: Office, item: ItemFacts, asked: Asked, serving: Serving) -> bytes:
    """The accounts with the balances the bank itself tells now."""
    return _accounts(office, item, asked, serving, is_live=True)


def _accounts(office: Office, item: ItemFacts, asked: Asked, serving: Serving, *, is_live: bool) -> bytes:
    business, bank = office.businesses[item.business_id], office.bank(item.business_id)
    ids = _options(asked).get("account_ids")
    if ids is not None and not (isinstance(ids, list) and all(isinstance(each, str) for each in ids)):
        raise RefusedError(invalid("account_ids", "must be a list of strings"))
    found = holdings.accounts(item, business, bank, office.hub.now, is_live=is_live)
    if ids is not None and not set(ids) <= {account_id for account_id, _, _ in found}:
        raise RefusedError(replies.INVALID_ACCOUNT)
    kept = [(slot, body) for slot, (account_id, body, _) in zip(item.slots, found, strict=True) if ids is None or account_id in ids]
    serving.note("accounts", [slot | (LIVE if is_live else 0) for slot, _ in kept])
    answer = {
        "accounts": [msgspec.Raw(serving.record(body)) for _, body in kept],
        "item": msgspec.Raw(item_body(office, item, is_broken=False)),
        "request_id": replies.request_id(),
    }
    return wire.encode(answer)


def transactions_sync(office: Office, item: ItemFacts, asked: Asked, serving: Serving) -> bytes:
    """A page of what changed since a cursor."""
    options = _options(asked)
    count = _whole(asked, "count", USUAL_ROWS, MOST_ROWS)
    days = _whole(options, "days_requested", DEFAULT_DAYS, MOST_DAYS)
    feed = office.feed(item)
    try:
        cursor = unpack(_text(asked, "cursor"), item)
        if serving.fault == "cursor_gone" or cursor.position > len(feed.changes):
            raise BadCursorError
        history = office.history(item, days)
        if history is None:
            return _page(office, item, serving, [], feed, "", False, "NOT_READY", False)
        cursor = begin(feed, cursor, history)
        if serving.fault == "drifting_pages":
            raise MutatedError
    except BadCursorError:
        raise RefusedError(replies.BAD_CURSOR) from None
    except MutatedError:
        raise RefusedError(replies.MUTATED) from None
    status = "HISTORICAL_UPDATE_COMPLETE" if cursor.leads_whole else "INITIAL_UPDATE_COMPLETE"
    net = net_changes(feed, cursor, history)
    is_described = options.get("include_original_description") is True
    if serving.fault == "empty_page":
        return _page(office, item, serving, [], feed, cursor.pack(item), True, status, is_described)
    told = net[cursor.offset : cursor.offset + count]
    has_more = cursor.offset + count < len(net)
    after = replace(cursor, offset=cursor.offset + count) if has_more else finished(cursor)
    return _page(office, item, serving, told, feed, after.pack(item), has_more, status, is_described)


def _page(
    office: Office, item: ItemFacts, serving: Serving, told: Net, feed: Feed, cursor: str, has_more: bool, status: str, is_described: bool
) -> bytes:
    if serving.fault == "duplicate_rows":
        told = [*told, *told[: max(1, len(told) // 20)]]
    rows: dict[str, list[bytes]] = {"added": [], "modified": [], "removed": []}
    places = []
    for how, place in told:
        change = feed.changes[place]
        is_gone = change.stage in (DROPPED, TAKEN_BACK)
        if is_gone:
            rows[how].append(wire.removed(item, change))
        else:
            rows[how].append(serving.record(wire.transaction_at(item, feed, place, is_described=is_described)))
        places.append(place | (DESCRIBED if is_described and not is_gone else 0))
    serving.note("transactions", places)
    business, bank = office.businesses[item.business_id], office.bank(item.business_id)
    found = zip(item.slots, holdings.accounts(item, business, bank, office.hub.now, is_live=False), strict=True)
    accounts = [serving.priced(body) for slot, (_, body, _) in found if slot in feed.used and status != "NOT_READY"]
    end = {
        "next_cursor": cursor,
        "has_more": has_more,
        "request_id": replies.request_id(),
        "transactions_update_status": status,
    }
    parts = [b'"%s":[%s]' % (name.encode(), b",".join(bodies)) for name, bodies in (("accounts", accounts), *rows.items())]
    return b"{" + b",".join(parts) + b"," + wire.encode(end)[1:]


def transactions_get(office: Office, item: ItemFacts, asked: Asked, serving: Serving) -> bytes:
    """A page of the transactions of a stretch of days as they stand now, newest first."""
    if not asked.get("start_date") or not asked.get("end_date"):
        raise RefusedError(replies.missing("start_date", "end_date"))
    options = _options(asked)
    first, last = _date(asked, "start_date"), _date(asked, "end_date")
    count, offset = _whole(options, "count", USUAL_ROWS, MOST_ROWS), _whole(options, "offset", 0, MOST_OFFSET, least=0)
    feed, history = office.feed(item), office.history(item, _whole(options, "days_requested", DEFAULT_DAYS, MOST_DAYS))
    if history is None:
        raise RefusedError(replies.NOT_READY)
    places = standing(feed, history, first, last)
    page = places[offset : offset + count]
    if serving.fault == "duplicate_rows":
        page = [*page, *page[: max(1, len(page) // 20)]]
    is_described = options.get("include_original_description") is True
    rows = [serving.record(wire.transaction(item, feed.changes[place], is_described=is_described)) for place in page]
    serving.note("transactions", [place | (DESCRIBED if is_described else 0) for place in page])
    business, bank = office.businesses[item.business_id], office.bank(item.business_id)
    answer = {
        "accounts": [
            msgspec.Raw(serving.priced(body)) for _, body, _ in holdings.accounts(item, business, bank, office.hub.now, is_live=False)
        ],
        "transactions": [msgspec.Raw(row) for row in rows],
        "total_transactions": len(places),
        "item": msgspec.Raw(item_body(office, item, is_broken=False)),
        "request_id": replies.request_id(),
    }
    return wire.encode(answer)


def institution_get(asked: Asked) -> bytes:
    """A bank by its id."""
    if not asked.get("institution_id") or not asked.get("country_codes"):
        raise RefusedError(replies.missing("institution_id", "country_codes"))
    bank = BY_ID.get(_text(asked, "institution_id"))
    if bank is None:
        raise RefusedError(replies.INVALID_INSTITUTION)
    body = holdings.institution(bank, has_metadata=bool(_options(asked).get("include_optional_metadata")))
    return wire.encode({"institution": msgspec.Raw(body), "request_id": replies.request_id()})


def _options(asked: Asked) -> dict[str, Any]:
    options = asked.get("options") or {}
    if not isinstance(options, dict):
        raise RefusedError(invalid("options", "must be an object"))
    return options


def _text(asked: Asked, field: str) -> str:
    found = asked.get(field) or ""
    if not isinstance(found, str):
        raise RefusedError(invalid(field, "must be a string"))
    return found


def _date(asked: Asked, field: str) -> date:
    try:
        return date.fromisoformat(_text(asked, field))
    except ValueError:
        raise RefusedError(invalid(field, "must be a date of the form YYYY-MM-DD")) from None


def _whole(asked: Asked, field: str, usual: int, most: int, *, least: int = 1) -> int:
    found = asked.get(field, usual)
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        raise RefusedError(invalid(field, f"must be between {least} and {most}"))
    return found


# Whatever is about one item, by its path.
OF_ITEM: dict[str, Endpoint] = {
    "/item/get": item_get,
    "/accounts/get": accounts_get,
    "/accounts/balance/get": balance_get,
    "/transactions/sync": transactions_sync,
    "/transactions/get": transactions_get,
}
