"""The kinds of objects Stripe serves here: their raw tables, paths, id prefixes, and what their lists can be filtered by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object. table: its raw table and its path, since Stripe's plural is both; prefix: of its ids; filters: of its list.

    permission: what a restricted key needs to read it. since: the first API version that has it, empty for all.
    """

    table: str
    object: str
    prefix: str
    permission: str
    filters: tuple[str, ...] = ()
    since: str = ""


LISTED = (
    Entity("customers", "customer", "cus", "rak_customer_read", ("email",)),
    Entity("invoices", "invoice", "in", "rak_invoice_read", ("customer", "status", "collection_method", "due_date", "subscription")),
    Entity("invoice_payments", "invoice_payment", "inpay", "rak_invoice_read", ("invoice", "status", "payment"), since="2025-03-31"),
    Entity("charges", "charge", "ch", "rak_charge_read", ("customer", "payment_intent", "transfer_group")),
    Entity("payment_intents", "payment_intent", "pi", "rak_payment_intent_read", ("customer",)),
    Entity("refunds", "refund", "re", "rak_charge_read", ("charge", "payment_intent")),
    Entity("disputes", "dispute", "du", "rak_dispute_read", ("charge", "payment_intent")),
    Entity("payouts", "payout", "po", "rak_payout_read", ("status", "arrival_date", "destination")),
    Entity(
        "balance_transactions", "balance_transaction", "txn", "rak_balance_transaction_source_read",
        ("currency", "payout", "source", "type"),
    ),
    Entity("events", "event", "evt", "rak_event_read", ("type", "types", "delivery_success")),
)  # fmt: skip
BY_TABLE = {entity.table: entity for entity in LISTED}
BY_PREFIX = {entity.prefix: entity.table for entity in LISTED}
# Every table in the order of their numbers in the record of what was sent; append only.
TABLES = (*BY_TABLE, "accounts", "balances", "invoice_lines", "payout_transactions")
# The version whose release moved the links between invoices, charges and payment intents to invoice_payments.
BASIL = "2025-03-31"
# What these accounts began with: without a version of their own requests get it, and events always do.
ACCOUNT_VERSION = "2022-11-15"
EVENT_DAYS = 30
