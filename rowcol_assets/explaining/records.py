"""How records behind figures are found, and the ones behind the runway's on any recorded day.

Open documents and movements come from `marts.fct_runway_items`, which has what was known on each day; balances and flags
from the marts that keep their own past. A record's `amount` is what it adds to the figure. The queries of other relations are
beside their figures (`forecast`, `customers`, `sums`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb


def _items(part: str, condition: str = "true", *, sign: str = "") -> str:
    return f"""
        select rail, entity, record_id, document_number, party_name, txn_date, due_date, {sign}open_amount as amount
        from marts.fct_runway_items, seeds.runway_policy as policy
        where business_id = $business and part = '{part}' and open_amount != 0
            and valid_from_date <= $day and coalesce(valid_to_date >= $day, true) and {condition}
    """


_NOTHING = "cast(null as varchar) as document_number"
_UNDATED = "cast(null as date) as txn_date, cast(null as date) as due_date"
_OVERDUE = "due_date < $day"
_WINDOW = "txn_date > $day - 90 and txn_date <= $day"

# What each finds has these columns; one that a query leaves out is NULL. Of a record that counts in part, `whole_amount` is all of it
# and `share` how much counts; `expected_date` is when it is expected to move money, `reason` why it counts as it does.
COLUMNS = {
    "rail": "varchar", "entity": "varchar", "record_id": "varchar", "document_number": "varchar", "party_name": "varchar",
    "txn_date": "date", "due_date": "date", "amount": "decimal(18, 2)",
    "whole_amount": "decimal(18, 2)", "share": "decimal(5, 4)", "expected_date": "date",
    "reason": "varchar",
}  # fmt: skip
_BLANK = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in COLUMNS.items())
QUERIES: dict[str, str] = {
    "cash": f"""
        select rail, coalesce(entity, '') as entity, record_id, {_NOTHING}, account_name as party_name, {_UNDATED},
            home_balance_amount as amount
        from marts.fct_cash where business_id = $business and as_of_date = $day
    """,
    "reserved": f"""
        select 'control' as rail, 'reserves' as entity, reserve_id as record_id, {_NOTHING}, kind as party_name,
            active_from as txn_date, active_until as due_date, amount
        from staging.stg_control__reserves
        where business_id = $business and active_from <= $day and coalesce(active_until >= $day, true)
    """,
    "outflow": _items("outflow", _WINDOW),
    "inflow": _items("inflow", _WINDOW),
    "ap_30": _items("payable", "coalesce(due_date <= $day + policy.payable_horizon_days, true)"),
    "ap_open": _items("payable"),
    "overdue_ap": _items("payable", _OVERDUE),
    "ar_expected": _items("receivable", "coalesce($day - coalesce(due_date, txn_date), 0) <= policy.receivable_horizon_days"),
    "ar_open": _items("receivable"),
    "ar_credits": _items("receivable_credit", sign="-"),
    "overdue_ar": _items("receivable", _OVERDUE),
    "walk": f"""
        with walk as (
            select covered_until, payroll_spent, undated_spent from intermediate.int_cash_walk where business_id = $business
        ),
        newest as (
            select max(as_of_date) as as_of_date from marts.fct_runway_daily where business_id = $business
        )
        select rail, entity, record_id, document_number, party_name, txn_date, walk_date as due_date, amount
        from intermediate.int_cash_walk_documents, newest
        where business_id = $business and newest.as_of_date = $day
            and coalesce(walk_date <= (select covered_until from walk), true) and amount != 0
        union all
        select 'control', 'payroll', $business, {_NOTHING}, 'payrolls until then', null, covered_until, -payroll_spent
        from walk, newest
        where newest.as_of_date = $day and payroll_spent != 0
        union all
        select '', 'outflow', $business, {_NOTHING}, 'spending without a date until then', null, covered_until, -undated_spent
        from walk, newest
        where newest.as_of_date = $day and undated_spent != 0
    """,
    "cash_gap": f"""
        select rail, 'accounts' as entity, account_id as record_id, {_NOTHING}, account_name as party_name, {_UNDATED},
            home_balance_amount as amount
        from intermediate.int_ledger_balances where business_id = $business and as_of_date = $day
        union all
        select rail, 'balances', account_id, {_NOTHING}, account_name, {_UNDATED}, -home_balance_amount
        from intermediate.int_bank_balances where business_id = $business and as_of_date = $day
    """,
    "inputs": f"""
        select rail, entity, connection_id as record_id, {_NOTHING}, freshness_state as party_name, {_UNDATED},
            cast(sync_age_minutes as decimal(18, 2)) as amount
        from marts.fct_rail_freshness
        where business_id = $business and tier = 'critical'
            and $day = (select max(as_of_date) from marts.fct_runway_daily where business_id = $business)
    """,
    "unmatched": """
        select rail, entity, record_id, kind as document_number, reason as party_name, event_date as txn_date,
            cast(null as date) as due_date, amount
        from marts.fct_exception
        where business_id = $business and is_cash_uncertain
            and $day = (select max(as_of_date) from marts.fct_runway_daily where business_id = $business)
    """,
    "flags": """
        select rail, entity, record_id, check_id as document_number, coalesce(party_name, check_name) as party_name,
            cast(opened_at as date) as txn_date, cast(null as date) as due_date, impact_amount as amount
        from marts.fct_hygiene_flag
        where business_id = $business and status in ('open', 'resolved') and cast(opened_at as date) <= $day
            and coalesce(cast(resolved_at as date) > $day, true)
    """,
}


def records_of(warehouse: duckdb.DuckDBPyConnection, query: str, asked: Mapping[str, Any], *, row: str = "") -> list[dict[str, Any]]:
    """The records that `query` finds, the largest first.

    asked: its parameters, or those of `row`, a statement whose result it reads as `asked`.
    """
    told = f"""
        {f"with asked as ({row})" if row else ""}
        select {", ".join(COLUMNS)} from ((select {_BLANK} where false) union all by name ({query}))
        order by abs(amount) desc nulls last, rail, entity, record_id
    """
    return [dict(zip(COLUMNS, found, strict=True)) for found in warehouse.execute(told, asked).fetchall()]
