"""Dashboards over the published files, served by Apache Superset from an environment of its own.

`dashboards/` says what each shows, `bundle` writes that as the YAML Superset imports (`assets/`), `access` tells the server
who may see what, `server` runs it. `superset/` is the other side: it runs in Superset's environment and nothing here
imports it. The command is `rowcol_assets.cli.bi`.
"""
