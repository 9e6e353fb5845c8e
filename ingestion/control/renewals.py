"""The newest refresh token of credentials that were handed in, from the moment the vendor gave it until their connection is stored.

Asking a vendor whose credentials these are takes an access token, and with it the vendor may replace the refresh token that was
handed in. The new one is here before anything else is asked, so that no answer, refusal or crash loses the consent: the same
credentials handed in again go on with it. Once the connection is stored, `ingestion.control.tokens` holds its tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.schema import renewed_tokens
from ingestion.control.store import ControlStore
from ingestion.promise import RailPromise

# Longer than any vendor's unused refresh token lives (Intuit: 8,726,400 seconds).
KEPT = timedelta(days=102)


class Renewal:
    """Credentials that were handed in, with the token that has replaced theirs. newest: that token, None while theirs is the newest."""

    def __init__(self, store: ControlStore, promise: RailPromise, credentials: Mapping[str, Any]) -> None:
        self._store = store
        self._rail = promise.name
        self._field = promise.credentials.refresh_field
        self._given = credentials.get(self._field) if self._field else None
        self.credentials = dict(credentials)
        self.newest = self._stored() if self._given else None

    @property
    def usable(self) -> dict[str, Any]:
        """The credentials as the vendor takes them now."""
        return {**self.credentials, self._field: self.newest} if self._field and self.newest else self.credentials

    def note(self, token: str) -> None:
        """Keeps the token that the vendor has just given."""
        if not self._given or token in (self.newest, self._given):
            return
        row = _row(self._rail, self._given)
        values = {"ciphertext": self._store.vault.seal(_sealed_for(row), {"refresh_token": token}), "renewed_at": wall_clock()}
        with self._store.database.write() as transaction:
            transaction.execute(sa.delete(renewed_tokens).where(renewed_tokens.c.renewed_at < wall_clock() - KEPT))
            if not transaction.execute(sa.update(renewed_tokens).filter_by(**row).values(values)).rowcount:
                transaction.execute(sa.insert(renewed_tokens).values({**row, **values}))
        self.newest = token

    def _stored(self) -> str | None:
        row = _row(self._rail, str(self._given))
        with self._store.database.read() as transaction:
            sealed = transaction.execute(sa.select(renewed_tokens.c.ciphertext).filter_by(**row)).scalar_one_or_none()
        return None if sealed is None else self._store.vault.open(_sealed_for(row), sealed)["refresh_token"]


def forget_renewal(transaction: Transaction, rail: str, given: str | None) -> None:
    """Forgets what replaced the token `given`, if one was, now that the connection's own tokens hold it."""
    if given:
        transaction.execute(sa.delete(renewed_tokens).filter_by(**_row(rail, given)))


def _row(rail: str, given: str) -> dict[str, str]:
    """Found again by a hash: the token that was handed in is not stored."""
    return {"rail": rail, "given_sha256": hashlib.sha256(given.encode()).hexdigest()}


def _sealed_for(row: Mapping[str, str]) -> dict[str, str]:
    return {"business_id": "credentials handed in", **row}
