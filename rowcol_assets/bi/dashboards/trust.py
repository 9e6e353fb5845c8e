"""Trust: is every client's data connected, complete and up to date?"""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Metric, Number, Tab, Table
from rowcol_assets.bi.words import FRESH, NEVER, PAUSED

# The worst first: what was never read has no age to be sorted by.
FRESHNESS_RANK = "case freshness_state when 'never_synced' then 1 when 'stale' then 2 when 'aging' then 3 when 'fresh' then 4 else 5 end"
FRESHNESS = Dataset(
    "rail_freshness",
    "marts.fct_rail_freshness",
    (
        Column("rail", "Rail", words="rail"),
        Column("entity", "Kind of record", words="code"),
        Column("tier", "Tier"),
        Column("freshness_state", "Freshness", words="freshness"),
        Column("freshness_rank", "Freshness, worst first", "count", FRESHNESS_RANK),
        Column("sync_age_minutes", "Since last sync (minutes)", "count"),
        Column("data_age_minutes", "Since last change (minutes)", "count"),
        Column("fresh_minutes", "Fresh up to (minutes)", "count"),
        Column("source_count", "At the vendor", "count"),
        Column("mirror_count", "Here", "count"),
        Column("last_error", "Last error"),
        Column("last_success_at", "Last success (UTC)", "instant"),
    ),
    (
        Metric("entities", "Kinds of records", "count(*)"),
        Metric("not_fresh", "Not fresh", f"count(*) filter (where freshness_state not in ('{FRESH}', '{PAUSED}'))"),
        Metric("never_read", "Never read", f"count(*) filter (where freshness_state = '{NEVER}')"),
        # A paused rail gets older for as long as it rests, which nobody promised otherwise.
        Metric("oldest", "Oldest (minutes)", f"max(sync_age_minutes) filter (where freshness_state <> '{PAUSED}')"),
    ),
)
CONNECTIONS = Dataset(
    "connection_health",
    "marts.fct_connection_health",
    (
        Column("rail", "Rail", words="rail"),
        Column("connection_id", "Connection"),
        Column("state", "State"),
        Column("consecutive_failures", "Failures in a row", "count"),
        Column("last_error", "Last error"),
        Column("last_attempt_at", "Last attempt (UTC)", "instant"),
        Column("last_success_at", "Last success (UTC)", "instant"),
        Column("token_expires_at", "Token ends (UTC)", "instant"),
    ),
    (Metric("failing", "Failing", "count(*) filter (where consecutive_failures > 0)"),),
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
        Column("freshness_null_reason", "Why freshness is not known", words="missing"),
        Column("minutes_to_publish_p50", "Median minutes", "days"),
        Column("minutes_to_publish_p95", "95 in 100 within (minutes)", "days"),
        Column("availability_share", "Readable share", "share"),
        Column("availability_target", "Promised readable", "share"),
        Column("error_budget_left_minutes", "Budget left (minutes)", "days"),
        Column("availability_null_reason", "Why availability is not known", words="missing"),
    ),
    date="period_start_date",
)

TRUST = Dashboard(
    "trust",
    "Trust",
    "Is every client's data connected, complete and up to date?",
    (
        Tab(
            "Is it fresh",
            (
                (36, ((KNOW_FIRST, 12),)),
                (
                    26,
                    (
                        (Number("Not fresh", FRESHNESS, "not_fresh", "kinds of records, without paused ones"), 3),
                        (Number("Never read", FRESHNESS, "never_read", "kinds of records among these"), 3),
                        (Number("Oldest sync", FRESHNESS, "oldest", "minutes, without paused ones"), 3),
                        (Number("Failing connections", CONNECTIONS, "failing", "whose last attempt failed"), 3),
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
                                empty="Empty while nothing is connected.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "By rail and kind of record",
            (
                (
                    45,
                    (
                        (
                            Bars(
                                "Kinds of records by freshness",
                                FRESHNESS,
                                "rail",
                                "entities",
                                ("freshness_state",),
                                empty="Empty while nothing is connected.",
                            ),
                            6,
                        ),
                        (
                            Bars(
                                "Oldest sync by rail (minutes)",
                                FRESHNESS,
                                "rail",
                                "oldest",
                                note="Without paused rails and what was never read.",
                                empty="Empty before the first sync.",
                            ),
                            6,
                        ),
                    ),
                ),
                (
                    60,
                    (
                        (
                            Table(
                                "Freshness by kind of record",
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
                                ("freshness_rank", "-sync_age_minutes", "client"),
                                "The worst first; what is paused comes last.",
                                "Empty while nothing is connected.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Service levels",
            (
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
                                "Told once a day, after midnight.",
                                "Empty before the first whole day.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
