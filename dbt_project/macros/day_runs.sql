{#-
  One debit for all the bills that were paid on a day, where the ledger alone tells which: a client's payment service may not be
  connected, and what it draws is the sum of a day's payments. Of the payments of one day and account that nothing stands for
  (`free`: events without those that are matched), one of these has to come to a debit of the week after, and to no other:
  all together (`is_whole`); all of them and one more that came back within two months, which the ledger does not have or has no
  more; or all but one, which was entered and not sent. Payments of which a person said that they were not the debit (`rejected`)
  are none of them. A sum over any other part of them is not looked for: among twenty payments there is one for nearly any debit.
-#}
{% macro day_runs(free, rejected) -%}
    with runs as (
        select
            payments.business_id,
            payments.account_id,
            payments.event_date,
            payments.currency,
            sum(payments.amount) as amount,
            list(struct_pack(event_id := payments.event_id, amount := payments.amount)) as members
        from {{ free }} as payments
        where payments.role = 'ledger_money' and payments.entity = 'bill_payments' and payments.account_key = 'bank'
        group by payments.business_id, payments.account_id, payments.event_date, payments.currency
        having count(*) <= 20
    ),

    said as (
        select
            rejected.business_id,
            rejected.right_event,
            list(rejected.left_event) as left_events
        from {{ rejected }} as rejected
        group by rejected.business_id, rejected.right_event
    ),

    in_reach as (
        select
            runs.* exclude (near_date),
            md5(concat_ws('|', runs.account_id, runs.event_date, runs.currency)) as run_id,
            debits.event_id as right_event,
            debits.account_id as bank_account_id,
            debits.event_date as debit_date,
            debits.amount as debit_amount
        from (
            select
                runs.*,
                runs.event_date + unnest([0, 1, 2, 3, 4, 5, 6, 7]) as near_date
            from runs
        ) as runs
        inner join {{ free }} as debits
            on
                runs.business_id = debits.business_id
                and runs.near_date = debits.event_date
                and runs.currency = debits.currency
                and debits.role = 'bank'
                and debits.amount < 0
    ),

    near as (
        select
            kept.* replace (list_sum(list_transform(kept.members, lambda member: member.amount)) as amount)
        from (
            select
                in_reach.* replace (list_filter(
                    in_reach.members, lambda member: not coalesce(list_contains(said.left_events, member.event_id), false)
                ) as members)
            from in_reach
            left join said
                on
                    in_reach.business_id = said.business_id
                    and in_reach.right_event = said.right_event
        ) as kept
    ),

    solutions as (
        select
            near.*,
            1 as choice,
            cast(null as varchar) as omitted
        from near
        where near.amount = near.debit_amount and len(near.members) > 1

        union all

        select
            near.*,
            2 as choice,
            cast(null as varchar) as omitted
        from near
        inner join {{ free }} as credits
            on
                near.business_id = credits.business_id
                and near.bank_account_id = credits.account_id
                and near.amount - near.debit_amount = credits.amount
                and credits.role = 'bank'
        where credits.amount > 0 and credits.event_date - near.debit_date between 0 and 60

        union all

        select
            parts.* exclude (member),
            2 as choice,
            parts.member.event_id as omitted
        from (
            select
                near.*,
                unnest(near.members) as member
            from near
            where len(near.members) > 2
        ) as parts
        where parts.amount - parts.member.amount = parts.debit_amount
    ),

    -- All together goes before the others.
    best as (
        select *
        from solutions
        qualify
            solutions.choice = min(solutions.choice) over (partition by solutions.business_id, solutions.run_id)
            and solutions.choice = min(solutions.choice) over (partition by solutions.business_id, solutions.right_event)
    ),

    single as (
        select *
        from best
        qualify
            count(*) over (partition by best.business_id, best.run_id) = 1
            and count(*) over (partition by best.business_id, best.right_event) = 1
    )

    select
        told.business_id,
        told.member.event_id as left_event,
        told.right_event,
        told.choice = 1 as is_whole
    from (
        select
            single.*,
            unnest(single.members) as member
        from single
    ) as told
    where told.member.event_id is distinct from told.omitted
{%- endmacro %}
