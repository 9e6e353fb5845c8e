"""Plaid's webhooks: a JWT in the Plaid-Verification header holds the time and the SHA-256 of the raw body.

Source: Plaid's page on verifying webhooks. The token is ES256 and nothing else, signed with one of Plaid's own keys, which
are asked for by their id and end at some time. Events have no id and are repeated freshly signed: what was already read
is read again, which does no harm; only the very same token is told apart as a repetition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
import jwt
import msgspec

from ingestion.exchange import exchange
from ingestion.fetching import RailError
from ingestion.rails.plaid.wire import instant
from ingestion.webhooks import Notice, Refused, Word, check_age, header, read_json, same

SIGNED_WITH = ""
SIGNATURE = "plaid-verification"
ALGORITHM = "ES256"
LONGEST_KEY_ID = 128
LONGEST_TOKEN = 4096
KEY_PATH = "/webhook_verification_key/get"

NEW_TRANSACTIONS = ("transactions", "accounts", "balances")
# By type and code. The older TRANSACTIONS codes come beside SYNC_UPDATES_AVAILABLE and add nothing; an item's troubles
# show when it is read.
TABLES: dict[tuple[str, str], tuple[str, ...]] = {
    ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE"): NEW_TRANSACTIONS,
    ("ITEM", "ERROR"): ("items",),
    ("ITEM", "LOGIN_REPAIRED"): ("items", *NEW_TRANSACTIONS),
    ("ITEM", "NEW_ACCOUNTS_AVAILABLE"): ("items", "accounts", "balances"),
    ("ITEM", "PENDING_DISCONNECT"): ("items",),
    ("ITEM", "PENDING_EXPIRATION"): ("items",),
    ("ITEM", "USER_PERMISSION_REVOKED"): ("items",),
    ("ITEM", "USER_ACCOUNT_REVOKED"): ("items", "accounts"),
}


ENDINGS = ("ITEM.PENDING_DISCONNECT", "ITEM.PENDING_EXPIRATION")
REPAIRED = "ITEM.LOGIN_REPAIRED"


class Event(msgspec.Struct):
    """An event of one item. disconnect_time, consent_expiration_time: when it will want its owner again, by two names."""

    webhook_type: Word
    webhook_code: Word
    item_id: Word
    disconnect_time: Any = None
    consent_expiration_time: Any = None


def named(body: bytes) -> frozenset[str]:
    """The item an unverified body names; Refused when it cannot be read."""
    return frozenset((read_json(body, Event).item_id,))


def key_id(headers: Mapping[str, str]) -> str:
    """The id of the key the token claims to be signed with; Refused when the header is not an ES256 token with one."""
    token = header(headers, SIGNATURE)
    if len(token) > LONGEST_TOKEN:
        raise Refused("unsigned", f"the {SIGNATURE} header is too long")
    try:
        claimed = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError, ValueError):
        raise Refused("unsigned", f"the {SIGNATURE} header is not a JWT") from None
    kid = claimed.get("kid")
    if claimed.get("alg") != ALGORITHM:
        raise Refused("forged", f"the token is not signed with {ALGORITHM}")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KEY_ID or not kid.isascii() or not kid.isprintable():
        raise Refused("unsigned", "the token names no key")
    return kid


def verify(headers: Mapping[str, str], body: bytes, keys: Mapping[str, Mapping[str, Any]], now: datetime) -> list[Notice]:
    """The event of a body whose hash Plaid signed within the last 5 minutes. keys: Plaid's keys (JWK) by their id."""
    kid = key_id(headers)
    token = header(headers, SIGNATURE)
    if kid not in keys:
        raise Refused("forged", "the token names a key Plaid does not have")
    if keys[kid].get("expired_at") is not None:
        raise Refused("forged", "the token is signed with a key that has ended")
    try:
        # The library would compare times with the machine's clock, which is not the product's.
        unchecked = dict.fromkeys(("verify_iat", "verify_exp", "verify_nbf", "verify_aud", "verify_iss"), False)
        claims = jwt.decode(token, jwt.PyJWK(dict(keys[kid]), ALGORITHM), algorithms=[ALGORITHM], options=unchecked)  # type: ignore[arg-type]
    except (jwt.PyJWTError, RecursionError, ValueError):
        raise Refused("forged", "the token's signature does not fit") from None
    signed_at, digest = claims.get("iat"), claims.get("request_body_sha256")
    if not isinstance(signed_at, int) or isinstance(signed_at, bool) or not isinstance(digest, str):
        raise Refused("forged", "the token has no time or no hash of the body")
    if not same(digest.encode("utf-8", "replace"), hashlib.sha256(body).hexdigest().encode()):
        raise Refused("forged", "the token was signed for another body")
    check_age(signed_at, now)
    event = read_json(body, Event)
    tables = TABLES.get((event.webhook_type, event.webhook_code), ())
    event_id = hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
    ends_at = instant(event.disconnect_time) or instant(event.consent_expiration_time)
    kind = f"{event.webhook_type}.{event.webhook_code}"
    return [Notice(event.item_id, event_id, kind, tables, ends_at if kind in ENDINGS else None, kind == REPAIRED)]


async def fetch_key(http: httpx.AsyncClient, base_url: str, credentials: Mapping[str, Any], kid: str) -> dict[str, Any] | None:
    """Plaid's key of that id as a JWK, or None when Plaid does not know it; Transient or RailError when it cannot be asked."""
    asked = {"client_id": credentials["client_id"], "secret": credentials["secret"], "key_id": kid}
    answer = await exchange(http, "POST", base_url.rstrip("/") + KEY_PATH, json=asked)
    if answer.status == httpx.codes.BAD_REQUEST:
        return None
    try:
        key = msgspec.json.decode(answer.body, type=dict[str, Any]).get("key") if answer.status == httpx.codes.OK else None
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, dict):
        raise RailError("server_error", f"Plaid answered {answer.status} without a key")
    return key if key.get("kid") == kid else None
