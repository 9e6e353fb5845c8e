"""`rowcol publish`: copies the published files into a PostgreSQL database now; each run does where ROWCOL_PUBLISH_URL is set.

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

    Examples: `rowcol publish --to postgresql://publisher@db.example/bi`, `rowcol publish` with ROWCOL_PUBLISH_URL set. With that
    set each run copies by itself what it published; a database that is named here alone shows what was copied last.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.errors import UsageError
    from ingestion.settings import load_settings
    from rowcol_assets.publishing.postgres.following import copy_published, target_of
    from rowcol_assets.publishing.postgres.target import parse_target

    settings = load_settings()
    url = parse_target(to) if to else target_of(settings)
    if url is None:
        raise UsageError("where to? `rowcol publish --to postgresql://user@host/database`, or set ROWCOL_PUBLISH_URL")
    with open_store(settings) as store:
        done = copy_published(settings, store, url, product_clock_of(settings, store)())
    typer.echo(f"{done.where}: {done.tables} tables, {done.rows:,} rows of {done.businesses} businesses for {done.advisors} advisors")
    if done.without_role:
        typer.echo(f"no role of that name yet, so nobody can log in as: {', '.join(done.without_role)}")
