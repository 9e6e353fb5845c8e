"""Connects a business to a rail: checks what was handed in, recognises a sandbox, stores all of it or nothing.

Onboarding again replaces the credentials of the same connection. Many at once, from a CSV file, are in
`ingestion.control.onboarding_csv`; whether the vendor accepts the credentials shows in the first sync's outcome.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import SANDBOX_CLOCK_PATH, wall_clock
from ingestion.control import tokens
from ingestion.control.outcomes import DISCONNECTED
from ingestion.control.schema import businesses, connections, firms, secrets
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError, UsageError
from ingestion.fetching import Identify, Identity, RailError
from ingestion.http import tls_context
from ingestion.identifiers import check_business_id, is_loopback
from ingestion.promise import CredentialForm, RailPromise
from ingestion.registry import rail_promise
from ingestion.settings import Settings

CONNECTION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
PROBE_SECONDS = 5
IDENTIFY_SECONDS = 30

Probe = Callable[[str], datetime | None]


@dataclass(frozen=True, slots=True)
class Onboarded:
    """What was connected. connection_ids: one, or several where a business can have them; is_new: it had none of them before."""

    business_id: str
    rail: str
    connection_ids: tuple[str, ...]
    is_sandbox: bool
    is_new: bool


def onboard(
    settings: Settings,
    store: ControlStore,
    business_id: str,
    rail: str,
    credentials: dict[str, Any],
    *,
    base_url: str | None = None,
    auth_url: str | None = None,
    name: str | None = None,
    timezone: str | None = None,
    firm: str | None = None,
    probe: Probe | None = None,
) -> Onboarded:
    """Stores business, connection, credentials and first token; UsageError says what is wrong with the input.

    Without URLs the vendor's own are taken; a sandbox signs in where it is served. Name, time zone and firm of a known
    business stay unless given. RowcolError when a loopback address does not answer, because whether it is a sandbox
    (and so the home's clock) could not be told.
    """
    check_business_id(business_id)
    promise = rail_promise(rail)
    form = promise.credentials
    kept = check_credentials(rail, form, credentials)
    if timezone is not None:
        check_timezone(timezone)
    base = check_url("--base-url", base_url) if base_url else form.base_url
    sandbox_now = (probe or probe_sandbox)(base) if base != form.base_url else None
    vendor_auth = base if sandbox_now else form.auth_url
    auth = check_url("--auth-url", auth_url) if auth_url else vendor_auth
    wanted = {"base_url": base, "auth_url": auth, "sandbox_clock_url": base if sandbox_now else None}
    identities = identities_of(promise, base, auth, kept)
    now = settings.now or sandbox_now or wall_clock()
    with store.database.exclusive("onboarding") as transaction:
        _refuse_mixture(transaction, is_sandbox=sandbox_now is not None)
        keys = [{"business_id": business_id, "rail": rail, "connection_id": identity.connection_id} for identity in identities]
        are_new = [_refuse_other_owner(transaction, key, may_have_many=promise.has_many_connections) for key in keys]
        _put_business(transaction, business_id, name, timezone, _put_firm(transaction, firm, now), now)
        for key, identity in zip(keys, identities, strict=True):
            starts_anew = _starts_anew(transaction, store, key, identity.credentials)
            _put_connection(transaction, key, wanted)
            tokens.store_secret(transaction, store.vault, key, identity.credentials, wall_clock())
            if form.refresh_field and starts_anew:
                # Also without one: client credentials bring access tokens alone, which are kept and renewed all the same.
                tokens.store_first_token(transaction, store.vault, key, identity.credentials.get(form.refresh_field), wall_clock())
    return Onboarded(business_id, rail, tuple(identity.connection_id for identity in identities), sandbox_now is not None, all(are_new))


def identities_of(promise: RailPromise, base_url: str, auth_url: str, credentials: dict[str, Any]) -> list[Identity]:
    """Whom the credentials belong to: as they say, or as the vendor does; UsageError with its refusal, without a secret."""
    if promise.identify is None:
        field = promise.credentials.connection_field
        assert field is not None, "credentials that do not name their connection need the vendor to identify them"
        return [Identity(credentials[field], credentials)]
    module, _, function = promise.identify.partition(":")
    identify: Identify = getattr(importlib.import_module(module), function)

    async def asked() -> list[Identity]:
        async with httpx.AsyncClient(timeout=IDENTIFY_SECONDS, trust_env=False, verify=tls_context()) as http:
            return await identify(http, base_url, auth_url, credentials)

    try:
        found = asyncio.run(asked())
    except RailError as error:
        raise UsageError(f"{promise.title} does not accept these credentials: {error}") from None
    except httpx.HTTPError as error:
        raise RowcolError(f"{promise.title} at {base_url} did not answer ({type(error).__name__})") from None
    for identity in found:
        if not CONNECTION_ID.fullmatch(identity.connection_id):
            raise UsageError(f"what {promise.title} calls this connection is not an id")
    if not found:
        raise UsageError(f"the {promise.name} credentials name no connection")
    return found


def check_credentials(rail: str, form: CredentialForm, credentials: Any) -> dict[str, Any]:
    """The known fields of `credentials`; UsageError names a field that is missing, empty or not text, never its value."""
    if not isinstance(credentials, dict):
        raise UsageError(f"credentials for {rail} are a JSON object with {', '.join(form.required)}")
    for field in form.required:
        if not credentials.get(field):
            raise UsageError(f"the {rail} credentials lack {field}")
    kept = {field: credentials[field] for field in (*form.required, *form.optional) if credentials.get(field)}
    for field, value in kept.items():
        if not isinstance(value, str) and field not in form.structured:
            raise UsageError(f"{field} in the {rail} credentials is not text")
    if form.connection_field and not CONNECTION_ID.fullmatch(kept[form.connection_field]):
        raise UsageError(f"{form.connection_field} in the {rail} credentials is not an id")
    return kept


def check_url(what: str, url: str) -> str:
    """`url` without a trailing slash; UsageError unless it is https, or plain http on this machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{what} is not a web address: https://host[:port]")
    if parts.username or parts.password:
        raise UsageError(f"{what} holds a user or password, and addresses are shown in messages")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UsageError(f"{what} is plain http to {parts.hostname}: only this machine may be reached without https")
    return url.rstrip("/")


def check_timezone(name: str) -> str:
    """`name` if it is a known IANA time zone, else UsageError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"{name!r} is not a time zone, for example America/New_York") from None
    return name


def probe_sandbox(base_url: str) -> datetime | None:
    """The sandbox's time if `base_url` is one, None if it is not; RowcolError if nothing answers on this machine."""
    try:
        answer = httpx.get(base_url + SANDBOX_CLOCK_PATH, timeout=PROBE_SECONDS, trust_env=False, verify=tls_context())
        told = answer.json() if answer.status_code == httpx.codes.OK else {}
        return datetime.fromisoformat(told["now"]) if told.get("sandbox") == "rowcol" else None
    except httpx.HTTPError as error:
        if is_loopback(urlsplit(base_url).hostname or ""):
            raise RowcolError(f"nothing answers at {base_url}: start the sandbox there first") from error
        return None
    except (ValueError, KeyError, AttributeError):
        return None


def _refuse_mixture(transaction: Transaction, *, is_sandbox: bool) -> None:
    other = connections.c.sandbox_clock_url.is_(None) if is_sandbox else connections.c.sandbox_clock_url.is_not(None)
    found = transaction.execute(sa.select(connections.c.business_id).where(other).limit(1)).scalar_one_or_none()
    if found is not None:
        kinds = ("a sandbox", "real") if is_sandbox else ("real", "a sandbox")
        raise UsageError(
            f"this connection is {kinds[0]} and {found}'s is {kinds[1]}: a home has one clock, so use another ROWCOL_HOME for one of them"
        )


def _refuse_other_owner(transaction: Transaction, key: dict[str, str], *, may_have_many: bool) -> bool:
    """Whether the connection is new; refuses one of another business, and a second one of this unless it may have many."""
    rail, connection_id, business_id = key["rail"], key["connection_id"], key["business_id"]
    query = sa.select(connections.c.business_id, connections.c.connection_id).where(connections.c.rail == rail)
    either = sa.or_(connections.c.business_id == business_id, connections.c.connection_id == connection_id)
    for row in transaction.execute(query.where(either)):
        if row.business_id != business_id:
            raise UsageError(
                f"{rail} connection {connection_id} already belongs to {row.business_id}: two owners would rotate each other's token away"
            )
        if row.connection_id != connection_id and not may_have_many:
            raise UsageError(f"{business_id} is already connected to {rail} as {row.connection_id}: its history belongs to that one")
        if row.connection_id == connection_id:
            return False
    return True


def _starts_anew(transaction: Transaction, store: ControlStore, key: dict[str, str], kept: dict[str, str]) -> bool:
    """Whether the token history begins again: with other credentials, or when the stored one is dead.

    The same file handed in twice holds a refresh token that has been rotated away meanwhile.
    """
    sealed = transaction.execute(sa.select(secrets.c.ciphertext).filter_by(**key)).scalar_one_or_none()
    state = transaction.execute(sa.select(connections.c.state).filter_by(**key)).scalar_one_or_none()
    return sealed is None or state == DISCONNECTED or store.vault.open(key, sealed) != kept


def _put_firm(transaction: Transaction, firm: str | None, now: datetime) -> str | None:
    if firm is None or not firm.strip():
        return None
    firm_id = re.sub(r"[^a-z0-9]+", "-", firm.lower()).strip("-")
    if not firm_id:
        raise UsageError(f"{firm!r} is not a firm's name: it needs a letter or digit of a-z, 0-9")
    known = transaction.execute(sa.select(firms.c.firm_name).filter_by(firm_id=firm_id)).scalar_one_or_none()
    if known is None:
        transaction.execute(sa.insert(firms).values(firm_id=firm_id, firm_name=firm.strip(), created_at=now))
    elif known != firm.strip() and firm != firm_id:
        raise UsageError(f"firm {firm!r} cannot be told from {known!r}: both are {firm_id}")
    return firm_id


def _put_business(
    transaction: Transaction, business_id: str, name: str | None, timezone: str | None, firm_id: str | None, now: datetime
) -> None:
    given = {"business_name": name, "timezone": timezone, "firm_id": firm_id}
    given = {column: value for column, value in given.items() if value}
    known = transaction.execute(sa.select(businesses.c.business_id).filter_by(business_id=business_id)).first()
    if known is None:
        transaction.execute(
            sa.insert(businesses).values({"business_id": business_id, "business_name": business_id, "onboarded_at": now, **given})
        )
    elif given:
        transaction.execute(sa.update(businesses).filter_by(business_id=business_id).values(given))


def _put_connection(transaction: Transaction, key: dict[str, str], wanted: dict[str, str | None]) -> None:
    healed = {"state": "healthy", "consecutive_failures": 0, "last_error_kind": None, "last_error": None, "updated_at": wall_clock()}
    if not transaction.execute(sa.update(connections).filter_by(**key).values({**wanted, **healed})).rowcount:
        transaction.execute(sa.insert(connections).values({**key, **wanted, **healed}))
