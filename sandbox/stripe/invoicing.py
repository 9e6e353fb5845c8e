"""Invoices from draft to open, void, deleted or written off. A finalized invoice never changes its lines: it is voided and
sent again. What is in a draft: `sandbox.stripe.drafting`; paying: `sandbox.stripe.collecting`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.stripe.awaiting import await_payment, stop_waiting
from sandbox.stripe.book import Book
from sandbox.stripe.customers import DAY, customer_for
from sandbox.stripe.drafting import amounts, draft
from sandbox.world.billing import Billing

FINALIZED_AFTER = 3600
MISTAKEN_SHARE, DECLINED_SHARE, WRITTEN_OFF_SHARE = 0.06, 0.1, 0.5
WRITTEN_OFF_AFTER = 60 * DAY


def sent(book: Book, step: Billing) -> None:
    """The business writes an invoice; an hour later Stripe finalizes it. At times it first wrote one by mistake and deletes it."""
    customer = customer_for(book, step)
    if book.chance("mistaken draft", step.invoice) < MISTAKEN_SHARE:
        mistaken = book.id("in", "mistaken", step.invoice)
        draft(book, mistaken, step, customer)
        book.plan(book.now + book.pick(1200, DAY, "deleted after", mistaken), "delete_draft", mistaken)
    id = book.id("in", step.invoice, 0)
    book.invoice_of[step.invoice] = id
    draft(book, id, step, customer)
    book.plan(book.now + FINALIZED_AFTER, "finalize", id)


def revised(book: Book, step: Billing) -> None:
    """The invoice has other lines: a draft is edited, a finalized one voided and replaced."""
    id = book.invoice_of[step.invoice]
    if not book.holds("invoices", id):
        return
    state = book.state("invoices", id)
    addressed = {"name": state["customer_name"], "email": state["customer_email"] or "", "phone": state["customer_phone"] or ""}
    step = replace(step, **addressed)
    if state["status"] == "draft":
        book.put("invoices", {**state, **amounts(book, id, step, state["_edition"] + 1)}, "invoice.updated")
    elif state["status"] in ("open", "uncollectible"):
        void(book, id)
        again = book.id("in", step.invoice, state["_edition"] + 1)
        book.invoice_of[step.invoice] = again
        draft(book, again, step, state["customer"], replaces=id, edition=state["_edition"] + 1)
        finalize(book, again)


def withdrawn(book: Book, step: Billing) -> None:
    """The ledger's invoice is gone: a draft is deleted, a finalized one voided."""
    id = book.invoice_of[step.invoice]
    if book.holds("invoices", id):
        if book.state("invoices", id)["status"] == "draft":
            delete_draft(book, id)
        elif book.state("invoices", id)["status"] in ("open", "uncollectible"):
            void(book, id)


def finalize(book: Book, id: str) -> None:
    """The draft becomes an invoice with a number, and waits for its payment."""
    if not book.holds("invoices", id) or book.state("invoices", id)["status"] != "draft":
        return
    state = book.state("invoices", id)
    times = {**state["status_transitions"], "finalized_at": book.now}
    fields: dict[str, Any] = {"status": "open", "status_transitions": times, "effective_at": book.now, "auto_advance": True}
    fields |= {"hosted_invoice_url": f"https://invoice.stripe.com/i/{book.account_id}/test_{id[3:]}"}
    fields |= {"invoice_pdf": f"https://pay.stripe.com/invoice/{book.account_id}/test_{id[3:]}/pdf", "ending_balance": 0}
    book.change("invoices", id, "invoice.finalized", "invoice.sent", **fields)
    await_payment(book, id, 1)
    due = state["due_date"]
    if due and book.chance("declined", id) < DECLINED_SHARE:
        book.plan(due + 12 * 3600, "decline", id)
    if due and book.chance("written off", id) < WRITTEN_OFF_SHARE:
        book.plan(due + WRITTEN_OFF_AFTER, "write_off", id)


def void(book: Book, id: str) -> None:
    """Takes a finalized invoice back; it stays, with nothing due."""
    stop_waiting(book, id)
    state = book.state("invoices", id)
    times = {**state["status_transitions"], "voided_at": book.now}
    book.change("invoices", id, "invoice.voided", status="void", status_transitions=times, auto_advance=False)


def delete_draft(book: Book, id: str) -> None:
    """Deletes a draft for ever: reads of it find nothing, only an event tells."""
    if not book.holds("invoices", id) or book.state("invoices", id)["status"] != "draft":
        return
    last = book.tables["invoices"].current[id]
    for line in book.lines_of.pop(id):
        book.tables["invoice_lines"].delete(line, {"id": line}, book.now)
    book.tables["invoices"].delete(id, {"id": id, "object": "invoice", "deleted": True}, book.now)
    book.tell("invoice.deleted", "invoices", last)


def write_off(book: Book, id: str) -> None:
    """Two months overdue, an invoice is given up."""
    state = book.state("invoices", id)
    if state["status"] == "open":
        times = {**state["status_transitions"], "marked_uncollectible_at": book.now}
        book.change("invoices", id, "invoice.marked_uncollectible", status="uncollectible", status_transitions=times, auto_advance=False)
