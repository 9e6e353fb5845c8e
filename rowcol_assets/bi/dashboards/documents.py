"""Receivables and payables: aging, what can be paid, what is overdue and whom to ask first."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Metric, Number, Sums, Table

BUCKET_WORDS = """case bucket
        when 'current' then '0 not due'
        when 'd1_30' then '1 to 30 days'
        when 'd31_60' then '31 to 60 days'
        when 'd61_90' then '61 to 90 days'
        when 'd90_plus' then '91 days and more'
        else 'no due date'
    end"""

# Aging is the ledger's; who has paid is not asked again because the ledger has yet to record it (Stripe) or to apply it.
ASKED = "to be asked for"
STANDING_WORDS = f"""case
        when effective_status = 'paid' then 'paid through Stripe, to be recorded'
        when asked_amount = 0 then 'paid or credited, to be applied'
        else '{ASKED}'
    end"""


def _aging(name: str, relation: str, party: str) -> Dataset:
    return Dataset(
        name,
        relation,
        (
            Column("rail", "Rail"),
            Column("document_type", "Type"),
            Column("record_id", "Record"),
            Column("document_number", "Number"),
            Column("party_name", party),
            Column("txn_date", "Dated", "date"),
            Column("due_date", "Due", "date"),
            Column("days_past_due", "Days past due", "count"),
            Column("age", "Age", sql=BUCKET_WORDS),
            Column("open_amount", "Open", "money"),
            Column("currency", "Currency"),
            Column("excluded_reason", "Why it is left out"),
            Column("source_url", "Where it is kept"),
        ),
        (
            Metric("open_total", "Open", "sum(open_amount)", "money"),
            Metric("overdue_total", "Overdue", "sum(open_amount) filter (where days_past_due > 0)", "money"),
            Metric("documents", "Documents", "count(*)"),
        ),
        date="due_date",
    )


PAYABLES = _aging("payables_aging", "marts.fct_ap_aging", "Vendor")
RECEIVABLES = _aging("receivables_aging", "marts.fct_ar_aging", "Customer")
READY = Dataset(
    "payment_ready_bills",
    "marts.fct_payment_ready_bills",
    (
        Column("rail", "Rail"),
        Column("record_id", "Record"),
        Column("document_number", "Number"),
        Column("vendor_name", "Vendor"),
        Column("due_date", "Due", "date"),
        Column("days_past_due", "Days past due", "count"),
        Column("open_amount", "Open", "money"),
        Column("currency", "Currency"),
        Column("readiness", "Ready", sql="case when is_payment_ready then 'ready' else 'blocked' end"),
        Column("blocked_reasons", "What blocks it"),
        Column("advisor_decision", "Decision"),
        Column("source_url", "Where it is kept"),
    ),
    (
        Metric("bills", "Bills", "count(*)"),
        Metric("ready_bills", "Ready bills", "count(*) filter (where readiness = 'ready')"),
        Metric("amount", "Open", "sum(open_amount)", "money"),
    ),
    date="due_date",
)
OVERDUE = Dataset(
    "overdue_invoices",
    "marts.fct_overdue_invoices",
    (
        Column("rail", "Rail"),
        Column("record_id", "Record"),
        Column("document_number", "Number"),
        Column("customer_name", "Customer"),
        Column("due_date", "Due", "date"),
        Column("days_past_due", "Days past due", "count"),
        Column("open_amount", "Open", "money"),
        Column("asked_amount", "To ask for", "money"),
        Column("currency", "Currency"),
        Column("standing", "Standing", sql=STANDING_WORDS),
        Column("source_url", "Where it is kept"),
    ),
    (Metric("invoices", "Invoices to ask for", f"count(*) filter (where standing = '{ASKED}')"),),
    date="due_date",
)
QUEUE = Dataset(
    "collections_queue",
    "experiences.collections_queue",
    (
        Column("queue_rank", "Rank", "count"),
        Column("customer_name", "Customer"),
        Column("asked_amount", "To ask for", "money"),
        Column("overdue_amount", "Overdue", "money"),
        Column("currency", "Currency"),
        Column("excluded_currencies", "Left out for want of a rate"),
        Column("overdue_count", "Invoices", "count"),
        Column("oldest_days_past_due", "Oldest (days)", "count"),
        Column("usual_days_late", "Usually late (days)", "days"),
        Column("runway_gain_days", "Runway gained (days)", "days"),
        Column("why", "Why"),
    ),
)

_DOCUMENT = ("client", "document_number", "due_date", "days_past_due", "open_amount", "currency")

DOCUMENTS = Dashboard(
    "receivables-and-payables",
    "Receivables and payables",
    "What is owed to whom and since when, what can be paid today, and whom do we ask for money first?",
    (
        (
            22,
            (
                (Sums("Open bills", PAYABLES, ("currency",), ("open_total", "overdue_total", "documents")), 3),
                (Sums("Open invoices", RECEIVABLES, ("currency",), ("open_total", "overdue_total", "documents")), 3),
                (Number("Bills ready to pay", READY, "ready_bills", "bills that nothing blocks"), 3),
                (Number("Overdue invoices", OVERDUE, "invoices", "invoices past their due date, to be asked for"), 3),
            ),
        ),
        (
            45,
            (
                (Bars("Payables by age", PAYABLES, "age", "open_total", ("currency",)), 6),
                (Bars("Receivables by age", RECEIVABLES, "age", "open_total", ("currency",)), 6),
            ),
        ),
        (
            50,
            (
                (
                    Table(
                        "Bills: ready or blocked",
                        READY,
                        (*_DOCUMENT[:1], "vendor_name", *_DOCUMENT[1:], "readiness", "blocked_reasons", "advisor_decision"),
                        ("-readiness", "due_date"),
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
                        "Whom to ask first",
                        QUEUE,
                        ("client", "queue_rank", "customer_name", "asked_amount", "currency", "why"),
                        ("client", "queue_rank"),
                    ),
                    6,
                ),
                (
                    Table(
                        "Invoices past due",
                        OVERDUE,
                        (*_DOCUMENT[:1], "customer_name", *_DOCUMENT[1:], "standing"),
                        ("-standing", "-days_past_due"),
                    ),
                    6,
                ),
            ),
        ),
        (40, ((KNOW_FIRST, 12),)),
    ),
)
