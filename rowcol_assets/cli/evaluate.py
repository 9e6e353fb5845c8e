"""`rowcol evaluate …`: the product's matching over files of anybody's. How: `rowcol_assets.evaluation`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Link lists of anybody's with the product's own matching, to measure it.")


@app.command()
def vendors(
    queries: Annotated[Path, typer.Option(help="CSV of names to find: query_name, or the first column with a name.")],
    master: Annotated[Path, typer.Option(help="CSV of the names to find them among: master_name, likewise.")],
    out: Annotated[Path, typer.Option(help="Where the links are written: CSV with query_name, master_name (empty: none), score, tier.")],
) -> None:
    """Link each name of a list to the one of a master list that means the same, or to none.

    Example: `rowcol evaluate vendors --queries mine.csv --master all.csv --out pairs.csv`.
    """
    from ingestion.settings import load_settings
    from rowcol_assets.evaluation.vendors import link_vendors

    rows, links = link_vendors(load_settings(), queries, master, out)
    typer.echo(f"{links:,} of {rows:,} names linked in {out}")


@app.command()
def payments(
    left: Annotated[Path, typer.Option(help="Parquet: unique_id, memo, transaction_date, amount; what was sent.")],
    right: Annotated[Path, typer.Option(help="Parquet of the same columns: what arrived, on the same day or later.")],
    out: Annotated[Path, typer.Option(help="Where the pairs are written: Parquet with left_id, right_id, score.")],
) -> None:
    """Find the pairs of rows that are one payment, each row at most once.

    Example: `rowcol evaluate payments --left sent.parquet --right arrived.parquet --out pairs.parquet`.
    """
    from ingestion.settings import load_settings
    from rowcol_assets.evaluation.payments import link_payments

    count, unreadable = link_payments(load_settings(), left, right, out)
    typer.echo(f"{count:,} pairs in {out}")
    if unreadable:
        typer.echo(f"{unreadable:,} rows have no date or amount that can be read and are in no pair", err=True)
