"""The figures of a customer: what it was billed, owes and pays (`marts.fct_payment_insights`), what is asked of it
(`experiences.collections_queue`), and the invoices, payments and card payments behind them.
"""

from __future__ import annotations

from rowcol_assets.explaining.figures import Figure

INSIGHTS, QUEUE = "marts.fct_payment_insights", "experiences.collections_queue"
KEYS = ("customer_id",)
FIGURES: dict[str, Figure] = {
    "invoiced_90_amount": Figure("what was invoiced in the last 90 days", records="invoiced_90"),
    "invoiced_365_amount": Figure("what was invoiced in the last 365 days", records="invoiced_365"),
    "open_amount": Figure("what is open of all invoices", records="open"),
    "unapplied_amount": Figure("what the customer paid and nobody has applied", records="unapplied"),
    "credit_amount": Figure("what is left of the customer's credit memos", records="credits"),
    "overdue_amount": Figure("what is open of invoices past due", records="overdue"),
    "overdue_count": Figure("invoices past due whose amount is known", records="overdue", come_to="count"),
    "overdue_paid_amount": Figure("what of the overdue was paid on Stripe", records="overdue_paid"),
    "overdue_paid_count": Figure("overdue invoices that Stripe says are paid", records="overdue_paid_whole", come_to="count"),
    "overdue_credited_amount": Figure("what the customer's open credits cover of the overdue", records="overdue_credited"),
    "overdue_credited_count": Figure(
        "overdue invoices of which nothing is to be asked for any more: credits cover the rest", records="covered", come_to="count"
    ),
    "overdue_uncollectible_amount": Figure("what of the overdue was given up on Stripe", records="given_up"),
    "overdue_uncollectible_count": Figure("overdue invoices that were given up on Stripe", records="given_up", come_to="count"),
    "overdue_without_rate_count": Figure("overdue invoices without an exchange rate", records="without_rate", come_to="count"),
    "dso_days": Figure("open_amount / invoiced_90_amount, times 90", ("open_amount", "invoiced_90_amount")),
    "business_dso_days": Figure(
        "dso_days over all customers: what is open, by what was invoiced in 90 days", records="business_dso", come_to="none"
    ),
    "paid_count": Figure("invoices paid within the last 365 days", records="paid", come_to="count"),
    "days_to_pay": Figure(
        "the median of the days from an invoice to its payment, of those paid within a year", records="paid", come_to="none"
    ),
    "days_late": Figure("the median of the days from due date to payment, of those paid within a year", records="late", come_to="none"),
    "late_count": Figure("invoices paid within a year and after they were due", records="paid_late", come_to="count"),
    "charged_amount": Figure("card payments of the last 365 days, in home currency", records="charged"),
    "fee_amount": Figure("what these card payments cost", records="fees"),
    "refunded_amount": Figure("what went back of these card payments", records="refunded"),
    "disputed_amount": Figure("what is or was disputed of these card payments", records="disputed"),
    "dispute_count": Figure("disputes of these card payments", records="disputes"),
}
QUEUE_FIGURES: dict[str, Figure] = {
    "asked_amount": Figure(
        "overdue_amount - overdue_paid_amount - overdue_credited_amount - overdue_uncollectible_amount; none where all lacks a rate",
        ("overdue_amount", "overdue_paid_amount", "overdue_credited_amount", "overdue_uncollectible_amount"),
        records="asked",
    ),
    **{
        name: FIGURES[name]
        for name in (
            "overdue_amount",
            "overdue_paid_amount",
            "overdue_credited_amount",
            "overdue_uncollectible_amount",
            "overdue_count",
            "paid_count",
        )
    },
    "usual_days_late": FIGURES["days_late"],
    "oldest_days_past_due": Figure("days since the oldest due date of what is asked for", records="asked", come_to="none"),
    "runway_gain_days": Figure("asked_amount / gross_burn: explain gross_burn of the runway", ("asked_amount",)),
}

