"""Hygiene: how clean the books are, what that costs in days of runway, and what to put in order first."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.links import to_record
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Lines, Metric, Number, Ranking, Tab, Table

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
    (
        Metric("lowest_score", "Lowest score", "min(hygiene_score)", "score"),
        Metric("could_not_run", "Could not run", "coalesce(sum(checks_errored), 0)"),
    ),
)
_FLAG = (
    Column("rail", "Rail", words="rail"),
    Column("check_id", "Check"),
    Column("check_name", "What is wrong"),
    Column("importance", "Severity", sql="severity", words="severity"),
    Column("effect", "Effect", sql="case when is_blocking then 'blocks' else 'does not block' end"),
    Column("entity", "Kind", words="code"),
    Column("record_id", "Record"),
    Column("party_name", "Vendor or customer"),
    Column("observed", "Seen", width=220),
    Column("runway_impact_days", "Days at risk", "days"),
    Column("currency", "Currency"),
    Column("what_to_do", "What to do", width=280),
    Column("opened_at", "Since (UTC)", "instant"),
    Column("day", "Since", "date", "opened_at::date"),
    Column("link", "Where it is kept", "link", to_record()),
    Column("source_url", "Address"),
)
TRAY = Dataset(
    "hygiene_tray",
    "experiences.hygiene_tray",
    (
        Column("tray_rank", "Rank", "count"),
        *_FLAG,
        Column("document_number", "Number"),
        Column("amount", "Amount", "money"),
        Column("decisions_unblocked", "Bills it alone holds", "count"),
    ),
    (
        Metric("flags", "Flags", "count(*)"),
        Metric("blocking", "Blocking flags", "count(*) filter (where effect = 'blocks')"),
        Metric("days_at_risk", "Days at risk", "sum(runway_impact_days)", "days"),
    ),
    date="day",
)
ASIDE = Dataset(
    "hygiene_aside",
    "marts.fct_hygiene_flag",
    (
        *_FLAG,
        Column("state", "State", sql="case when status = 'error' then 'could not be checked' else 'put aside' end"),
        Column("resolved_by", "By"),
        Column("resolved_at", "Put aside (UTC)", "instant"),
        Column("resolution_reason", "Why"),
    ),
    date="day",
    where="status = 'error' or (status = 'open' and resolution = 'muted')",
)
# What was open at the end of each day with a runway: a flag that was put aside was in the tray until then. One that came back counts
# from its last opening on, which is all that is kept of it.
TREND = Dataset(
    "hygiene_trend",
    "marts.fct_hygiene_flag",
    (
        Column("as_of_date", "Day", "date"),
        Column("hygiene_score", "Score", "score"),
        Column("open_flags", "Flags", "count"),
    ),
    (
        Metric("score", "Score", "min(hygiene_score)", "score"),
        Metric("flags", "Flags", "sum(open_flags)"),
    ),
    date="as_of_date",
    query=""", days as (
    select
        business_id,
        as_of_date,
        hygiene_score
    from marts.fct_runway_daily
),

flags as (
    select
        known.business_id,
        known.flag_id,
        (known.opened_at at time zone 'UTC' at time zone business.time_zone)::date as from_day,
        (known.resolved_at at time zone 'UTC' at time zone business.time_zone)::date as until_day
    from marts.fct_hygiene_flag as known
    inner join marts.dim_business as business on known.business_id = business.business_id
    where known.status in ('open', 'resolved')
)

select
    days.business_id,
    clients.client,
    days.as_of_date,
    any_value(days.hygiene_score) as hygiene_score,
    count(flags.flag_id) as open_flags
from days
inner join clients on clients.client_id = days.business_id
left join flags
    on
        days.business_id = flags.business_id
        and flags.from_day <= days.as_of_date
        and (flags.until_day is null or flags.until_day > days.as_of_date)
group by days.business_id, clients.client, days.as_of_date
""",
)

HYGIENE = Dashboard(
    "hygiene",
    "Hygiene",
    "How clean are the books, what does that cost in days of runway, and what do I put in order first?",
    (
        Tab(
            "What to put in order",
            (
                (36, ((KNOW_FIRST, 12),)),
                (
                    22,
                    (
                        (Number("Lowest score", SCORES, "lowest_score", "of 100"), 3),
                        (Number("Open flags", TRAY, "flags", "without those put aside"), 3),
                        (Number("Blocking flags", TRAY, "blocking", "hold a payment or a decision"), 3),
                        (Number("Could not be checked", SCORES, "could_not_run", "neither passed nor failed"), 3),
                    ),
                ),
                (
                    60,
                    (
                        (
                            Table(
                                "What to put in order",
                                TRAY,
                                (
                                    "client",
                                    "tray_rank",
                                    "importance",
                                    "check_name",
                                    "party_name",
                                    "document_number",
                                    "amount",
                                    "currency",
                                    "observed",
                                    "runway_impact_days",
                                    "decisions_unblocked",
                                    "effect",
                                    "what_to_do",
                                    "opened_at",
                                    "link",
                                ),
                                ("tray_rank", "client"),
                                "Of each client what helps most comes first, in the order of the tray.",
                                "Empty when nothing is to be put in order.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Scores and trends",
            (
                (
                    45,
                    (
                        (Bars("Open flags by severity", TRAY, "importance", "flags", empty="Empty when nothing is to be put in order."), 6),
                        (
                            Ranking(
                                "Days at risk by client",
                                TRAY,
                                "days_at_risk",
                                note="What the open flags may cost in days of runway, where it can be told: the 25 clients with the most.",
                                empty="Empty when it cannot, or nothing is open.",
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
                                "Score by day",
                                TREND,
                                ("score",),
                                ("client",),
                                "As it was on each day that closed.",
                                "Empty before the first cycle.",
                            ),
                            6,
                        ),
                        (
                            Lines(
                                "Open flags at the end of each day",
                                TREND,
                                ("flags",),
                                ("client",),
                                "With those that were put in order since. One that came back counts since it did.",
                                "Empty before the first cycle.",
                            ),
                            6,
                        ),
                    ),
                ),
                (
                    45,
                    (
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
                                    "checks_errored",
                                    "checks_not_applicable",
                                ),
                                ("hygiene_score", "client"),
                                "The lowest first. Checks that do not apply, or could not run, count as nothing.",
                                "Empty before the first cycle.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Put aside, or could not be checked",
            (
                (
                    60,
                    (
                        (
                            Table(
                                "Put aside, or could not be checked",
                                ASIDE,
                                (
                                    "client",
                                    "state",
                                    "importance",
                                    "check_name",
                                    "party_name",
                                    "record_id",
                                    "observed",
                                    "effect",
                                    "resolved_by",
                                    "resolution_reason",
                                    "opened_at",
                                    "link",
                                ),
                                ("state", "importance", "client"),
                                "What was put aside still holds back what it held; it is in no count of the first tab.",
                                "Empty when nothing was put aside and every check ran.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
