"""`rowcol what-if`: what the guardrail says of paying some bills, and what would be left. Nothing is decided by it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rowcol_assets.guardrail import Answer

BILLS = {
    "record_id": "bill", "vendor_name": "vendor", "due_date": "due", "home_open_amount": "open", "priority": "priority", "answer": "alone",
}  # fmt: skip


def command(
    business: Annotated[str, typer.Argument(metavar="BUSINESS", help="Business id.")],
    pay: Annotated[list[str], typer.Option("--pay", metavar="BILL", help="A bill's id in the ledger; more may follow it.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[BILL]...", help="Further bills.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as a JSON object.")] = False,
) -> None:
    """Ask the guardrail about a set of bills, by the newest figures that are published; it decides nothing.

    Examples: `rowcol what-if acme --pay 145 146`, `rowcol what-if acme --pay 145 --json`.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.identifiers import check_business_id
    from ingestion.registry import LEDGER
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json_object
    from rowcol_assets.cli.rail_ids import rail_and_id
    from rowcol_assets.what_if import what_if

    check_business_id(business)
    settings = load_settings()
    with open_store(settings) as store:
        at = product_clock_of(settings, store)()
        answer = what_if(settings, store, business, [rail_and_id(bill, LEDGER) for bill in (*pay, *(more or []))], at)
    if as_json:
        show_json_object(asdict(answer))
    else:
        show(answer)


def show(answer: Answer) -> None:
    """Prints an answer: the bills, what is left, and every rule that speaks against paying them."""
    from ingestion.currencies import shown_amount
    from rowcol_assets.cli.output import show_table

    show_table(f"{answer.business_id}: {answer.answer}, by figures of {answer.as_of:%Y-%m-%d %H:%M} UTC", BILLS, answer.bills)
    amounts = (answer.cash, answer.cash_after, answer.min_cash_amount)
    before, after, wanted = ("unknown" if amount is None else shown_amount(amount, answer.currency) for amount in amounts)
    typer.echo(f"cash {before} now, {after} afterwards, at least {wanted} wanted")
    if answer.committed_amount:
        committed = shown_amount(answer.committed_amount, answer.currency)
        typer.echo(f"of that, {committed} are promised: approved and not paid yet, or on their way through Ramp")
    days, left = ("unknown" if value is None else f"{value} days" for value in (answer.buffer_days, answer.buffer_days_after))
    typer.echo(f"buffer {days} now, {left} afterwards, at least {answer.min_buffer_days} wanted (policy {answer.policy_version})")
    for hit in answer.rule_hits:
        typer.echo(f"{hit.answer}: {hit}")
