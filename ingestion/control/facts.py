"""The control store's facts as frozen values: connections, tokens, businesses, quarantined pages.

What a sync came to is in `ingestion.control.outcomes`. Confidential fields stay out of every `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

ConnectionState = Literal["healthy", "degraded", "failing", "disconnected"]
Role = Literal["owner", "admin", "staff", "view_only"]
ROLES: tuple[Role, ...] = ("owner", "admin", "staff", "view_only")


@dataclass(frozen=True, slots=True)
class Connection:
    """One business on one rail. connection_id: the vendor's own id of it (QBO: the realm).

    consent_expires_at: when its consent ends, as the vendor's own record says; disconnects_at: when the vendor announced that it
    will be disconnected. Both only where a person has to renew it.
    """

    business_id: str
    connection_id: str
    rail: str
    base_url: str
    auth_url: str
    state: ConnectionState
    is_sandbox: bool
    timezone: str | None
    consent_expires_at: datetime | None = None
    disconnects_at: datetime | None = None

    @property
    def key(self) -> dict[str, str]:
        """The columns that identify it in every table."""
        return {"business_id": self.business_id, "rail": self.rail, "connection_id": self.connection_id}


@dataclass(frozen=True, slots=True)
class Business:
    """A client as the control store knows it."""

    business_id: str
    business_name: str
    firm_id: str | None
    timezone: str | None
    is_paused: bool
    onboarded_at: datetime


@dataclass(frozen=True, slots=True)
class TokenState:
    """A connection's tokens at one moment; before the first refresh only the refresh token is there, if the vendor has such.

    scope: what the vendor granted, where it says so. version counts the rotations and is set by the store.
    """

    access_token: str | None = field(repr=False)
    access_expires_at: datetime | None
    refresh_token: str | None = field(repr=False)
    refresh_expires_at: datetime | None
    version: int = 0
    scope: str | None = None


class Credentials(dict[str, Any]):
    """The credentials JSON of a connection; prints its field names only."""

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self)})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class QuarantinedPage:
    """A page that could not be read, with its bytes as served and why."""

    business_id: str
    connection_id: str
    rail: str
    entity: str
    sync_id: str
    reason: str
    body: bytes = field(repr=False)
    quarantined_at: datetime
