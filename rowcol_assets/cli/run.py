"""`rowcol run`: one cycle as the Dagster job itself in this process, or a replay of another date or instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ingestion.errors import RowcolError, UsageError, WarehouseBusy

if TYPE_CHECKING:
    from ingestion.settings import Settings
    from rowcol_assets.cycle import JobReport
    from rowcol_assets.replay import Moment


def command(
    business: Annotated[list[str] | None, typer.Option("--business", "-b", help="Only fetch this business; can be given again.")] = None,
    rail: Annotated[list[str] | None, typer.Option("--rail", "-r", help="Only fetch this rail; can be given again.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Value what is known now at this date (YYYY-MM-DD), in a replay file.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="Count only what was known at this instant (RFC 3339), in a replay file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as a JSON object.")] = False,
) -> None:
    """Run one cycle: fetch, model, check, model, publish.

    Examples: `rowcol run`, `rowcol run --business harbor-coffee`, `rowcol run --as-of 2026-05-05`.
    """
    from ingestion.settings import load_settings
    from ingestion.strategies import DATA_FETCH

    DATA_FETCH.give_way()
    settings = load_settings()
    moment = _moment(as_of, known_at)
    if moment and (business or rail):
        raise UsageError("a replay covers all businesses and rails: leave out --business and --rail")
    if moment:
        _replay(settings, moment, as_json)
    else:
        run_cycle(settings, business or [], rail or [], as_json)


def run_cycle(settings: Settings, businesses: list[str], rails: list[str], as_json: bool, job: str = "cycle") -> JobReport:
    """Runs the cycle, tells how it went, and raises RowcolError when something of it failed."""
    report = run_and_tell(settings, businesses, rails, as_json, job)
    raise_if_failed(report)
    return report


def run_and_tell(settings: Settings, businesses: list[str], rails: list[str], as_json: bool, job: str = "cycle") -> JobReport:
    """Like `run_cycle`, and leaves it to the caller to say what failed (`raise_if_failed`)."""
    from rowcol_assets.cli.output import show_json
    from rowcol_assets.cli.progress import timed_lines
    from rowcol_assets.cycle import run_job
    from rowcol_assets.steps import silent

    check_names(settings, businesses, rails)
    report = run_job(settings, job, businesses=businesses, rails=rails, say=silent if as_json else timed_lines())
    if as_json:
        show_json([summary(report)])
    return report


def check_names(settings: Settings, businesses: list[str], rails: list[str]) -> None:
    """Refuses unknown rails and businesses, and a home without any, before anything is started."""
    from ingestion.control.store import open_store
    from ingestion.identifiers import check_business_id
    from ingestion.registry import rail_promise

    for name in rails:
        rail_promise(name)
    with open_store(settings) as store:
        known = {one.business_id for one in store.businesses()}
    unknown = [name for name in map(check_business_id, businesses) if name not in known]
    if unknown:
        raise UsageError(f"there is no business {', '.join(map(repr, unknown))}: onboard it first")
    if not known:
        raise RowcolError("this home has no businesses yet: `rowcol onboard` one, or `make run` for the sandbox")


def summary(report: JobReport) -> dict[str, object]:
    """The outcome of a run as a program reads it."""
    return {
        "run_id": report.run_id,
        "succeeded": report.succeeded,
        "rows_new": report.rows_new,
        "failures": list(report.failures),
        "incomplete": [
            {"business_id": one.business_id, "rail": one.rail, "status": one.status, "error_kind": one.error_kind, "error": one.error}
            for one in report.incomplete
        ],
    }


def raise_if_failed(report: JobReport) -> None:
    """RowcolError names failed steps, else connections that could not be read whole."""
    if report.was_busy:
        raise WarehouseBusy(f"the run failed: {_by_reason(report.failures)}")
    if not report.succeeded:
        raise RowcolError(f"the run failed: {_by_reason(report.failures) or 'see the run in the UI'}")
    if report.incomplete:
        named = "; ".join(f"{one.business_id}: {one.error or one.error_kind}" for one in report.incomplete[:5])
        more = f" and {len(report.incomplete) - 5} more" if len(report.incomplete) > 5 else ""
        raise RowcolError(f"done, but {len(report.incomplete)} connections are not complete: {named}{more}")


def _moment(as_of: str | None, known_at: str | None) -> Moment | None:
    from rowcol_assets.replay import Moment

    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise UsageError(f"--as-of takes a date like 2026-05-05, not {as_of!r}") from None
    try:
        instant = datetime.fromisoformat(known_at) if known_at else None
    except ValueError:
        raise UsageError(f"--known-at takes an instant like 2026-05-05T12:00:00Z, not {known_at!r}") from None
    if instant and instant.tzinfo is None:
        raise UsageError("--known-at needs a zone, for example 2026-05-05T12:00:00Z")
    return Moment(day, instant.astimezone(UTC) if instant else None) if day or instant else None


def _replay(settings: Settings, moment: Moment, as_json: bool) -> None:
    from ingestion.control.store import open_store, product_clock_of
    from rowcol_assets.cli.output import show_json
    from rowcol_assets.cli.progress import timed_lines
    from rowcol_assets.replay import replay
    from rowcol_assets.steps import silent

    with open_store(settings) as store:
        path = replay(settings, store, product_clock_of(settings, store), moment, silent if as_json else timed_lines())
    if as_json:
        show_json([{"path": str(path)}])
    else:
        typer.echo(str(path))


def _by_reason(failures: Sequence[str]) -> str:
    """Lines of failed steps in one sentence that gives each reason once: all rails fail together where the warehouse is held."""
    steps: dict[str, list[str]] = {}
    for failure in failures:
        step, _, reason = failure.partition(": ")
        steps.setdefault(reason, []).append(step)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in steps.items())
