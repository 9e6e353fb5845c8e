"""The figures of rows that add up records of one account, payout, party or side, and the records: matched money of a day, payouts,
balances of vendors and customers beside the documents that should come to them, tie-outs, and the lists of the digest.
"""

from __future__ import annotations

from rowcol_assets.explaining.figures import Figure

CLOSURE = "marts.fct_bank_closure"
CLOSURE_FIGURES: dict[str, Figure] = {
    "total_amount": Figure("all money of the account on this day", records="all"),
    "matched_amount": Figure("what of it is matched", records="matched"),
    "unmatched_amount": Figure("what of it is not", records="unmatched"),
    "unmatched_in_amount": Figure("what came in and is not matched", records="unmatched_in"),
    "unmatched_out_amount": Figure("what went out and is not matched", records="unmatched_out"),
    "transaction_count": Figure("transactions of the account on this day", records="all", come_to="count"),
    "matched_count": Figure("those of them that are matched", records="matched", come_to="count"),
}


def _closed(condition: str) -> str:
    return f"""
        with matched as (
            select business_id, right_event as event_id, rule from intermediate.int_matches where tier = 'auto'
            union all
            select business_id, left_event, rule from intermediate.int_matches where tier = 'auto' and pair = 'charge'
        ),
        events as (
            select events.*, (
                select min(matched.rule) from matched where matched.business_id = events.business_id and matched.event_id = events.event_id
            ) as rule
            from intermediate.int_money_events as events
            inner join asked
                on events.business_id = asked.business_id and events.rail = asked.rail and events.account_id = asked.account_id
                and events.event_date = asked.posted_date
            where events.role in ('bank', 'charge')
        )
        select rail, entity, record_id, text as party_name, event_date as txn_date, amount, 'matched by ' || rule as reason
        from events where {condition}
    """


CLOSURE_QUERIES: dict[str, str] = {
    "all": _closed("true"),
    "matched": _closed("rule is not null"),
    "unmatched": _closed("rule is null"),
    "unmatched_in": _closed("rule is null and amount > 0"),
    "unmatched_out": _closed("rule is null and amount < 0"),
}

PAYOUT = "marts.fct_payout_recon"
PAYOUT_FIGURES: dict[str, Figure] = {
    "charge_amount": Figure("charges that were paid out with it", records="charge"),
    "fee_amount": Figure("fees of its lines, and fees billed on their own", records="fees"),
    "refund_amount": Figure("refunds taken off it", records="refund"),
    "dispute_amount": Figure("disputes taken off it", records="dispute"),
    "adjustment_amount": Figure("what Stripe adjusted", records="adjustment"),
    "net_amount": Figure(
        "charge_amount - fee_amount - refund_amount - dispute_amount + adjustment_amount",
        ("charge_amount", "fee_amount", "refund_amount", "dispute_amount", "adjustment_amount"),
        records="net",
    ),
    "payout_amount": Figure("what Stripe says it paid out: the payout itself"),
    "difference_amount": Figure("payout_amount - net_amount", ("payout_amount", "net_amount")),
    **{
        f"{kind}_count": Figure(f"its lines of kind {kind}", records=kind, come_to="count")
        for kind in ("charge", "fee", "refund", "dispute", "adjustment")
    },
    "booking_count": Figure("documents of the ledger that book exactly this payout", come_to="none"),
}


def _lines(amount: str, condition: str) -> str:
    return f"""
        select 'stripe' as rail, 'balance_transactions' as entity, lines.balance_transaction_id as record_id,
            lines.invoice_number as document_number,
            coalesce(lines.customer_name, lines.description) as party_name, cast(lines.moved_at as date) as txn_date, {amount} as amount,
            lines.line_kind as reason
        from marts.fct_payout_lines as lines
        inner join asked on lines.business_id = asked.business_id and lines.payout_id = asked.payout_id
        where {condition}
    """


PAYOUT_QUERIES: dict[str, str] = {
    **{
        kind: _lines(f"{sign}lines.amount", f"lines.line_kind = '{kind}'")
        for kind, sign in (("charge", ""), ("fee", "-"), ("refund", "-"), ("dispute", "-"), ("adjustment", ""))
    },
    "fees": _lines("lines.fee_amount - case when lines.line_kind = 'fee' then lines.amount else 0 end",
                   "lines.fee_amount != 0 or lines.line_kind = 'fee'"),
    "net": _lines("lines.net_amount", "true"),
}  # fmt: skip

