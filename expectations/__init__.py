"""Data quality: the hygiene catalogue's checks as Great Expectations suites, and their results as rows.

`catalogue` reads what the checks mean, `suites` says what each expects, `frames` fetches the records concerned,
`evaluate` is the only module that imports Great Expectations (7 s, so inside functions), `tables` stores results and
`run.run_checks` ties them together. What a failing record means for runway and for people is dbt's part
(`marts.fct_hygiene_flag`); asset checks are wired in `rowcol_assets`. Nothing here imports dagster.
"""
