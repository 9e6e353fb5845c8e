"""`rowcol live`: balances, transactions, connection, permissions, a bill or an invoice, asked of the vendors now.

What is asked of whom, and what becomes of it, is in `ingestion.live`.
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ingestion.live.facts import Answer


class Subject(StrEnum):
    """What can be asked."""

    balances = "balances"
    transactions = "transactions"
    connection = "connection"
    permissions = "permissions"
    bill = "bill"
    invoice = "invoice"


# The rows of each answer, with the columns shown of them.
TABLES: dict[Subject, dict[str, dict[str, str]]] = {
    Subject.balances: {
        "accounts": {
            "rail": "rail",
            "account_name": "account",
            "kind": "kind",
            "cash_amount": "cash",
            "current_amount": "current",
            "available_amount": "available",
            "currency": "currency",
        }
    },
    Subject.transactions: {
        "transactions": {
            "date": "date",
            "rail": "rail",
            "amount": "amount",
            "currency": "currency",
            "description": "description",
            "party_name": "party",
            "status": "status",
        }
    },
    Subject.connection: {
        "connections": {
            "rail": "rail",
            "connection_id": "connection",
            "state": "state",
            "label": "who",
            "state_after_last_sync": "after the last sync",
            "error": "error",
        }
    },
    Subject.permissions: {
        "advisors": {"advisor_id": "advisor", "role": "role", "valid_from": "since"},
        "rails": {"rail": "rail", "connection_id": "connection", "granted": "may read", "lacking": "lacks", "note": "note"},
    },
}
DOCUMENT = {
    "rail": "rail",
    "record_id": "record",
    "party_name": "party",
    "due_date": "due",
    "total_amount": "amount",
    "open_amount": "open",
    "currency": "currency",
    "status": "status",
    "approval_status": "approval",
    "payment_date": "payment",
}


def command(
    subject: Annotated[Subject, typer.Argument(help="What is asked.")],
    business: Annotated[str, typer.Argument(help="Business id.")],
    record: Annotated[str | None, typer.Argument(metavar="ID", help="Of a bill or an invoice: its id in the ledger.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Live or not at all: never from a cache.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as a JSON object.")] = False,
) -> None:
    """Ask the vendors now; what cannot be read now is answered from what is known, and says so.

    Examples: `rowcol live balances acme`, `rowcol live bill acme 1043 --strict --json`.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.live.desk import ask_once
    from ingestion.live.facts import question_of
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json_object

    question = question_of(subject.value, business, record)
    settings = load_settings()
    with open_store(settings) as store:
        answer = ask_once(settings, store, product_clock_of(settings, store), question, strict=strict)
    if as_json:
        show_json_object(asdict(answer))
    else:
        _show(subject, business, answer)


def _show(subject: Subject, business: str, answer: Answer) -> None:
    from ingestion.currencies import shown_amount
    from rowcol_assets.cli.output import show_table

    value: dict[str, Any] = answer.value
    for name, columns in TABLES.get(subject, {"documents": DOCUMENT}).items():
        show_table(f"{name.capitalize()} of {business}", columns, value[name])
    if value.get("cash"):
        totals = ", ".join(shown_amount(amount, currency) for currency, amount in value["cash"].items())
        typer.echo(f"cash by {value['cash_source']}: {totals}")
    if "effective_status" in value:
        typer.echo(f"{subject} {value['record_id']} is {value['effective_status']}, says {value['status_source']}")
    typer.echo(f"from {answer.served_from}, as of {answer.as_of:%Y-%m-%d %H:%M:%S} UTC, {answer.age_seconds:,.0f} s old")
    if answer.reason:
        typer.echo(f"degraded: {answer.reason}")
