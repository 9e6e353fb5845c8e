"""Credentials and rotating tokens of a connection: stored encrypted, refreshed by one process at a time.

A vendor that rotates refresh tokens forgets the old one, so the new one is written before anybody uses it, and two
refreshers at once would lock each other out (intuit/oauth-jsclient#138, python-quickbooks#282). How the vendor is
asked is the rail's; the encryption is `ingestion.control.vault`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control import processes
from ingestion.control.acts import KEYS, Act, note
from ingestion.control.database import Database
from ingestion.control.facts import Connection, Credentials, TokenState
from ingestion.control.schema import apps, renewed_tokens, secrets, tokens
from ingestion.control.vault import Vault
from ingestion.errors import RowcolError

Refresh = Callable[[TokenState, dict[str, Any]], TokenState]

# A refresh is one HTTP call; the vendor's own limit for a request is 120 s.
REFRESHER_SECONDS = 150.0
POLL_SECONDS = 0.05


def load_secret(database: Database, vault: Vault, connection: Connection) -> Credentials:
    """The credentials JSON of `connection`; RowcolError when there is none or the key is wrong."""
    found = secret_of(database, vault, connection.key)
    if found is None:
        raise RowcolError(f"{connection.business_id} has no stored credentials for {connection.rail}: onboard it again")
    return found


def secret_of(database: Database, vault: Vault, key: dict[str, str]) -> Credentials | None:
    """The credentials JSON of the connection `key`, None when there is none, as of one that was removed."""
    with database.read() as transaction:
        sealed = transaction.execute(sa.select(secrets.c.ciphertext).filter_by(**key)).scalar_one_or_none()
    return None if sealed is None else Credentials(vault.open(key, sealed))


def load_token(database: Database, vault: Vault, connection: Connection) -> TokenState:
    """The newest tokens of `connection`; RowcolError when it never had one."""
    with database.read() as transaction:
        return _load(transaction, vault, connection)


def store_secret(transaction: Transaction, vault: Vault, key: dict[str, str], credentials: dict[str, Any], now: datetime) -> None:
    """Writes or replaces the credentials of the connection `key`."""
    _replace(transaction, secrets, key, {"ciphertext": vault.seal(key, credentials), "updated_at": now})


def store_first_token(transaction: Transaction, vault: Vault, key: dict[str, str], refresh_token: str | None, now: datetime) -> None:
    """Starts the token history of the connection `key` anew, from a refresh token a person handed in if there is one."""
    state = TokenState(None, None, refresh_token, None)
    version = transaction.execute(sa.select(tokens.c.version).filter_by(**key)).scalar_one_or_none()
    sealed = {"ciphertext": vault.seal(key, _as_json(state)), "version": (version or 0) + 1, "refresh_expires_at": None, "updated_at": now}
    _replace(transaction, tokens, key, sealed)


def rotate_token(database: Database, vault: Vault, connection: Connection, refresh: Refresh, seen: int, wait_seconds: float) -> TokenState:
    """Refreshes unless the stored version is no longer `seen`, and returns the newest state, which is already stored.

    One refresher per connection: others wait for it, at most `wait_seconds`, and take its result. When `refresh`
    raises, nothing is changed and the error goes on.
    """
    me = f"{processes.own_mark()} {uuid4().hex}"
    deadline = time.monotonic() + wait_seconds
    while True:
        state = load_token(database, vault, connection)
        if state.version != seen:
            return state
        if _become_refresher(database, connection, me, seen):
            break
        if time.monotonic() > deadline:
            raise RowcolError(
                f"another process has held the {connection.rail} token of {connection.business_id} for {wait_seconds:.0f} seconds"
            )
        time.sleep(POLL_SECONDS)
    try:
        fresh = replace(refresh(state, load_secret(database, vault, connection)), version=seen + 1)
    except BaseException:
        _stand_down(database, connection, me)
        raise
    # Compared by version, not by refresher: a refresher that lost its turn by slowness still brings a token nobody else has.
    stored = {
        "ciphertext": vault.seal(connection.key, _as_json(fresh)),
        "version": fresh.version,
        "refresh_expires_at": fresh.refresh_expires_at,
        "updated_at": wall_clock(),
        "refresher": None,
        "refresher_until": None,
    }
    with database.write() as transaction:
        won = transaction.execute(sa.update(tokens).where(_is(tokens, connection), tokens.c.version == seen).values(stored)).rowcount
    return fresh if won else load_token(database, vault, connection)


def reseal_all(database: Database, vault: Vault) -> int:
    """Puts every stored ciphertext under the vault's first key, in one transaction; returns how many there were."""
    count = 0
    with database.exclusive("vault") as transaction:
        for table in (secrets, tokens, renewed_tokens, apps):
            for row in transaction.execute(sa.select(table).with_for_update()).mappings().all():
                key = {column.name: row[column.name] for column in table.primary_key}
                transaction.execute(sa.update(table).filter_by(**key).values(ciphertext=vault.reseal(row["ciphertext"])))
                count += 1
        note(
            transaction,
            Act(KEYS, "secrets", "updated", {"stored_secrets": count}, "the stored secrets were put under a new key", wall_clock()),
        )
    return count


