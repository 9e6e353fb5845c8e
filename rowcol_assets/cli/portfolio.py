"""`rowcol portfolio`: an advisor's clients at a glance, from the published file, else from the warehouse under its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.errors import RowcolError, UsageError

if TYPE_CHECKING:
    import duckdb

    from ingestion.settings import Settings

COLUMNS = {
    "business_name": "business",
    "attention": "attention",
    # Of all amounts in the row: clients of one advisor need not have one home currency.
    "currency": "currency",
    "cash": "cash",
    "runway_days": "runway (days)",
    "buffer_days": "buffer (days)",
    "runway_status": "status",
    "overdue_ap_amount": "overdue A/P",
    "overdue_ar_amount": "overdue A/R",
    "hygiene_score": "hygiene",
    "freshness_state": "freshness",
}
# Who runs out first stands first; who cannot be told stands last, with the reason in the status.
QUERY = "select * from experiences.portfolio order by runway_days nulls last, business_id"


def command(
    advisor: Annotated[str | None, typer.Argument(help="Advisor id; without it the only published one, else all clients.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per business.")] = False,
) -> None:
    """Show cash, runway, buffer, what is overdue, hygiene and freshness per business.

    Examples: `rowcol portfolio ann@harbor.example`, `rowcol portfolio --json`.
    """
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json

    rows, source = portfolio_rows(load_settings(), advisor)
    if as_json:
        show_json(rows)
        return
    show(rows, source)


def show(rows: list[dict[str, Any]], title: str) -> None:
    """Prints the portfolio as a table, and why a held business is held."""
    from rowcol_assets.cli.output import show_table

    show_table(title, COLUMNS, [_shown(row) for row in rows])
    for row in rows:
        if row.get("publish_state") == "held":
            typer.echo(f"{row['business_name']} is held at its last good state: {row.get('held_reason') or 'no reason stored'}")


def portfolio_rows(settings: Settings, advisor: str | None) -> tuple[list[dict[str, Any]], str]:
    """The rows of experiences.portfolio, runway ascending, and a title that says whose; UsageError for an unknown advisor."""
    from rowcol_assets.publishing.reader import open_published

    advisor = chosen_advisor(settings, advisor)
    if advisor is not None:
        with open_published(settings.published_dir / advisor, threads=1) as connection:
            return _read(connection), f"Clients of {advisor}"
    return all_rows(settings), "All clients"


def chosen_advisor(settings: Settings, advisor: str | None) -> str | None:
    """`advisor` if something is published for them, without one the only one who is published; UsageError for an unknown one."""
    from ingestion.identifiers import check_advisor_id

    folder = settings.published_dir
    published = (
        sorted(entry.name for entry in folder.iterdir() if entry.is_symlink() and not entry.name.startswith(".")) if folder.is_dir() else []
    )
    if advisor is not None and check_advisor_id(advisor) not in published:
        raise UsageError(f"nothing is published for {advisor!r}; published: {', '.join(published) or 'nobody, `rowcol run` first'}")
    return published[0] if advisor is None and len(published) == 1 else advisor


def all_rows(settings: Settings) -> list[dict[str, Any]]:
    """The portfolio of all businesses, from the warehouse under its lock; RowcolError before the first cycle."""
    if not settings.warehouse_path.exists():
        raise RowcolError("there is nothing to show yet: `rowcol run` first")

    from ingestion.warehouse import open_warehouse

    with open_warehouse(settings, "portfolio") as connection:
        return _read(connection)


def _read(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    import duckdb

    try:
        cursor = connection.execute(QUERY)
    except duckdb.CatalogException:
        raise RowcolError("there is no portfolio yet: `rowcol run` first") from None
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    rounded = {key: round(float(row[key]), 1) for key in ("runway_days", "buffer_days", "hygiene_score") if row.get(key) is not None}
    return {**row, **rounded, "business_name": row.get("business_name") or row["business_id"]}
