"""Tells the control store which invoices of Stripe and the ledger are one, so that a live question about the ledger's asks Stripe too.

Which ones are is the models' to say (`int_stripe_invoices`): matched for sure, and not where Stripe has no say because the money was
given back. What is kept of it, and how it is used, is `ingestion.control.links`; Ramp's bills say themselves which they are.
"""

from __future__ import annotations

import duckdb

from ingestion.control.links import replace_links
from ingestion.control.store import ControlStore
from ingestion.warehouse import has_relation

MATCHED = "intermediate.int_stripe_invoices"


def keep_links(store: ControlStore, warehouse: duckdb.DuckDBPyConnection) -> int:
    """Makes the links those of the last build, and returns how many changed; what was matched and no longer is loses its link."""
    if not has_relation(warehouse, MATCHED):
        return 0
    query = f"""select business_id, connection_id, stripe_invoice_id, qbo_invoice_id from {MATCHED} where collection_status is not null"""
    links = {(business, connection, record): ledger for business, connection, record, ledger in warehouse.execute(query).fetchall()}
    return replace_links(store.database, "stripe", "invoices", links)
