"""What is true of the banks' view: what was sent, which bank transaction is which record elsewhere, who the merchants are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sandbox.hub import Hub
from sandbox.plaid import holdings, wire
from sandbox.plaid.bank import CORRECTED, DROPPED, POSTED, Change
from sandbox.plaid.counterparts import counterparts
from sandbox.plaid.endpoints import item_body
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.office import Office, office_of
from sandbox.plaid.serving import DESCRIBED, GENERATION, LIVE, drifted
from sandbox.rails import Row
from sandbox.served import DRIFTED
from sandbox.world.model import World


def served(hub: Hub) -> Iterator[Row]:
    """Each version that was ever sent, once, with the instant it first went out. What is sent about banks belongs to no business."""
    office = office_of(hub)
    by_number = {item.number: item for business_id in office.businesses for item in office.items(business_id)}
    seen: set[tuple[str, str, str]] = set()
    last: dict[tuple[str, str], tuple[int, str]] = {}
    for page in office.served.pages():
        generation, number = divmod(int(page.realm), GENERATION)
        if number not in by_number:
            continue
        item = by_number[number]
        item = ItemFacts(number, item.business_id, item.seed, generation, item.institution, item.slots)
        for place in page.places:
            for entity, record_id, version, body, is_deleted in _sent(office, item, page.entity, place, page.at):
                content = hashlib.sha256(body).hexdigest()
                if version == 0:
                    # The vendor numbers nothing: what differs from the one before is the next.
                    number_before, before = last.get((entity, record_id), (0, ""))
                    if before == content:
                        continue
                    version = number_before + 1
                    last[entity, record_id] = (version, content)
                else:
                    # An account's own content does not change, its balances do: its first sending stands for all.
                    known = (entity, record_id, str(place & DRIFTED) if entity == "accounts" else content)
                    if known in seen:
                        continue
                    seen.add(known)
                yield item.business_id, "plaid", entity, record_id, version, content, is_deleted, page.at


def _sent(office: Office, item: ItemFacts, entity: str, place: int, at: int) -> Iterator[tuple[str, str, int, bytes, bool]]:
    """(entity, record id, version or 0, body, whether deleted) of a noted record."""
    shape = drifted if place & DRIFTED else bytes
    if entity == "items":
        yield entity, item.item_id, 0, item_body(office, item, bool(place & 1)), False
    elif entity == "accounts":
        business, bank = office.businesses[item.business_id], office.bank(item.business_id)
        account_id = item.account_id(place & 0xFF)
        found = holdings.accounts(item, business, bank, at, is_live=bool(place & LIVE))
        body, balances = next((body, balances) for known, body, balances in found if known == account_id)
        yield entity, account_id, 1, shape(body), False
        yield "balances", account_id, 0, shape(balances), False
    else:
        change = office.feed(item).changes[place & ~(DRIFTED | DESCRIBED)]
        record_id, version = wire.transaction_id(item, change), 2 if change.stage in (DROPPED, CORRECTED) else 1
        if change.stage == DROPPED:
            yield entity, record_id, version, wire.removed(item, change), True
        else:
            body = wire.transaction(item, change, is_described=bool(place & DESCRIBED))
            yield entity, record_id, version, shape(body), False


def bank_matches(hub: Hub) -> Iterator[Row]:
    """Which bank transaction is which record of another rail as it stands today: one row per record, several for one debit.

    What the ledger voided or deleted, and what only the bank knows of, has no row.
    """
    for business_id, world, item, change in _posted(hub):
        own = wire.transaction_id(item, change)
        for number in change.movement.events:
            event = world.reality[number - 1]
            for rail, entity, record_id in counterparts(hub, business_id, event):
                yield business_id, own, rail, entity, record_id, f"event-{number}"


def vendors(hub: Hub) -> Iterator[Row]:
    """The merchants of bank transactions, by the id the vendor gives them, else by the name it recognises, else by the bank's text."""
    known: set[Row] = set()
    for business_id, world, _, change in _posted(hub):
        words = change.movement.words
        for number in change.movement.events:
            event = world.reality[number - 1]
            names_nobody = words.check_number or words.party_type == "payment_app" or event.party not in world.vendors
            if event.doc_kind not in ("purchase", "bill_payment") or event.kind == "returned" or names_nobody:
                continue
            row = (business_id, f"vendor-{event.party}", "plaid", words.entity_id or words.merchant or words.name, words.name)
            if row not in known:
                known.add(row)
                yield row


def _posted(hub: Hub) -> Iterator[tuple[str, World, ItemFacts, Change]]:
    office = office_of(hub)
    for business_id in office.businesses:
        world, bank = hub.world(business_id), office.bank(business_id)
        for item in office.items(business_id):
            for change in bank.feeds[item.number].changes:
                if change.stage == POSTED:
                    yield business_id, world, item, change
