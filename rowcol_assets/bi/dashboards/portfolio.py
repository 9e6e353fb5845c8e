"""Portfolio: who runs out of cash first, how fresh that is, and what changed."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.cash_datasets import RUNWAY
from rowcol_assets.bi.dashboards.clients import IN_PART, NOT_IN_IT, names_of
from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.dashboards.trust import FRESHNESS, FRESHNESS_RANK
from rowcol_assets.bi.links import to_pages
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Lines, Metric, Number, Ranking, Sums, Tab, Table

PAGES = (
    ("cash-and-forecast", "Cash"),
    ("receivables-and-payables", "Bills"),
    ("hygiene", "Hygiene"),
    ("custody-and-reconciliation", "Custody"),
    ("trust", "Trust"),
)

CLIENTS = Dataset(
    "portfolio",
    "experiences.portfolio",
    (
        Column("attention", "Attention"),
        Column("top_issues", "What needs attention", width=280),
        Column("changed_since_last_week", "What changed since last week"),
        Column("compared_to_date", "Compared with", "date"),
        Column("runway_status", "Status"),
        Column("runway_days", "Runway (days)", "days"),
        Column("runway_days_low", "At least (days)", "days"),
        Column("runway_days_high", "At most (days)", "days"),
        Column("buffer_days", "Buffer (days)", "days"),
        Column("covered_until", "Covered until", "date"),
        Column("confidence", "Confidence"),
        Column("excluded_currencies", "Left out for want of a rate", width=110),
        Column("cash", "Cash", "money"),
        Column("currency", "Currency"),
        Column("cash_source", "Cash from", words="rail"),
        Column("null_reason", "Why figures are missing", words="missing"),
        Column("overdue_ap_amount", "Overdue bills", "money"),
        Column("overdue_ar_amount", "Overdue invoices", "money"),
        Column("hygiene_score", "Hygiene", "score"),
        Column("hygiene_grade", "Grade"),
        Column("freshness_state", "Freshness", words="freshness"),
        Column("freshness_rank", "Freshness, worst first", "count", FRESHNESS_RANK),
        Column("max_input_age_minutes", "Oldest input (minutes)", "count"),
        Column("rails_used", "Rails", words="rail"),
        Column("publish_state", "Published"),
        Column("as_of_date", "Day", "date"),
        Column("published_at", "Published at (UTC)", "instant"),
        Column("more", "More of this client", "link", to_pages(PAGES), width=270),
    ),
    (
        Metric("clients", "Clients", "count(*)"),
        Metric("running_out", "Running out", "count(*) filter (where runway_status in ('critical', 'warning'))"),
        Metric("not_fresh", "Not fresh", "count(*) filter (where freshness_state <> 'fresh')"),
        Metric("runway", "Runway (days)", "min(runway_days)", "days"),
        Metric("cash_total", "Cash", "sum(cash)", "money"),
        Metric("overdue_ap_total", "Overdue bills", "sum(overdue_ap_amount)", "money"),
        Metric("overdue_ar_total", "Overdue invoices", "sum(overdue_ar_amount)", "money"),
        Metric("not_known", "Cash not known", names_of("cash is null"), "text"),
        Metric("in_part", "Only in part", names_of(IN_PART), "text"),
    ),
)

PORTFOLIO = Dashboard(
    "portfolio",
    "Portfolio",
    "Which of my clients run out of cash first, and can I trust the number?",
    (
        Tab(
            "Who runs out first",
            (
                (36, ((KNOW_FIRST, 12),)),
                (
                    28,
                    (
                        (Number("Clients", CLIENTS, "clients", "in this file"), 2),
                        (Number("Running out of cash", CLIENTS, "running_out", "critical or warning"), 2),
                        (Number("Not up to date", CLIENTS, "not_fresh", "old, never read or paused"), 2),
                        (
                            Sums(
                                "Money by currency",
                                CLIENTS,
                                ("currency",),
                                ("cash_total", "overdue_ap_total", "overdue_ar_total", "not_known", "in_part"),
                                NOT_IN_IT,
                                "Empty when the login has no clients.",
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
                                "Who runs out first",
                                CLIENTS,
                                (
                                    "client",
                                    "more",
                                    "attention",
                                    "runway_status",
                                    "runway_days",
                                    "runway_days_low",
                                    "runway_days_high",
                                    "buffer_days",
                                    "covered_until",
                                    "confidence",
                                    "excluded_currencies",
                                    "cash",
                                    "currency",
                                    "overdue_ap_amount",
                                    "overdue_ar_amount",
                                    "hygiene_score",
                                    "freshness_state",
                                    "top_issues",
                                ),
                                ("runway_days", "client"),
                                "A click on a client narrows this page to it; the links beside its name open the other pages for it alone.",
                                "Empty when the login has no clients.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Freshness, trends and changes",
            (
                (
                    50,
                    (
                        (
                            Ranking(
                                "Shortest runways (days)",
                                CLIENTS,
                                "runway",
                                least_first=True,
                                note="The 25 clients with the least, of those that have one; “Who runs out first” has all.",
                                empty="Empty when no client has a runway.",
                            ),
                            6,
                        ),
                        (
                            Table(
                                "How fresh and how clean",
                                CLIENTS,
                                (
                                    "client",
                                    "freshness_state",
                                    "max_input_age_minutes",
                                    "hygiene_score",
                                    "hygiene_grade",
                                    "publish_state",
                                    "published_at",
                                ),
                                ("freshness_rank", "-max_input_age_minutes", "client"),
                                "The worst first.",
                                "Empty when the login has no clients.",
                            ),
                            6,
                        ),
                    ),
                ),
                (
                    50,
                    (
                        (
                            Lines(
                                "Clients by status, day by day",
                                RUNWAY,
                                ("clients",),
                                ("runway_status",),
                                "How many clients had which status at the end of each day.",
                                "Empty before the first cycle.",
                            ),
                            6,
                        ),
                        (
                            Bars(
                                "Freshness by rail",
                                FRESHNESS,
                                "rail",
                                "entities",
                                ("freshness_state",),
                                "Kinds of records by how old they are; the page Trust lists them.",
                                "Empty while nothing is connected.",
                            ),
                            6,
                        ),
                    ),
                ),
                (
                    40,
                    (
                        (
                            Table(
                                "What changed since last week",
                                CLIENTS,
                                ("client", "compared_to_date", "changed_since_last_week"),
                                ("client",),
                                empty="Without words for a client whose figures are not a week old.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