_INVOICE = (
    "told.rail, 'invoices' as entity, told.record_id, told.document_number, told.customer_name as party_name, told.txn_date, told.due_date"
)
_CHARGE = "told.rail, 'charges' as entity, told.record_id, told.billing_name as party_name, told.charged_date as txn_date"


def _invoices(amount: str, condition: str, *, reason: str = "cast(null as varchar)") -> str:
    return f"""
        select {_INVOICE}, {amount} as amount, {reason} as reason
        from intermediate.int_customer_invoices as told
        inner join asked on told.business_id = asked.business_id and told.customer_id = asked.customer_id
        where {condition}
    """


def _credits(document_type: str, entity: str) -> str:
    return f"""
        select told.rail, '{entity}' as entity, told.record_id, told.document_number, told.party_name, told.txn_date,
            -told.open_amount as amount
        from marts.fct_ar_aging as told
        inner join asked on told.business_id = asked.business_id and told.party_id = asked.customer_id
        anti join intermediate.int_stripe_receipts as receipts
            on told.business_id = receipts.business_id and told.record_id = receipts.payment_id and told.document_type = 'payment'
        where told.document_type = '{document_type}'
    """


def _charges(amount: str) -> str:
    return f"""
        select {_CHARGE}, {amount} as amount, told.charged_amount as whole_amount
        from intermediate.int_customer_charges as told
        inner join asked on told.business_id = asked.business_id and told.customer_id = asked.customer_id
        where {amount} != 0
    """


_PAID = "'paid on ' || told.paid_date"
_IN_90, _IN_365 = (f"told.txn_date > told.as_of_date - {days}" for days in (90, 365))
QUERIES: dict[str, str] = {
    "invoiced_90": _invoices("told.home_total_amount", _IN_90),
    "invoiced_365": _invoices("told.home_total_amount", _IN_365),
    "open": _invoices("told.home_open_amount", "told.is_open"),
    "unapplied": _credits("payment", "payments"),
    "credits": _credits("credit_memo", "credit_memos"),
    "overdue": _invoices("told.home_open_amount", "told.is_overdue and told.home_open_amount > 0"),
    "overdue_paid": _invoices(
        "told.collected_amount", "told.is_overdue and told.collected_amount > 0", reason="'paid on Stripe, not yet in the ledger'"
    ),
    "overdue_paid_whole": _invoices("told.home_open_amount", "told.is_overdue and told.home_open_amount > 0 and told.is_paid_on_stripe"),
    "overdue_credited": _invoices("told.credited_amount", "told.credited_amount > 0"),
    "given_up": _invoices("told.given_up_amount", "told.is_given_up and told.home_open_amount > 0", reason="'uncollectible on Stripe'"),
    "covered": _invoices("told.credited_amount", "told.asked_amount = 0 and not told.is_paid_on_stripe and not told.is_given_up"),
    "without_rate": _invoices(
        "told.home_open_amount",
        "told.is_overdue and told.is_without_rate and not told.is_paid_on_stripe and not told.is_given_up",
        reason="'no exchange rate of ' || told.currency",
    ),
    "asked": _invoices("told.asked_amount", "told.is_overdue and told.asked_amount is distinct from 0"),
    "paid": _invoices("told.days_to_pay", "told.days_to_pay is not null", reason=_PAID),
    "late": _invoices("told.days_late", "told.days_late is not null", reason=_PAID),
    "paid_late": _invoices("told.days_late", "told.days_late > 0", reason=_PAID),
    "charged": _charges("told.charged_amount"),
    "fees": _charges("told.fee_amount"),
    "refunded": _charges("told.refunded_amount"),
    "disputed": _charges("told.disputed_amount"),
    "disputes": _charges("told.dispute_count"),
    "business_dso": f"""
        select {_INVOICE}, told.home_open_amount as amount, told.home_total_amount as whole_amount,
            case when {_IN_90} then 'invoiced in the last 90 days' else 'open' end as reason
        from intermediate.int_customer_invoices as told
        inner join asked on told.business_id = asked.business_id
        where told.is_open or {_IN_90}
    """,
}
