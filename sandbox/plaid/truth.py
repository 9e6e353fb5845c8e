"""What is true of the banks' view: what was sent, which bank transaction is which record elsewhere, who the merchants are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from sandbox.hub import Hub
from sandbox.plaid import holdings, wire
from sandbox.plaid.counterparts import counterparts
from sandbox.plaid.endpoints import item_body
from sandbox.plaid.feed import DROPPED, PENDING, POSTED, TAKEN_BACK, Change
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.office import Office, office_of
from sandbox.plaid.serving import DESCRIBED, GENERATION, LIVE, UNOFFICIAL, shaped
from sandbox.rails import Row
from sandbox.served import DRIFTED


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
                    told = _without_balances(body) if entity == "accounts" else content
                    number_before, before = last.get((entity, record_id), (0, ""))
                    if before == told:
                        continue
                    version = number_before + 1
                    last[entity, record_id] = (version, told)
                elif (entity, record_id, content) in seen:
                    continue
                else:
                    seen.add((entity, record_id, content))
                yield item.business_id, "plaid", entity, record_id, version, content, is_deleted, page.at


def readers(hub: Hub) -> set[str]:
    """The businesses of which anything was sent."""
    office = office_of(hub)
    numbers = {int(page.realm) % GENERATION for page in office.served.pages()}
    return {business_id for business_id in office.businesses if numbers.intersection(item.number for item in office.items(business_id))}


def _sent(office: Office, item: ItemFacts, entity: str, place: int, at: int) -> Iterator[tuple[str, str, int, bytes, bool]]:
    """(entity, record id, version or 0, body, whether deleted) of a noted record."""
    if entity == "items":
        yield entity, item.item_id, 0, item_body(office, item, bool(place & 1), office.face_at(item, place >> 1)), False
    elif entity == "accounts":
        business, bank = office.businesses[item.business_id], office.bank(item.business_id)
        account_id = item.account_id(place & 0xFF)
        found = holdings.accounts(item, business, bank, at, is_live=bool(place & LIVE))
        body, balances = next((body, balances) for known, body, balances in found if known == account_id)
        yield entity, account_id, 0, shaped(body, place), False
        yield "balances", account_id, 0, shaped(balances, place), False
    else:
        change = office.feed(item).changes[place & ~(DRIFTED | DESCRIBED | UNOFFICIAL)]
        record_id, version = wire.transaction_id(item, change), 1 if change.stage in (PENDING, POSTED) else 2
        if change.stage in (DROPPED, TAKEN_BACK):
            yield entity, record_id, version, wire.removed(item, change), True
        else:
            body = wire.transaction(item, change, is_described=bool(place & DESCRIBED))
            yield entity, record_id, version, shaped(body, place), False


def _without_balances(account: bytes) -> str:
    """What an account is told by: its balances are records of their own."""
    fields = msgspec.json.decode(account, type=dict[str, msgspec.Raw])
    del fields["balances"]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def bank_matches(hub: Hub) -> Iterator[Row]:
    """Which bank transaction is which record of another rail as it stands today: one row per record, several for one debit.

    What the ledger voided or deleted, and what only the bank knows of, has no row.
    """
    for business_id in office_of(hub).businesses:
        reality = hub.world(business_id).reality
        for item, change in posted(hub, business_id):
            own = wire.transaction_id(item, change)
            for number in change.movement.events:
                for rail, entity, record_id in counterparts(hub, business_id, reality[number - 1]):
                    yield business_id, own, rail, entity, record_id, f"event-{number}"


def vendors(hub: Hub) -> Iterator[Row]:
    """The merchants of bank transactions, by the id the vendor gives them, else by the name it recognises, else by the bank's text."""
    for business_id in office_of(hub).businesses:
        yield from _merchants(hub, business_id)


def _merchants(hub: Hub, business_id: str) -> Iterator[Row]:
    known: set[Row] = set()
    world = hub.world(business_id)
    for _, change in posted(hub, business_id):
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


def posted(hub: Hub, business_id: str) -> Iterator[tuple[ItemFacts, Change]]:
    """Every bank transaction that shows as posted now: its item and the change that posted it."""
    office = office_of(hub)
    bank = office.bank(business_id)
    for item in office.items(business_id):
        feed = bank.feeds[item.number]
        for change in feed.changes:
            if change.stage == POSTED and feed.has_shown(change.key):
                yield item, change
