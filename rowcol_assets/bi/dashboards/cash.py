"""Cash and forecast: what is in which account, how the runway moved, and what the guardrail says to each bill."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Lines, Metric, Sums, Table

RUNWAY = Dataset(
    "runway_daily",
    "marts.fct_runway_daily",
    (
        Column("as_of_date", "Day", "date"),
        Column("currency", "Currency"),
        Column("cash", "Cash", "money"),
        Column("reserved", "Reserved", "money"),
        Column("spendable", "Spendable", "money"),
        Column("gross_burn", "Burn a day", "money"),
        Column("ap_30", "Bills due in 30 days", "money"),
        Column("ar_expected", "Expected from invoices", "money"),
        Column("buffer_days", "Buffer (days)", "days"),
        Column("runway_days", "Runway (days)", "days"),
        Column("runway_days_low", "At least (days)", "days"),
        Column("runway_days_high", "At most (days)", "days"),
        Column("optimised_days", "If overdue is put right (days)", "days"),
        Column("shortfall_amount", "Shortfall", "money"),
        Column("covered_until", "Covered until", "date"),
        Column("runway_status", "Status"),
        Column("null_reason", "Why it is missing"),
        Column("confidence", "Confidence"),
    ),
    (
        Metric("runway", "Runway (days)", "min(runway_days)", "days"),
        Metric("runway_low", "At least (days)", "min(runway_days_low)", "days"),
        Metric("runway_high", "At most (days)", "min(runway_days_high)", "days"),
    ),
    date="as_of_date",
)
LATEST = Dataset(
    "runway_latest",
    RUNWAY.relation,
    RUNWAY.columns,
    (Metric("spendable_total", "Spendable", "sum(spendable)", "money"), Metric("cash_total", "Cash", "sum(cash)", "money")),
    where="as_of_date = (select max(as_of_date) from marts.fct_runway_daily as newest where newest.business_id = client_id)",
)
BRIDGE = Dataset(
    "runway_bridge",
    "marts.fct_runway_bridge",
    (
        Column("period", "Since a"),
        Column("from_date", "From", "date"),
        Column("to_date", "To", "date"),
        Column("cause_rank", "Order", "count"),
        Column("cause", "Cause"),
        Column("change_days", "Runway, change (days)", "days"),
        Column("change_amount", "Amount, change", "money"),
        Column("currency", "Currency"),
        Column("runway_days_from", "Runway before (days)", "days"),
        Column("runway_days_to", "Runway after (days)", "days"),
        Column("record_count", "Records", "count"),
        Column("null_reason", "Why there are no days"),
    ),
    (Metric("days", "Runway, change (days)", "sum(change_days)", "days"),),
    date="to_date",
)
ACCOUNTS = Dataset(
    "cash_accounts",
    "marts.fct_cash",
    (
        Column("rail", "Rail"),
        Column("as_of_date", "Day", "date"),
        Column("account_id", "Account id"),
        Column("account_name", "Account"),
        Column("account_sub_type", "Kind"),
        Column("balance_amount", "Balance", "money"),
        Column("currency", "Currency"),
        Column("excluded_reason", "Why it is left out"),
        Column("balance_at", "Balance of (UTC)", "instant"),
    ),
    (Metric("balance", "Balance", "sum(balance_amount)", "money"),),
    date="as_of_date",
)
CONSOLE = Dataset(
    "decision_console",
    "experiences.decision_console",
    (
        Column("rail", "Rail"),
        Column("console_rank", "Rank", "count"),
        Column("document_number", "Number"),
        Column("vendor_name", "Vendor"),
        Column("due_date", "Due", "date"),
        Column("open_amount", "Open", "money"),
        Column("currency", "Currency"),
        Column("priority", "Priority"),
        Column("answer", "Guardrail"),
        Column("rule_hits", "Because of"),
        Column("cash_after", "Cash afterwards", "money"),
        Column("buffer_days_after", "Buffer afterwards (days)", "days"),
        Column("advisor_decision", "Decision"),
    ),
    (Metric("bills", "Bills", "count(*)"),),
    date="due_date",
)

CASH = Dashboard(
    "cash-and-forecast",
    "Cash and forecast",
    "How much is there, how did the runway move, and what is left after the next bills?",
    (
        (
            22,
            (
                (Sums("Cash by currency", LATEST, ("currency",), ("cash_total", "spendable_total")), 6),
                (Bars("Bills by the guardrail's answer", CONSOLE, "answer", "bills"), 6),
            ),
        ),
        (
            50,
            ((Lines("Runway by day", RUNWAY, "as_of_date", ("runway", "runway_low", "runway_high"), ("client",)), 12),),
        ),
        (
            50,
            (
                (
                    Table(
                        "From cash to runway",
                        LATEST,
                        (
                            "client",
                            "cash",
                            "reserved",
                            "spendable",
                            "gross_burn",
                            "ap_30",
                            "ar_expected",
                            "buffer_days",
                            "runway_days",
                            "optimised_days",
                            "currency",
                            "confidence",
                            "null_reason",
                        ),
                        ("runway_days",),
                        "Runway = (spendable + expected from invoices - bills due in 30 days) / burn a day.",
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
                        "Why the runway moved",
                        BRIDGE,
                        (
                            "client",
                            "period",
                            "from_date",
                            "to_date",
                            "cause",
                            "change_days",
                            "change_amount",
                            "currency",
                            "record_count",
                            "runway_days_from",
                            "runway_days_to",
                            "null_reason",
                        ),
                        ("client", "period", "cause_rank"),
                        "The causes of a span add up to the whole change.",
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
                        "Accounts",
                        ACCOUNTS,
                        ("client", "as_of_date", "rail", "account_name", "balance_amount", "currency", "excluded_reason"),
                        ("-as_of_date", "client"),
                    ),
                    6,
                ),
                (
                    Table(
                        "What to pay next",
                        CONSOLE,
                        ("client", "console_rank", "vendor_name", "due_date", "open_amount", "currency", "priority", "answer", "rule_hits"),
                        ("client", "console_rank"),
                    ),
                    6,
                ),
            ),
        ),
        (40, ((KNOW_FIRST, 12),)),
    ),
)
