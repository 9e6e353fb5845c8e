"""`rowcol explain`: the records behind a figure, or why it moved. Both are found in `rowcol_assets.explaining`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rowcol_assets.explaining.explain import Explanation
    from rowcol_assets.explaining.moved import Movement

TERMS = {"term": "term", "value": "value", "from_records": "its records come to", "formula": "is"}
RECORDS = {"term": "term", "rail": "rail", "entity": "entity", "record_id": "record", "document_number": "number", "party_name": "party",
           "txn_date": "dated", "due_date": "due", "amount": "amount", "whole_amount": "of", "share": "share",
           "expected_date": "expected", "reason": "why"}  # fmt: skip
# Shown where any record has them.
OF_PARTS = ("whole_amount", "share", "expected_date", "reason")
CAUSES = {"cause": "cause", "change_days": "days", "change_amount": "money that lasts", "outflow_amount": "outflow",
          "record_count": "records", "largest": "the largest"}  # fmt: skip
# A screen of them; --json has all.
SHOWN_RECORDS = 40
SHOWN_PER_CAUSE = 3


def command(
    business: Annotated[str, typer.Argument(metavar="BUSINESS", help="Business id.")],
    metric: Annotated[
        str, typer.Argument(metavar="METRIC", help="A figure of the runway, for example ap_30, or one of a row of its own: dso_days.")
    ],
    key: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Which row: the week of a forecast, the customer, the vendor.")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="On the newest recorded day up to this one.")] = None,
    from_day: Annotated[str | None, typer.Option("--from", metavar="DATE", help="Why runway_days moved since this recorded day.")] = None,
    to_day: Annotated[str | None, typer.Option("--to", metavar="DATE", help="And until this one; the newest unless told.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as a JSON object, all records included.")] = False,
) -> None:
    """Show the records behind a figure of a business, or split the change of its runway between two days into causes.

    Examples: `rowcol explain acme ap_30`, `rowcol explain acme closing_p50_amount 3`, `rowcol explain acme dso_days 17`,
    `rowcol explain acme runway_days --from 2026-06-23 --json`.
    """
    from ingestion.errors import UsageError
    from ingestion.identifiers import check_business_id
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json_object
    from rowcol_assets.explaining.explain import explain
    from rowcol_assets.explaining.moved import movement
    from rowcol_assets.explaining.relations import find

    check_business_id(business)
    find(metric)
    days = [_date(text) for text in (as_of, from_day, to_day)]
    if days[1] is None:
        if days[2] is not None:
            raise UsageError("--to needs --from")
        found = explain(load_settings(), business, metric, key or (), days[0])
        if as_json:
            show_json_object(asdict(found))
        else:
            _show_figure(found)
        return
    if days[0] is not None:
        raise UsageError("--as-of is a day, --from and --to are two; give either")
    moved = movement(load_settings(), business, metric, days[1], days[2])
    if as_json:
        show_json_object(asdict(moved))
    else:
        _show_movement(moved)


def _date(text: str | None) -> date | None:
    from ingestion.errors import UsageError

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date: YYYY-MM-DD") from None


def _show_figure(found: Explanation) -> None:
    from rowcol_assets.cli.output import show_table

    value = _without_value(found.null_reason) if found.value is None else _shown(found.metric, found.value, found.currency)
    which = "".join(f", {name} {text}" for name, text in found.key.items())
    day = f" on {found.as_of_date}" if found.as_of_date else ""
    typer.echo(f"{found.metric} of {found.business_id}{which}{day}: {value} = {found.formula}")
    if len(found.terms) > 1:
        show_table(f"made of, amounts in {found.currency}", TERMS, found.terms)
    if found.records:
        told = {
            name: title for name, title in RECORDS.items() if name not in OF_PARTS or any(one[name] is not None for one in found.records)
        }
        show_table(f"records, amounts in {found.currency}", told, found.records[:SHOWN_RECORDS])
    if len(found.records) > SHOWN_RECORDS:
        typer.echo(f"and {len(found.records) - SHOWN_RECORDS} more: --json has them all")


def _shown(metric: str, value: Decimal | int | float | date, currency: str | None) -> str:
    from ingestion.currencies import shown_amount
    from rowcol_assets.explaining.figures import is_money

    if isinstance(value, date):
        return str(value)
    return shown_amount(value, currency) if isinstance(value, Decimal) and is_money(metric) else f"{value:,}"


def _without_value(reason: str | None) -> str:
    """What stands in place of a figure that is NULL."""
    from rowcol_assets.explaining.figures import COVERED_FOR_A_YEAR

    if reason == COVERED_FOR_A_YEAR:
        return "no day within a year, cash lasts longer"
    return f"unknown ({reason.replace('_', ' ')})" if reason else "unknown"


def _show_movement(moved: Movement) -> None:
    from rowcol_assets.cli.output import show_table

    ends = " to ".join("unknown" if value is None else f"{value:,}" for value in (moved.value_from, moved.value_to))
    change = _without_value(moved.null_reason) if moved.change_days is None else f"{moved.change_days:+,} days"
    typer.echo(f"{moved.metric} of {moved.business_id} from {moved.from_date} to {moved.to_date}: {ends}, {change}")
    show_table(f"why, amounts in {moved.currency}", CAUSES, [cause | {"largest": _largest(cause["records"])} for cause in moved.causes])


def _largest(records: list[dict[str, Any]]) -> str:
    told = [" ".join(filter(None, (record["entity"], record["record_id"], record["party_name"]))) for record in records[:SHOWN_PER_CAUSE]]
    return "; ".join(told)
