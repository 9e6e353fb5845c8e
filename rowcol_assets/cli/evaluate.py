"""`rowcol evaluate …`: the product's matching over files of anybody's. How: `rowcol_assets.evaluation`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Link lists of anybody's with the product's own matching, to measure it.")


@app.callback()
def _group() -> None:
    """Keeps the name of the command even while it is the only one."""


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

    count = link_payments(load_settings(), left, right, out)
    typer.echo(f"{count:,} pairs in {out}")
