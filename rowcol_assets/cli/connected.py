"""What is said once connections were made: which, with what they may not read, and after a first reading what the checks found.

Shared by `rowcol connect` and `rowcol onboard`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ingestion.control.onboarding import Onboarded
    from ingestion.fetching import Identity
    from ingestion.settings import Settings
    from rowcol_assets.cycle import JobReport

FLAGS = {
    "check_id": "check",
    "check_name": "what",
    "severity": "severity",
    "open_flags": "open",
    "is_blocking": "blocks",
    "largest_impact_days": "days of runway",
}


def finish(settings: Settings, one: Onboarded, *, is_read: bool, as_json: bool) -> None:
    """Tells what was connected and, if `is_read`, reads it in bulk and shows the baseline; RowcolError when reading failed."""
    from rowcol_assets.cli.output import show_json
    from rowcol_assets.cli.run import raise_if_failed

    if not as_json:
        what = "is connected to" if one.is_new else "has new credentials for"
        names = ", ".join(map(_called, one.identities))
        typer.echo(f"{one.business_id} {what} {one.rail} as {names}{' (sandbox)' if one.is_sandbox else ''}")
    warn(one)
    report, found = backfill(settings, [one], is_told=not as_json) if is_read else (None, {})
    if as_json:
        read = {"rows_new": report.rows_new, "baseline": found.get(one.business_id)} if report else {}
        show_json([{**row, **read} for row in rows(one)])
    else:
        show(found)
    if report:
        raise_if_failed(report)


def warn(one: Onboarded) -> None:
    """Says on the error stream what of a connection is not known or will not work."""
    if one.unchecked:
        typer.echo(f"{one.business_id} was not checked, the first sync will tell: {one.unchecked}", err=True)
    for identity in one.identities:
        if identity.lacking:
            missing = ", ".join(identity.lacking)
            typer.echo(f"{identity.connection_id} may not read all: {missing} was not granted; grant it and connect again", err=True)


def backfill(settings: Settings, done: Sequence[Onboarded], *, is_told: bool) -> tuple[JobReport, dict[str, dict[str, Any]]]:
    """Runs a cycle over what was connected, in bulk, and returns how it went with the baseline of each business.

    Everything is read, modelled, checked and published; the baselines are empty when that failed.
    """
    from ingestion.warehouse import open_warehouse
    from rowcol_assets.baseline import baselines
    from rowcol_assets.cli.progress import timed_lines
    from rowcol_assets.cycle import run_job
    from rowcol_assets.steps import silent

    businesses = sorted({one.business_id for one in done})
    report = run_job(
        settings,
        "cycle",
        businesses=businesses,
        rails=sorted({one.rail for one in done}),
        strategy="bulk_operation",
        delivery="backfill",
        say=timed_lines() if is_told else silent,
    )
    if not report.succeeded:
        return report, {}
    with open_warehouse(settings, "baseline") as warehouse:
        return report, baselines(warehouse, businesses)


def rows(one: Onboarded) -> list[dict[str, Any]]:
    """One object per connection that was made."""
    return [
        {
            "business_id": one.business_id,
            "rail": one.rail,
            "is_sandbox": one.is_sandbox,
            "connection_id": identity.connection_id,
            "vendor_name": identity.label or None,
            "is_new": one.is_new,
            "is_checked": one.unchecked is None,
            "missing_scopes": list(identity.lacking),
        }
        for identity in one.identities
    ]


def show(found: dict[str, dict[str, Any]]) -> None:
    """The baseline of each business: its score and a table of what is open."""
    from rowcol_assets.cli.output import show_table

    for business, baseline in found.items():
        score, grade = baseline["hygiene_score"], baseline["hygiene_grade"]
        typer.echo(f"{business}: hygiene {score if score is not None else 'not known'}{f', {grade}' if grade else ''}")
        shown = [{**flag, "open_flags": "not checked" if flag["is_unknown"] else flag["open_flags"]} for flag in baseline["flags"]]
        if shown:
            show_table(f"What the checks found at {business}", FLAGS, shown)
        else:
            typer.echo("the checks found nothing")


def _called(identity: Identity) -> str:
    name = identity.label
    return f"{identity.connection_id} ({name})" if name and name != identity.connection_id else identity.connection_id