VENDOR, CUSTOMER = "marts.dim_vendor", "marts.dim_customer"
BALANCE_FIGURES: dict[str, Figure] = {
    "balance_amount": Figure(
        "what the ledger itself says is open, in the party's currency, beside the open documents; where they do not come to it, "
        "marts.fct_aging_tie_out_parties says why",
        records="documents",
    ),
}


def _open_documents(mart: str, party: str) -> str:
    return f"""
        select told.rail, told.entity, told.record_id, told.document_number, told.party_name, told.txn_date, told.due_date,
            told.original_open_amount as amount, told.document_type as reason
        from marts.{mart} as told
        inner join asked on told.business_id = asked.business_id and told.party_id = asked.{party}
    """


TIE_OUT = "marts.fct_aging_tie_out"
TIE_OUT_FIGURES: dict[str, Figure] = {
    "ledger_amount": Figure("what the ledger's own aged report says is open"),
    "mirror_amount": Figure("the parties' open documents as the mirror has them", records="parties"),
    "difference_amount": Figure("mirror_amount - ledger_amount", ("mirror_amount", "ledger_amount")),
    "parties": Figure("parties compared", records="parties", come_to="count"),
    **{
        f"parties_{name}": Figure(f"parties {said}", records=name, come_to="count")
        for name, said in (
            ("tied", "whose two amounts are equal"),
            ("differing", "whose two amounts differ"),
            ("changed_since", "whose documents changed after the report was made"),
            ("without_rate", "with documents that have no exchange rate"),
        )
    },
}


def _parties(status: str | None) -> str:
    return f"""
        select told.rail, case told.side when 'payable' then 'vendors' else 'customers' end as entity, told.party_id as record_id,
            told.party_name, told.report_date as txn_date, told.mirror_amount as amount,
            told.ledger_amount as whole_amount, told.status as reason
        from marts.fct_aging_tie_out_parties as told
        inner join asked on told.business_id = asked.business_id and told.side = asked.side
        where {f"told.status = '{status}'" if status else "true"}
    """


TIE_OUT_QUERIES: dict[str, str] = {
    "parties": _parties(None),
    "tied": _parties("ties"),
    "differing": _parties("differs"),
    "changed_since": _parties("report_older_than_books"),
    "without_rate": _parties("no_exchange_rate"),
}

DIGEST = "experiences.digest"
DIGEST_FIGURES: dict[str, Figure] = {
    "payment_ready_amount": Figure("what is open of the bills that can be paid today", records="ready"),
    "payment_ready_count": Figure("bills that can be paid today", records="ready", come_to="count"),
    "overdue_invoice_amount": Figure("what is open of invoices past due", records="overdue"),
    "overdue_invoice_count": Figure("invoices past due", records="overdue", come_to="count"),
    "overdue_asked_amount": Figure("what of them is to be asked for", records="asked"),
    "overdue_asked_count": Figure("those to be asked for", records="asked", come_to="count"),
    "overdue_paid_amount": Figure("what is open of those that are paid or covered already", records="settled"),
    "overdue_paid_count": Figure("those that are paid or covered already", records="settled", come_to="count"),
    "overdue_uncollectible_amount": Figure("what is open of those that were given up on Stripe", records="given_up"),
    "overdue_uncollectible_count": Figure("those that were given up on Stripe", records="given_up", come_to="count"),
}


def _overdue(amount: str, condition: str) -> str:
    return f"""
        select told.rail, 'invoices' as entity, told.record_id, told.document_number, told.customer_name as party_name, told.due_date,
            told.{amount} as amount, told.open_amount as whole_amount, told.standing as reason
        from marts.fct_overdue_invoices as told
        inner join asked on told.business_id = asked.business_id
        where {condition}
    """


DIGEST_QUERIES: dict[str, str] = {
    "ready": """
        select told.rail, 'bills' as entity, told.record_id, told.document_number, told.vendor_name as party_name, told.due_date,
            told.home_open_amount as amount
        from marts.fct_payment_ready_bills as told
        inner join asked on told.business_id = asked.business_id
        where told.is_payment_ready
    """,
    "overdue": _overdue("open_amount", "true"),
    "asked": _overdue("asked_amount", "told.standing = 'to_ask'"),
    "settled": _overdue("open_amount", "told.standing in ('paid_on_stripe', 'covered')"),
    "given_up": _overdue("open_amount", "told.standing = 'uncollectible'"),
}
BALANCE_QUERIES = {
    VENDOR: {"documents": _open_documents("fct_ap_aging", "vendor_id")},
    CUSTOMER: {"documents": _open_documents("fct_ar_aging", "customer_id")},
}
