"""What the Plaid rail promises per entity: the facts, no HTTP.

Source: Plaid's API reference, version 2020-09-14. A connection is one item, one login at one bank; a business can have
several. Plaid stamps no version of anything: a change of content against the newest known state is one.
"""

from __future__ import annotations

from functools import partial

from ingestion.promise import ConsentForm, CredentialForm, EntityPromise, Limit, LivePromise, QuietCalls, RailPromise

_entity = partial(EntityPromise, order=("observed_at", "version_no"))

_PER_ITEM = {"/item/get": 15, "/accounts/get": 15, "/accounts/balance/get": 5, "/transactions/sync": 50, "/transactions/get": 30}
_PER_CLIENT = {
    "/item/get": 5_000,
    "/accounts/get": 15_000,
    "/accounts/balance/get": 1_200,
    "/transactions/sync": 2_500,
    "/transactions/get": 20_000,
    "/institutions/get_by_id": 400,
}

PLAID = RailPromise(
    name="plaid",
    title="Plaid",
    domain="bank verification",
    feed="transactions by cursor, whole updates only; accounts, balances and the item read again each time",
    fetch="ingestion.rails.plaid.fetch:fetch",
    reread="ingestion.rails.plaid.kept:reread",
    identify="ingestion.rails.plaid.identity:identify",
    has_many_connections=True,
    versioned=False,
    webhook_setup="told by each bank login's next sync",
    # Item, accounts with balances, transactions; hourly the bank, once for all its items.
    quiet_calls=QuietCalls(per_cycle=3, per_hour=1),
    # Plaid, errors, rate limit exceeded; production, a minute.
    limits=(
        *(Limit("item", calls, 60, endpoint=path) for path, calls in _PER_ITEM.items()),
        *(Limit("client", calls, 60, endpoint=path) for path, calls in _PER_CLIENT.items()),
    ),
    credentials=CredentialForm(
        required=("client_id", "secret", "items"),
        optional=(),
        connection_field=None,
        refresh_field=None,
        base_url="https://production.plaid.com",
        auth_url="https://production.plaid.com",
        structured=("items",),
        test_urls=("https://sandbox.plaid.com",),
    ),
    consent=ConsentForm(
        steps="ingestion.rails.plaid.consent",
        required=("client_id", "secret"),
        optional=("client_name",),
        url="https://production.plaid.com",
    ),
    entities=(
        _entity(
            "items",
            "item",
            "standard",
            "The login at the bank, with the error it is in.",
            pattern="hybrid",
            key=("item_id",),
            is_single=True,
        ),
        _entity("institutions", "institution", "standard", "The bank.", key=("institution_id",)),
        # What an account holds is kept as balances; hashed with the account, each movement would be a version of both.
        _entity(
            "accounts",
            "account",
            "standard",
            "Bank accounts and cards: name, type, mask. Its balances are those of when something else in it changed.",
            pattern="hybrid",
            key=("account_id",),
            volatile_fields=frozenset({"balances"}),
        ),
        _entity(
            "balances",
            "balances",
            "critical",
            "The balances object of each account: Plaid's cached figures, or the bank's own of that moment (delivery live).",
            pattern="hybrid",
            ttl_seconds=300,
            key=("account_id",),
        ),
        _entity(
            "transactions",
            "transaction",
            "critical",
            "Money that left (positive) or reached (negative) an account, pending and posted under ids of their own.",
            pattern="hybrid",
            ttl_seconds=300,
            key=("transaction_id",),
        ),
    ),
    answers="ingestion.rails.plaid.live:ANSWERS",
    custody="ingestion.rails.plaid.custody:words",
    live=(
        # The bank itself is asked, which takes up to half a minute.
        LivePromise("balances", "/accounts/balance/get", ("balances", "accounts"), stands_for="cash", patience_seconds=40.0),
        LivePromise("transactions", "/transactions/get of 30 days", ("transactions",)),
        LivePromise("connection", "/item/get", ("items",)),
        LivePromise("permissions", "/item/get", ("items",)),
    ),
)
