"""The figures of a week of the cash forecast (`marts.fct_cash_forecast`), and what is expected in it: documents with how much of each,
payments of series, payroll, and the past forecasts whose errors are its band.

A week's amount is the rounded total until its end less the one until its start; cents are given to records in that order, so that they
add up to it. Each is therefore its share to within a cent.
"""

from __future__ import annotations

from rowcol_assets.explaining.figures import Figure

RELATION = "marts.fct_cash_forecast"
KEYS = ("week_number",)
FIGURES: dict[str, Figure] = {
    "opening_amount": Figure("cash today in week 1, else the closing P50 of the week before", records="opening"),
    "expected_receipts_amount": Figure("of each open invoice the share that is usually paid in this week", records="receipts"),
    "scheduled_payables_amount": Figure("of each open bill the share that is usually paid in this week", records="payables"),
    "recurring_outflow_amount": Figure("payments of series in amounts within 10 % that fall in this week", records="recurring"),
    "payroll_amount": Figure("the paydays of this week, as set or by the rhythm seen", records="payroll"),
    "varying_outflow_amount": Figure("a part of the payments of series in varying amounts that fall in this week", records="varying"),
    "in_transit_amount": Figure(
        "a part of what the ledger has beyond the bank, more or less than it usually does, all in week 1: a difference of two totals"
    ),
    "undated_net_amount": Figure(
        "the mean of what past forecasts missed over this distance, and where P50 lies among it, less that of the week before",
        records="cases",
        come_to="none",
    ),
    "closing_p50_amount": Figure(
        "opening + receipts - payables - recurring - payroll - varying + in transit + undated",
        ("opening_amount", "expected_receipts_amount", "scheduled_payables_amount", "recurring_outflow_amount", "payroll_amount",
         "varying_outflow_amount", "in_transit_amount", "undated_net_amount"),
    ),
    "closing_p10_amount": Figure(
        "closing_p50_amount less the distance from P50 to P10 among what past forecasts missed over this distance",
        ("closing_p50_amount",),
        records="cases",
        come_to="none",
    ),
    "closing_p90_amount": Figure(
        "closing_p50_amount and the distance from P50 to P90 among what past forecasts missed over this distance",
        ("closing_p50_amount",),
        records="cases",
        come_to="none",
    ),
    "case_count": Figure("past forecasts over this distance whose day has come", records="cases", come_to="count"),
}  # fmt: skip


def _to_the_cent(amount: str) -> str:
    return f"cast(sum({amount}) over upto as decimal(18, 2)) - cast(sum({amount}) over upto - {amount} as decimal(18, 2))"


def _documents(side: str, entity: str) -> str:
    party = {"invoices": "customer_name", "bills": "vendor_name"}[entity]
    until, before = "known.expected_amount * known.until_share", "known.expected_amount * known.before_share"
    return f"""
        with known as (
            select documents.*, coalesce(until.share, 0) as until_share, coalesce(before.share, 0) as before_share
            from intermediate.int_forecast_documents as documents
            inner join asked on documents.business_id = asked.business_id
            left join seeds.forecast_shares as until
                on documents.side = until.kind and documents.is_habit_known = until.is_habit_known
                and documents.expected_bin = until.days_ahead and until.horizon_days = 7 * asked.week_number
            left join seeds.forecast_shares as before
                on documents.side = before.kind and documents.is_habit_known = before.is_habit_known
                and documents.expected_bin = before.days_ahead and before.horizon_days = 7 * (asked.week_number - 1)
            where documents.weeks_ago = 0 and documents.side = '{side}' and documents.expected_amount > 0
        ),
        split as (
            select known.*, {_to_the_cent(until)} - ({_to_the_cent(before)}) as amount
            from known
            -- Those of which nothing is paid in this week come first, to whom no cent of it is given.
            window upto as (order by known.until_share != known.before_share, known.record_id rows unbounded preceding)
        )
        select told.rail, '{entity}' as entity, split.record_id, told.document_number, told.{party} as party_name, told.txn_date,
            split.due_date, split.amount, split.expected_amount as whole_amount, split.until_share - split.before_share as share,
            split.expected_date,
            case
                when not split.is_habit_known then 'by its terms: too few payments to know the habit'
                when split.expected_date < split.due_date then 'usually paid ' || (split.due_date - split.expected_date) || ' days early'
                else 'usually paid ' || (split.expected_date - split.due_date) || ' days late'
            end as reason
        from split
        left join marts.fct_{entity} as told on split.business_id = told.business_id and split.record_id = told.record_id
        where split.until_share != split.before_share
    """


def _series(kind: str, share: str = "1.0") -> str:
    return f"""
        with payments as (
            select payments.*, asked.week_number, {_to_the_cent(f"payments.amount * {share}")} as counted_amount
            from intermediate.int_forecast_payments as payments
            inner join asked on payments.business_id = asked.business_id and payments.origin_date = asked.as_of_date
            cross join seeds.forecast_policy as policy
            where payments.kind = '{kind}'
            window upto as (order by payments.expected_date, payments.payee, payments.amount rows unbounded preceding)
        )
        select case when payments.is_set then 'control' else '' end as rail,
            case when payments.is_set then 'payroll' else 'series' end as entity,
            payments.payee as record_id, coalesce(vendors.vendor_name, regexp_replace(payments.payee, '^name:', '')) as party_name,
            payments.last_date as txn_date, payments.expected_date, payments.counted_amount as amount, payments.amount as whole_amount,
            concat_ws(
                ', ', case when payments.is_set then 'as set' end, 'every ' || nullif(payments.cadence_days, 0) || ' days',
                'last on ' || payments.last_date
            ) as reason
        from payments
        left join marts.dim_vendor as vendors
            on payments.business_id = vendors.business_id and payments.payee = 'vendor:' || vendors.vendor_id
        where (payments.expected_date - payments.origin_date + 6) // 7 = payments.week_number
    """


QUERIES: dict[str, str] = {
    "opening": """
        select cash.rail, coalesce(cash.entity, '') as entity, cash.record_id, cash.account_name as party_name,
            cash.home_balance_amount as amount
        from marts.fct_cash as cash
        inner join asked on cash.business_id = asked.business_id and cash.as_of_date = asked.as_of_date and asked.week_number = 1
        union all by name
        select '' as rail, 'fct_cash_forecast' as entity, cast(weeks.week_number as varchar) as record_id, 'closing P50' as party_name,
            weeks.week_end_date as txn_date, weeks.closing_p50_amount as amount
        from marts.fct_cash_forecast as weeks
        inner join asked on weeks.business_id = asked.business_id and weeks.week_number = asked.week_number - 1
    """,
    "receipts": _documents("receivable", "invoices"),
    "payables": _documents("payable", "bills"),
    "recurring": _series("recurring"),
    "payroll": _series("payroll"),
    "varying": _series("varying", "policy.varying_share"),
    "cases": """
        select '' as rail, 'past forecasts' as entity, cast(cases.origin_date as varchar) as record_id, cases.origin_date as txn_date,
            cases.target_date as expected_date, cases.actual_change - cases.dated_change as amount,
            'what cash did beyond what was dated' as reason
        from intermediate.int_forecast_cases as cases
        inner join asked
            on cases.business_id = asked.business_id and cases.horizon_days = 7 * asked.week_number and cases.origin_date < asked.as_of_date
        where cases.actual_change is not null
    """,
}
