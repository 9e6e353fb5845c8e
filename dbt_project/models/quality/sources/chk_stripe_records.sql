with records as (
    {{ checked_records(ref('stg_stripe__accounts'), 'accounts', currency='default_currency') }}
    union all
    {{ checked_records(ref('stg_stripe__balances'), 'balances') }}
    union all
    {{ checked_records(ref('stg_stripe__customers'), 'customers', currency='currency') }}
    union all
    -- A customer deleted before the first sync is in no list, so that customers are not looked for.
    {{ checked_records(
        ref('stg_stripe__invoices'), 'invoices', currency='currency', not_negative=['paid_amount', 'remaining_amount'],
    ) }}
    union all
    {{ checked_records(ref('stg_stripe__invoice_lines'), 'invoice_lines', currency='currency', references={'invoice_id': 'invoices'}) }}
    union all
    {{ checked_records(
        ref('stg_stripe__invoice_payments'), 'invoice_payments', currency='currency', not_negative=['requested_amount', 'paid_amount'],
        references={'invoice_id': 'invoices', 'payment_intent_id': 'payment_intents', 'charge_id': 'charges'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_stripe__charges'), 'charges', currency='currency', not_negative=['amount', 'captured_amount', 'refunded_amount'],
        rules={'more refunded than charged': 'mirror.refunded_amount <= mirror.amount'},
        references={'payment_intent_id': 'payment_intents', 'balance_transaction_id': 'balance_transactions'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_stripe__payment_intents'), 'payment_intents', currency='currency', not_negative=['amount', 'received_amount'],
        references={'latest_charge_id': 'charges'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_stripe__refunds'), 'refunds', currency='currency', not_negative=['amount'],
        references={'charge_id': 'charges', 'balance_transaction_id': 'balance_transactions'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_stripe__disputes'), 'disputes', currency='currency', not_negative=['amount'], references={'charge_id': 'charges'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_stripe__payouts'), 'payouts', currency='currency', references={'balance_transaction_id': 'balance_transactions'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_stripe__payout_transactions'), 'payout_transactions', currency='currency', references={'payout_id': 'payouts'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_stripe__balance_transactions'), 'balance_transactions', currency='currency',
        rules={
            'net is not amount less fee': 'mirror.net_amount = mirror.amount - mirror.fee_amount',
            'a charge that takes money away': "mirror.transaction_type not in ('charge', 'payment') or mirror.amount >= 0",
            'a refund that brings money': "mirror.transaction_type not in ('refund', 'payment_refund') or mirror.amount <= 0",
        },
    ) }}
    union all
    {{ checked_records(ref('stg_stripe__events'), 'events') }}
),

known as (
    {{ known_records({
        'invoices': ref('stg_stripe__invoices'),
        'charges': ref('stg_stripe__charges'),
        'payouts': ref('stg_stripe__payouts'),
        'payment_intents': ref('stg_stripe__payment_intents'),
        'balance_transactions': ref('stg_stripe__balance_transactions'),
    }) }}
),

judged as (
    {{ judged_records('records', 'known') }}
)

select * from judged
