"""Portfolio: who runs out of cash first, how fresh that is, and what changed."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Metric, Number, Sums, Table

CLIENTS = Dataset(
    "portfolio",
    "experiences.portfolio",
    (
        Column("attention", "Attention"),
        Column("top_issues", "What needs attention"),
        Column("changed_since_last_week", "What changed since last week"),
        Column("compared_to_date", "Compared with", "date"),
        Column("runway_status", "Status"),
        Column("runway_days", "Runway (days)", "days"),
        Column("runway_days_low", "At least (days)", "days"),
        Column("runway_days_high", "At most (days)", "days"),
        Column("buffer_days", "Buffer (days)", "days"),
        Column("covered_until", "Covered until", "date"),
        Column("confidence", "Confidence"),
        Column("excluded_currencies", "Left out for want of a rate"),
        Column("cash", "Cash", "money"),
        Column("currency", "Currency"),
        Column("cash_source", "Cash from"),
        Column("overdue_ap_amount", "Overdue bills", "money"),
        Column("overdue_ar_amount", "Overdue invoices", "money"),
        Column("hygiene_score", "Hygiene", "score"),
        Column("hygiene_grade", "Grade"),
        Column("freshness_state", "Freshness"),
        Column("max_input_age_minutes", "Oldest input (minutes)", "count"),
        Column("rails_used", "Rails"),
        Column("publish_state", "Published"),
        Column("as_of_date", "Day", "date"),
        Column("published_at", "Published at (UTC)", "instant"),
    ),
    (
        Metric("clients", "Clients", "count(*)"),
        Metric("running_out", "Running out", "count(*) filter (where runway_status in ('critical', 'warning'))"),
        Metric("not_fresh", "Not fresh", "count(*) filter (where freshness_state <> 'fresh')"),
        Metric("runway", "Runway (days)", "min(runway_days)", "days"),
        Metric("cash_total", "Cash", "sum(cash)", "money"),
        Metric("overdue_ap_total", "Overdue bills", "sum(overdue_ap_amount)", "money"),
        Metric("overdue_ar_total", "Overdue invoices", "sum(overdue_ar_amount)", "money"),
    ),
)

PORTFOLIO = Dashboard(
    "portfolio",
    "Portfolio",
    "Which of my clients run out of cash first, and can I trust the number?",
    (
        (
            22,
            (
                (Number("Clients", CLIENTS, "clients", "clients in this file"), 3),
                (Number("Running out of cash", CLIENTS, "running_out", "clients with a critical or warning runway"), 3),
                (Number("Not up to date", CLIENTS, "not_fresh", "clients whose data is not fresh"), 3),
                (
                    Sums(
                        "Money by currency",
                        CLIENTS,
                        ("currency",),
                        ("cash_total", "overdue_ap_total", "overdue_ar_total"),
                        "Amounts of different currencies are never added up.",
                    ),
                    3,
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
                        "A click on a client narrows the whole page to it; a right click drills to its records.",
                    ),
                    12,
                ),
            ),
        ),
        (
            50,
            (
                (Bars("Runway in days", CLIENTS, "client", "runway", horizontal=True), 6),
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
                        ("-max_input_age_minutes",),
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
                    ),
                    12,
                ),
            ),
        ),
        (40, ((KNOW_FIRST, 12),)),
    ),
)
