"""The vendor's entity names: how they are spelled in queries and paths, and which of them are name lists."""

from __future__ import annotations

from ingestion.rails.qbo.promise import REPORTS
from ingestion.registry import rail_promise

QBO = rail_promise("qbo")
# Served when a recording has them; no generated business writes them.
RECORDED_ONLY = ("Estimate", "PurchaseOrder")
ENTITIES: tuple[str, ...] = tuple(promise.vendor_name for promise in QBO.entities if promise.name not in REPORTS) + RECORDED_ONLY
NAME_LISTS = frozenset(promise.vendor_name for promise in QBO.entities if promise.has_inactive)
RAW_TABLE = {promise.vendor_name: promise.name for promise in QBO.entities}
_BY_LOWER = {name.lower(): name for name in ENTITIES}


def entity_named(text: str) -> str | None:
    """The entity's own spelling for `text` in any case, or None."""
    return _BY_LOWER.get(text.lower())
