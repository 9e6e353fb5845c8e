"""The guardrail asked of what is published, for whoever wonders and decides nothing: which file is asked, and what it says.

It waits for no warehouse. Which approvals stand is the control store's word. What is said of the figures is `guardrail`, what becomes of
an approval `approving`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ingestion.control.store import ControlStore
from ingestion.control.verdicts import standing_approvals
from ingestion.errors import RowcolError
from ingestion.settings import Settings
from rowcol_assets.guardrail import Answer, Bill, judge, state_of
from rowcol_assets.publishing.layout import advisors_on_disk
from rowcol_assets.publishing.reader import open_published


def what_if(settings: Settings, store: ControlStore, business_id: str, bills: Sequence[Bill], at: datetime) -> Answer:
    """What the guardrail says at `at` of paying these bills (rail and id), by the newest published figures of the business.

    What was approved since those figures counts as spent, as it does when somebody approves. RowcolError: the business is not
    published, or a bill is not open there. UsageError: the same bill twice.
    """
    with store.database.read() as transaction:
        standing = standing_approvals(transaction, business_id)
    with open_published(_newest(settings, business_id), threads=1) as published:
        return judge(published, business_id, bills, at=at, standing=standing)


def _newest(settings: Settings, business_id: str) -> Path:
    """The folder of the advisor whose file has the newest figures of the business; of equal ones one that says they are held."""
    found = []
    for advisor in advisors_on_disk(settings.published_dir):
        folder = settings.published_dir / advisor
        try:
            with open_published(folder, threads=1) as published:
                state = state_of(published, business_id)
        except RowcolError:
            continue  # this advisor's publish failed; another's may have it
        if state is not None:
            found.append((state.as_of, state.held_reason is not None, folder))
    if not found:
        raise RowcolError(f"nothing is published of {business_id!r}: rowcol grant somebody access, then rowcol run")
    return max(found)[-1]
