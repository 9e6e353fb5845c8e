"""Custody and reconciliation: payments that are stuck, money nobody can explain, rails that contradict each other."""

from __future__ import annotations

from rowcol_assets.bi.dashboards.reading import KNOW_FIRST
from rowcol_assets.bi.links import to_record
from rowcol_assets.bi.model import Bars, Column, Dashboard, Dataset, Lines, Metric, Number, Sums, Tab, Table

CHAIN = Dataset(
    "custody_chain",
    "marts.fct_custody_chain",
    (
        Column("rail", "Rail", words="rail"),
        Column("bill_id", "Bill"),
        Column("document_number", "Number"),
        Column("vendor_name", "Vendor"),
        Column("due_date", "Due", "date"),
        Column("day", "Due, without a date today", "date", "coalesce(due_date, as_of_date)"),
        Column("amount", "Amount", "money"),
        Column("currency", "Currency"),
        Column("stage", "Reached", words="stage"),
        Column("stuck_stage", "Waits for", words="stuck"),
        Column("days_in_stage", "Days in stage", "days", "round(minutes_in_stage / 1440.0, 1)"),
        Column("order_violations", "Out of order", words="violation"),
        Column("approve_state", "Approve", words="code"),
        Column("execute_state", "Execute", words="code"),
        Column("verify_state", "Verify", words="code"),
        Column("record_state", "Record", words="code"),
        Column("link", "Where it is kept", "link", to_record()),
        Column("source_url", "Address"),
    ),
    (
        Metric("payments", "Payments", "count(*)"),
        Metric("stuck", "Stuck", "count(*) filter (where stuck_stage is not null)"),
    ),
    date="day",
)
STUCK = Dataset("stuck_payments", CHAIN.relation, CHAIN.columns, date=CHAIN.date, where="stuck_stage is not null")
BANK = Dataset(
    "bank_closure",
    "marts.fct_bank_closure",
    (
        Column("rail", "Rail", words="rail"),
        Column("account_id", "Account"),
        Column("posted_date", "Day", "date"),
        Column("transaction_count", "Transactions", "count"),
        Column("matched_count", "Matched", "count"),
        Column("total_amount", "Total", "money"),
        Column("matched_amount", "Matched amount", "money"),
        Column("unmatched_amount", "Unmatched amount", "money"),
        Column("unmatched_in_amount", "Unmatched, in", "money"),
        Column("unmatched_out_amount", "Unmatched, out", "money"),
        Column("currency", "Currency"),
    ),
    (
        Metric("total", "Moved", "sum(total_amount)", "money"),
        Metric("matched", "Matched", "sum(matched_amount)", "money"),
        Metric("unmatched_in", "Unmatched, in", "sum(unmatched_in_amount)", "money"),
        Metric("unmatched_out", "Unmatched, out", "sum(unmatched_out_amount)", "money"),
        Metric("match_rate", "Matched share", "sum(matched_count) / nullif(sum(transaction_count), 0)", "share"),
    ),
    date="posted_date",
    # A payment service's accounts have rows of their own.
    where="rail = 'plaid'",
)
EXCEPTIONS = Dataset(
    "exceptions",
    "marts.fct_exception",
    (
        Column("rail", "Rail", words="rail"),
        Column("kind", "Kind", words="exception"),
        Column("entity", "Record kind", words="code"),
        Column("record_id", "Record"),
        Column("event_date", "Day", "date"),
        # A vendor has no day of its own: it is unknown today.
        Column("day", "Day of the record", "date", "coalesce(event_date, current_date)"),
        Column("amount", "Amount", "money"),
        Column("currency", "Currency"),
        Column("age_days", "Age (days)", "count"),
        Column("reason", "Why"),
        Column("difference_amount", "Differs by", "money"),
        Column("match_id", "Proposed match"),
        Column("link", "Where it is kept", "link", to_record()),
        Column("source_url", "Address"),
    ),
    (Metric("exceptions", "Exceptions", "count(*)"),),
    date="day",
)
CONFLICTS = Dataset(
    "conflicts",
    "marts.fct_conflict",
    (
        # Never NULL, unlike the rail whose value counts: a person may have chosen a third value.
        Column("rail", "Rail whose word counts by rule", sql="winner_rail", words="rail"),
        Column("field", "What", words="field"),
        Column("state", "State", words="conflict"),
        Column("state_rank", "State, open first", "count", "case state when 'contested' then 1 when 'decided' then 3 else 2 end"),
        Column("value", "Counts"),
        Column("said_by", "As said by", sql="coalesce(value_rail, 'a person')", words="rail"),
        Column("first_rail", "One rail", sql="winner_rail", words="rail"),
        Column("winner_value", "It says"),
        Column("second_rail", "The other", sql="loser_rail", words="rail"),
        Column("loser_value", "That says"),
        Column("winner_id", "Record"),
        Column("currency", "Currency"),
        Column("decided_by", "Decided by"),
        Column("decided_at", "Decided (UTC)", "instant"),
        Column("first_seen_at", "Since (UTC)", "instant"),
        Column("day", "Since", "date", "coalesce(first_seen_at::date, current_date)"),
        Column("link", "Where it is kept", "link", to_record()),
        Column("source_url", "Address"),
    ),
    (
        Metric("open_conflicts", "Open conflicts", "count(*) filter (where state_rank < 3)"),
        Metric("contested", "Contested", "count(*) filter (where state_rank = 1)"),
    ),
    date="day",
)

