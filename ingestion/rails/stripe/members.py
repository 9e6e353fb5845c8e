"""What automatic payouts are made of: a list per payout, since no balance transaction names the payout it is in.

Read once per payout, when Stripe says that the list is complete (API reference, payouts, `reconciliation_status`), and kept
whole or not at all, so that a payout whose movements are known at all is known to the last of them. Payouts older than
what is read anew of charges are left alone: a first load of years would ask for each of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import msgspec

from ingestion.fetching import RailError
from ingestion.rails.stripe.client import FATAL, ObjectMissing
from ingestion.rails.stripe.listings import LISTINGS, walk
from ingestion.rails.stripe.reading import WINDOW_SECONDS, AccountReading
from ingestion.rails.stripe.wire import Record, is_reconciled

ENTITY = "payout_transactions"


@dataclass
class Members:
    """The movements in the payouts of one reading, under `payout/transaction`. error: what kept some from being read."""

    account: AccountReading
    volatile: Set[str]
    rows: int = 0
    error: RailError | None = None
    _wanted: set[str] = field(default_factory=set)

    def take(self, payouts: Sequence[Record]) -> None:
        """Notes which payouts are to be asked for."""
        since = self.account.now - WINDOW_SECONDS
        self._wanted.update(payout.record_id for payout in payouts if (payout.created or 0) >= since and is_reconciled(payout))

    async def complete(self) -> None:
        """Reads those not known yet; what cannot be had becomes `error`, unless it is true of the whole connection."""
        known = await self.account.known_ids(ENTITY) if self._wanted and ENTITY in self.account.marks else frozenset[str]()
        unknown = sorted(self._wanted - {record_id.partition("/")[0] for record_id in known})
        done = await asyncio.gather(*(self._read(payout_id) for payout_id in unknown), return_exceptions=True)
        for error in done:
            if isinstance(error, RailError) and error.kind not in FATAL:
                self.error = error
            elif error is not None:
                raise error

    async def _read(self, payout_id: str) -> None:
        found: dict[str, Record] = {}

        def keep(records: Sequence[Record]) -> None:
            for record in records:
                record_id = f"{payout_id}/{record.record_id}"
                found[record_id] = msgspec.structs.replace(record, record_id=record_id)

        try:
            listing, of_payout = LISTINGS["balance_transactions"], {"payout": payout_id}
            await walk(self.account.client, listing, keep, parameters=of_payout, volatile=self.volatile)
        except ObjectMissing as missing:
            if missing.param not in ("payout", ""):
                raise
            return
        if not found:
            # The payout itself is one of its movements.
            raise RailError("page_gap", "the list of what a payout is made of holds nothing")
        self.account.spool(ENTITY, list(found.values()))
        self.rows += len(found)
