"""The only list of rails, and what each promises per entity: feed, tier, key, order, freshness.

Metadata, freshness states, docs/data-contract and the completeness tests are made from it. How a rail is fetched
lives in `ingestion/rails/<rail>/`; the promise itself is a frozen fact declared there and listed here.
"""

from __future__ import annotations

from ingestion.errors import UsageError
from ingestion.promise import EntityPromise, RailPromise
from ingestion.rails.plaid.promise import PLAID
from ingestion.rails.qbo.promise import QBO
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.stripe.promise import STRIPE

RAILS: dict[str, RailPromise] = {rail.name: rail for rail in (QBO, RAMP, PLAID, STRIPE)}
# The rail that has the client's own books, which every business has: whose documents are meant where no rail is named, whose vendors
# are owed, and who books payments of bills.
LEDGER = QBO.name


def rail_promise(name: str) -> RailPromise:
    """The promise of rail `name`; UsageError names the known rails."""
    if name not in RAILS:
        raise UsageError(f"there is no rail {name!r}; known: {', '.join(RAILS)}")
    return RAILS[name]


def entity_promise(rail: str, entity: str) -> EntityPromise:
    """The promise of one entity (a raw table's name); UsageError names the known entities."""
    entities = {promise.name: promise for promise in rail_promise(rail).entities}
    if entity not in entities:
        raise UsageError(f"rail {rail} has no entity {entity!r}; known: {', '.join(entities)}")
    return entities[entity]
