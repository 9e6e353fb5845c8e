"""What the Stripe rail promises per entity: the facts, no HTTP. Which paths they are read from: `listings`.

Source: Stripe's API reference (v1). Stripe stamps no version: a change of content against the newest known state is one.
"""

from __future__ import annotations

from functools import partial

from ingestion.promise import EACH, ConsentForm, CredentialForm, EntityPromise, Limit, LivePromise, QuietCalls, RailPromise

_entity = partial(EntityPromise, key=("id",), order=("observed_at", "version_no"))

STRIPE = RailPromise(
    name="stripe",
    title="Stripe",
    domain="A/R execution",
    feed="walks by creation, then events and a read of each object they touched",
    fetch="ingestion.rails.stripe.fetch:fetch",
    reread="ingestion.rails.stripe.kept:reread",
    versioned=False,
    webhook_setup="entered in Stripe's dashboard, under Developers, Webhooks",
    # Account, balance, events.
    quiet_calls=QuietCalls(per_cycle=3),
    # Stripe, rate limits: 100 a second per account, 25 with test keys, 25 per endpoint. How many may be under way is not
    # published; 25 is what the slowest of these comes to in a second.
    limits=(
        Limit("live account", 100, 1),
        Limit("test account", 25, 1),
        *(Limit(owner, 25, 1, endpoint=EACH) for owner in ("live account", "test account")),
        *(Limit(owner, 25, 0) for owner in ("live account", "test account")),
    ),
    identify="ingestion.rails.stripe.identity:identify",
    credentials=CredentialForm(
        required=("api_key",),
        optional=("account_id", "client_id", "webhook_secret"),
        connection_field=None,
        refresh_field=None,
        base_url="https://api.stripe.com",
        auth_url="https://connect.stripe.com",
    ),
    consent=ConsentForm(
        steps="ingestion.rails.stripe.consent",
        required=("client_id", "api_key"),
        optional=("webhook_secret",),
        url="https://connect.stripe.com",
    ),
    entities=(
        _entity("accounts", "account", "standard", "The account the key belongs to or acts on.", pattern="hybrid", is_single=True),
        _entity(
            "balances",
            "balance",
            "critical",
            "What Stripe holds for the account, available and pending per currency.",
            pattern="hybrid",
            ttl_seconds=300,
            key=(),
            is_single=True,
        ),
        _entity("customers", "customer", "standard", "Who pays through Stripe."),
        # The addresses of the hosted page and the PDF are signed anew with each answer.
        _entity(
            "invoices",
            "invoice",
            "critical",
            "Invoices sent through Stripe, with what is still due.",
            pattern="hybrid",
            ttl_seconds=300,
            volatile_fields=frozenset({"hosted_invoice_url", "invoice_pdf"}),
        ),
        _entity("invoice_lines", "line_item", "critical", "The lines of invoices, all of them: an invoice itself carries ten."),
        _entity("invoice_payments", "invoice_payment", "critical", "Which payment settled which invoice, and how much of it."),
        _entity(
            "charges",
            "charge",
            "critical",
            "Attempts to take money, with what was refunded or disputed of it.",
            volatile_fields=frozenset({"receipt_url"}),
        ),
        _entity("payment_intents", "payment_intent", "critical", "Payments from intention to success."),
        _entity("refunds", "refund", "critical", "Money given back."),
        _entity("disputes", "dispute", "standard", "Charges that a customer's bank calls back."),
        _entity("payouts", "payout", "critical", "Transfers from Stripe to the bank account, also those that failed."),
        # That a movement becomes available is the balance's affair, and a payout's list is not read again for it.
        _entity(
            "payout_transactions",
            "balance_transaction",
            "critical",
            "The movements of the balance that an automatic payout pays out.",
            volatile_fields=frozenset({"status"}),
        ),
        _entity(
            "balance_transactions",
            "balance_transaction",
            "critical",
            "Each movement of the balance, with its fee.",
            pattern="hybrid",
            ttl_seconds=300,
        ),
        # How many webhooks are still under way is not the event's own content.
        _entity(
            "events",
            "event",
            "critical",
            "What Stripe says happened, kept thirty days there.",
            volatile_fields=frozenset({"pending_webhooks"}),
        ),
    ),
    answers="ingestion.rails.stripe.live:ANSWERS",
    live=(
        LivePromise("balances", "GET /v1/balance", ("balances",)),
        LivePromise("transactions", "GET /v1/balance_transactions of 30 days", ("balance_transactions",)),
        LivePromise("connection", "GET /v1/account", ("accounts",)),
        LivePromise("permissions", "GET /v1/account and /v1/balance", ("accounts",)),
        LivePromise("invoice", "GET /v1/invoices/{id} of an invoice linked to the ledger's", ("invoices",)),
    ),
)
