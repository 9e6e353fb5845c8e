"""The digest as Markdown: money, days and dates as people write them, and no name that is anything but a name.

What is in it is `digest`'s subject. Names come from clients' books, so whatever Markdown or HTML they hold is shown, not done.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ingestion.currencies import shown_amount
from rowcol_assets.publishing.digest import NOTHING_CHANGED, Client, Digest, Document, Documents

# What CommonMark and its usual extensions act on anywhere in a line, a dot that could make a domain,
# a colon that could make an address, and what begins a list.
_MARKS = re.compile(r"([\\`*_\[\]{}<>&~|#$^@]|:(?=//)|(?<=[A-Za-z])\.(?=\w)|^[-+])")
_NUMBERED = re.compile(r"^(\d+)([.)])")
# Marks that reorder what follows them, so that a name could pretend to be another line's.
_REORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_UNKNOWN = "not known"
# How one and several documents of a list are counted.
READY = ("bill can be paid", "bills can be paid")
OVERDUE = ("overdue invoice is to be asked for", "overdue invoices are to be asked for")
PAID = (
    "overdue invoice is paid or credited and waits to be recorded or applied in the ledger",
    "overdue invoices are paid or credited and wait to be recorded or applied in the ledger",
)
GIVEN_UP = (
    "overdue invoice was given up on Stripe and is open in the ledger still",
    "overdue invoices were given up on Stripe and are open in the ledger still",
)


def digest_markdown(digest: Digest) -> str:
    """`digest` as CommonMark with one table, readable as plain text too."""
    return "\n".join([*_head(digest), *(line for client in digest.clients for line in _section(client))]) + "\n"


def said_date(day: date) -> str:
    """30 June 2026."""
    return f"{day.day} {day:%B %Y}"


def said_amount(amount: Decimal | None, currency: str | None) -> str:
    """12,345.60 USD, or that it is not known."""
    return _UNKNOWN if amount is None else shown_amount(amount, currency)


def said_money(amount: Decimal | None, currency: str | None) -> str:
    """The same for Markdown."""
    return said_amount(amount, plain(currency) if currency else None)


def said_days(days: Decimal | None) -> str:
    """44.0 days, rounded half up as the rest of the figures are."""
    return _UNKNOWN if days is None else f"{days.quantize(Decimal('0.1'), ROUND_HALF_UP):,} days"


def plain(text: str) -> str:
    """`text` so that Markdown shows it as it is, on one line."""
    return _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\1", one_line(text)))


def one_line(text: str) -> str:
    """`text` on one line, without characters that only control."""
    return "".join(
        character
        for character in " ".join(text.split())
        if unicodedata.category(character) != "Cc" and unicodedata.bidirectional(character) not in _REORDERING
    )


def _head(digest: Digest) -> Iterator[str]:
    yield f"# Digest for {plain(digest.advisor)}, {said_date(digest.as_of)}"
    yield ""
    if not digest.clients:
        yield "No client is granted to you."
        return
    counts = ", ".join(f"{number} {word}" for word, number in digest.attention.items())
    yield f"{counted(len(digest.clients), 'client', 'clients')}: {counts}."
    if digest.nothing_changed:
        yield ""
        yield "Nothing changed since last week."
    yield ""
    yield "| client | attention | cash | runway | buffer | overdue bills | overdue invoices |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for client in digest.clients:
        cells = (
            plain(client.name),
            f"{client.attention} ({client.colour})",
            said_money(client.cash, client.currency),
            said_days(client.runway_days),
            said_days(client.buffer_days),
            said_money(client.overdue_payable, client.currency),
            said_money(client.overdue_receivable, client.currency),
        )
        yield f"| {' | '.join(cells)} |"


def _section(client: Client) -> Iterator[str]:
    yield ""
    yield f"## {plain(client.name)}: {client.attention}"
    yield ""
    for issue in client.issues:
        yield f"* **{plain(issue)}**"
    if client.changed:
        since = f"Since {said_date(client.compared_to)}" if client.compared_to else "Since last week"
        yield f"* {since}: {plain(client.changed)}." if client.changed != NOTHING_CHANGED else f"* {since} nothing changed."
    yield from _listed(client.ready_to_pay, client, READY)
    yield from _listed(client.overdue_invoices, client, OVERDUE)
    yield from _listed(client.paid_invoices, client, PAID)
    yield from _listed(client.uncollectible_invoices, client, GIVEN_UP)
    if client.as_of:
        yield f"* Figures of {said_date(client.as_of)}."


def _listed(documents: Documents, client: Client, words: tuple[str, str]) -> Iterator[str]:
    if not documents.count:
        return
    yield f"* {counted(documents.count, *words)}, together {said_money(documents.amount, client.currency)}{without(documents)}:"
    yield from (f"  * {_document(document)}" for document in documents.first)
    if documents.count > len(documents.first):
        yield f"  * and {documents.count - len(documents.first)} more"


def _document(document: Document) -> str:
    number = f", {plain(document.number)}" if document.number else ""
    due = f", due {said_date(document.due_date)}" if document.due_date else ""
    late = f" ({counted(document.days_past_due, 'day', 'days')} ago)" if document.days_past_due and document.days_past_due > 0 else ""
    return f"{plain(document.party or 'nobody named')}{number}: {said_money(document.amount, document.currency)}{due}{late}"


def without(documents: Documents) -> str:
    """What of the documents is not in their sum, where anything is not."""
    return f", without {documents.unknown_count:,} whose amount in that currency is not known" if documents.unknown_count else ""


def counted(number: int, one: str, several: str) -> str:
    """1 bill, 2 bills."""
    return f"{number:,} {one if number == 1 else several}"
