"""How what several connections said becomes one value: accounts side by side, the status of a document that counts.

Plain values, as they are shown and sent. Whose word counts first is in the promises (`LivePromise.precedence`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from ingestion.live.facts import Balance, Document, Row
from ingestion.live.reading import Part
from ingestion.promise import LiveSubject

# That a document is no more is the ledger's to say, over any rail that pays it.
NO_MORE = frozenset({"deleted", "voided"})
SHOWN_OF_DOCUMENT = ("record_id", "document_number", "party_name", "due_date", "total_amount", "open_amount", "currency", "status")
# How far an invoice has come, as the models' macro `invoice_progress` has it.
PROGRESS = {status: place for place, status in enumerate(("open", "partly_paid", "uncollectible", "paid"), start=1)}
CASH = frozenset({"bank", "ledger"})

Said = Sequence[tuple[Part, Sequence[Row]]]
# Of several words on one document the one with the least rank counts.
Rank: TypeAlias = "Callable[[Part, Document], tuple[int, int]]"


def value_of(subject: LiveSubject, said: Said) -> dict[str, Any]:
    """The value of an answer."""
    combine: Mapping[LiveSubject, Callable[[Said], dict[str, Any]]] = {
        "balances": _balances,
        "bill": lambda words: _document(words, _rail_that_pays),
        "invoice": lambda words: _document(words, _furthest),
        "connection": _connections,
    }
    names: dict[LiveSubject, str] = {"transactions": "transactions", "permissions": "rails"}
    return combine[subject](said) if subject in combine else {names[subject]: _plain(said)}


def _balances(said: Said) -> dict[str, Any]:
    """cash: by currency; None where an account that is cash has no readable amount, since a sum without it would mislead."""
    cash: dict[str, Decimal] = {}
    counted = [(part, row) for part, rows in said for row in rows if isinstance(row, Balance) and row.kind in CASH]
    for _, row in counted:
        currency = row.currency or "unknown"
        cash[currency] = cash.get(currency, Decimal(0)) + (row.cash_amount or 0)
    is_whole = all(row.cash_amount is not None for _, row in counted)
    sources = ",".join(dict.fromkeys(part.rail.name for part, _ in counted))
    return {"cash": cash if is_whole else None, "cash_source": sources or None, "accounts": _plain(said)}


def _connections(said: Said) -> dict[str, Any]:
    """With what the last sync left each connection in beside what the vendor says now."""
    states = {part.key: part.connection.state for part, _ in said}
    rows = _plain(said)
    return {"connections": [{**row, "state_after_last_sync": states[row["rail"], row["connection_id"]]} for row in rows]}


def _rail_that_pays(part: Part, row: Document) -> tuple[int, int]:
    """As in `marts.fct_bills`: the rails' word in their order."""
    return part.promise.precedence, 0


def _furthest(part: Part, row: Document) -> tuple[int, int]:
    """As in `marts.fct_invoices`: customers pay beside the rail too, so that its word counts only where the ledger has not come as far."""
    return -PROGRESS.get(row.status, 0), -part.promise.precedence


def _document(said: Said, rank: Rank) -> dict[str, Any]:
    """The ledger's document (a rail's own where the ledger has none), and the status that counts over all rails.

    That the document is no more counts first, then what `rank` puts first.
    """
    documents = [(part, row) for part, rows in said for row in rows if isinstance(row, Document)]
    ranked = sorted(documents, key=lambda entry: (entry[1].status not in NO_MORE, rank(*entry)))
    part, deciding = next(((part, row) for part, row in ranked if row.has_say), ranked[0])
    # Whose word on payment comes last keeps the books.
    _, booked = max(documents, key=lambda entry: entry[0].promise.precedence)
    shown = msgspec.to_builtins(booked, builtin_types=(Decimal,))
    return {
        **{name: shown[name] for name in SHOWN_OF_DOCUMENT},
        "effective_status": deciding.status,
        "status_source": part.rail.name,
        "documents": _plain(said),
    }


def _plain(said: Said) -> list[dict[str, Any]]:
    return [
        {"rail": part.rail.name, "connection_id": part.connection.connection_id, **msgspec.to_builtins(row, builtin_types=(Decimal,))}
        for part, rows in said
        for row in rows
    ]
