"""The Dagster code location and what stands beside it: publishing, the audit log, the command line.

Wiring only; services live in `ingestion`, business logic in `dbt_project`, checks in `expectations`. `publishing`,
`audit` and `cli` do not import dagster, so that reading a number does not cost its start-up.
"""
