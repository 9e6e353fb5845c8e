"""Intuit's OAuth: refresh tokens that rotate daily, access tokens of an hour of sandbox time, revocation, discovery.

Refresh tokens are derived from (seed, realm, generation, n); only those numbers are state, written before the answer.
Access tokens carry their own facts and a signature, so that a restart forgets none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import unquote

from sandbox.consent import read_code
from sandbox.seeds import derived_secret
from sandbox.state import Grant, State

ACCESS_SECONDS = 3600
ROTATION_SECONDS = 24 * 3600
IDLE_SECONDS = 8_726_400

Answer = tuple[int, dict[str, Any]]
INVALID_GRANT: Answer = (400, {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"})
INVALID_CLIENT: Answer = (401, {"error": "invalid_client"})


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """The one app all businesses are connected through."""

    client_id: str
    client_secret: str
    webhook_verifier: str


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token says. expires: epoch seconds of sandbox time."""

    realm: str
    generation: int
    expires: int


def app_credentials(seed: int) -> AppCredentials:
    """The app's identity, derived from the seed."""
    return AppCredentials(
        client_id="AB" + derived_secret(48, seed, "client_id"),
        client_secret=derived_secret(40, seed, "client_secret"),
        webhook_verifier=derived_secret(36, seed, "webhook_verifier"),
    )


def refresh_token(seed: int, realm: str, generation: int, n: int) -> str:
    """The n-th refresh token of a consent; the realm is readable in it, the rest cannot be guessed."""
    return f"AB11{int(realm):x}Q{derived_secret(40, seed, 'refresh', realm, generation, n)}"


def current_refresh_token(state: State, realm: str) -> str:
    """The refresh token that is valid for a realm now."""
    grant = state.grant_of(realm)
    return refresh_token(state.config.seed, realm, grant.generation, grant.n)


def token_answer(state: State, headers: Mapping[str, str], form: Mapping[str, str], is_dead: Any) -> Answer:
    """The token endpoint. is_dead(realm): whether a fault has killed the realm's token. Errors as the vendor words them."""
    if not _is_client(state, headers, form):
        return INVALID_CLIENT
    kind = form.get("grant_type")
    if kind == "refresh_token":
        return _refresh(state, form.get("refresh_token", ""), is_dead)
    if kind == "authorization_code":
        return _redeem(state, form.get("code", ""), form.get("redirect_uri"))
    return 400, {"error": "unsupported_grant_type"}


def _is_client(state: State, headers: Mapping[str, str], form: Mapping[str, str]) -> bool:
    """Basic authentication, or the client's id and secret in the form, as some clients send them."""
    app = app_credentials(state.config.seed)
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
    wanted = f"{app.client_id}:{app.client_secret}".encode()
    return hmac.compare_digest(f"{unquote(client)}:{unquote(secret)}".encode(), wanted)


def _realm_of(token: str) -> str | None:
    head, mark, _ = token.removeprefix("AB11").partition("Q")
    try:
        return str(int(head, 16)) if mark and token.startswith("AB11") else None
    except ValueError:
        return None


def _refresh(state: State, token: str, is_dead: Any) -> Answer:
    realm = _realm_of(token)
    if realm is None or is_dead(realm):
        return INVALID_GRANT
    grant, now = state.grant_of(realm), state.memory.now
    if grant.revoked or now - grant.used_at > IDLE_SECONDS:
        return INVALID_GRANT
    strict = bool(state.memory.options["strict_refresh"])
    seed = state.config.seed
    if hmac.compare_digest(token.encode(), refresh_token(seed, realm, grant.generation, grant.n).encode()):
        is_due = strict or now - grant.rotated_at >= ROTATION_SECONDS
        grant = replace(grant, n=grant.n + 1, rotated_at=now, used_at=now) if is_due else replace(grant, used_at=now)
    elif not (
        grant.n > 0
        and not strict
        and now - grant.rotated_at <= ROTATION_SECONDS
        and hmac.compare_digest(token.encode(), refresh_token(seed, realm, grant.generation, grant.n - 1).encode())
    ):
        return INVALID_GRANT
    return _issue(state, realm, grant)


def _issue(state: State, realm: str, grant: Grant) -> Answer:
    if grant != state.memory.grants.get(realm):
        state.remember("grant", realm=realm, **asdict(grant))
    return 200, {
        "token_type": "bearer",
        "expires_in": ACCESS_SECONDS,
        "access_token": _sign(state, "access", realm, grant.generation, state.memory.now + ACCESS_SECONDS),
        "refresh_token": refresh_token(state.config.seed, realm, grant.generation, grant.n),
        "x_refresh_token_expires_in": IDLE_SECONDS,
    }


def _redeem(state: State, code: str, redirect_uri: str | None) -> Answer:
    said = read_code(state, "qbo", code, redirect_uri)
    if said is None:
        return INVALID_GRANT
    now = state.memory.now
    return _issue(state, said.key, Grant(generation=state.grant_of(said.key).generation + 1, rotated_at=now, used_at=now))


def revoke(state: State, headers: Mapping[str, str], token: str) -> int:
    """Revokes a refresh or access token's consent; returns the HTTP status."""
    if not _is_client(state, headers, {}):
        return 401
    access = _verify(state, "access", token)
    realm = access.realm if access else _realm_of(token)
    if realm is None:
        return 400
    grant = state.grant_of(realm)
    is_current = access is not None or token == refresh_token(state.config.seed, realm, grant.generation, grant.n)
    if not is_current:
        return 400
    state.remember("grant", realm=realm, **asdict(replace(grant, revoked=True)))
    return 200


def access_of(state: State, authorization: str) -> Access | None:
    """The valid access token in an Authorization header, else None."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    access = _verify(state, "access", token.strip())
    if access is None or access.expires <= state.memory.now:
        return None
    grant = state.grant_of(access.realm)
    return access if not grant.revoked and grant.generation == access.generation else None


def _key(state: State) -> bytes:
    return derived_secret(64, state.config.seed, "signing").encode()


def _sign(state: State, use: str, realm: str, generation: int, expires: int) -> str:
    facts = json.dumps({"use": use, "realm": realm, "generation": generation, "expires": expires, "nonce": secrets.token_hex(4)})
    body = base64.urlsafe_b64encode(facts.encode()).decode().rstrip("=")
    return f"{body}.{hmac.new(_key(state), body.encode(), hashlib.sha256).hexdigest()}"


def _verify(state: State, use: str, token: str) -> Access | None:
    body, mark, signature = token.partition(".")
    wanted = hmac.new(_key(state), body.encode(), hashlib.sha256).hexdigest()
    if not mark or not hmac.compare_digest(signature.encode(), wanted.encode()):
        return None
    facts = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return Access(facts["realm"], facts["generation"], facts["expires"]) if facts["use"] == use else None


def discovery(base_url: str) -> dict[str, Any]:
    """The OpenID configuration with this host's endpoints."""
    return {
        "issuer": f"{base_url}/op/v1",
        "authorization_endpoint": f"{base_url}/connect/oauth2",
        "token_endpoint": f"{base_url}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{base_url}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{base_url}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{base_url}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
