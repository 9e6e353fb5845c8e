"""Custody and reconciliation: payments that are stuck, money nobody can explain, rails that contradict each other."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Lines, Metric, Number, Table

CHAIN = Dataset(
    "custody_chain",
    "marts.fct_custody_chain",
    (
        Column("rail", "Rail"),
        Column("bill_id", "Bill"),
        Column("document_number", "Number"),
        Column("vendor_name", "Vendor"),
        Column("due_date", "Due", "date"),
        Column("amount", "Amount", "money"),
        Column("currency", "Currency"),
        Column("stage", "Reached"),
        Column("stuck_stage", "Stuck before"),
        Column("days_in_stage", "Days in stage", "days", "round(minutes_in_stage / 1440.0, 1)"),
        Column("order_violations", "Out of order"),
        Column("approve_state", "Approve"),
        Column("execute_state", "Execute"),
        Column("verify_state", "Verify"),
        Column("record_state", "Record"),
    ),
    (
        Metric("payments", "Payments", "count(*)"),
        Metric("stuck", "Stuck", "count(*) filter (where stuck_stage is not null)"),
    ),
    date="due_date",
)
STUCK = Dataset("stuck_payments", CHAIN.relation, CHAIN.columns, CHAIN.metrics, CHAIN.date, "stuck_stage is not null")
BANK = Dataset(
    "bank_closure",
    "marts.fct_bank_closure",
    (
        Column("rail", "Rail"),
        Column("account_id", "Account"),
        Column("posted_date", "Day", "date"),
        Column("transaction_count", "Transactions", "count"),
        Column("matched_count", "Matched", "count"),
        Column("total_amount", "Total", "money"),
        Column("matched_amount", "Matched amount", "money"),
        Column("unmatched_amount", "Unmatched amount", "money"),
        Column("currency", "Currency"),
    ),
    (
        Metric("unmatched", "Unmatched transactions", "sum(transaction_count - matched_count)"),
        Metric("match_rate", "Matched share", "sum(matched_count) / nullif(sum(transaction_count), 0)", "share"),
    ),
    date="posted_date",
    # A payment service's accounts have rows of their own.
    where="rail = 'plaid'",
)
EXCEPTIONS = Dataset(
    "exceptions",
    "marts.fct_exception",
    (
        Column("rail", "Rail"),
        Column("kind", "Kind"),
        Column("entity", "Record kind"),
        Column("record_id", "Record"),
        Column("event_date", "Day", "date"),
        Column("amount", "Amount", "money"),
        Column("currency", "Currency"),
        Column("age_days", "Age (days)", "count"),
        Column("reason", "Why"),
    ),
    (Metric("exceptions", "Exceptions", "count(*)"), Metric("value", "Amount without sign", "sum(abs(amount))", "money")),
    date="event_date",
)
CONFLICTS = Dataset(
    "conflicts",
    "marts.fct_conflict",
    (
        Column("rail", "Rail", sql="value_rail"),
        Column("field", "Field"),
        Column("state", "State"),
        Column("winner_value", "Counts"),
        Column("winner_rail", "As said by"),
        Column("loser_value", "Does not count"),
        Column("loser_rail", "As said by (other)"),
        Column("winner_id", "Record"),
        Column("currency", "Currency"),
        Column("first_seen_at", "Since (UTC)", "instant"),
    ),
    (Metric("conflicts", "Conflicts", "count(*)"),),
    date="first_seen_at",
)

CUSTODY = Dashboard(
    "custody-and-reconciliation",
    "Custody and reconciliation",
    "Which payments are stuck, which money can nobody explain, and where do the rails contradict each other?",
    (
        (
            22,
            (
                (Number("Stuck payments", CHAIN, "stuck", "payments that did not reach their next stage in time"), 3),
                (Number("Matched at the bank", BANK, "match_rate", "of the bank's transactions, by number"), 3),
                (Number("Exceptions", EXCEPTIONS, "exceptions", "records without a certain match"), 3),
                (Number("Conflicts", CONFLICTS, "conflicts", "values two rails give differently"), 3),
            ),
        ),
        (
            45,
            (
                (Bars("Payments by stage reached", CHAIN, "stage", "payments"), 4),
                (Bars("Exceptions by kind", EXCEPTIONS, "kind", "value", ("currency",)), 4),
                (Lines("Unmatched transactions by day", BANK, "posted_date", ("unmatched",)), 4),
            ),
        ),
        (
            50,
            (
                (
                    Table(
                        "Stuck payments by record",
                        STUCK,
                        (
                            "client",
                            "vendor_name",
                            "document_number",
                            "amount",
                            "currency",
                            "stage",
                            "stuck_stage",
                            "days_in_stage",
                            "order_violations",
                        ),
                        ("-days_in_stage",),
                    ),
                    12,
                ),
            ),
        ),
        (
            50,
            (
                (
                    Table(
                        "Exceptions by record",
                        EXCEPTIONS,
                        ("client", "rail", "kind", "entity", "record_id", "event_date", "amount", "currency", "reason"),
                        ("-age_days",),
                    ),
                    7,
                ),
                (
                    Table(
                        "Conflicts by record",
                        CONFLICTS,
                        ("client", "field", "winner_rail", "winner_value", "loser_rail", "loser_value", "state"),
                        ("client",),
                    ),
                    5,
                ),
            ),
        ),
        (40, ((KNOW_FIRST, 12),)),
    ),
)
