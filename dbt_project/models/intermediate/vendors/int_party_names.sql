{{ config(materialized='table') }}

-- What each rail calls whom the business pays and is paid by, with everything about them that identifies.
with ledger_vendors as (
    select * from {{ ref('stg_qbo__vendors') }}
),

ledger_customers as (
    select * from {{ ref('stg_qbo__customers') }}
),

paying_vendors as (
    select * from {{ ref('stg_ramp__vendors') }}
),

bank_transactions as (
    select * from {{ ref('stg_plaid__transactions') }}
),

billed_customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

first_seen as (
    select * from {{ ref('stg_first_seen') }}
),

companies as (
    select * from {{ ref('stg_qbo__company_info') }}
),

words as (
    select * from {{ ref('party_words') }}
),

common as (
    select
        list(words.word) filter (words.kind = 'mail') as mail_domains,
        list(words.word) filter (words.kind = 'service') as service_domains
    from words
),

-- What the business itself goes by: its people are vendors too, who are paid back what they spent.
own as (
    select
        companies.business_id,
        list_distinct(flatten(list([lower(trim(companies.email)), lower(trim(companies.customers_email))]))) as addresses,
        list_filter(
            list_distinct(flatten(list([
                {{ domain_of('companies.email') }},
                {{ domain_of('companies.customers_email') }},
                {{ host_of('companies.web_address') }}
            ]))),
            lambda domain: domain != ''
        ) as domains
    from companies
    group by companies.business_id
),

-- Money that left to somebody; a check names nobody, a move between own accounts is no party.
bank_payments as (
    select
        bank_transactions.business_id,
        bank_transactions.rail,
        {{ bank_party_id('bank_transactions') }} as party_id,
        coalesce(bank_transactions.merchant_name, bank_transactions.description) as party_name,
        bank_transactions.merchant_name is null as is_bank_text,
        bank_transactions.posted_date,
        bank_transactions.synced_at,
        first_seen.first_seen_at
    from bank_transactions
    inner join first_seen
        on
            bank_transactions.business_id = first_seen.business_id
            and bank_transactions.rail = first_seen.rail
            and first_seen.entity = 'transactions'
            and bank_transactions.record_id = first_seen.record_id
    where
        not bank_transactions.is_deleted
        and not coalesce(bank_transactions.is_pending, false)
        and bank_transactions.amount < 0
        and bank_transactions.check_number is null
        and coalesce(bank_transactions.category_primary, '') not in ('TRANSFER_IN', 'TRANSFER_OUT', 'LOAN_PAYMENTS')
        and {{ bank_party_id('bank_transactions') }} is not null
),

bank_parties as (
    select
        bank_payments.business_id,
        bank_payments.rail,
        bank_payments.party_id,
        arg_max(bank_payments.party_name, (bank_payments.posted_date, bank_payments.party_name)) as party_name,
        bool_and(bank_payments.is_bank_text) as is_bank_text,
        max(bank_payments.synced_at) as synced_at,
        min(bank_payments.first_seen_at) as first_seen_at
    from bank_payments
    group by bank_payments.business_id, bank_payments.rail, bank_payments.party_id
),

