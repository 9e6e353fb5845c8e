"""`rowcol sync`: fetch and load only, in this process, without dbt and without Dagster."""

from __future__ import annotations

from typing import Annotated

import typer

from ingestion.errors import RowcolError


def command(
    business: Annotated[list[str] | None, typer.Option("--business", "-b", help="Only this business; can be given again.")] = None,
    rail: Annotated[list[str] | None, typer.Option("--rail", "-r", help="Only this rail; can be given again.")] = None,
    entity: Annotated[list[str] | None, typer.Option("--entity", "-e", help="Only this raw table; can be given again.")] = None,
    strategy: Annotated[str, typer.Option(help="data_fetch, user_action or bulk_operation.")] = "data_fetch",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per connection.")] = False,
) -> None:
    """Fetch from the rails and load what is new.

    Examples: `rowcol sync`, `rowcol sync --business harbor-coffee --entity bills --strategy user_action`.
    """
    from ingestion.control.load import load_control
    from ingestion.control.store import open_store, product_clock_of
    from ingestion.registry import RAILS, rail_promise
    from ingestion.settings import load_settings
    from ingestion.strategies import strategy_named
    from ingestion.sync import SyncRequest, sync_together
    from rowcol_assets.cli.output import show_json
    from rowcol_assets.cli.run import check_names

    settings = load_settings()
    chosen = strategy_named(strategy)
    check_names(settings, business or [], rail or [])
    chosen.give_way()
    with open_store(settings) as store:
        clock = product_clock_of(settings, store)
        promises = [rail_promise(name) for name in rail or RAILS]
        requests = [SyncRequest(promise, business, entity, chosen, delivery="on_demand") for promise in promises]
        reports = sync_together(settings, store, clock, requests)
        load_control(settings, store)
    outcomes = [outcome for report in reports for outcome in report.outcomes]
    if as_json:
        columns = ("business_id", "rail", "connection_id", "sync_id", "status", "rows_new", "rows_seen", "requests", "error_kind", "error")
        show_json([{name: getattr(outcome, name) for name in columns} for outcome in outcomes])
    else:
        for report in reports:
            typer.echo(f"{report.rail}: {len(report.outcomes)} connections read, {report.rows_new:,} new versions")
    refused = [f"{connection.business_id} ({holder})" for report in reports for connection, holder in report.refused]
    failed = [f"{outcome.business_id}: {outcome.error or outcome.error_kind}" for report in reports for outcome in report.failed]
    if failed:
        raise RowcolError(f"{len(failed)} connections are not complete: {'; '.join(failed[:5])}")
    if refused:
        told = f"left to another sync: {', '.join(refused[:5])}"
        # For whoever may be content with what is known, the one under way is the answer; a person who acts wants it read after that.
        if not chosen.use_cache:
            raise RowcolError(told)
        typer.echo(told, err=True)
