"""`rowcol lineage`: the raw versions behind a row of a mart. How they are found is in `rowcol_assets.lineage`."""

from __future__ import annotations

from typing import Annotated

import typer

VERSIONS = {"rail": "rail", "entity": "entity", "record_id": "record", "version_no": "version", "source_updated_at": "changed",
            "observed_at": "observed", "delivery": "came by", "is_deleted": "deleted", "change_id": "change"}  # fmt: skip
TABLES = {"table": "table", "records": "records", "versions": "versions", "newest_observed_at": "newest"}


def command(
    relation: Annotated[str, typer.Argument(metavar="SCHEMA.TABLE", help="A mart or an experience.")],
    key: Annotated[list[str], typer.Argument(metavar="KEY...", help="The row's key, the business first.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the row, the versions and the tables as a JSON object.")] = False,
) -> None:
    """Show what a row of a mart rests on: each version of the records it names, and the raw tables behind it.

    Examples: `rowcol lineage marts.fct_bills acme qbo 145`, `rowcol lineage experiences.portfolio acme --json`.
    """
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json_object, show_table
    from rowcol_assets.lineage import trace

    found = trace(load_settings(), relation, key)
    if as_json:
        show_json_object({"row": found.row, "versions": found.versions, "tables": found.tables})
        return
    if found.versions:
        show_table(f"versions behind {relation} {' '.join(key)}", VERSIONS, found.versions)
    show_table(f"raw tables behind {relation}, records of {found.row['business_id']}", TABLES, found.tables)
