"""Ramp's OAuth: client credentials of a business's own app, or a partner app's consent with a refresh token per business.

Access tokens carry their own facts and a signature, so that a restart forgets none. Only consents are state.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import unquote

from sandbox.consent import read_code
from sandbox.seeds import derived_secret
from sandbox.state import Grant, State

APP_SECONDS, CONSENT_SECONDS = 864_000, 3600
SCOPES = (
    "bills:read", "vendors:read", "transactions:read", "transfers:read", "business:read", "bank_accounts:read", "reimbursements:read",
    "entities:read", "accounting:read", "statements:read",
)  # fmt: skip
# What a credential lacks while the fault `scope_missing` is on.
MISSING = ("statements:read", "reimbursements:read")
PARTNER = "partner"

Answer = tuple[int, dict[str, Any]]
INVALID_CLIENT: Answer = (401, {"error": "invalid_client", "error_description": "Client authentication failed"})


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token says. number: the business's, from 0; expires: epoch seconds of sandbox time."""

    number: int
    scopes: tuple[str, ...]
    expires: int
    generation: int


def has_own_app(number: int) -> bool:
    """Three businesses in four have an app of their own; the fourth consented to the partner's."""
    return number % 4 != 3


def client_of(seed: int, who: str) -> tuple[str, str]:
    """(client id, client secret) of an app: `partner`, or a business's number."""
    return f"ramp_id_{who}Q{derived_secret(36, seed, 'ramp client', who)}", "ramp_sec_" + derived_secret(48, seed, "ramp secret", who)


def webhook_secret(seed: int, number: int) -> str:
    """The secret of a business's webhook subscription."""
    return derived_secret(48, seed, "ramp webhook", number)


def refresh_token(state: State, number: int) -> str:
    """The refresh token of a business's present consent; it does not rotate."""
    generation = state.grant_of(grant_key(number)).generation
    return f"ramp_rt_{number:x}Q{derived_secret(48, state.config.seed, 'ramp refresh', number, generation)}"


def token_answer(
    state: State, headers: Mapping[str, str], form: Mapping[str, str], businesses: int, lost: Callable[[int], tuple[str, ...] | None]
) -> Answer | str:
    """The token endpoint; text is the message of a 404. lost(number): scopes a fault takes, or None when it killed the token."""
    who = _client(state, headers, businesses)
    if who is None:
        return INVALID_CLIENT
    kind, scope = form.get("grant_type"), form.get("scope", "")
    if kind == "client_credentials":
        if who == PARTNER:
            return 400, {"error": "unauthorized_client", "error_description": "This app acts by consent only"}
        taken = lost(int(who))
        grant = state.grant_of(grant_key(int(who)))
        if grant.revoked:
            # Revoking ends the tokens there are; the app itself may ask for others.
            state.remember("grant", realm=grant_key(int(who)), **asdict(Grant(generation=grant.generation + 1)))
        return INVALID_CLIENT if taken is None else _issue(state, int(who), scope, taken, APP_SECONDS, has_refresh=False)
    if kind == "refresh_token" and who == PARTNER:
        number = _number_of(form.get("refresh_token", ""))
        is_known = number is not None and number < businesses
        if number is None or not is_known or not hmac.compare_digest(form["refresh_token"], refresh_token(state, number)):
            return "Refresh token with given refresh_token not found"
        taken = lost(number)
        if taken is None or state.grant_of(grant_key(number)).revoked:
            return "Refresh token with given refresh_token not found"
        consented = state.grant_of(grant_key(number)).scope or " ".join(SCOPES)
        wanted = " ".join(name for name in scope.split() if name in consented.split()) if scope else consented
        return _issue(state, number, wanted, taken, CONSENT_SECONDS, has_refresh=True)
    if kind == "authorization_code" and who == PARTNER:
        return _redeem(state, form.get("code", ""), form.get("redirect_uri"), lost)
    return 400, {"error": "unsupported_grant_type" if kind not in ("refresh_token", "authorization_code") else "unauthorized_client"}


