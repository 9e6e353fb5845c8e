-- What the ledger has, and beside it what a person entered and the ledger does not have.
select * from {{ ref('int_ledger_bills') }} -- noqa: AM04

union all by name

select * from {{ ref('int_entered_bills') }}