CUSTODY = Dashboard(
    "custody-and-reconciliation",
    "Custody and reconciliation",
    "Which payments are stuck, which money can nobody explain, and where do the rails contradict each other?",
    (
        Tab(
            "What is stuck or not explained",
            (
                (36, ((KNOW_FIRST, 12),)),
                (
                    22,
                    (
                        (Number("Stuck payments", CHAIN, "stuck", "late for their next stage"), 3),
                        (Number("Matched at the bank", BANK, "match_rate", "of the transactions, by number"), 3),
                        (Number("Exceptions", EXCEPTIONS, "exceptions", "without a certain match"), 2),
                        (Number("Open conflicts", CONFLICTS, "open_conflicts", "nobody decided"), 2),
                        (Number("Contested", CONFLICTS, "contested", "the rule's rail is stale"), 2),
                    ),
                ),
                (
                    28,
                    (
                        (
                            Sums(
                                "Unmatched value at the bank",
                                BANK,
                                ("currency",),
                                ("total", "matched", "unmatched_in", "unmatched_out"),
                                "Moved = matched + unmatched in + unmatched out; what goes out is below zero.",
                                "Empty while no bank is connected.",
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
                                "Stuck payments by record",
                                STUCK,
                                (
                                    "client",
                                    "vendor_name",
                                    "document_number",
                                    "amount",
                                    "currency",
                                    "stage",
                                    "stuck_stage",
                                    "days_in_stage",
                                    "order_violations",
                                    "link",
                                ),
                                ("-days_in_stage", "client"),
                                empty="Empty when nothing is stuck.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Exceptions",
            (
                (
                    45,
                    (
                        (
                            Lines(
                                "Unmatched value by day",
                                BANK,
                                ("unmatched_in", "unmatched_out"),
                                ("currency",),
                                "By the day the bank posted it.",
                                "Empty while no bank is connected.",
                            ),
                            6,
                        ),
                        (
                            Bars(
                                "Exceptions by kind",
                                EXCEPTIONS,
                                "kind",
                                "exceptions",
                                note="By number: one movement of money can be an exception on both its rails.",
                                empty="Empty when every record has its match.",
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
                                "Exceptions by record",
                                EXCEPTIONS,
                                ("client", "rail", "kind", "entity", "record_id", "event_date", "amount", "currency", "reason", "link"),
                                ("-age_days", "client"),
                                empty="Empty when every record has its match.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
        Tab(
            "Conflicts and stages",
            (
                (
                    50,
                    (
                        (
                            Table(
                                "Conflicts by record",
                                CONFLICTS,
                                (
                                    "client",
                                    "field",
                                    "winner_id",
                                    "value",
                                    "said_by",
                                    "first_rail",
                                    "winner_value",
                                    "second_rail",
                                    "loser_value",
                                    "state",
                                    "decided_by",
                                    "decided_at",
                                    "link",
                                ),
                                ("state_rank", "-first_seen_at", "client"),
                                "What counts is what a person chose, else what the rail says whose word counts by rule. "
                                "Contested ones come first.",
                                "Empty when the rails agree.",
                            ),
                            12,
                        ),
                    ),
                ),
                (
                    45,
                    (
                        (
                            Bars(
                                "Payments by stage reached",
                                CHAIN,
                                "stage",
                                "payments",
                                empty="Empty before the first bill is paid or approved.",
                            ),
                            12,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
