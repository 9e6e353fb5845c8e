"""`rowcol quarantine`: pages that could not be read. How they are kept: `ingestion.control.quarantine`; read again: `ingestion.reread`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ingestion.control import ControlStore
    from ingestion.control.quarantine import KeptPage

app = typer.Typer(no_args_is_help=True, help="Pages that could not be read: list them, look at one, read them again.")

COLUMNS = {
    "quarantine_id": "page",
    "business_id": "business",
    "rail": "rail",
    "entity": "entity",
    "byte_count": "bytes",
    "quarantined_at": "kept",
    "reason": "why it could not be read",
}
SHOWN_BYTES = 2000

Json = Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per page.")]
Business = Annotated[str | None, typer.Option(help="Only this business.")]


@app.command("list")
def list_pages(
    business: Business = None,
    with_resolved: Annotated[bool, typer.Option("--all", help="Also pages whose content has been read since.")] = False,
    as_json: Json = False,
) -> None:
    """List the pages that are still to be read.

    Examples: `rowcol quarantine list`, `rowcol quarantine list --business acme --all --json`.
    """
    from ingestion.control import open_store
    from ingestion.control.quarantine import kept_pages
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table

    settings = load_settings()
    with open_store(settings) as store:
        pages = [page for page in kept_pages(store.database, with_resolved=with_resolved) if business in (None, page.business_id)]
    rows = [asdict(page) for page in pages]
    if as_json:
        show_json(rows)
    elif rows:
        show_table(f"Kept pages of {settings.home}", COLUMNS | ({"resolved_at": "read since"} if with_resolved else {}), rows)
    else:
        typer.echo("no page waits to be read")


@app.command()
def show(page: Annotated[str, typer.Argument(help="The page's id.")], as_json: Json = False) -> None:
    """Show why a page could not be read, where it lies, and how it begins; what is not text is shown as \\x00.

    Example: `rowcol quarantine show 0f3c…`.
    """
    from ingestion.control import open_store
    from ingestion.control.quarantine import kept_pages, page_bytes
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json

    settings = load_settings()
    with open_store(settings) as store:
        (found,) = kept_pages(store.database, ids=[page])
        body = page_bytes(settings, found)
    beginning = body[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    if as_json:
        show_json([{**asdict(found), "beginning": beginning}])
        return
    for name, value in asdict(found).items():
        typer.echo(f"{name}: {value}")
    typer.echo(beginning if len(body) <= SHOWN_BYTES else f"{beginning}…")


@app.command()
def replay(
    pages: Annotated[list[str] | None, typer.Argument(help="Ids of pages; none with --all.")] = None,
    take_all: Annotated[bool, typer.Option("--all", help="All pages that are still to be read.")] = False,
    business: Business = None,
    as_json: Json = False,
) -> None:
    """Read kept pages again with this program and land what is new in them; asks no vendor.

    Ends with 1 when one is still unreadable; the others are read all the same. What the vendor has corrected comes with the
    next sync. Examples: `rowcol quarantine replay 0f3c…`, `rowcol quarantine replay --all --business acme`.
    """
    from ingestion.control import open_store
    from ingestion.control.quarantine import kept_pages
    from ingestion.errors import RowcolError, UsageError
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json

    if bool(pages) == take_all:
        raise UsageError("name pages, or say --all")
    settings = load_settings()
    with open_store(settings) as store:
        chosen = [page for page in kept_pages(store.database, ids=pages or ()) if business in (None, page.business_id)]
        told = [_replay(store, page) for page in chosen]
    if as_json:
        show_json(told)
    else:
        for row in told:
            counts = f"{row['records']} records, {row['rows_new']} new versions"
            typer.echo(f"{row['quarantine_id']}: {row['error'] or counts}")
        if not told:
            typer.echo("no page waits to be read")
    failed = sum(row["error"] is not None for row in told)
    if failed:
        raise RowcolError(f"{failed} of {len(told)} pages could not be read again; rowcol sync asks the vendor anew")


def _replay(store: ControlStore, page: KeptPage) -> dict[str, object]:
    from ingestion.control import product_clock_of
    from ingestion.errors import RowcolError, WarehouseBusy
    from ingestion.reread import reread_page

    row: dict[str, object] = {
        "quarantine_id": page.quarantine_id,
        "business_id": page.business_id,
        "rail": page.rail,
        "entity": page.entity,
    }
    try:
        done = reread_page(store.settings, store, product_clock_of(store.settings, store), page)
    except WarehouseBusy:
        raise
    except RowcolError as error:
        return {**row, "records": 0, "rows_new": 0, "error": str(error)}
    return {**row, "records": done.records, "rows_new": done.rows_new, "error": None}
