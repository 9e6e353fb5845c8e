{#- The change of the runway between two days as Shapley values of its causes. A cause changes the amount that lasts, or the
    outflow that uses it up, or (what arrived late) both; its value is what its change makes, averaged over all orders in which
    the causes can come. The amount enters in proportion, so the orders need not be gone through: only those of `burn` and
    `late_data` matter to a cause, and there are four sets of these that can come before it. -#}

with windows as (
    select * from {{ ref('int_runway_windows') }}
),

moves as (
    select * from {{ ref('int_runway_moves') }}
),

causes as (
    {%- for cause in bridge_causes() %}
    select
        '{{ cause }}' as cause,
        {{ loop.index }} as cause_rank
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

told as (
    select
        moves.business_id,
        moves.period,
        moves.cause,
        sum(moves.amount) as amount,
        sum(moves.cash_amount) as cash_amount,
        sum(moves.outflow_amount) as outflow_amount,
        count(*) as record_count,
        list(struct_pack(
            rail := moves.rail,
            entity := moves.entity,
            record_id := moves.record_id,
            document_number := moves.document_number,
            party_name := moves.party_name,
            amount := moves.amount,
            cash_amount := moves.cash_amount,
            outflow_amount := moves.outflow_amount
        ) order by moves.size_amount desc, moves.rail asc, moves.entity asc, moves.record_id asc)[:10] as largest_records
    from moves
    group by moves.business_id, moves.period, moves.cause
),

sums as (
    select
        told.business_id,
        told.period,
        sum(told.amount) filter (told.cause != 'reserves') as told_amount,
        sum(told.cash_amount) filter (told.cause != 'balance') as told_cash,
        coalesce(sum(told.amount) filter (told.cause = 'late_data'), 0) as late_amount,
        coalesce(sum(told.outflow_amount) filter (told.cause = 'late_data'), 0) as late_outflow
    from told
    group by told.business_id, told.period
),

-- Where the outflow of one of the two alone would leave nothing to divide by, what arrived late counts with the burn.
ends as (
    select
        windows.*,
        windows.to_amount - windows.from_amount as change_amount,
        coalesce(sums.told_amount, 0) as told_amount,
        coalesce(sums.late_amount, 0) as late_amount,
        windows.to_cash - windows.from_cash - windows.source_change - coalesce(sums.told_cash, 0) as balance_change,
        case windows.basis when 'burn' then windows.from_reserved - windows.to_reserved else 0 end as reserves_change,
        case
            when windows.from_flow + coalesce(sums.late_outflow, 0) > 0 and windows.to_flow - coalesce(sums.late_outflow, 0) > 0
                then coalesce(sums.late_outflow, 0)
            else 0
        end as late_flow
    from windows
    left join sums
        on
            windows.business_id = sums.business_id
            and windows.period = sums.period
),

-- Days that one unit of money lasts: by the earlier flow, with burn's change alone, with late data's alone, by the later flow.
rates as (
    select
        ends.*,
        {{ exact_days('1', 'ends.from_flow', 'ends.from_flow_days') }} as rate_none,
        {{ exact_days('1', '(ends.to_flow - ends.late_flow)', 'ends.to_flow_days') }} as rate_burn,
        {{ exact_days('1', '(ends.from_flow + ends.late_flow)', 'ends.from_flow_days') }} as rate_late,
        {{ exact_days('1', 'ends.to_flow', 'ends.to_flow_days') }} as rate_both,
        cast(ends.from_amount as double) as amount_none,
        cast(ends.change_amount - ends.late_amount as double) as amount_others
    from ends
),

valued as (
    select
        rates.*,
        (2 * rates.rate_none + rates.rate_burn + rates.rate_late + 2 * rates.rate_both) / 6 as mean_rate,
        (
            (rates.amount_none + rates.amount_others / 3) * (rates.rate_burn - rates.rate_none)
            + (rates.amount_none + rates.late_amount + 2 * rates.amount_others / 3) * (rates.rate_both - rates.rate_late)
        ) / 2 as burn_days,
        (
            (rates.amount_none + rates.amount_others / 3) * (rates.rate_late - rates.rate_none)
            + (rates.amount_none + 2 * rates.amount_others / 3) * (rates.rate_both - rates.rate_burn)
            + rates.late_amount * (rates.rate_late + rates.rate_both)
        ) / 2 as late_days,
        rates.from_amount * rates.rate_none as from_exact_days,
        rates.to_amount * rates.rate_both as to_exact_days,
        rates.runway_days_to - rates.runway_days_from as change_days
    from rates
),

-- A change of formula is taken off first, by the earlier day's value under the later formula; where it has none, all is formula.
parts as (
    select
        valued.business_id,
        valued.period,
        causes.cause,
        causes.cause_rank,
        told.largest_records,
        coalesce(told.record_count, 0) as record_count,
        case causes.cause
            when 'balance' then valued.balance_change
            when 'cash_source' then valued.source_change
            when 'reserves' then valued.reserves_change
            when 'unattributed'
                then
                    valued.change_amount - valued.told_amount - valued.balance_change - valued.source_change - valued.reserves_change
            else coalesce(told.amount, 0)
        end as amount,
        told.outflow_amount,
        valued.from_exact_days is null as is_without_start,
        valued.mean_rate,
        valued.burn_days,
        valued.late_days,
        valued.from_exact_days - valued.from_own_days as formula_days,
        (valued.runway_days_to - valued.to_exact_days) - (valued.runway_days_from - valued.from_own_days) as floor_days,
        valued.change_days,
        valued.change_amount
    from valued
    cross join causes
    left join told
        on
            valued.business_id = told.business_id
            and valued.period = told.period
            and causes.cause = told.cause
    where valued.null_reason is distinct from 'no_history'
),

exact as (
    select
        parts.*,
        case
            when parts.is_without_start then case when parts.cause = 'formula' then parts.change_days else 0 end
            when parts.cause = 'burn' then parts.burn_days
            when parts.cause = 'late_data' then parts.late_days
            when parts.cause = 'formula' then parts.formula_days
            -- What the days themselves were rounded by is no floor.
            when parts.cause = 'floor' then case when abs(parts.floor_days) > 0.011 then parts.floor_days else 0 end
            else cast(parts.amount as double) * parts.mean_rate
        end as exact_days
    from parts
),

rounded as (
    select
        exact.*,
        try_cast(round(exact.exact_days, 2) as decimal(18, 2)) as days
    from exact
),

-- What rounding left goes to the largest part. Window functions over hundreds of small partitions took a third of the view's time.
wholes as (
    select
        rounded.business_id,
        rounded.period,
        first(rounded.cause order by abs(rounded.exact_days) desc, rounded.cause_rank asc) as largest_cause,
        any_value(rounded.change_days) - sum(rounded.days) as left_days
    from rounded
    group by rounded.business_id, rounded.period
    having count(*) = count(rounded.days)
)

select
    windows.business_id,
    windows.period,
    windows.from_date,
    windows.to_date,
    windows.from_at,
    windows.to_at,
    coalesce(rounded.cause, 'no_history') as cause,
    coalesce(rounded.cause_rank, 0) as cause_rank,
    {{ money('rounded.amount') }} as amount,
    case
        when rounded.cause = wholes.largest_cause then try_cast(rounded.days + wholes.left_days as decimal(18, 2))
        when wholes.left_days is not null then rounded.days
    end as days,
    {{ money('rounded.outflow_amount') }} as outflow_amount,
    coalesce(rounded.record_count, 0) as record_count,
    rounded.largest_records,
    windows.currency,
    windows.basis,
    windows.runway_days_from,
    windows.runway_days_to,
    {{ money('windows.runway_days_to - windows.runway_days_from') }} as change_days,
    {{ money('windows.to_amount - windows.from_amount') }} as change_amount,
    windows.null_reason,
    windows.rails_used,
    windows.degraded_rails,
    windows.synced_at
from windows
left join rounded
    on
        windows.business_id = rounded.business_id
        and windows.period = rounded.period
left join wholes
    on
        windows.business_id = wholes.business_id
        and windows.period = wholes.period
