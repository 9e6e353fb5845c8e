"""The Dagster code location and what stands beside it: publishing, replay, rebuild, the command line.

Wiring only; services live in `ingestion`, business logic in `dbt_project`, checks in `expectations`. `publishing` and
`cli` do not import dagster, so that reading a number does not cost its start-up.
"""
