"""The control store as one object: opens it once per process and hands its parts the database and the vault.

Small, transactional and multi-process; a source like the others (mirrored into `raw_control` by
`ingestion.control.mirror`). The parts: access, leases, outcomes, quarantine, tokens. Onboarding is beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from ingestion import clock
from ingestion.control import access, consents, quarantine, tokens, vault
from ingestion.control.acts import KEYS, Act, note
from ingestion.control.database import Database, open_database
from ingestion.control.facts import Business, Connection, Credentials, QuarantinedPage, Role, TokenState
from ingestion.control.leases import LeaseSet, lease_patiently
from ingestion.control.outcomes import SyncOutcome, record_sync
from ingestion.control.pauses import IS_PAUSED
from ingestion.control.schema import businesses, connections
from ingestion.errors import UsageError
from ingestion.settings import Settings


class ControlStore:
    """An open control store; safe to share between threads, closed at the end of a `with`."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self._handed_out: dict[tuple[str, ...], int] = {}

    @cached_property
    def vault(self) -> vault.Vault:
        """The key, read when something confidential is first needed; of a key file that is made then, the log will tell."""
        is_first = self.settings.secret_key is None and not (self.settings.home / vault.KEY_FILE).exists()
        found = vault.open_vault(self.settings)
        if is_first:
            with self.database.write() as transaction:
                note(
                    transaction,
                    Act(KEYS, "secrets", "created", {"kept_in": vault.KEY_FILE}, "the first secret needs a key", clock.wall_clock()),
                )
        return found

    def connections(self, rail: str, businesses: Sequence[str] | None = None) -> list[Connection]:
        """The connections on `rail` of all businesses or of those named, by id; what is paused or removed is left out.

        UsageError names a business that does not exist.
        """
        return load_connections(self.database, rail, businesses)

    def connection(self, business_id: str, rail: str, connection_id: str) -> Connection:
        """One connection, paused or not; UsageError when there is none."""
        return load_connection(self.database, business_id, rail, connection_id)

    def sandbox_url(self) -> str | None:
        """Where the sandbox's clock is asked when this home is connected to one (the newest connection's), else None."""
        query = sa.select(connections.c.sandbox_clock_url).where(connections.c.sandbox_clock_url.is_not(None))
        with self.database.read() as transaction:
            return transaction.execute(query.order_by(connections.c.updated_at.desc()).limit(1)).scalar_one_or_none()

    def lease(self, connections: Sequence[Connection], holder: str, seconds: float, patience_seconds: float = 0.0) -> LeaseSet:
        """Asks for `connections` for `seconds`; what another live process holds is refused with its name.

        patience_seconds: how long to wait for all of them to be free at once before that.
        """
        return lease_patiently(self.database, connections, holder, seconds, patience_seconds)

    def secret(self, connection: Connection) -> Credentials:
        """The credentials JSON of `connection`."""
        return tokens.load_secret(self.database, self.vault, connection)

    def token(self, connection: Connection) -> TokenState:
        """The newest tokens of `connection`."""
        state = tokens.load_token(self.database, self.vault, connection)
        self._handed_out[tuple(connection.key.values())] = state.version
        return state

    def rotate(
        self, connection: Connection, refresh: tokens.Refresh, *, seen: TokenState | None = None, wait_seconds: float = 180.0
    ) -> TokenState:
        """Refreshes the tokens of `connection` unless somebody else did since `seen`, and returns the newest, already stored.

        seen: the state found wanting; without it, the one this store last handed out. Threads that share a store and a
        connection pass it, so that one of them refreshes for all.
        """
        key = tuple(connection.key.values())
        version = seen.version if seen else self._handed_out.get(key)
        if version is None:
            version = self.token(connection).version
        state = tokens.rotate_token(self.database, self.vault, connection, refresh, version, wait_seconds)
        self._handed_out[key] = state.version
        return state

    def record_sync(self, outcomes: Sequence[SyncOutcome]) -> None:
        """Records what a sync came to, in one transaction."""
        record_sync(self.database, outcomes)

    def note_consent(self, connection: Connection, expires_at: datetime | None, at: datetime) -> None:
        """Keeps when the consent of `connection` ends, as a reading at `at` that succeeded says; see `ingestion.control.consents`."""
        consents.note_reading(self.database, connection, expires_at, at)

    def quarantine(self, page: QuarantinedPage) -> str:
        """Keeps an unreadable page and returns its id."""
        return quarantine.quarantine_page(self.database, self.settings, page)

    def grant(self, advisor_id: str, business_id: str, role: Role, at: datetime, *, is_new: bool = False) -> access.Granted:
        """Gives access; is_new: to an advisor nobody knows yet, however like a known one the name is."""
        return access.grant(self.database, advisor_id, business_id, role, at, is_new=is_new)

    def revoke(self, advisor_id: str, business_id: str, at: datetime) -> bool:
        """Ends access and keeps its history; returns whether there was any."""
        return access.revoke(self.database, advisor_id, business_id, at)

    def open_grants(self) -> dict[str, list[str]]:
        """Business ids by advisor at this moment, advisors without any included."""
        return access.open_grants(self.database)

    def grants_of(self, advisor: str, at: datetime) -> list[str]:
        """The businesses `advisor` could read at `at`."""
        return access.grants_of(self.database, advisor, at)

    def advisors(self, at: datetime) -> list[str]:
        """The advisors who could read something at `at`."""
        return access.advisors_with_grants(self.database, at)

    def businesses(self) -> list[Business]:
        """Every business, paused ones included, by id."""
        names = ("business_id", "business_name", "firm_id", "timezone", "is_paused", "onboarded_at")
        with self.database.read() as transaction:
            rows = transaction.execute(sa.select(*(businesses.c[name] for name in names)).order_by("business_id"))
            return [Business(**row) for row in rows.mappings()]

    def rotate_key(self) -> int:
        """Puts every stored secret under a new key and returns how many there were.

        A key file gets a fresh key; with ROWCOL_SECRET_KEY set to "new,old" the first one is taken. A crash in between
        leaves both keys in place, and running it again finishes.
        """
        from_file = self.settings.secret_key is None
        if from_file:
            vault.add_key(self.settings)
        fresh = vault.open_vault(self.settings)
        count = tokens.reseal_all(self.database, fresh)
        if from_file:
            vault.drop_old_keys(self.settings)
        self.__dict__["vault"] = fresh
        return count

    def close(self) -> None:
        """Gives the database connections back."""
        self.database.engine.dispose()

    def __enter__(self) -> ControlStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_store(settings: Settings) -> ControlStore:
    """Opens the control store of `settings`, made or migrated if need be (a few milliseconds when it is up to date)."""
    return ControlStore(settings, open_database(settings))


