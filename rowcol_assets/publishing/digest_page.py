"""The digest as one HTML page: readable on a phone, printable, without scripts and without anything from elsewhere.

What is in it is `digest`'s subject, how figures are said `digest_text`'s. Names come from clients' books: every text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from rowcol_assets.publishing.digest import NOTHING_CHANGED, Client, Digest, Document, Documents
from rowcol_assets.publishing.digest_text import (
    GIVEN_UP,
    OVERDUE,
    PAID,
    READY,
    counted,
    one_line,
    said_amount,
    said_date,
    said_days,
    without,
)

# Nothing may be fetched or run, whoever serves the file; a colour always has its word beside it.
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
body {{ font: 16px/1.45 system-ui, sans-serif; color: #1b1b1b; background: #fff; max-width: 48rem; margin: 0 auto;
  padding: 1rem; overflow-wrap: anywhere }}
h1 {{ font-size: 1.4rem }}
h2 {{ font-size: 1.15rem; margin: 0 0 .5rem }}
article {{ border: 1px solid #bbb; border-left: .5rem solid #777; border-radius: .4rem;
  padding: .8rem 1rem; margin: 1rem 0; break-inside: avoid }}
article.red {{ border-left-color: #b00020 }}
article.amber {{ border-left-color: #b26a00 }}
article.green {{ border-left-color: #1b7a3d }}
dl {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem 1rem; margin: 0 }}
dt {{ font-size: .8rem; color: #555 }}
dd {{ margin: 0; font-variant-numeric: tabular-nums }}
ul {{ padding-left: 1.2rem; margin: .6rem 0 0 }}
footer {{ font-size: .85rem; color: #555 }}
@media print {{ body {{ max-width: none; padding: 0; font-size: 11pt }} }}
</style>
</head>
<body>
"""


def digest_page(digest: Digest) -> str:
    """`digest` as a page of its own."""
    title = f"Digest for {_text(digest.advisor)}, {said_date(digest.as_of)}"
    lines = [_HEAD.format(title=title), f"<h1>{title}</h1>", *_summary(digest)]
    lines += [line for client in digest.clients for line in _article(client)]
    lines.append(f"<footer>Published {digest.published_at:%Y-%m-%d %H:%M} UTC.</footer>")
    return "\n".join([*lines, "</body>", "</html>", ""])


def _summary(digest: Digest) -> Iterator[str]:
    if not digest.clients:
        yield "<p>No client is granted to you.</p>"
        return
    counts = ", ".join(f"{number} {_text(word)}" for word, number in digest.attention.items())
    yield f"<p>{counted(len(digest.clients), 'client', 'clients')}: {counts}.</p>"
    if digest.nothing_changed:
        yield "<p>Nothing changed since last week.</p>"


def _article(client: Client) -> Iterator[str]:
    yield f'<article class="{_text(client.colour)}">'
    yield f"<h2>{_text(client.name)}: {_text(client.attention)}</h2>"
    yield from _figures(
        (
            ("Cash", said_amount(client.cash, client.currency)),
            ("Runway", said_days(client.runway_days)),
            ("Buffer", said_days(client.buffer_days)),
            ("Overdue bills", said_amount(client.overdue_payable, client.currency)),
            ("Overdue invoices", said_amount(client.overdue_receivable, client.currency)),
        )
    )
    yield "<ul>"
    yield from (f"<li><strong>{_text(issue)}</strong></li>" for issue in client.issues)
    if client.changed:
        since = f"Since {said_date(client.compared_to)}" if client.compared_to else "Since last week"
        yield f"<li>{since} nothing changed.</li>" if client.changed == NOTHING_CHANGED else f"<li>{since}: {_text(client.changed)}.</li>"
    yield from _listed(client.ready_to_pay, client, READY)
    yield from _listed(client.overdue_invoices, client, OVERDUE)
    yield from _listed(client.paid_invoices, client, PAID)
    yield from _listed(client.uncollectible_invoices, client, GIVEN_UP)
    if client.as_of:
        yield f"<li>Figures of {said_date(client.as_of)}.</li>"
    yield "</ul>"
    yield "</article>"


def _figures(figures: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "<dl>"
    yield from (f"<div><dt>{heading}</dt><dd>{_text(figure)}</dd></div>" for heading, figure in figures)
    yield "</dl>"


def _listed(documents: Documents, client: Client, words: tuple[str, str]) -> Iterator[str]:
    if not documents.count:
        return
    amount = _text(said_amount(documents.amount, client.currency))
    yield f"<li>{counted(documents.count, *words)}, together {amount}{without(documents)}:<ul>"
    yield from (f"<li>{_document(document)}</li>" for document in documents.first)
    if documents.count > len(documents.first):
        yield f"<li>and {documents.count - len(documents.first)} more</li>"
    yield "</ul></li>"


def _document(document: Document) -> str:
    number = f", {_text(document.number)}" if document.number else ""
    due = f", due {said_date(document.due_date)}" if document.due_date else ""
    late = f" ({counted(document.days_past_due, 'day', 'days')} ago)" if document.days_past_due and document.days_past_due > 0 else ""
    return f"{_text(document.party or 'nobody named')}{number}: {_text(said_amount(document.amount, document.currency))}{due}{late}"


def _text(text: str) -> str:
    return escape(one_line(text))
