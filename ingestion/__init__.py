"""Infrastructure services: everything that talks to a rail or keeps state outside the warehouse's models.

Holds settings, the clock, the rails, the raw change log, the writer lock and the control store. Knows nothing of
Dagster, dbt, Great Expectations or the sandbox (import-linter checks it); wiring lives in `rowcol_assets`, business
logic in `dbt_project`.
"""
