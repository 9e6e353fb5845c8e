"""What an advisor's workbook shows: a sheet per question that is worked on in a spreadsheet, each a query of published tables.

Chosen are lists a person goes through and ticks off (bills that can be paid, invoices to ask for, flags to clear) and the
figures a client is told (portfolio, cash, thirteen weeks, aging by bucket). Left out are whole books (every bill, every match,
every custody step) and histories: they are in the DuckDB file and the Parquet folders, which have no row limit. How a sheet is
written is `workbook`'s subject.
"""

from __future__ import annotations

from dataclasses import dataclass

from rowcol_assets.bi.words import said
from rowcol_assets.publishing.content import DIMENSION, PORTFOLIO

# More than a person clears between two publishes; half the workbook's cells would be flags without it.
FIRST_FLAGS = 25


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. reads: relations it needs, each under its table's name in query; says: what it is, for the first sheet."""

    name: str
    says: str
    reads: tuple[tuple[str, str], ...]
    query: str


def _aged(side: str, table: str) -> str:
    return (
        f"select d.business_name, '{side}' as side, a.bucket, count(*) as documents, sum(a.open_amount) as open_amount, "
        "a.currency, min(a.due_date) as oldest_due_date, max(a.as_of_date) as as_of_date, a.business_id "
        f"from {table} a left join dim_business d using (business_id) "
        "where a.excluded_reason is null group by a.business_id, d.business_name, a.bucket, a.currency"
    )


_SHOWN = (
    "business_name", "attention", "top_issues", "changed_since_last_week", "currency", "cash", "runway_days", "runway_days_low",
    "runway_days_high", "buffer_days", "covered_until", "runway_status", "null_reason", "confidence", "excluded_currencies",
    "overdue_ap_amount", "overdue_ar_amount", "hygiene_score", "hygiene_grade", "freshness_state", "max_input_age_minutes",
    "degraded_rails", "publish_state", "held_reason", "as_of_date", "business_id",
)  # fmt: skip

SHEETS = (
    Sheet(
        "Portfolio",
        "One row per client: who needs you, why, and how fresh the figures are. Shortest runway first.",
        (PORTFOLIO,),
        f"select columns(name -> name in {_SHOWN}) from portfolio order by runway_days nulls last, business_name, business_id",
    ),
    Sheet(
        "Ready to pay",
        "Bills that can be paid now. Earliest due date first.",
        (("marts", "fct_payment_ready_bills"), DIMENSION),
        "select d.business_name, b.vendor_name, b.document_number, b.due_date, b.days_past_due, b.open_amount, b.currency, "
        "b.advisor_decision, b.source_url, b.business_id, b.record_id "
        "from fct_payment_ready_bills b left join dim_business d using (business_id) where b.is_payment_ready "
        "order by b.due_date nulls last, d.business_name, b.business_id, b.rail, b.record_id",
    ),
    Sheet(
        "Overdue invoices",
        "Invoices past their due date with something open in the ledger, in home currency. Longest overdue first; at the end, with "
        "nothing to ask for, those that are paid or credited and wait to be recorded or applied, and those that were given up.",
        (("marts", "fct_overdue_invoices"), DIMENSION),
        "select d.business_name, i.customer_name, i.customer_email, i.document_number, i.due_date, i.days_past_due, "
        f"i.open_amount, i.asked_amount, i.currency, {said('i.standing', 'standing')} as standing, "
        "i.source_url, i.business_id, i.record_id "
        "from fct_overdue_invoices i left join dim_business d using (business_id) "
        "order by coalesce(i.standing != 'to_ask', false), i.days_past_due desc nulls last, "
        "d.business_name, i.business_id, i.rail, i.record_id",
    ),
    Sheet(
        "Hygiene",
        f"The first {FIRST_FLAGS} open flags of each client that nobody has put aside: what to put in order first, and how.",
        (("experiences", "hygiene_tray"),),
        "select business_name, tray_rank, check_name, severity, is_blocking, runway_impact_days, what_to_do, observed, party_name, "
        "document_number, open_amount, currency, opened_at, source_url, business_id "
        f"from hygiene_tray where tray_rank <= {FIRST_FLAGS} order by tray_rank, business_name, business_id, flag_id",
    ),
    Sheet(
        "Cash",
        "One row per account, as of the client's latest day. Accounts with a reason for being left out do not count as cash.",
        (("marts", "fct_cash"), DIMENSION),
        "select d.business_name, c.account_name, c.account_sub_type, c.balance_amount, c.currency, c.home_balance_amount, c.home_currency, "
        "c.excluded_reason, c.as_of_date, c.balance_at, c.rail, c.business_id, c.account_id "
        "from fct_cash c left join dim_business d using (business_id) "
        "qualify c.as_of_date = max(c.as_of_date) over (partition by c.business_id) "
        "order by d.business_name, c.business_id, c.rail, c.account_id",
    ),
    Sheet(
        "Forecast",
        "Thirteen weeks of expected cash: P50 is as likely missed as beaten, P10 and P90 are the band.",
        (("marts", "fct_cash_forecast"), DIMENSION),
        "select d.business_name, f.week_number, f.week_start_date, f.opening_amount, f.expected_receipts_amount, "
        "f.scheduled_payables_amount, f.closing_p10_amount, f.closing_p50_amount, f.closing_p90_amount, "
        "f.currency, f.null_reason, f.excluded_currencies, f.business_id "
        "from fct_cash_forecast f left join dim_business d using (business_id) "
        "order by d.business_name, f.business_id, f.week_number",
    ),
    Sheet(
        "Aging",
        "What is open on either side by days past due, in home currency. Documents without an exchange rate are not in it.",
        (("marts", "fct_ap_aging"), ("marts", "fct_ar_aging"), DIMENSION),
        f"{_aged('payable', 'fct_ap_aging')} union all {_aged('receivable', 'fct_ar_aging')} "
        "order by business_name, business_id, side, oldest_due_date desc nulls last, bucket",
    ),
)  # fmt: skip
