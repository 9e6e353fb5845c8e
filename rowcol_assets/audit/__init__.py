"""The transaction log: what is an event, how events are chained and sealed, and the verifier.

Sealed Parquet files are the log; `audit.transaction_log` in the warehouse is a copy of them. `event`, `chain`, `merkle`,
`checkpoint` and `verify` import nothing else of the project: whoever has the files can check them with those five.
"""
