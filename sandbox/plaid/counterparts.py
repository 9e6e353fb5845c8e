"""Which records of the other rails stand for a happening that passed through the bank. The bank's own side: `sandbox.plaid.truth`."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.hub import Hub
from sandbox.qbo.entities import RAW_TABLE
from sandbox.qbo.render_documents import RENDERERS
from sandbox.ramp.office import office_of as ramp_office
from sandbox.ramp.wire import ramp_id
from sandbox.stripe.office import account_id
from sandbox.stripe.office import office_of as stripe_office
from sandbox.world.reality import Happening
from sandbox.world.remitting import draw_of

Counterpart = tuple[str, str, str]


def counterparts(hub: Hub, business_id: str, event: Happening) -> Iterator[Counterpart]:
    """(rail, raw table, record id) of everything that records this happening today; for a payment that came back, nothing does."""
    world = hub.world(business_id)
    doc = world.docs[event.doc_kind].get(event.doc_id)
    if event.kind != "returned" and doc is not None and not doc.is_void:
        yield "qbo", RAW_TABLE[RENDERERS[event.doc_kind][0]], str(event.doc_id)
    if event.kind == "paid_out":
        payout = stripe_office(hub).book(account_id(hub, hub.by_business[business_id])).payout_of.get(event.number)
        if payout is not None:
            yield "stripe", "payouts", payout
    else:
        yield from _on_ramp(hub, business_id, event)


def _on_ramp(hub: Hub, business_id: str, event: Happening) -> Iterator[Counterpart]:
    """The transfer that drew the money and the bills it paid, or the reimbursement."""
    desk = ramp_office(hub).desk(business_id)
    chart = desk.world.chart
    if event.kind == "paid_bill" and event.channel == "ramp":
        table, id = "transfers", ramp_id(desk.seed, "transfer", draw_of(desk.world, event))
        for bill in desk.settled.get(event.doc_id, []):
            if bill.payment is not None and bill.payment.source == event.doc_id and bill.payment.cents:
                yield "ramp", "bills", bill.id
    elif event.kind == "moved" and event.other_account == chart["Mastercard"]:
        table, id = "transfers", ramp_id(desk.seed, "transfer", f"card {event.number}")
    elif event.kind == "bought" and event.channel == "cash" and event.account == chart["Checking"]:
        table, id = "reimbursements", ramp_id(desk.seed, "reimbursement", "out", event.number)
    else:
        return
    if id in desk.shelves[table].rows:
        yield "ramp", table, id
