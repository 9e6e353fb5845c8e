"""`rowcol quickstart`: what `make run` does. A new home gets 20 sandbox businesses under three advisors, then one cycle.

A home that exists just runs its cycle, once its onboarding has come to an end. The sandbox beside it is `rowcol_assets.cli.local_sandbox`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.errors import RowcolError

if TYPE_CHECKING:
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings

WATCHED = {"cash": "cash", "runway_days": "runway", "overdue_ap_amount": "overdue A/P", "overdue_ar_amount": "overdue A/R"}
SHOWN_CHANGES = 12
# Which rails the sandbox's businesses are connected to, in turn: every stage at which a client may stand.
PHASES = (("qbo", "ramp", "plaid", "stripe"), ("qbo",), ("qbo", "ramp"), ("qbo", "ramp", "plaid"), ("qbo", "plaid"))


def command(
    businesses: Annotated[int, typer.Option(min=1, max=1000, help="Sandbox businesses for a new home.")] = 20,
) -> None:
    """Start from nothing: sandbox, onboarding, one whole cycle, the portfolio. Later runs are incremental cycles.

    Example: `rowcol quickstart`.
    """
    from ingestion.control.store import open_store
    from ingestion.settings import load_settings
    from rowcol_assets.cli.local_sandbox import local_sandbox
    from rowcol_assets.cli.run import raise_if_failed, run_and_tell

    settings = load_settings()
    with open_store(settings) as store:
        is_new = not store.businesses()
        with local_sandbox(settings, store, businesses if is_new else None) as settings:
            if is_new or is_unfinished(store):
                onboard_all(settings, store)
            before = {} if is_new else _portfolio(settings)
            report = run_and_tell(settings, [], [], as_json=False)
            if report.succeeded:
                _show(settings, before, report.rows_new)
            # What one business lacks is said last, and keeps nobody from seeing what was published of all.
            raise_if_failed(report)


def is_unfinished(store: ControlStore) -> bool:
    """Whether a sandbox home's onboarding was interrupted, or refused midway: access is given at its end, to all at once."""
    return store.sandbox_url() is not None and not store.open_grants()


def onboard_all(settings: Settings, store: ControlStore) -> None:
    """Connects every business of the sandbox to the rails of its phase, and gives each firm's businesses to one advisor.

    What is connected already stays as it is.
    """
    import tempfile

    from ingestion.control.access import grant_all
    from ingestion.control.onboarding_csv import onboard_csv
    from ingestion.control.store import any_connections, product_clock_of
    from rowcol_assets.cli.sandbox import all_credentials, write_credentials

    entries = all_credentials()
    numbers = {business_id: number for number, business_id in enumerate(dict.fromkeys(entry["business_id"] for entry in entries))}
    wanted = [
        entry
        for entry in entries
        if entry["rail"] in PHASES[numbers[entry["business_id"]] % len(PHASES)]
        and not any_connections(store.database, entry["rail"], entry["business_id"])
    ]
    with tempfile.TemporaryDirectory(prefix="rowcol-") as folder:
        write_credentials(Path(folder), wanted)
        refused = [line for line in onboard_csv(settings, store, Path(folder) / "businesses.csv") if line.error]
    if refused:
        raise RowcolError(f"{refused[0].business_id} could not be onboarded: {refused[0].error}")
    grants = {
        business.business_id: re.sub(r"[^a-z0-9]+", "-", (business.firm_id or "advisor").lower()).strip("-")
        for business in store.businesses()
    }
    grant_all(store.database, grants, "owner", product_clock_of(settings, store)())
    advisors = sorted(set(grants.values()))
    who = f"{len(grants)} businesses with {len(wanted)} connections"
    typer.echo(f"{who} onboarded under {len(advisors)} advisors: {', '.join(advisors)}", err=True)


def _portfolio(settings: Settings) -> dict[str, dict[str, Any]]:
    from rowcol_assets.cli.portfolio import all_rows

    if not settings.warehouse_path.exists():
        return {}
    try:
        return {row["business_id"]: row for row in all_rows(settings)}
    except RowcolError:
        return {}


def _show(settings: Settings, before: dict[str, dict[str, Any]], rows_new: int) -> None:
    from rowcol_assets.cli.portfolio import show

    after = _portfolio(settings)
    show(list(after.values()), "All clients")
    if before:
        _show_changes(before, after, rows_new)
    typer.echo("\nPublished, one file per advisor (DuckDB, Parquet, workbook, digest, manifest):")
    for link in sorted(path for path in settings.published_dir.iterdir() if path.is_symlink()):
        typer.echo(f"  {link}/rowcol_bi.duckdb")
    typer.echo(
        "\nNext: `.venv/bin/rowcol sandbox advance --days 7` lets a week pass, and `make run` then shows what changed;"
        "\n`.venv/bin/rowcol digest ADVISOR` says what to look at first, `make bi` opens dashboards, `make ui` the asset graph;"
        "\n`.venv/bin/rowcol --help` lists the rest."
    )


def _show_changes(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]], rows_new: int) -> None:
    changes = []
    for business_id, row in after.items():
        old = before.get(business_id, {})
        parts = [
            f"{label} {_text(old.get(key))} -> {_text(row.get(key))}" for key, label in WATCHED.items() if old.get(key) != row.get(key)
        ]
        if parts:
            changes.append(f"  {row['business_name']}: {', '.join(parts)}")
    typer.echo(f"\nWhat changed: {rows_new:,} new record versions; {len(changes)} of {len(after)} businesses have other figures.")
    for line in changes[:SHOWN_CHANGES]:
        typer.echo(line)
    if len(changes) > SHOWN_CHANGES:
        typer.echo(f"  and {len(changes) - SHOWN_CHANGES} more")


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, Decimal) else "none" if value is None else str(value)