parties as (
    select
        vendors.business_id,
        'vendor' as party_kind,
        vendors.rail,
        'vendors' as entity,
        vendors.record_id as party_id,
        vendors.vendor_name as party_name,
        {{ ledger_rank() }} as name_rank,
        [
            { 'role': 'name', 'text': vendors.vendor_name },
            { 'role': 'legal', 'text': vendors.company_name },
            { 'role': 'legal', 'text': vendors.print_on_check_name }
        ] as names,
        [
            { 'kind': 'ledger_id', 'value': vendors.record_id },
            {{ tax_evidence('vendors.tax_identifier') }},
            {{ email_evidence('vendors.email') }},
            {{ domain_evidence('vendors.email') }},
            {{ account_evidence('vendors.bank_routing_number', 'vendors.bank_account_number') }}
        ] as evidence,
        coalesce(vendors.is_active, true) and not vendors.is_deleted as is_active,
        vendors.synced_at
    from ledger_vendors as vendors

    union all

    select
        customers.business_id,
        'customer' as party_kind,
        customers.rail,
        'customers' as entity,
        customers.record_id as party_id,
        customers.customer_name as party_name,
        {{ ledger_rank() }} as name_rank,
        [
            { 'role': 'name', 'text': customers.customer_name },
            { 'role': 'legal', 'text': customers.company_name }
        ] as names,
        [
            { 'kind': 'ledger_id', 'value': customers.record_id },
            {{ email_evidence('customers.email') }}
        ] as evidence,
        coalesce(customers.is_active, true) and not customers.is_deleted as is_active,
        customers.synced_at
    from ledger_customers as customers

    union all

    select
        vendors.business_id,
        'vendor' as party_kind,
        vendors.rail,
        'vendors' as entity,
        vendors.record_id as party_id,
        vendors.vendor_name as party_name,
        2 as name_rank,
        [
            { 'role': 'name', 'text': vendors.vendor_name },
            { 'role': 'legal', 'text': vendors.legal_name }
        ] as names,
        [
            { 'kind': 'ledger_id', 'value': vendors.qbo_vendor_id }
        ] as evidence,
        coalesce(vendors.is_active, true) and not vendors.is_deleted as is_active,
        vendors.synced_at
    from paying_vendors as vendors

    union all

    select
        customers.business_id,
        'customer' as party_kind,
        customers.rail,
        'customers' as entity,
        customers.record_id as party_id,
        customers.customer_name as party_name,
        2 as name_rank,
        [
            { 'role': 'name', 'text': coalesce(customers.customer_name, customers.description) }
        ] as names,
        [
            {{ email_evidence('customers.email') }}
        ] as evidence,
        not customers.is_deleted as is_active,
        customers.synced_at
    from billed_customers as customers
),

known_since as (
    select
        parties.*,
        first_seen.first_seen_at
    from parties
    inner join first_seen
        on
            parties.business_id = first_seen.business_id
            and parties.rail = first_seen.rail
            and parties.entity = first_seen.entity
            and parties.party_id = first_seen.record_id

    union all

    select
        bank_parties.business_id,
        'vendor' as party_kind,
        bank_parties.rail,
        'transactions' as entity,
        bank_parties.party_id,
        bank_parties.party_name,
        case when bank_parties.is_bank_text then {{ bank_text_rank() }} else 3 end as name_rank,
        [
            {
                'role': case when bank_parties.is_bank_text then 'text' else 'name' end,
                'text': bank_parties.party_name
            }
        ] as names,
        cast([] as struct(kind varchar, value varchar)[]) as evidence,
        true as is_active,
        bank_parties.synced_at,
        bank_parties.first_seen_at
    from bank_parties
),

-- One business may hold a rail twice, and both may know a record of one id; it is one party, known since the first.
distinct_parties as (
    select *
    from known_since
    qualify
        row_number() over (
            partition by known_since.business_id, known_since.party_kind, known_since.rail, known_since.party_id
            order by known_since.is_active desc, known_since.first_seen_at asc, known_since.party_name asc
        ) = 1
)

select
    parties.business_id,
    parties.party_kind,
    parties.rail,
    parties.entity,
    parties.party_id,
    {{ shown_name('parties.party_name') }} as party_name,
    parties.name_rank,
    list_filter(parties.names, lambda name: trim(coalesce(name.text, '')) != '') as names,
    list_filter(
        parties.evidence,
        lambda proof: coalesce(proof.value, '') != '' and not coalesce({{ is_anybodys('proof', 'common', 'own') }}, false)
    ) as evidence,
    false as is_listed,
    parties.is_active,
    parties.first_seen_at,
    parties.synced_at
from distinct_parties as parties
cross join common
left join own on parties.business_id = own.business_id
