"""Receivables and payables: aging, what can be paid, what is overdue and whom to ask first."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.links import to_record
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Metric, Number, Sums, Tab, Table
from rowcol_assets.bi.words import ASKED

# A credit has no due date and is aged by its own, and a bill may lack one: for the date filter the document's own date stands in.
DAY = Column("day", "Due, else dated", "date", "coalesce(due_date, txn_date, as_of_date)")


def _known_total(condition: str) -> str:
    """What is open where `condition` holds: 0 where it holds for nothing, NULL where no amount of it is known (macro `known_total`)."""
    return f"case when count(*) filter (where {condition}) = 0 then 0 else sum(open_amount) filter (where {condition}) end"


def _aging(name: str, relation: str, party: str, document_type: str, documents: str) -> Dataset:
    """Open documents and credits: what is overdue is said of documents alone, as in the portfolio; all together are the ledger's total."""
    return Dataset(
        name,
        relation,
        (
            Column("rail", "Rail", words="rail"),
            Column("document_type", "Type", words="code"),
            Column("is_document", "Not a credit", "flag", f"document_type = '{document_type}'"),
            Column("record_id", "Record"),
            Column("document_number", "Number"),
            Column("party_name", party),
            Column("txn_date", "Dated", "date"),
            Column("due_date", "Due", "date"),
            DAY,
            Column("days_past_due", "Days past due", "count"),
            Column("age", "Age", sql="coalesce(bucket, 'no_due_date')", words="bucket"),
            Column("open_amount", "Open", "money"),
            Column("currency", "Currency"),
            Column("excluded_reason", "Why it is left out", words="missing"),
            Column("source_url", "Address"),
        ),
        (
            Metric("documents", documents, "count(*) filter (where is_document)"),
            Metric("documents_total", "Open", _known_total("is_document"), "money"),
            Metric("overdue_total", "Overdue", _known_total("is_document and days_past_due > 0"), "money"),
            Metric("credits_total", "Credits", _known_total("not is_document"), "money"),
            Metric("open_total", "Less credits", "sum(open_amount)", "money"),
            Metric("left_out", "Left out", "count(*) filter (where open_amount is null)"),
        ),
        date="day",
    )


PAYABLES = _aging("payables_aging", "marts.fct_ap_aging", "Vendor", "bill", "Bills")
RECEIVABLES = _aging("receivables_aging", "marts.fct_ar_aging", "Customer", "invoice", "Invoices")
READY = Dataset(
    "payment_ready_bills",
    "marts.fct_payment_ready_bills",
    (
        Column("rail", "Rail", words="rail"),
        Column("record_id", "Record"),
        Column("document_number", "Number"),
        Column("vendor_name", "Vendor"),
        Column("due_date", "Due", "date"),
        DAY,
        Column("days_past_due", "Days past due", "count"),
        Column("open_amount", "Open", "money"),
        Column("currency", "Currency"),
        Column("readiness", "Ready", sql="case when is_payment_ready then 'ready' else 'blocked' end"),
        Column("blocked_reasons", "What blocks it", words="rule", width=320),
        Column("advisor_decision", "Decision", words="decision"),
        Column("link", "Where it is kept", "link", to_record()),
        Column("source_url", "Address"),
    ),
    (Metric("ready_bills", "Ready bills", "count(*) filter (where readiness = 'ready')"),),
    date="day",
)
OVERDUE = Dataset(
    "overdue_invoices",
    "marts.fct_overdue_invoices",
    (
        Column("rail", "Rail", words="rail"),
        Column("record_id", "Record"),
        Column("document_number", "Number"),
        Column("customer_name", "Customer"),
        Column("due_date", "Due", "date"),
        Column("days_past_due", "Days past due", "count"),
        Column("open_amount", "Open in the ledger", "money"),
        Column("asked_amount", "To ask for", "money"),
        Column("currency", "Currency"),
        Column("standing", "Standing", words="standing", width=160),
        Column("link", "Where it is kept", "link", to_record()),
        Column("source_url", "Address"),
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
        Column("excluded_currencies", "Left out for want of a rate", width=110),
        Column("overdue_count", "Invoices", "count"),
        Column("oldest_days_past_due", "Oldest (days)", "count"),
        Column("usual_days_late", "Usually late (days)", "days"),
        Column("runway_gain_days", "Runway gained (days)", "days"),
        Column("why", "Why", width=260),
    ),
)

_DOCUMENT = ("document_number", "due_date", "days_past_due", "open_amount", "currency")
_SUMS = ("documents", "documents_total", "overdue_total", "credits_total", "open_total", "left_out")
_SAID = "Overdue is said of {0} alone; less credits it is what the ledger says. Left out are documents whose exchange rate is not known."

DOCUMENTS = Dashboard(
    "receivables-and-payables",
    "Receivables and payables",
    "What is owed to whom and since when, what can be paid today, and whom do we ask for money first?",
    (
        Tab(
            "What to pay and whom to ask",
            (
                (36, ((KNOW_FIRST, 12),)),
                (
                    28,
                    (
                        (Sums("Open bills", PAYABLES, ("currency",), _SUMS, _SAID.format("bills"), "Empty when nothing is open."), 6),
                        (
                            Sums(
                                "Open invoices", RECEIVABLES, ("currency",), _SUMS, _SAID.format("invoices"), "Empty when nothing is open."
                            ),
                            6,
                        ),
                    ),
                ),
                (
                    22,
                    (
                        (Number("Bills ready to pay", READY, "ready_bills", "bills that nothing blocks"), 6),
                        (Number("Overdue invoices", OVERDUE, "invoices", ASKED), 6),
                    ),
                ),
                (
                    50,
                    (
                        (
                            Table(
                                "Bills: ready or blocked",
                                READY,
                                ("client", "vendor_name", *_DOCUMENT, "readiness", "blocked_reasons", "advisor_decision", "link"),
                                ("-readiness", "day", "client"),
                                "What is ready comes first.",
                                "Empty when no bill is open.",
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
                                ("client", "queue_rank", "customer_name", "asked_amount", "currency", "excluded_currencies", "why"),
                                ("queue_rank", "client"),
                                "What was paid and is not recorded or applied yet is not asked for.",
                                "Empty when no customer owes anything that is due.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Age and overdue invoices",
            (
                (
                    45,
                    (
                        (
                            Bars(
                                "Payables by age",
                                PAYABLES,
                                "age",
                                "open_total",
                                ("currency",),
                                "Credits are in it, below zero and by their own date, as the ledger ages them.",
                                "Empty when nothing is open.",
                            ),
                            6,
                        ),
                        (
                            Bars(
                                "Receivables by age",
                                RECEIVABLES,
                                "age",
                                "open_total",
                                ("currency",),
                                "Credits are in it, below zero and by their own date, as the ledger ages them.",
                                "Empty when nothing is open.",
                            ),
                            6,
                        ),
                    ),
                ),
                (
                    50,
                    (
                        (
                            Table(
                                "Invoices past due",
                                OVERDUE,
                                (
                                    "client",
                                    "customer_name",
                                    "document_number",
                                    "due_date",
                                    "days_past_due",
                                    "open_amount",
                                    "asked_amount",
                                    "currency",
                                    "standing",
                                    "link",
                                ),
                                ("-standing", "-days_past_due", "client"),
                                empty="Empty when no invoice is past due.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
