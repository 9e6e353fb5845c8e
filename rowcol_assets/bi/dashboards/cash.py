"""Cash and forecast: what is in which account, how the runway moved, what the next thirteen weeks bring, and what the guardrail says to
each bill. What it reads is in `cash_datasets`."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.cash_datasets import ACCOUNTS, BRIDGE, CONSOLE, FORECAST, HISTORY, LATEST, RUNWAY
from rowcol_assets.bi.dashboards.clients import NOT_IN_IT
from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.model import Bars, Dashboard, Lines, Sums, Tab, Table

CASH = Dashboard(
    "cash-and-forecast",
    "Cash and forecast",
    "How much is there, how did the runway move, what do the next weeks bring, and what is left after the next bills?",
    (
        Tab(
            "Cash and the next bills",
            (
                (36, ((KNOW_FIRST, 12),)),
                (
                    30,
                    (
                        (
                            Sums(
                                "Cash by currency",
                                LATEST,
                                ("currency",),
                                ("cash_total", "spendable_total", "not_known", "in_part"),
                                NOT_IN_IT,
                                "Empty before the first cycle.",
                            ),
                            6,
                        ),
                        (Bars("Bills by the guardrail's answer", CONSOLE, "answer", "bills", empty="Empty when no bill is open."), 6),
                    ),
                ),
                (
                    50,
                    (
                        (
                            Table(
                                "From cash to runway",
                                LATEST,
                                (
                                    "client",
                                    "cash",
                                    "reserved",
                                    "spendable",
                                    "gross_burn",
                                    "ap_30",
                                    "ar_expected",
                                    "buffer_days",
                                    "runway_days",
                                    "optimised_days",
                                    "currency",
                                    "confidence",
                                    "null_reason",
                                ),
                                ("runway_days", "client"),
                                "Runway = (spendable + expected from invoices - bills due in 30 days) / burn a day.",
                                "Empty before the first cycle.",
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
                                "Accounts",
                                ACCOUNTS,
                                ("client", "as_of_date", "rail", "account_name", "balance_amount", "currency", "excluded_reason"),
                                ("-as_of_date", "client"),
                                empty="Empty while no bank account is known.",
                            ),
                            5,
                        ),
                        (
                            Table(
                                "What to pay next",
                                CONSOLE,
                                (
                                    "client",
                                    "console_rank",
                                    "vendor_name",
                                    "due_date",
                                    "open_amount",
                                    "currency",
                                    "priority",
                                    "answer",
                                    "rule_hits",
                                    "link",
                                ),
                                ("console_rank", "client"),
                                empty="Empty when no bill is open.",
                            ),
                            7,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Forecast",
            (
                (
                    55,
                    (
                        (
                            Lines(
                                "Cash in the next thirteen weeks",
                                FORECAST,
                                ("p10", "p50", "p90"),
                                ("client", "currency"),
                                "In nine of ten cases there is more than P10, in one of ten more than P90.",
                                "Empty where cash is not known or too few past forecasts can be judged; the table beside it says which.",
                            ),
                            6,
                        ),
                        (
                            Table(
                                "Forecast by week",
                                FORECAST,
                                (
                                    "client",
                                    "week_end_date",
                                    "opening_amount",
                                    "expected_receipts_amount",
                                    "scheduled_payables_amount",
                                    "closing_p10_amount",
                                    "closing_p50_amount",
                                    "closing_p90_amount",
                                    "currency",
                                    "null_reason",
                                ),
                                ("week_number", "client"),
                                empty="Empty before the first cycle.",
                            ),
                            6,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "How the runway moved",
            (
                (
                    50,
                    (
                        (
                            Lines(
                                "Runway by day",
                                RUNWAY,
                                ("runway", "runway_low", "runway_high"),
                                ("client",),
                                "As it was said on each day. With very many clients the oldest days are left out.",
                                "Empty when no client has a runway; “What to know first” says why.",
                            ),
                            12,
                        ),
                    ),
                ),
                (
                    50,
                    (
                        (
                            Lines(
                                "Runway of the last ninety days",
                                HISTORY,
                                ("runway_past", "runway_recorded"),
                                ("client",),
                                "What the runway was with all that is known today, beside what was said on the day.",
                                "Empty when no client has a runway.",
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
                                "Why the runway moved",
                                BRIDGE,
                                (
                                    "client",
                                    "period",
                                    "from_date",
                                    "to_date",
                                    "cause",
                                    "change_days",
                                    "change_amount",
                                    "currency",
                                    "record_count",
                                    "runway_days_from",
                                    "runway_days_to",
                                    "null_reason",
                                ),
                                # Of all clients the last day first: were the list cut, what it is cut by is the month.
                                ("period", "client", "cause_rank"),
                                "The causes of a span add up to the whole change.",
                                "Without days where there is no earlier day to compare with yet.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
