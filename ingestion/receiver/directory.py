"""Who signs what: the connections of a rail with their webhook secrets, held in memory and read again when they change.

Decrypting a secret takes as long as storing an event, so it is not done for each. Whether anything changed is asked anew all
the time (`ahead`), so that a new connection is known and a removed secret forgotten within a second.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from ingestion.control.schema import connections, secrets
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError

log = logging.getLogger("rowcol.receiver")


@dataclass(frozen=True, slots=True)
class Signer:
    """One connection as the receiver needs it. secret: what signs its events, None where there is none or the vendor's keys do."""

    connection_id: str
    business_id: str
    base_url: str
    secret: str | None = field(repr=False)
    credentials: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Signers:
    """The connections of one rail by id."""

    by_id: dict[str, Signer]

    def known(self, named: Iterable[str]) -> list[Signer]:
        """Those of `named` that are connected here."""
        return [self.by_id[name] for name in sorted(named) if name in self.by_id]

    @staticmethod
    def by_secret(signers: Iterable[Signer]) -> dict[str, set[str]]:
        """Connection ids by secret: the connections of one app share theirs."""
        found: dict[str, set[str]] = {}
        for signer in signers:
            if signer.secret:
                found.setdefault(signer.secret, set()).add(signer.connection_id)
        return found


class Directory:
    """The signers of one rail, as far as anything changed; safe to ask from several threads."""

    def __init__(self, store: ControlStore, rail: str, signed_with: str) -> None:
        self._store = store
        self._rail = rail
        self._signed_with = signed_with
        self._lock = threading.Lock()
        self._stamp: Any = None
        self._signers = Signers({})

    def signers(self) -> Signers:
        """The signers as they are now."""
        with self._lock:
            self._look()
            return self._signers

    def _look(self) -> None:
        newest = sa.select(sa.func.count(), sa.func.max(secrets.c.updated_at, type_=sa.String)).where(secrets.c.rail == self._rail)
        with self._store.database.read() as transaction:
            stamp = tuple(transaction.execute(newest).one())
            if stamp != self._stamp:
                key = ("business_id", "rail", "connection_id")
                query = sa.select(secrets, connections.c.base_url).join(
                    connections, sa.and_(*(secrets.c[name] == connections.c[name] for name in key))
                )
                rows = transaction.execute(query.where(secrets.c.rail == self._rail)).mappings().all()
        if stamp != self._stamp:
            self._signers = Signers({signer.connection_id: signer for signer in map(self._open, rows) if signer})
            self._stamp = stamp

    def _open(self, row: Any) -> Signer | None:
        key = {name: row[name] for name in ("business_id", "rail", "connection_id")}
        try:
            credentials = self._store.vault.open(key, row["ciphertext"])
        except RowcolError as error:
            log.warning("%s", error)
            return None
        kept = {} if self._signed_with else credentials
        return Signer(row["connection_id"], row["business_id"], row["base_url"], credentials.get(self._signed_with), kept)
