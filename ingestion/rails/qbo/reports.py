"""Reads the ledger's own aged reports once a day: what it says itself of what is open, per party and age.

They are asked for before the records: whatever changes between the two is then in the records with a stamp that is later than
the report's, so that the two can be told apart when they are compared. What a report's rows say is read in dbt
(`models/staging/qbo`); records are read in `changes` and `walk`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from ingestion.answers import UnreadablePage
from ingestion.clock import utc_text
from ingestion.control.facts import Connection
from ingestion.control.outcomes import last_success
from ingestion.fetching import EntityReport, FetchSession, RailError
from ingestion.promise import EntityPromise
from ingestion.rails.qbo.arrivals import keep
from ingestion.rails.qbo.client import QboClient
from ingestion.rails.qbo.wire import read_report

ASK_EVERY = timedelta(days=1)
# Five columns of amounts, as ours are (dbt's `aging_bucket`). Without a date it is of the company's own today.
PARAMETERS = {"aging_method": "Report_Date", "aging_period": "30", "num_periods": "4"}
# What is true of the company as a whole, so that nothing else could be read either.
OF_THE_CONNECTION = {"disconnected", "unreachable", "throttled"}


async def read_reports(
    session: FetchSession, connection: Connection, client: QboClient, reports: Sequence[EntityPromise], is_asked: bool
) -> list[EntityReport]:
    """Reads those of `reports` that are due; all of them when somebody asked for them (`is_asked`) or counts are compared.

    RailError where nothing of the company can be read.
    """
    return [await _read(session, connection, client, report, is_asked) for report in reports]


async def _read(session: FetchSession, connection: Connection, client: QboClient, report: EntityPromise, is_asked: bool) -> EntityReport:
    if not (is_asked or session.count_check or await _is_due(session, connection, report)):
        return EntityReport(report.name, "skipped")
    try:
        made = await client.get(f"/reports/{report.vendor_name}", PARAMETERS, lambda body: read_report(body, report.vendor_name))
    except RailError as error:
        if error.kind in OF_THE_CONNECTION:
            raise
        if error.kind == "not_offered":
            # An answer like any other: there is no such report, and asking again tomorrow is soon enough.
            asked_at = utc_text(session.clock())
            return EntityReport(report.name, "succeeded", watermark=asked_at, error_kind=error.kind, error=str(error))
        if isinstance(error, UnreadablePage):
            session.set_aside(connection, report.name, error.reason, error.body)
        return EntityReport(report.name, "failed", error_kind=error.kind, error=str(error))
    keep(session, connection, report.name, [made])
    return EntityReport(report.name, "succeeded", 1, was_full_walk=True, watermark=utc_text(made.updated_at))


async def _is_due(session: FetchSession, connection: Connection, report: EntityPromise) -> bool:
    """Unless both the watermark and the last outcome are of the last day.

    A process that died between a landing and its outcome leaves the watermark alone: the report would be stale, and payments be held
    for it, until the next day.
    """
    mark = session.watermark(connection, report.name)
    noted = await asyncio.to_thread(last_success, session.store.database, connection, report.name)
    since = session.clock() - ASK_EVERY
    return mark is None or noted is None or datetime.fromisoformat(mark) <= since or noted <= since