def _client(state: State, headers: Mapping[str, str], businesses: int) -> str | None:
    """Which app authenticates itself: a business's number, `partner`, or None for none."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    who = unquote(client).removeprefix("ramp_id_").partition("Q")[0]
    if who != PARTNER and not (who.isdecimal() and int(who) < businesses and str(int(who)) == who):
        return None
    wanted = ":".join(client_of(state.config.seed, who))
    return who if hmac.compare_digest(f"{unquote(client)}:{unquote(secret)}".encode(), wanted.encode()) else None


def _issue(state: State, number: int, scope: str, taken: tuple[str, ...], seconds: int, *, has_refresh: bool) -> Answer:
    """A token with those of the wanted scopes that were granted; asking for others is no error, asking for none gives none."""
    granted = tuple(name for name in dict.fromkeys(scope.split()) if name in SCOPES and name not in taken)
    body = {"token_type": "Bearer", "expires_in": seconds, "scope": " ".join(granted)}
    body["access_token"] = _sign(state, "access", number, granted, state.memory.now + seconds)
    if has_refresh:
        body["refresh_token"] = refresh_token(state, number)
    return 200, body


def _redeem(state: State, code: str, redirect_uri: str | None, lost: Callable[[int], tuple[str, ...] | None]) -> Answer:
    said = read_code(state, "ramp", code, redirect_uri)
    number = int(said.key.removeprefix("ramp:")) if said else 0
    taken = lost(number) if said else None
    if said is None or taken is None:
        return 400, {"error": "invalid_grant", "error_description": "Authorization code is invalid or expired"}
    scope = said.scope or " ".join(SCOPES)
    state.remember("grant", realm=said.key, **asdict(Grant(generation=state.grant_of(said.key).generation + 1, scope=scope)))
    return _issue(state, number, scope, taken, CONSENT_SECONDS, has_refresh=True)


def revoke(state: State, headers: Mapping[str, str], token: str, businesses: int) -> int:
    """Ends the consent or access that a token stands for until the next consent; returns the HTTP status."""
    if _client(state, headers, businesses) is None:
        return 401
    access = _verify(state, "access", token)
    number = access.number if access else _number_of(token)
    if number is None or number >= businesses:
        return 404
    state.remember("grant", realm=grant_key(number), **asdict(replace(state.grant_of(grant_key(number)), revoked=True)))
    return 200


def access_of(state: State, authorization: str) -> Access | None:
    """The valid access token in an Authorization header, else None."""
    scheme, _, token = authorization.partition(" ")
    access = _verify(state, "access", token.strip()) if scheme.lower() == "bearer" else None
    if access is None or access.expires <= state.memory.now:
        return None
    grant = state.grant_of(grant_key(access.number))
    return access if not grant.revoked and grant.generation == access.generation else None


def grant_key(number: int) -> str:
    """The name of a business's consent among the sandbox's grants."""
    return f"ramp:{number}"


def _number_of(token: str) -> int | None:
    head, mark, _ = token.removeprefix("ramp_rt_").partition("Q")
    try:
        return int(head, 16) if mark and token.startswith("ramp_rt_") else None
    except ValueError:
        return None


def _sign(state: State, use: str, number: int, scopes: tuple[str, ...], expires: int) -> str:
    generation = state.grant_of(grant_key(number)).generation
    facts = {"u": use, "b": number, "s": [SCOPES.index(name) for name in scopes], "e": expires, "g": generation, "n": secrets.token_hex(4)}
    body = base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"ramp_bus_tok_{body}.{_mac(state, body)}"


def _verify(state: State, use: str, token: str) -> Access | None:
    body, mark, signature = token.removeprefix("ramp_bus_tok_").partition(".")
    if not mark or not hmac.compare_digest(signature.encode(), _mac(state, body).encode()):
        return None
    facts = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    scopes = tuple(SCOPES[position] for position in facts["s"])
    return Access(facts["b"], scopes, facts["e"], facts["g"]) if facts["u"] == use else None


def _mac(state: State, body: str) -> str:
    return hmac.new(derived_secret(64, state.config.seed, "ramp signing").encode(), body.encode(), hashlib.sha256).hexdigest()
