"""`rowcol settings`: what a business's figures are computed with, shown and changed.

What may be set, and how, is in `ingestion.control.business_settings`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ingestion.errors import UsageError

SHOWN = {"setting": "setting", "value": "value"}


def command(
    business: Annotated[str, typer.Argument(help="Business id.")],
    name: Annotated[str | None, typer.Option(help="Its name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Its time zone, for example America/New_York.")] = None,
    currency: Annotated[str | None, typer.Option(help="Its home currency, where the ledger does not say, for example USD.")] = None,
    payroll: Annotated[str | None, typer.Option(metavar="AMOUNT", help="What one payroll costs.")] = None,
    payroll_next: Annotated[str | None, typer.Option(metavar="DATE", help="When the next one is paid.")] = None,
    payroll_every: Annotated[int | None, typer.Option(metavar="DAYS", help="Days from one to the next; 0: only once.")] = None,
    payroll_reserve: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Set aside for payroll, from today on.")] = None,
    tax_reserve: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Set aside for taxes, from today on.")] = None,
    earmark_reserve: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Set aside for something else, from today on.")] = None,
    critical_days: Annotated[int | None, typer.Option(help="Runway below which the status is critical.")] = None,
    warning_days: Annotated[int | None, typer.Option(help="Runway below which it is warning.")] = None,
    healthy_days: Annotated[int | None, typer.Option(help="Runway below which it is healthy, and excellent from there.")] = None,
    min_buffer_days: Annotated[int | None, typer.Option(help="Guardrail: buffer that payments must leave.")] = None,
    min_cash: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Guardrail: cash that payments must leave.")] = None,
    clear: Annotated[list[str] | None, typer.Option(metavar="SETTING", help="Unset it, or end a reserve of that kind.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the settings as they are then, a JSON list of one object.")] = False,
) -> None:
    """Show what a business's figures are computed with, or change it; the next run uses it.

    Examples: `rowcol settings acme`, `rowcol settings acme --payroll 18000 --payroll-next 2026-10-02 --payroll-every 14`,
    `rowcol settings acme --tax-reserve 5000 --warning-days 45`, `rowcol settings acme --clear tax`.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.control.business_settings import Reserve, change_settings, read_settings
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table

    given = {
        "business_name": name,
        "timezone": timezone,
        "home_currency": _currency(currency),
        "payroll_amount": _amount("--payroll", payroll),
        "payroll_next_date": _date(payroll_next),
        "payroll_interval_days": payroll_every,
        "critical_days": critical_days,
        "warning_days": warning_days,
        "healthy_days": healthy_days,
        "min_buffer_days": min_buffer_days,
        "min_cash_amount": _amount("--min-cash", min_cash),
    }
    changes = {column: value for column, value in given.items() if value is not None}
    asides = {"payroll": payroll_reserve, "tax": tax_reserve, "earmark": earmark_reserve}
    aside = [Reserve(kind, amount) for kind, text in asides.items() if (amount := _amount(f"--{kind}-reserve", text)) is not None]
    settings = load_settings()
    with open_store(settings) as store:
        known = {one.business_id: one for one in store.businesses()}
        zone = known[business].timezone if business in known else None
        now = product_clock_of(settings, store)()
        today = _today(now, timezone or zone)
        if changes or aside or clear:
            change_settings(store.database, business, today, changes, aside, clear or (), at=now)
        row = read_settings(store.database, business, today)
    if as_json:
        show_json([row])
        return
    shown = {**row, **{f"reserve {each['kind']}": each["amount"] for each in row["reserves"]}}
    del shown["reserves"], shown["business_id"]
    show_table(f"Settings of {business}", SHOWN, [{"setting": key, "value": _text(value)} for key, value in shown.items()])


def _today(now: datetime, zone: str | None) -> date:
    """The business's own day; an unknown zone is refused with the change itself."""
    try:
        return now.astimezone(ZoneInfo(zone) if zone else UTC).date()
    except (KeyError, ValueError, OSError):
        return now.date()


def _amount(what: str, text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{what} takes an amount like 18000 or 18000.50") from None


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError("--payroll-next takes a date like 2026-10-02") from None


def _currency(code: str | None) -> str | None:
    from ingestion.currencies import exponents

    if code is not None and code not in exponents()["iso"]:
        raise UsageError(f"{code!r} is not a currency of ISO 4217, for example USD")
    return code


def _text(value: Any) -> str:
    return "as the policy says" if value is None else f"{value:,}" if isinstance(value, Decimal) else str(value)
