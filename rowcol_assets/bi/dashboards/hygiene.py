"""Hygiene: how clean the books are, what that costs in days of runway, and what to put in order first."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Lines, Metric, Number, Table

SEVERITY_WORDS = "case severity when 'C' then '1 critical' when 'H' then '2 high' when 'M' then '3 medium' else '4 low' end"

SCORES = Dataset(
    "hygiene_score",
    "marts.fct_hygiene_score",
    (
        Column("as_of_date", "Day", "date"),
        Column("hygiene_score", "Score", "score"),
        Column("hygiene_grade", "Grade"),
        Column("completeness_score", "Completeness", "score"),
        Column("accuracy_score", "Accuracy", "score"),
        Column("consistency_score", "Consistency", "score"),
        Column("timeliness_score", "Timeliness", "score"),
        Column("validity_score", "Validity", "score"),
        Column("categorised_share", "Categorised", "share"),
        Column("mapped_share", "Vendors mapped", "share"),
        Column("closed_share", "Bank explained", "share"),
        Column("shares_null_reason", "Why a share is not known"),
        Column("checks_failed", "Checks failed", "count"),
        Column("checks_not_applicable", "Not applicable", "count"),
        Column("checks_errored", "Could not run", "count"),
    ),
    (Metric("lowest_score", "Lowest score", "min(hygiene_score)", "score"),),
)
FLAGS = Dataset(
    "hygiene_flags",
    "marts.fct_hygiene_flag",
    (
        Column("rail", "Rail"),
        Column("check_id", "Check"),
        Column("check_name", "What is wrong"),
        Column("importance", "Severity", sql=SEVERITY_WORDS),
        Column("effect", "Effect", sql="case when is_blocking then 'blocks' else 'does not block' end"),
        Column("entity", "Kind"),
        Column("record_id", "Record"),
        Column("party_name", "Vendor or customer"),
        Column("observed", "Seen"),
        Column("runway_impact_days", "Days at risk", "days"),
        Column("impact_amount", "Amount", "money"),
        Column("currency", "Currency"),
        Column("what_to_do", "What to do"),
        Column("opened_at", "Since (UTC)", "instant"),
        Column("source_url", "Where it is kept"),
    ),
    (
        Metric("flags", "Open flags", "count(*)"),
        Metric("blocking", "Blocking flags", "count(*) filter (where effect = 'blocks')"),
        Metric("days_at_risk", "Days at risk", "sum(runway_impact_days)", "days"),
    ),
    date="opened_at",
    where="status = 'open'",
)

HYGIENE = Dashboard(
    "hygiene",
    "Hygiene",
    "How clean are the books, what does that cost in days of runway, and what do I put in order first?",
    (
        (
            22,
            (
                (Number("Lowest score", SCORES, "lowest_score", "of 100, the client that is worst off"), 4),
                (Number("Open flags", FLAGS, "flags", "records with something to put in order"), 4),
                (Number("Blocking flags", FLAGS, "blocking", "keep a bill from being paid or a decision from being made"), 4),
            ),
        ),
        (
            45,
            (
                (Bars("Open flags by severity", FLAGS, "importance", "flags"), 6),
                (Bars("Days at risk by client", FLAGS, "client", "days_at_risk", horizontal=True), 6),
            ),
        ),
        (
            40,
            (
                (Lines("When open flags began", FLAGS, "opened_at", ("flags",)), 5),
                (
                    Table(
                        "Scores",
                        SCORES,
                        (
                            "client",
                            "hygiene_score",
                            "hygiene_grade",
                            "completeness_score",
                            "accuracy_score",
                            "consistency_score",
                            "timeliness_score",
                            "validity_score",
                            "categorised_share",
                            "mapped_share",
                            "closed_share",
                            "shares_null_reason",
                            "checks_failed",
                            "checks_not_applicable",
                        ),
                        ("hygiene_score",),
                    ),
                    7,
                ),
            ),
        ),
        (
            60,
            (
                (
                    Table(
                        "What to put in order",
                        FLAGS,
                        (
                            "client",
                            "importance",
                            "check_name",
                            "party_name",
                            "record_id",
                            "observed",
                            "runway_impact_days",
                            "effect",
                            "what_to_do",
                            "opened_at",
                        ),
                        ("importance", "-runway_impact_days"),
                    ),
                    12,
                ),
            ),
        ),
        (40, ((KNOW_FIRST, 12),)),
    ),
)
