"""Connects a business to a rail with credentials that were handed in: checks them, asks the vendor whose they are, stores them.

Onboarding again replaces the credentials of the same connection. Many at once, from a CSV file: `ingestion.control.onboarding_csv`;
by the vendor's own consent: `ingestion.connecting`. What is stored, and what a home refuses: `ingestion.control.keeping`.
"""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass, replace
from typing import Any

import httpx

from ingestion.clock import wall_clock
from ingestion.control.intake import CONNECTION_ID, Host, Probe, check_credentials, check_timezone, find_host
from ingestion.control.keeping import Profile, is_same_as_stored, keep, refuse_in_advance
from ingestion.control.renewals import Renewal
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError, UsageError
from ingestion.fetching import Identify, Identity, RailError, Renewed
from ingestion.http import tls_context
from ingestion.identifiers import check_business_id
from ingestion.promise import RailPromise
from ingestion.registry import rail_promise
from ingestion.settings import Settings

IDENTIFY_SECONDS = 30
# Of a vendor that was not reached, is busy or down, or answered what nobody can read: it says nothing of the credentials.
SILENT = frozenset({"token_endpoint", "unreachable", "server_error", "throttled", "fault", "malformed_page"})


@dataclass(frozen=True, slots=True)
class Onboarded:
    """What was connected.

    identities: one, or several where a business can have them; is_new: it had none of them before. unchecked: why the vendor
    could not be asked whether it accepts the credentials, None if it was or need not be.
    """

    business_id: str
    rail: str
    identities: tuple[Identity, ...]
    is_sandbox: bool
    is_new: bool
    unchecked: str | None = None

    @property
    def connection_ids(self) -> tuple[str, ...]:
        """The vendor's ids of what was connected."""
        return tuple(identity.connection_id for identity in self.identities)


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
    is_asked: bool = False,
) -> Onboarded:
    """Stores business, connection, credentials and first token; UsageError says what is wrong with the input.

    Without URLs the vendor's own are taken; a sandbox signs in where it is served. Name, time zone and firm of a known
    business stay unless given. is_asked: asks the vendor also where the credentials themselves name their connection; one
    that does not answer then is no reason to refuse them.
    """
    check_business_id(business_id)
    promise = rail_promise(rail)
    kept = check_credentials(rail, promise.credentials, credentials)
    if timezone is not None:
        check_timezone(timezone)
    host = find_host(promise, base_url, auth_url, probe)
    named = promise.credentials.connection_field
    key = {"business_id": business_id, "rail": rail, "connection_id": kept[named]} if named else None
    if key is not None:
        refuse_in_advance(store, promise, host, key)
    is_left = key is not None and (not is_asked or is_same_as_stored(store, key, kept))
    identities, unchecked = identified(promise, host, Renewal(store, promise, kept), is_asked=not is_left)
    now = settings.now or host.sandbox_now or wall_clock()
    are_new = keep(store, business_id, promise, host, identities, Profile(name, timezone, firm), now)
    return Onboarded(business_id, rail, tuple(identities), host.sandbox_now is not None, all(are_new), unchecked)


class VendorSilent(RowcolError):
    """The vendor could not be asked, so that nothing is known of the credentials."""


def identified(promise: RailPromise, host: Host, handed_in: Renewal, *, is_asked: bool = True) -> tuple[list[Identity], str | None]:
    """Whom the credentials belong to, and why the vendor could not be asked although they say it themselves.

    is_asked False takes the word of credentials that do. VendorSilent where only the vendor can tell. Whatever comes of it, the
    newest token of what was handed in is kept.
    """
    given, field, refresh_field = handed_in.credentials, promise.credentials.connection_field, promise.credentials.refresh_field
    if field is not None and not is_asked:
        return [Identity(given[field], given, refresh_token=handed_in.newest)], None
    try:
        found = identities_of(promise, host.base_url, host.auth_url, handed_in.usable, handed_in.note)
    except VendorSilent as error:
        if field is None:
            raise
        return [Identity(given[field], given, refresh_token=handed_in.newest)], str(error)
    # As it was handed in, so that the same file is known again.
    as_given = {refresh_field: given[refresh_field]} if refresh_field in given else {}
    return [replace(one, credentials={**one.credentials, **as_given}) for one in found], None


def _nowhere(token: str) -> None:
    """What is done with a new token where nobody keeps one."""


def identities_of(
    promise: RailPromise, base_url: str, auth_url: str, credentials: dict[str, Any], renewed: Renewed = _nowhere
) -> list[Identity]:
    """Whom the credentials belong to: as the vendor says, or as they do where it cannot be asked.

    renewed: as `Identify` says. UsageError with the vendor's refusal, without a secret; VendorSilent when it does not answer, or
    not in a way that says something of the credentials.
    """
    if promise.identify is None:
        field = promise.credentials.connection_field
        assert field is not None, "credentials that do not name their connection need the vendor to identify them"
        return [Identity(credentials[field], credentials)]
    module, _, function = promise.identify.partition(":")
    identify: Identify = getattr(importlib.import_module(module), function)

    async def asked() -> list[Identity]:
        async with httpx.AsyncClient(timeout=IDENTIFY_SECONDS, trust_env=False, verify=tls_context()) as http:
            return await identify(http, base_url, auth_url, credentials, renewed)

    try:
        found = asyncio.run(asked())
    except RailError as error:
        if error.kind in SILENT:
            raise VendorSilent(f"{promise.title} could not be asked: {error}") from None
        raise UsageError(f"{promise.title} does not accept these credentials: {error}") from None
    except httpx.HTTPError as error:
        raise VendorSilent(f"{promise.title} at {base_url} did not answer ({type(error).__name__})") from None
    for identity in found:
        if not CONNECTION_ID.fullmatch(identity.connection_id):
            raise UsageError(f"what {promise.title} calls this connection is not an id")
    if not found:
        raise UsageError(f"the {promise.name} credentials name no connection")
    return found