def product_clock_of(settings: Settings, store: ControlStore) -> clock.Clock:
    """The product clock of a home: the setting, else its sandbox's, else the machine's."""
    return clock.product_clock(settings.now, None if settings.now else store.sandbox_url())


def load_connection(database: Database, business_id: str, rail: str, connection_id: str) -> Connection:
    """One connection, see `ControlStore.connection`."""
    query = _connected(rail).where(connections.c.business_id == business_id, connections.c.connection_id == connection_id)
    with database.read() as transaction:
        row = transaction.execute(query).mappings().one_or_none()
    if row is None:
        raise UsageError(f"{business_id} has no connection {connection_id} on {rail} any more")
    return _connection(row)


def load_connections(database: Database, rail: str, wanted: Sequence[str] | None) -> list[Connection]:
    """The connections on `rail`, see `ControlStore.connections`."""
    query = _connected(rail).where(sa.not_(IS_PAUSED))
    with database.read() as transaction:
        if wanted is not None:
            known = set(transaction.execute(sa.select(businesses.c.business_id)).scalars())
            unknown = sorted(set(wanted) - known)
            if unknown:
                raise UsageError(f"there is no business {', '.join(map(repr, unknown))}: onboard it first")
        rows = transaction.execute(query).mappings().all()
    return [_connection(row) for row in rows if wanted is None or row["business_id"] in set(wanted)]


def any_connections(database: Database, rail: str, business_id: str) -> list[Connection]:
    """The connections of a business on `rail` by id, paused ones included, removed ones not."""
    with database.read() as transaction:
        rows = transaction.execute(_connected(rail).where(connections.c.business_id == business_id)).mappings().all()
    return [_connection(row) for row in rows]


def _connected(rail: str) -> sa.Select[Any]:
    return (
        sa.select(connections, businesses.c.timezone)
        .join(businesses, businesses.c.business_id == connections.c.business_id)
        .where(connections.c.rail == rail, connections.c.removed_at.is_(None))
        .order_by(connections.c.business_id, connections.c.connection_id)
    )


def _connection(row: Mapping[Any, Any]) -> Connection:
    return Connection(
        business_id=row["business_id"],
        connection_id=row["connection_id"],
        rail=row["rail"],
        base_url=row["base_url"],
        auth_url=row["auth_url"],
        state=row["state"],
        is_sandbox=row["sandbox_clock_url"] is not None,
        timezone=row["timezone"],
        consent_expires_at=row["consent_expires_at"],
        disconnects_at=row["disconnects_at"],
    )
