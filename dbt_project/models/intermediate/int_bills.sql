with ledger as (
    select * from {{ ref('int_ledger_bills') }}
),

-- What a person entered and the ledger does not have.
entered as (
    select * from {{ ref('int_entered_bills') }}
)

-- By name, so that each column either of the two has is there: the linter would have them listed.
select * from ledger -- noqa: AM04

union all by name

select * from entered
