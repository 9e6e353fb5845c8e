"""Stores what was connected: business, firm, connection, secret and first token, all of it or nothing.

Refuses what a home may not hold: a sandbox beside real companies, test data beside live, a connection that is another
business's. Who asks the vendor before, and how: `ingestion.control.onboarding`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control import tokens
from ingestion.control.acts import changed
from ingestion.control.intake import Host
from ingestion.control.live_cache import forget_answers
from ingestion.control.outcomes import DISCONNECTED
from ingestion.control.renewals import forget_renewal
from ingestion.control.schema import businesses, connections, firms, secrets
from ingestion.control.store import ControlStore
from ingestion.errors import UsageError
from ingestion.fetching import Identity
from ingestion.promise import CredentialForm, RailPromise

SANDBOX, TEST, LIVE = "sandbox", "test", "live"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is said about the business itself; None leaves what is known."""

    name: str | None = None
    timezone: str | None = None
    firm: str | None = None


def keep(
    store: ControlStore,
    business_id: str,
    promise: RailPromise,
    host: Host,
    identities: Sequence[Identity],
    profile: Profile,
    now: datetime,
) -> list[bool]:
    """Stores a connection per identity and says of each whether it is new; UsageError says why one may not be here.

    A connection that is known gets the new secret and counts as healthy; id, history and outcomes stay.
    """
    form = promise.credentials
    vault = store.vault  # before the transaction: a key that is made now is noted in one of its own
    with store.database.exclusive("onboarding") as transaction:
        environments = {environment_of(form, host, identity) for identity in identities}
        refuse_mixture(transaction, environments)
        keys = [{"business_id": business_id, "rail": promise.name, "connection_id": identity.connection_id} for identity in identities]
        are_new = [refuse_other_owner(transaction, key, may_have_many=promise.has_many_connections) for key in keys]
        _put_business(transaction, business_id, profile, _put_firm(transaction, profile.firm, now), now)
        for key, identity in zip(keys, identities, strict=True):
            kept = _with_what_is_known(transaction, store, key, form, identity.credentials)
            starts_anew = _starts_anew(transaction, store, key, kept)
            _put_connection(transaction, key, host, environment_of(form, host, identity), now)
            forget_answers(transaction, key)
            tokens.store_secret(transaction, vault, key, kept, wall_clock())
            if form.refresh_field and (starts_anew or identity.refresh_token):
                # Also without one: client credentials bring access tokens alone, which are kept and renewed all the same.
                first = identity.refresh_token or kept.get(form.refresh_field)
                tokens.store_first_token(transaction, vault, key, first, wall_clock())
                forget_renewal(transaction, promise.name, kept.get(form.refresh_field))
    return are_new


def environment_of(form: CredentialForm, host: Host, identity: Identity) -> str | None:
    """sandbox, test or live; None where neither the vendor nor the address tells."""
    if host.sandbox_now is not None:
        return SANDBOX
    if identity.is_live is not None:
        return LIVE if identity.is_live else TEST
    return LIVE if host.base_url == form.base_url else TEST if host.base_url in form.test_urls else None


def refuse_in_advance(store: ControlStore, promise: RailPromise, host: Host, key: dict[str, str]) -> None:
    """UsageError for a connection that may not be here, before its vendor is asked: asking would take the token of its owner."""
    with store.database.read() as transaction:
        refuse_mixture(transaction, {environment_of(promise.credentials, host, Identity("", {}))})
        refuse_other_owner(transaction, key, may_have_many=promise.has_many_connections)


def refuse_other_owner(transaction: Transaction, key: dict[str, str], *, may_have_many: bool) -> bool:
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


def is_same_as_stored(store: ControlStore, key: dict[str, str], credentials: dict[str, Any]) -> bool:
    """Whether these are the very credentials of a connection that works: handing them in again tells nothing new."""
    with store.database.read() as transaction:
        return not _starts_anew(transaction, store, key, credentials)


def refuse_mixture(transaction: Transaction, environments: set[str | None]) -> None:
    """The sandbox's clock is the home's, so nothing real may be beside it; test data beside live would count as money."""
    rows = transaction.execute(sa.select(connections.c.business_id, connections.c.environment, connections.c.sandbox_clock_url)).all()
    for mine in environments:
        for row in rows:
            theirs = SANDBOX if row.sandbox_clock_url is not None else row.environment
            if (mine == SANDBOX) != (theirs == SANDBOX):
                kinds = ("a sandbox", "real") if mine == SANDBOX else ("real", "a sandbox")
                raise UsageError(
                    f"this connection is {kinds[0]} and {row.business_id}'s is {kinds[1]}: a home has one clock, so use another "
                    "ROWCOL_HOME for one of them"
                )
            if mine and theirs and mine != theirs:
                whose = f"this connection is to {mine} data and {row.business_id}'s is to {theirs} data"
                raise UsageError(f"{whose}: use another ROWCOL_HOME for one of them")


def _with_what_is_known(
    transaction: Transaction, store: ControlStore, key: dict[str, str], form: CredentialForm, given: dict[str, Any]
) -> dict[str, Any]:
    """`given`, with optional fields it does not speak of as they are stored: a consent tells nothing of a webhook's secret."""
    sealed = transaction.execute(sa.select(secrets.c.ciphertext).filter_by(**key)).scalar_one_or_none()
    if sealed is None:
        return given
    known = store.vault.open(key, sealed)
    return {**{field: known[field] for field in form.optional if field in known and field != form.refresh_field}, **given}


def _starts_anew(transaction: Transaction, store: ControlStore, key: dict[str, str], kept: dict[str, Any]) -> bool:
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


def _put_business(transaction: Transaction, business_id: str, profile: Profile, firm_id: str | None, now: datetime) -> None:
    given = {"business_name": profile.name, "timezone": profile.timezone, "firm_id": firm_id}
    given = {column: value for column, value in given.items() if value}
    known = transaction.execute(sa.select(businesses.c.business_id).filter_by(business_id=business_id)).first()
    if known is None:
        transaction.execute(
            sa.insert(businesses).values(
                {"business_id": business_id, "business_name": business_id, "onboarded_at": now, **given, **changed(now)}
            )
        )
    elif given:
        transaction.execute(sa.update(businesses).filter_by(business_id=business_id).values(given | changed(now)))


def _put_connection(transaction: Transaction, key: dict[str, str], host: Host, environment: str | None, now: datetime) -> None:
    where = {"base_url": host.base_url, "auth_url": host.auth_url, "sandbox_clock_url": host.base_url if host.sandbox_now else None}
    healed = {
        "state": "healthy",
        "consecutive_failures": 0,
        "last_error_kind": None,
        "last_error": None,
        "removed_at": None,
        # Of a consent that is given now the next reading tells.
        "consent_expires_at": None,
        "disconnects_at": None,
        "updated_at": wall_clock(),
    }
    values = {**where, **healed, "environment": environment, **changed(now)}
    if not transaction.execute(sa.update(connections).filter_by(**key).values(values)).rowcount:
        transaction.execute(sa.insert(connections).values({**key, **values}))
