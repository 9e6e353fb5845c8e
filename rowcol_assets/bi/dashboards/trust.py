"""Trust: is every client's data connected, complete and up to date?"""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Metric, Number, Table

FRESHNESS = Dataset(
    "rail_freshness",
    "marts.fct_rail_freshness",
    (
        Column("rail", "Rail"),
        Column("entity", "Entity"),
        Column("tier", "Tier"),
        Column("freshness_state", "Freshness"),
        Column("sync_age_minutes", "Since last sync (minutes)", "count"),
        Column("data_age_minutes", "Since last change (minutes)", "count"),
        Column("fresh_minutes", "Fresh up to (minutes)", "count"),
        Column("source_count", "At the vendor", "count"),
        Column("mirror_count", "Here", "count"),
        Column("last_error", "Last error"),
        Column("last_success_at", "Last success (UTC)", "instant"),
    ),
    (
        Metric("entities", "Entities", "count(*)"),
        Metric("not_fresh", "Not fresh", "count(*) filter (where freshness_state <> 'fresh')"),
        Metric("oldest", "Oldest (minutes)", "max(sync_age_minutes)"),
    ),
    date="last_success_at",
)
CONNECTIONS = Dataset(
    "connection_health",
    "marts.fct_connection_health",
    (
        Column("rail", "Rail"),
        Column("connection_id", "Connection"),
        Column("state", "State"),
        Column("consecutive_failures", "Failures in a row", "count"),
        Column("last_error", "Last error"),
        Column("last_attempt_at", "Last attempt (UTC)", "instant"),
        Column("last_success_at", "Last success (UTC)", "instant"),
        Column("token_expires_at", "Token ends (UTC)", "instant"),
    ),
    (Metric("connections", "Connections", "count(*)"), Metric("failing", "Failing", "count(*) filter (where consecutive_failures > 0)")),
    date="last_success_at",
)

LEVELS = Dataset(
    "service_levels",
    "marts.fct_service_level",
    (
        Column("period", "Period"),
        Column("period_start_date", "From", "date"),
        Column("period_end_date", "To", "date"),
        Column("changes", "Changes", "count"),
        Column("changes_in_time", "Published in time", "count"),
        Column("freshness_share", "Fresh share", "share"),
        Column("freshness_target", "Promised", "share"),
        Column("freshness_null_reason", "Why freshness is not known"),
        Column("minutes_to_publish_p50", "Median minutes", "days"),
        Column("minutes_to_publish_p95", "95 in 100 within (minutes)", "days"),
        Column("availability_share", "Readable share", "share"),
        Column("availability_target", "Promised readable", "share"),
        Column("error_budget_left_minutes", "Budget left (minutes)", "days"),
        Column("availability_null_reason", "Why availability is not known"),
    ),
    (Metric("periods", "Periods", "count(*)"),),
    date="period_start_date",
)

TRUST = Dashboard(
    "trust",
    "Trust",
    "Is every client's data connected, complete and up to date?",
    (
        (
            22,
            (
                (Number("Not fresh", FRESHNESS, "not_fresh", "entities older than their tier allows"), 4),
                (Number("Oldest sync", FRESHNESS, "oldest", "minutes since the entity that was read last of all"), 4),
                (Number("Failing connections", CONNECTIONS, "failing", "connections whose last attempt failed"), 4),
            ),
        ),
        (
            45,
            (
                (Bars("Entities by freshness", FRESHNESS, "rail", "entities", ("freshness_state",)), 6),
                (Bars("Oldest sync by rail (minutes)", FRESHNESS, "rail", "oldest"), 6),
            ),
        ),
        (
            50,
            (
                (
                    Table(
                        "Connections",
                        CONNECTIONS,
                        ("client", "rail", "state", "consecutive_failures", "last_error", "last_success_at", "token_expires_at"),
                        ("-consecutive_failures", "client"),
                    ),
                    12,
                ),
            ),
        ),
        (
            60,
            (
                (
                    Table(
                        "Freshness by entity",
                        FRESHNESS,
                        (
                            "client",
                            "rail",
                            "entity",
                            "tier",
                            "freshness_state",
                            "sync_age_minutes",
                            "data_age_minutes",
                            "source_count",
                            "mirror_count",
                            "last_success_at",
                        ),
                        ("-sync_age_minutes",),
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
                        "Service levels",
                        LEVELS,
                        (
                            "client",
                            "period",
                            "period_start_date",
                            "freshness_share",
                            "freshness_target",
                            "minutes_to_publish_p95",
                            "availability_share",
                            "availability_target",
                            "error_budget_left_minutes",
                            "freshness_null_reason",
                            "availability_null_reason",
                        ),
                        ("-period_start_date", "client"),
                        "Told once a day, after midnight; empty before the first whole day.",
                    ),
                    12,
                ),
            ),
        ),
        (40, ((KNOW_FIRST, 12),)),
    ),
)
