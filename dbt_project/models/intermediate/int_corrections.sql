with decisions as (
    select * from {{ ref('stg_control__decisions') }}
    where kind = 'correct' and is_standing
)

select
    decisions.business_id,
    decisions.subject ->> 'rail' as rail,
    decisions.subject ->> 'entity' as entity,
    decisions.subject ->> 'record_id' as record_id,
    try_cast({{ last_word('due_date', "decisions.subject -> 'fields' ->> 'due_date'") }} as date) as due_date,
    {{ last_word('due_date', 'decisions.decided_at') }} as due_date_decided_at,
    {{ last_word('vendor_id', "decisions.subject -> 'fields' ->> 'vendor_id'") }} as vendor_id,
    {{ last_word('vendor_id', 'decisions.decided_at') }} as vendor_id_decided_at,
    {{ last_word('customer_id', "decisions.subject -> 'fields' ->> 'customer_id'") }} as customer_id,
    {{ last_word('customer_id', 'decisions.decided_at') }} as customer_id_decided_at
from decisions
group by decisions.business_id, decisions.subject ->> 'rail', decisions.subject ->> 'entity', decisions.subject ->> 'record_id'
