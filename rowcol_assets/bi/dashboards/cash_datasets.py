"""What the dashboard on cash reads, table by table; how it is laid out is in `cash`."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.clients import IN_PART, names_of
from rowcol_assets.bi.links import to_record
from rowcol_assets.bi.model import Column, Dataset, Metric

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
        Column("null_reason", "Why it is missing", words="missing"),
        Column("excluded_currencies", "Left out for want of a rate", width=110),
        Column("confidence", "Confidence"),
    ),
    (
        Metric("clients", "Clients", "count(*)"),
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
    (
        Metric("cash_total", "Cash", "sum(cash)", "money"),
        Metric("spendable_total", "Spendable", "sum(spendable)", "money"),
        Metric("not_known", "Cash not known", names_of("cash is null"), "text"),
        Metric("in_part", "Only in part", names_of(IN_PART), "text"),
    ),
    where="as_of_date = (select max(as_of_date) from marts.fct_runway_daily as newest where newest.business_id = client_id)",
)
HISTORY = Dataset(
    "runway_history",
    "marts.fct_runway_history",
    (
        Column("as_of_date", "Day", "date"),
        Column("currency", "Currency"),
        Column("cash", "Cash", "money"),
        Column("runway_days", "Runway (days)", "days"),
        Column("recorded_runway_days", "As said on the day", "days"),
        Column("null_reason", "Why it is missing", words="missing"),
    ),
    (
        Metric("runway_past", "Runway (days)", "min(runway_days)", "days"),
        Metric("runway_recorded", "As said on the day", "min(recorded_runway_days)", "days"),
    ),
    date="as_of_date",
)
BRIDGE = Dataset(
    "runway_bridge",
    "marts.fct_runway_bridge",
    (
        Column("period", "Since a"),
        Column("from_date", "From", "date"),
        Column("to_date", "To", "date"),
        Column("cause_rank", "Order", "count"),
        Column("cause", "Cause", words="cause"),
        Column("change_days", "Runway, change (days)", "days"),
        Column("change_amount", "Amount, change", "money"),
        Column("currency", "Currency"),
        Column("runway_days_from", "Runway before (days)", "days"),
        Column("runway_days_to", "Runway after (days)", "days"),
        Column("record_count", "Records", "count"),
        Column("null_reason", "Why there are no days", words="missing"),
    ),
    date="to_date",
)
FORECAST = Dataset(
    "cash_forecast",
    "marts.fct_cash_forecast",
    (
        Column("as_of_date", "Forecast of", "date"),
        Column("week_number", "Week", "count"),
        Column("week_end_date", "Week ends", "date"),
        Column("opening_amount", "Cash before", "money"),
        Column("expected_receipts_amount", "Expected in", "money"),
        Column("scheduled_payables_amount", "Bills", "money"),
        Column("recurring_outflow_amount", "Recurring", "money"),
        Column("payroll_amount", "Payroll", "money"),
        Column("closing_p10_amount", "9 of 10 above (P10)", "money"),
        Column("closing_p50_amount", "Half above (P50)", "money"),
        Column("closing_p90_amount", "1 of 10 above (P90)", "money"),
        Column("currency", "Currency"),
        Column("null_reason", "Why it is missing", words="missing"),
    ),
    (
        Metric("p10", "P10", "min(closing_p10_amount)", "money"),
        Metric("p50", "P50", "min(closing_p50_amount)", "money"),
        Metric("p90", "P90", "min(closing_p90_amount)", "money"),
    ),
    date="week_end_date",
)
ACCOUNTS = Dataset(
    "cash_accounts",
    "marts.fct_cash",
    (
        Column("rail", "Rail", words="rail"),
        Column("as_of_date", "Day", "date"),
        Column("account_id", "Account id"),
        Column("account_name", "Account"),
        Column("account_sub_type", "Kind"),
        Column("balance_amount", "Balance", "money"),
        Column("currency", "Currency"),
        Column("excluded_reason", "Why it is left out", words="missing"),
        Column("balance_at", "Balance of (UTC)", "instant"),
    ),
    date="as_of_date",
)
CONSOLE = Dataset(
    "decision_console",
    "experiences.decision_console",
    (
        Column("rail", "Rail", words="rail"),
        Column("console_rank", "Rank", "count"),
        Column("document_number", "Number"),
        Column("vendor_name", "Vendor"),
        Column("due_date", "Due", "date"),
        # A bill without a due date counts as due at once.
        Column("day", "Due, without a date today", "date", "coalesce(due_date, as_of_date)"),
        Column("open_amount", "Open", "money"),
        Column("currency", "Currency"),
        Column("priority", "Priority", words="priority"),
        Column("answer", "Guardrail", words="answer"),
        Column("rule_hits", "What speaks against it", words="rule", width=300),
        Column("cash_after", "Cash afterwards", "money"),
        Column("buffer_days_after", "Buffer afterwards (days)", "days"),
        Column("advisor_decision", "Decision", words="decision"),
        Column("link", "Where it is kept", "link", to_record()),
        Column("source_url", "Address"),
    ),
    (Metric("bills", "Bills", "count(*)"),),
    date="day",
)
