"""Checks what is handed in to connect a business, before anything is asked or stored: credentials, app keys, time zone, addresses.

What is done with it is in `ingestion.control.onboarding` (credentials from a file) and `ingestion.connecting` (the vendor's consent).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from ingestion.clock import SANDBOX_CLOCK_PATH
from ingestion.errors import RowcolError, UsageError
from ingestion.http import tls_context
from ingestion.identifiers import check_url, is_loopback
from ingestion.promise import CredentialForm, RailPromise

CONNECTION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
PROBE_SECONDS = 5

Probe = Callable[[str], datetime | None]


@dataclass(frozen=True, slots=True)
class Host:
    """Where a rail is reached. sandbox_now: the time there if it is a sandbox, else None."""

    base_url: str
    auth_url: str
    sandbox_now: datetime | None


def find_host(promise: RailPromise, base_url: str | None, auth_url: str | None, probe: Probe | None = None) -> Host:
    """The addresses given, the vendor's own for those that are not; a sandbox signs in where it is served.

    UsageError for an address that may not be used; RowcolError when one of this machine does not answer, because whether it
    is a sandbox (and so the home's clock) could not be told.
    """
    form = promise.credentials
    base = check_url("--base-url", base_url) if base_url else form.base_url
    sandbox_now = (probe or probe_sandbox)(base) if base != form.base_url else None
    auth = check_url("--auth-url", auth_url) if auth_url else base if sandbox_now else form.auth_url
    return Host(base, auth, sandbox_now)


def check_credentials(rail: str, form: CredentialForm, credentials: Any) -> dict[str, Any]:
    """The known fields of `credentials`; UsageError names a field that is missing, empty or not text, never its value."""
    kept = check_fields(f"the {rail} credentials", form.required, form.optional, credentials, form.structured)
    if form.connection_field and not CONNECTION_ID.fullmatch(kept[form.connection_field]):
        raise UsageError(f"{form.connection_field} in the {rail} credentials is not an id")
    return kept


def check_fields(
    what: str, required: tuple[str, ...], optional: tuple[str, ...], given: Any, structured: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The known fields of a JSON object that was handed in; UsageError names a bad field of `what`, never its value."""
    if not isinstance(given, dict):
        raise UsageError(f"{what} are a JSON object with {', '.join(required)}")
    for field in required:
        if not given.get(field):
            raise UsageError(f"{what} lack {field}")
    kept = {field: given[field] for field in (*required, *optional) if given.get(field)}
    for field, value in kept.items():
        if not isinstance(value, str) and field not in structured:
            raise UsageError(f"{field} in {what} is not text")
    return kept


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
