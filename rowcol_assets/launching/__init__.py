"""How Dagster's daemon starts runs: each forked from a process that has imported the libraries and nothing else.

`launcher` is what Dagster's instance names, `warm` the process that is forked from, `libraries` what it has imported,
`worker` what a forked process does. What is launched when: `schedules`, `sensors`, `arrivals`.
"""
