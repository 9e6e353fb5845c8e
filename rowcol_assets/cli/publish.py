"""`rowcol publish`: copies the published files into a PostgreSQL database, and notes for the log that it did.

How is in `rowcol_assets.publishing.postgres`.
"""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    to: Annotated[
        str | None,
        typer.Option("--to", help="postgresql://user@host/database; left out, ROWCOL_PUBLISH_URL. A password is safer there."),
    ] = None,
) -> None:
    """Copy the advisors' published files into a PostgreSQL database, where each advisor's role sees granted clients only.

    Examples: `rowcol publish --to postgresql://publisher@db.example/bi`, `rowcol publish` with ROWCOL_PUBLISH_URL set. Run it
    after `rowcol run`, which publishes the files.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.control.acts import Act, note
    from ingestion.errors import UsageError
    from ingestion.settings import load_settings
    from rowcol_assets.lineage import key_columns
    from rowcol_assets.publishing.postgres.copy import publish_to_postgres
    from rowcol_assets.publishing.postgres.target import parse_target
    from rowcol_assets.transform import read_manifest

    settings = load_settings()
    address = to or (settings.publish_url.get_secret_value() if settings.publish_url else None)
    if not address:
        raise UsageError("where to? `rowcol publish --to postgresql://user@host/database`, or set ROWCOL_PUBLISH_URL")
    url = parse_target(address)
    with open_store(settings) as store:
        at = product_clock_of(settings, store)()
        grants = store.open_grants()
        done = publish_to_postgres(settings, url, grants, key_columns(read_manifest()))
        details = {"tables": done.tables, "rows": done.rows, "businesses_by_advisor": grants, "without_role": done.without_role}
        with store.database.write() as transaction:
            note(transaction, Act("exports", done.where, "created", details, "published files were copied into a database", at))
    typer.echo(f"{done.where}: {done.tables} tables, {done.rows:,} rows of {done.businesses} businesses for {done.advisors} advisors")
    if done.without_role:
        typer.echo(f"no role of that name yet, so nobody can log in as: {', '.join(done.without_role)}")
