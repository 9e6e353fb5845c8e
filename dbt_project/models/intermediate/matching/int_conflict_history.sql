with conflicts as (
    select * from {{ ref('int_conflicts') }}
),

exponents as (
    {{ exponent_maps() }}
),

cash_accounts as (
    select
        balances.business_id,
        'left' as side,
        balances.rail,
        'accounts' as entity,
        balances.account_id as record_id,
        balances.currency = balances.home_currency as is_home,
        balances.home_balance_amount
    from {{ ref('int_ledger_balances') }} as balances

    union all

    select
        balances.business_id,
        'right' as side,
        balances.rail,
        'balances' as entity,
        balances.account_id as record_id,
        balances.currency = balances.home_currency as is_home,
        balances.home_balance_amount
    from {{ ref('int_bank_balances') }} as balances
),

-- The records of each side; for cash all accounts are one side.
sides as (
    select
        conflicts.business_id,
        conflicts.conflict_id,
        conflicts.pair,
        conflicts.field,
        'left' as side,
        conflicts.left_rail as rail,
        conflicts.left_entity as entity,
        conflicts.left_id as record_id,
        true as is_home,
        cast(0 as decimal(38, 2)) as foreign_amount
    from conflicts
    where conflicts.pair != 'cash'

    union all

    select
        conflicts.business_id,
        conflicts.conflict_id,
        conflicts.pair,
        conflicts.field,
        'right' as side,
        conflicts.right_rail as rail,
        conflicts.right_entity as entity,
        conflicts.right_id as record_id,
        true as is_home,
        cast(0 as decimal(38, 2)) as foreign_amount
    from conflicts
    where conflicts.pair != 'cash'

    union all

    select
        conflicts.business_id,
        conflicts.conflict_id,
        conflicts.pair,
        conflicts.field,
        cash_accounts.side,
        cash_accounts.rail,
        cash_accounts.entity,
        cash_accounts.record_id,
        cash_accounts.is_home,
        coalesce(sum(cash_accounts.home_balance_amount) filter (not cash_accounts.is_home) over (
            partition by conflicts.business_id, cash_accounts.side
        ), 0) as foreign_amount
    from conflicts
    inner join cash_accounts on conflicts.business_id = cash_accounts.business_id
    where conflicts.pair = 'cash'
),

-- What arrives late is no news: a version older than one that was there already never was the record's latest.
versions as (
    select
        log.* replace ({{ wire_exact('log.payload') }} as payload),
        exponents.iso_exponents,
        exponents.stripe_exponents
    from {{ ref('stg_record_versions') }} as log
    semi join sides
        on
            log.business_id = sides.business_id
            and log.rail = sides.rail
            and log.entity = sides.entity
            and log.record_id = sides.record_id
    cross join exponents
    qualify
        log.source_updated_at is null
        or log.source_updated_at >= max(log.source_updated_at) over (
            partition by log.business_id, log.rail, log.entity, log.record_id
            order by log.observed_at, log.version_no
        )
),

said as (
    {%- for rail, entity, fields, says in compared_entities() %}
    {%- set lines = compared_lines(rail, entity) %}
    select
        records.business_id,
        records.rail,
        records.entity,
        records.record_id,
        records.version_no,
        records.observed_at,
        unnest({{ said_values(says) }}, recursive := true)
    from (
        select
            docs.* exclude (doc),
            {{ typed_columns(typed_fields(fields, 'doc')) }},
            {{ typed_lines(lines) if lines else 'null' }} as lines
        from (
            select
                versions.* exclude (payload),
                {{ parsed_payload(fields, lines) }} as doc
            from versions
            where versions.rail = '{{ rail }}' and versions.entity = '{{ entity }}'
        ) as docs
    ) as records

    union all
    {% endfor %}
    select
        records.business_id,
        records.rail,
        records.entity,
        records.record_id,
        records.version_no,
        records.observed_at,
        'cash_balance' as field,
        records.amount,
        cast(records.amount as varchar) as value
    from (
        select
            versions.*,
            case versions.entity
                when 'accounts' then {{ typed('money', "versions.payload ->> '$.CurrentBalance'") }}
                else least(
                    {{ typed('money', "versions.payload ->> '$.available'") }}, {{ typed('money', "versions.payload ->> '$.current'") }}
                )
            end as amount
        from versions
        where versions.entity in ('accounts', 'balances')
    ) as records
),

keyed as (
    {{ said_with_keys('said') }}
),

