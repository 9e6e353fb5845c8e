{#-
  One debit for all the bills that were paid on a day, where the ledger alone tells which: a client's payment service may not be
  connected, and what it draws is the sum of a day's payments. Of the payments of one day and account that nothing stands for
  (`free`: events without those that are matched), all together have to come to exactly one debit of the week after, and that
  to no other day. A sum over only some of them is not looked for: among twenty payments there is one for nearly any debit.
-#}
{% macro day_runs(free) -%}
    with runs as (
        select
            payments.business_id,
            payments.account_id,
            payments.event_date,
            payments.currency,
            sum(payments.amount) as amount,
            list(payments.event_id) as members
        from {{ free }} as payments
        where payments.role = 'ledger_money' and payments.entity = 'bill_payments' and payments.account_key = 'bank'
        group by payments.business_id, payments.account_id, payments.event_date, payments.currency
        having count(*) between 2 and 20
    ),

    found as (
        select
            runs.business_id,
            runs.members,
            debits.event_id as right_event,
            count(*) over (partition by runs.business_id, runs.account_id, runs.event_date, runs.currency) as debits_of_run,
            count(*) over (partition by debits.business_id, debits.event_id) as runs_of_debit
        from runs
        inner join {{ free }} as debits
            on
                runs.business_id = debits.business_id
                and runs.amount = debits.amount
                and runs.currency = debits.currency
                and debits.role = 'bank'
                and debits.event_date between runs.event_date and runs.event_date + 7
    )

    select
        found.business_id,
        unnest(found.members) as left_event,
        found.right_event
    from found
    where found.debits_of_run = 1 and found.runs_of_debit = 1
{%- endmacro %}
