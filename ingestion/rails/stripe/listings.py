"""The lists Stripe serves and how one is walked: by the id of the last object, newest first.

An object created during a walk appears before its first page and shifts nothing. The object a page was to start after
can be deleted meanwhile; then the walk goes on from the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from ingestion.answers import MalformedPage
from ingestion.fetching import RailError
from ingestion.rails.stripe.client import ObjectMissing, StripeClient
from ingestion.rails.stripe.wire import Page, Record, split_list

PAGE_OBJECTS = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """One list. object: Stripe's name of what is in it. filters_created: it can be asked for what was created since."""

    entity: str
    path: str
    object: str
    filters_created: bool = True


# In this order one is read before what refers to it.
LISTINGS = {
    listing.entity: listing
    for listing in (
        Listing("customers", "/customers", "customer"),
        Listing("invoices", "/invoices", "invoice"),
        # The stored specification does not know this list; that it filters by time is not certain.
        Listing("invoice_payments", "/invoice_payments", "invoice_payment", filters_created=False),
        Listing("charges", "/charges", "charge"),
        Listing("payment_intents", "/payment_intents", "payment_intent"),
        Listing("refunds", "/refunds", "refund"),
        Listing("disputes", "/disputes", "dispute"),
        Listing("payouts", "/payouts", "payout"),
        Listing("balance_transactions", "/balance_transactions", "balance_transaction"),
        Listing("events", "/events", "event"),
    )
}


@dataclass
class Walk:
    """What a walk came to: the ids of all objects, and the time of the newest, 0 without any."""

    ids: set[str] = field(default_factory=set)
    newest: int = 0


Keep = Callable[[list[Record]], None]


async def walk(
    client: StripeClient,
    listing: Listing,
    keep: Keep,
    *,
    since: int | None = None,
    parameters: Mapping[str, str] | None = None,
    volatile: Set[str] = frozenset(),
) -> Walk:
    """Reads `listing` page by page to its end, or to what was created before `since`, handing each page to `keep`.

    RailError when a page cannot be had; what `keep` was given before stands.
    """
    asked = {"limit": str(PAGE_OBJECTS), **(parameters or {})}
    if since is not None and listing.filters_created:
        asked["created[gte]"] = str(since)
    done = Walk()
    served: list[str] = []
    page = await _first(client, listing.path, asked, volatile)
    while True:
        keep(page.records)
        times = [record.created for record in page.records if record.created is not None]
        done.newest = max([*times, done.newest])
        is_past = since is not None and bool(times) and times[-1] < since
        # Rows that are served twice must not take the walk back to where it was.
        served = [*served[-PAGE_OBJECTS:], *(record.record_id for record in page.records if record.record_id not in done.ids)]
        done.ids.update(served)
        if not page.has_more or is_past:
            return done
        page = await next_page(client, listing.path, asked, served, volatile)


async def next_page(
    client: StripeClient, path: str, parameters: Mapping[str, str], served: Sequence[str], volatile: Set[str] = frozenset()
) -> Page:
    """The page after the last of `served`, or after the one before it where that is deleted, and so on.

    RailError `page_gap` when more was announced and nothing new can be had.
    """
    for record_id in reversed(served):
        try:
            page = await client.get(path, {**parameters, "starting_after": record_id}, lambda body: _page(body, volatile))
        except ObjectMissing as missing:
            if missing.param != "starting_after":
                raise
        else:
            if any(record.record_id not in served for record in page.records):
                return page
            # The answer lost its rows, or the list ends here and said otherwise: once more, then it is not believed.
            page = await client.get(path, {**parameters, "starting_after": record_id}, lambda body: _page(body, volatile))
            if any(record.record_id not in served for record in page.records):
                return page
            raise RailError("page_gap", "the list announced more and does not serve it")
    raise RailError("page_gap", "none of the objects last read exists any more, so the list cannot be continued")


async def _first(client: StripeClient, path: str, parameters: Mapping[str, str], volatile: Set[str]) -> Page:
    page = await client.get(path, parameters, lambda body: _page(body, volatile))
    # An answer without its rows looks like an empty list: that there is nothing is believed when said twice.
    return page if page.records else await client.get(path, parameters, lambda body: _page(body, volatile))


def _page(body: bytes, volatile: Set[str]) -> Page:
    page = split_list(body, volatile)
    if page.has_more and not page.records:
        raise MalformedPage("the list says there is more and holds nothing")
    return page
