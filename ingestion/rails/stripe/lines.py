"""The lines of invoices: the ten an invoice carries, the pages beyond, and those that were taken off.

Stripe has no list of lines and no event for one; a line is known by its invoice and gone when the invoice no longer has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestion.answers import MalformedPage
from ingestion.fetching import RailError
from ingestion.rails.stripe.client import FATAL, ObjectMissing
from ingestion.rails.stripe.feed import Touch, ids_of
from ingestion.rails.stripe.listings import PAGE_OBJECTS, next_page
from ingestion.rails.stripe.reading import AccountReading
from ingestion.rails.stripe.wire import Record, lines_of, tombstone, with_time

ENTITY = "invoice_lines"


@dataclass
class Lines:
    """The lines of the invoices of one reading.

    by_invoice: the ids of each invoice's lines, deleted invoices without any. error: what kept some from being read.
    """

    account: AccountReading
    rows: int = 0
    error: RailError | None = None
    by_invoice: dict[str, set[str]] = field(default_factory=dict)
    _longer: dict[str, list[Record]] = field(default_factory=dict)

    def take(self, invoices: Sequence[Record]) -> None:
        """Takes the lines that invoices carry and notes which have more."""
        for invoice in invoices:
            self.by_invoice[invoice.record_id] = set()
            self._longer.pop(invoice.record_id, None)
            if invoice.is_deleted:
                continue
            try:
                page = lines_of(invoice)
            except MalformedPage as error:
                self.error = RailError("malformed_page", f"the lines of an invoice could not be read: {error}")
                continue
            self._keep(invoice.record_id, page.records)
            if page.has_more and page.records:
                self._longer[invoice.record_id] = page.records

    async def complete(self) -> None:
        """Reads the lines beyond those carried; what cannot be had becomes `error`, unless it is true of the whole connection."""
        done = await asyncio.gather(
            *(self._rest(invoice_id, carried) for invoice_id, carried in self._longer.items()), return_exceptions=True
        )
        for error in done:
            if isinstance(error, RailError) and error.kind not in FATAL:
                self.error = error
            elif error is not None:
                raise error

    async def note_taken_off(self, touches: Sequence[Touch]) -> None:
        """Keeps as deleted the known lines that invoices had before one of `touches` and have no longer, as the event has them."""
        times = ids_of(touches, "invoice")
        gone = {
            line_id: tombstone(line_id, times[invoice_id], body)
            for touch in touches
            for invoice_id, lines in touch.lines_before.items()
            for line_id, body in lines.items()
            if line_id not in self.by_invoice.get(invoice_id, {line_id})
        }
        if gone:
            known = await self.account.known_ids(ENTITY)
            self._spool([gone[line_id] for line_id in sorted(gone.keys() & known)])

    async def note_missing(self) -> None:
        """Keeps as deleted the known lines that no invoice has, after all invoices were read; no answer names them, so we do."""
        missing = (await self.account.known_ids(ENTITY)).difference(*self.by_invoice.values())
        body = b'{"id":"%s","object":"line_item","deleted":true}'
        self._spool([tombstone(one, self.account.now, body % one.encode()) for one in sorted(missing)])

    async def _rest(self, invoice_id: str, carried: Sequence[Record]) -> None:
        asked, served, has_more = {"limit": str(PAGE_OBJECTS)}, [line.record_id for line in carried], True
        while has_more:
            try:
                page = await next_page(self.account.client, f"/invoices/{invoice_id}/lines", asked, served)
            except ObjectMissing:
                # Deleted since it was read; the feed will say so.
                return
            self._keep(invoice_id, [with_time(line, carried[0].created) for line in page.records])
            served, has_more = [*served, *(line.record_id for line in page.records if line.record_id not in served)], page.has_more

    def _keep(self, invoice_id: str, lines: list[Record]) -> None:
        self.by_invoice[invoice_id].update(line.record_id for line in lines)
        self._spool(lines)

    def _spool(self, lines: Sequence[Record]) -> None:
        self.account.spool(ENTITY, lines)
        self.rows += len(lines)
