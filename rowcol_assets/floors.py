"""Which businesses are known to be above their guardrail, from what is published: for schedules, which never wait for the warehouse.

What the guardrail says of payments is in `guardrail`; here it only says who may be asked less often.
"""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa

from ingestion.control.schema import businesses
from ingestion.control.store import ControlStore, product_clock_of
from ingestion.errors import RowcolError
from ingestion.settings import Settings
from rowcol_assets.guardrail_policy import in_force, read_policy
from rowcol_assets.publishing.layout import advisors_on_disk
from rowcol_assets.publishing.reader import open_published


def above_guardrail(settings: Settings, store: ControlStore) -> frozenset[str]:
    """The businesses whose published buffer and cash reach their guardrail; without published figures, or a policy, none does."""
    policy = in_force(read_policy(), product_clock_of(settings, store)().date())
    if policy is None:
        return frozenset()
    with store.database.read() as transaction:
        query = sa.select(businesses.c.business_id, businesses.c.min_buffer_days, businesses.c.min_cash_amount)
        floors = {row.business_id: _floors(row.min_buffer_days, row.min_cash_amount, policy.floors) for row in transaction.execute(query)}
    return frozenset(
        business_id
        for advisor in advisors_on_disk(settings.published_dir)
        for business_id, buffer_days, cash in _published(settings, advisor)
        if business_id in floors and buffer_days is not None and cash is not None
        if buffer_days >= floors[business_id][0] and cash >= floors[business_id][1]
    )


def _floors(buffer_days: int | None, cash: Decimal | None, policy: tuple[int, Decimal]) -> tuple[int, Decimal]:
    """What must be left; a business may set either to nothing at all."""
    return policy[0] if buffer_days is None else buffer_days, policy[1] if cash is None else cash


def _published(settings: Settings, advisor: str) -> list[tuple[str, Decimal | None, Decimal | None]]:
    try:
        with open_published(settings.published_dir / advisor, threads=1) as published:
            return published.execute("select business_id, buffer_days, cash from experiences.portfolio").fetchall()
    except RowcolError:
        return []