-- All accounts of a side as they stood together: each version adds what it changed. Other currencies count as today.
cash_told as (
    select
        changes.business_id,
        changes.conflict_id,
        changes.side,
        changes.observed_at,
        max(changes.version_no) as version_no,
        {{ money('sum(sum(changes.change_amount)) over (
            partition by changes.business_id, changes.conflict_id, changes.side order by changes.observed_at
        ) + any_value(changes.foreign_amount)') }} as amount
    from (
        select
            sides.business_id,
            sides.conflict_id,
            sides.side,
            keyed.observed_at,
            keyed.version_no,
            cast(case when sides.is_home then coalesce(keyed.amount, 0) - coalesce(lag(keyed.amount) over (
                partition by sides.business_id, sides.conflict_id, sides.side, sides.record_id
                order by keyed.observed_at, keyed.version_no
            ), 0) else 0 end as decimal(38, 2)) as change_amount,
            sides.foreign_amount
        from sides
        inner join keyed
            on
                sides.business_id = keyed.business_id
                and sides.rail = keyed.rail
                and sides.entity = keyed.entity
                and sides.record_id = keyed.record_id
                and sides.field = keyed.field
        where sides.pair = 'cash'
    ) as changes
    group by changes.business_id, changes.conflict_id, changes.side, changes.observed_at
),

told as (
    select
        sides.business_id,
        sides.conflict_id,
        sides.side,
        keyed.observed_at,
        keyed.version_no,
        {{ one_word('keyed.amount', 'keyed.value', 'keyed.key') }} as said
    from sides
    inner join keyed
        on
            sides.business_id = keyed.business_id
            and sides.rail = keyed.rail
            and sides.entity = keyed.entity
            and sides.record_id = keyed.record_id
            and sides.field = keyed.field
    where sides.pair != 'cash'

    union all

    select
        cash_told.business_id,
        cash_told.conflict_id,
        cash_told.side,
        cash_told.observed_at,
        cash_told.version_no,
        {{ one_word('cash_told.amount') }} as said
    from cash_told
),

moments as (
    select
        told.business_id,
        told.conflict_id,
        told.observed_at,
        max_by(told.said, told.version_no) filter (told.side = 'left') as left_said,
        max_by(told.said, told.version_no) filter (told.side = 'right') as right_said
    from told
    group by told.business_id, told.conflict_id, told.observed_at
),

-- What both sides said at every moment at which one of them said something.
carried as (
    select
        moments.business_id,
        moments.conflict_id,
        moments.observed_at,
        last_value(moments.left_said ignore nulls) over so_far as left_said,
        last_value(moments.right_said ignore nulls) over so_far as right_said
    from moments
    window so_far as (
        partition by moments.business_id, moments.conflict_id order by moments.observed_at
        rows between unbounded preceding and current row
    )
),

judged as (
    select
        carried.business_id,
        carried.conflict_id,
        carried.observed_at,
        {{ is_disagreement('conflicts.field', 'conflicts.pair', 'carried.left_said', 'carried.right_said') }} as is_disagreement,
        coalesce(carried.left_said.value = conflicts.left_said.value, false) as is_left_value,
        coalesce(carried.right_said.value = conflicts.right_said.value, false) as is_right_value
    from carried
    inner join conflicts
        on
            carried.business_id = conflicts.business_id
            and carried.conflict_id = conflicts.conflict_id
),

-- The last moment at which it was otherwise; the present state began with the next one.
otherwise as (
    select
        judged.business_id,
        judged.conflict_id,
        max(judged.observed_at) filter (not judged.is_disagreement) as agreed_at,
        max(judged.observed_at) filter (not judged.is_left_value) as left_changed_at,
        max(judged.observed_at) filter (not judged.is_right_value) as right_changed_at
    from judged
    group by judged.business_id, judged.conflict_id
)

select
    judged.business_id,
    judged.conflict_id,
    min(judged.observed_at) filter (judged.observed_at > coalesce(otherwise.agreed_at, timestamptz '-infinity')) as first_seen_at,
    max(judged.observed_at) as last_seen_at,
    min(judged.observed_at) filter (judged.observed_at > coalesce(otherwise.left_changed_at, timestamptz '-infinity')) as left_since_at,
    min(judged.observed_at) filter (judged.observed_at > coalesce(otherwise.right_changed_at, timestamptz '-infinity')) as right_since_at
from judged
inner join otherwise
    on
        judged.business_id = otherwise.business_id
        and judged.conflict_id = otherwise.conflict_id
group by judged.business_id, judged.conflict_id
