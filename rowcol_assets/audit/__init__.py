"""The transaction log: what is an event, how events are chained and sealed, and the verifier.

Sealed Parquet files are the log; `audit.transaction_log` in the warehouse is a copy of them. `event`, `chain`, `columns`,
`merkle`, `checkpoint`, `keys`, `files`, `scan` and `verify` import nothing else of the project: whoever has the log can check it
with those.
"""
