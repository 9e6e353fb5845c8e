"""What the Ramp rail promises per entity: the facts, no HTTP. Which paths and filters read them: `lists`.

Source: Ramp's Developer API v1 as exported in August 2025. Ramp stamps no version: a change of content against the
newest known state is one. What is left out of the comparison: links signed anew on every read, and totals that move daily.
"""

from __future__ import annotations

from functools import partial

from ingestion.promise import ConsentForm, CredentialForm, EntityPromise, Limit, LivePromise, QuietCalls, RailPromise

_entity = partial(EntityPromise, key=("id",), order=("observed_at", "version_no"))

_RUNNING_TOTALS = frozenset({"total_spend_all_time", "total_spend_last_30_days", "total_spend_last_365_days", "total_spend_ytd"})

RAMP = RailPromise(
    name="ramp",
    title="Ramp",
    domain="A/P execution",
    feed="open, newly paid and archived bills and recent lists each cycle, slow lists hourly, whole walks daily",
    fetch="ingestion.rails.ramp.fetch:fetch",
    reread="ingestion.rails.ramp.kept:reread",
    identify="ingestion.rails.ramp.identity:identify",
    versioned=False,
    # Open, newly paid and archived bills, new vendors, transactions, transfers; hourly drafts, reimbursements both ways,
    # statements, balance; daily business and entities. Whole walks take no more while a page holds the list.
    quiet_calls=QuietCalls(per_cycle=6, per_hour=5, per_day=2),
    # Ramp's guide: in any ten seconds per source address, whoever's tokens they carry; those it refuses count too.
    limits=(Limit("address", 200, 10),),
    # All share that limit, of which a cycle may use 180: at 300 ms for each answer six keep it full. More would only wait in
    # turn, each holding its business and its part's landing for longer; six of some fifty calls when new end in 17 seconds.
    connections_at_once=6,
    credentials=CredentialForm(
        required=("client_id", "client_secret", "scopes"),
        optional=("refresh_token", "webhook_secret"),
        connection_field=None,
        refresh_field="refresh_token",
        base_url="https://api.ramp.com",
        auth_url="https://api.ramp.com",
        structured=("scopes",),
        test_urls=("https://demo-api.ramp.com",),
    ),
    consent=ConsentForm(
        steps="ingestion.rails.ramp.consent",
        required=("client_id", "client_secret"),
        optional=("webhook_secret",),
        url="https://app.ramp.com",
    ),
    entities=(
        _entity(
            "business",
            "business",
            "historical",
            "The company as Ramp knows it: legal name, address, limits.",
            pattern="hybrid",
            is_single=True,
        ),
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
            "vendors",
            "vendors",
            "standard",
            "Whom the business pays through Ramp.",
            # The form is in a vendor read by itself alone.
            volatile_fields=_RUNNING_TOTALS | {"custom_form_collection_response"},
            has_inactive=True,
        ),
        _entity(
            "vendor_accounts",
            "vendors/{vendor_id}/accounts",
            "standard",
            "Bank accounts of vendors; the record id is vendor/account, since the account does not name its vendor.",
            key=("vendor_id", "id"),
        ),
        _entity(
            "transactions",
            "transactions",
            "critical",
            "Card spending in all its states, declined included.",
            pattern="hybrid",
            ttl_seconds=300,
        ),
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
    answers="ingestion.rails.ramp.live:ANSWERS",
    subscription="ingestion.rails.ramp.subscription",
    custody="ingestion.rails.ramp.custody:words",
    live=(
        LivePromise("balances", "GET /business/balance", ("balances",)),
        LivePromise("transactions", "GET /transactions of 30 days", ("transactions",)),
        LivePromise("connection", "GET /business", ("business",)),
        LivePromise("permissions", "the token's scopes, and GET /business", ("business",)),
        LivePromise("bill", "GET /bills/{id} of a bill that names the ledger's", ("bills",)),
    ),
)