def _become_refresher(database: Database, connection: Connection, me: str, seen: int) -> bool:
    now = wall_clock()
    # Whoever refreshes dies in a power cut, and the mark may go with it. Its wait for the disk would be everybody's: a bulk load
    # takes hundreds of these in its first seconds.
    with database.unsynced(f"refresher of {connection.rail} {connection.connection_id}") as transaction:
        query = sa.select(tokens.c.refresher, tokens.c.refresher_until, tokens.c.version).where(_is(tokens, connection)).with_for_update()
        row = transaction.execute(query).one()
        held = row.refresher is not None and row.refresher_until > now and not processes.is_dead(row.refresher.rpartition(" ")[0])
        if held or row.version != seen:
            return False
        until = now + timedelta(seconds=REFRESHER_SECONDS)
        transaction.execute(sa.update(tokens).where(_is(tokens, connection)).values(refresher=me, refresher_until=until))
    return True


def _stand_down(database: Database, connection: Connection, me: str) -> None:
    with database.write() as transaction:
        mine = sa.and_(_is(tokens, connection), tokens.c.refresher == me)
        transaction.execute(sa.update(tokens).where(mine).values(refresher=None, refresher_until=None))


def _load(transaction: Transaction, vault: Vault, connection: Connection) -> TokenState:
    row = transaction.execute(sa.select(tokens.c.ciphertext, tokens.c.version).where(_is(tokens, connection))).one_or_none()
    if row is None:
        raise RowcolError(f"{connection.business_id} has no stored token for {connection.rail}: onboard it again")
    value = vault.open(connection.key, row.ciphertext)
    return TokenState(
        access_token=value["access_token"],
        access_expires_at=_instant(value["access_expires_at"]),
        refresh_token=value["refresh_token"],
        refresh_expires_at=_instant(value["refresh_expires_at"]),
        version=row.version,
        scope=value.get("scope"),
    )


def _as_json(state: TokenState) -> dict[str, Any]:
    return {
        "access_token": state.access_token,
        "access_expires_at": state.access_expires_at.isoformat() if state.access_expires_at else None,
        "refresh_token": state.refresh_token,
        "refresh_expires_at": state.refresh_expires_at.isoformat() if state.refresh_expires_at else None,
        "scope": state.scope,
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is(table: sa.Table, connection: Connection) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in connection.key.items()))


def _replace(transaction: Transaction, table: sa.Table, key: dict[str, str], values: dict[str, Any]) -> None:
    changed = transaction.execute(sa.update(table).filter_by(**key).values(values)).rowcount
    if not changed:
        transaction.execute(sa.insert(table).values({**key, **values}))
