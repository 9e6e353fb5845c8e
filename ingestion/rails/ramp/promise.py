"""What the Ramp rail promises per entity: the facts, no HTTP. Which paths and filters read them: `lists`.

Source: Ramp's Developer API v1 as exported in August 2025. Ramp stamps no version: a change of content against the
newest known state is one. What is left out of the comparison: links signed anew on every read, and totals that move daily.
"""

from __future__ import annotations

from functools import partial

from ingestion.promise import CredentialForm, EntityPromise, RailPromise

_entity = partial(EntityPromise, key=("id",), order=("observed_at", "version_no"))

_RUNNING_TOTALS = frozenset({"total_spend_all_time", "total_spend_last_30_days", "total_spend_last_365_days", "total_spend_ytd"})

RAMP = RailPromise(
    name="ramp",
    title="Ramp",
    domain="A/P execution",
    feed="open, newly paid and archived bills and recent lists each cycle, slow lists hourly, whole walks daily",
    fetch="ingestion.rails.ramp.fetch:fetch",
    identify="ingestion.rails.ramp.identity:identify",
    versioned=False,
    # 180 requests in ten seconds for all together, some fifty for a business that is new: six are asked in a quarter of a minute.
    connections_at_once=6,
    credentials=CredentialForm(
        required=("client_id", "client_secret", "scopes"),
        optional=("refresh_token", "webhook_secret"),
        connection_field=None,
        refresh_field="refresh_token",
        base_url="https://api.ramp.com",
        auth_url="https://api.ramp.com",
        structured=("scopes",),
    ),
    entities=(
        _entity("business", "business", "historical", "The company as Ramp knows it: legal name, address, limits.", is_single=True),
        _entity(
            "balances",
            "business/balance",
            "standard",
            "Card balance and limits in major units; served without id or time.",
            pattern="hybrid",
            ttl_seconds=300,
            key=(),
            is_single=True,
        ),
        _entity("entities", "entities", "historical", "Legal entities of the business with their accounts."),
        _entity(
            "bills",
            "bills",
            "critical",
            "Bills with their payments: open, paid, archived, and drafts (status DRAFT, under ids of their own).",
            pattern="hybrid",
            ttl_seconds=300,
            volatile_fields=frozenset({"invoice_urls"}),
            has_inactive=True,
        ),
        _entity(
            "vendors", "vendors", "standard", "Whom the business pays through Ramp.", volatile_fields=_RUNNING_TOTALS, has_inactive=True
        ),
        _entity(
            "vendor_accounts",
            "vendors/{vendor_id}/accounts",
            "standard",
            "Bank accounts of vendors; the record id is vendor/account, since the account does not name its vendor.",
            key=("vendor_id", "id"),
        ),
        _entity("transactions", "transactions", "critical", "Card spending in all its states, declined included."),
        _entity("transfers", "transfers", "critical", "Money Ramp pulls from the business's bank to settle statements."),
        _entity("reimbursements", "reimbursements", "standard", "Out-of-pocket spending: paid back to people, and owed by them."),
        _entity(
            "statements",
            "statements",
            "standard",
            "Card statements with opening and closing balances.",
            volatile_fields=frozenset({"statement_url"}),
        ),
    ),
)
