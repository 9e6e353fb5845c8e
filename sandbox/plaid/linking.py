"""Linking bank logins and letting them go: public tokens and their exchange, removal, a login that broke. Link itself: `hosted_link`.

A business links its own banks only. A bank linked again while it is connected is Link's update mode: the same item, repaired.
After a removal it is another item with other ids, as with the vendor.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from sandbox.plaid import replies, wire
from sandbox.plaid.endpoints import Asked, item_body
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.keys import verification_key
from sandbox.plaid.office import Office
from sandbox.plaid.replies import RefusedError
from sandbox.plaid.webhooks import acknowledgement, ending

# The second one is that of European banks, which the vendor's own test endpoint does not know.
ENDINGS = ("PENDING_DISCONNECT", "PENDING_EXPIRATION")
NOTICE_SECONDS = 7 * 86_400


def public_token(office: Office, asked: Asked) -> bytes:
    """What Link hands out once somebody has signed in at a bank; `options.override_username` names the business, else it is the first."""
    if not asked.get("institution_id") or not asked.get("initial_products"):
        raise RefusedError(replies.missing("institution_id", "initial_products"))
    options = asked.get("options")
    webhook = options.get("webhook") if isinstance(options, dict) else None
    wanted = options.get("override_username") if isinstance(options, dict) else None
    business_id = wanted if isinstance(wanted, str) and wanted in office.businesses else next(iter(office.businesses), None)
    banks = office.items(business_id) if business_id else ()
    item = next((item for item in banks if item.institution.institution_id == asked["institution_id"]), None)
    if item is None:
        raise RefusedError(replies.INVALID_INSTITUTION)
    office.remember(item, linked_with=webhook if isinstance(webhook, str) else None)
    return wire.encode({"public_token": item.public_token, "request_id": replies.request_id()})


def exchange(office: Office, asked: Asked) -> bytes:
    """A public token for an access token that does not expire."""
    if not asked.get("public_token"):
        raise RefusedError(replies.missing("public_token"))
    item = office.public_item(str(asked["public_token"]))
    if item is None:
        raise RefusedError(replies.INVALID_PUBLIC_TOKEN)
    if office.login(item).get("is_removed"):
        generation = item.generation + 1
        again = {"generation": generation, f"linked_at_{generation}": office.hub.now, "asked_at": None}
        office.remember(item, is_removed=False, needs_login=False, **again)
        item = next(each for each in office.items(item.business_id) if each.number == item.number)
        office.reface(item, webhook=None, consent_ends=None)
    else:
        office.repair(item)
    # Linked anew while it is connected it would be another item at the vendor, with the new address.
    if office.login(item).get("linked_with"):
        office.reface(item, webhook=office.login(item)["linked_with"])
    return wire.encode({"access_token": item.access_token, "item_id": item.item_id, "request_id": replies.request_id()})


def webhook_update(office: Office, item: ItemFacts, asked: Asked) -> bytes:
    """Sends an item's webhooks elsewhere from now on, where the first one says so; null ends them."""
    address = asked.get("webhook")
    if address is not None and (not isinstance(address, str) or urlsplit(address).scheme not in ("http", "https")):
        raise RefusedError(replies.invalid("webhook", "must be a valid URL"))
    office.reface(item, webhook=address)
    if address is not None:
        office.hub.send("plaid", acknowledgement(office.hub, item, address))
    body = item_body(office, item, office.needs_login(item))
    return wire.encode({"item": msgspec.Raw(body), "request_id": replies.request_id()})


def remove(office: Office, item: ItemFacts) -> bytes:
    """Ends an item: its access token opens nothing any more."""
    office.remember(item, is_removed=True)
    return wire.encode({"request_id": replies.request_id()})


def fire_webhook(office: Office, item: ItemFacts, asked: Asked) -> bytes:
    """Sends a webhook now. The two that announce the end of a consent have it end in a week, until the item is linked again."""
    code = asked.get("webhook_code")
    if code not in ENDINGS:
        raise RefusedError(replies.invalid("webhook_code", f"must be one of {', '.join(ENDINGS)}"))
    ends = office.hub.now + NOTICE_SECONDS
    office.reface(item, consent_ends=ends)
    address = office.face(item).webhook
    if address is not None:
        office.hub.send("plaid", ending(office.hub, item, code, ends, address))
    return wire.encode({"webhook_fired": address is not None, "request_id": replies.request_id()})


def reset_login(office: Office, item: ItemFacts) -> bytes:
    """Makes the bank ask for a new sign-in, until the item is linked again."""
    office.remember(item, needs_login=True)
    return wire.encode({"reset_login": True, "request_id": replies.request_id()})


def webhook_key(office: Office, asked: Asked) -> bytes:
    """A public key with which webhooks are verified, the present one or one that has ended."""
    hub = office.hub
    ended = int(hub.options["plaid_keys_ended"])
    keys = [
        verification_key(hub.config.seed, hub.state.memory.origin, number, None if number == ended else hub.state.memory.origin)
        for number in range(ended + 1)
    ]
    key = next((key for key in keys if key["kid"] == asked.get("key_id")), None)
    if key is None:
        raise RefusedError(replies.INVALID_KEY_ID)
    return wire.encode({"key": key, "request_id": replies.request_id()})
