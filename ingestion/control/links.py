"""Which record of a rail is which record of the ledger, so that a live question about the ledger's is put to the rail as well.

A rail's own word (Ramp's `remote_id`) is noted when its records are read. Of a rail that names no record of the ledger (Stripe) the
pairs are those that the models are sure of, noted after each cycle (`rowcol_assets.linking`). A table of a rail has one of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.database import Database, insert
from ingestion.control.facts import Connection
from ingestion.control.live_cache import note_changes
from ingestion.control.live_schema import record_links
from ingestion.control.schema import connections

# A record of one table of a rail: its business, connection and id.
Key: TypeAlias = tuple[str, str, str]


def put_links(transaction: Transaction, connection: Connection, entity: str, links: Mapping[str, str | None]) -> None:
    """Notes the ledger's id by record id; None takes a link away."""
    of_entity = {**connection.key, "entity": entity}
    query = sa.select(record_links.c.record_id, record_links.c.ledger_id).filter_by(**of_entity)
    known = dict(transaction.execute(query).tuples().all())
    changed = {record_id: ledger_id for record_id, ledger_id in links.items() if known.get(record_id) != ledger_id}
    _put(
        transaction,
        [{**of_entity, "record_id": record_id, "ledger_id": ledger_id} for record_id, ledger_id in changed.items() if ledger_id],
    )
    for record_id in (record_id for record_id, ledger_id in changed.items() if not ledger_id):
        transaction.execute(sa.delete(record_links).filter_by(**of_entity, record_id=record_id))


def replace_links(database: Database, rail: str, entity: str, links: Mapping[Key, str]) -> int:
    """Makes `links` (to the ledger's id) all that there are of a table, of every business, and returns how many changed.

    Those of connections that the store does not know are left out. What changed ends the cached answers of its business.
    """
    of_table = {"rail": rail, "entity": entity}
    there = sa.select(record_links.c.business_id, record_links.c.connection_id, record_links.c.record_id, record_links.c.ledger_id)
    with database.read() as transaction:
        connected = set(
            transaction.execute(sa.select(connections.c.business_id, connections.c.connection_id).filter_by(rail=rail)).tuples()
        )
        known = {
            (business, connection, record): ledger
            for business, connection, record, ledger in transaction.execute(there.filter_by(**of_table))
        }
    wanted = {key: ledger_id for key, ledger_id in links.items() if key[:2] in connected}
    put = [key for key, ledger_id in wanted.items() if known.get(key) != ledger_id]
    gone = [key for key in known if key not in wanted]
    if not put and not gone:
        return 0
    with database.write() as transaction:
        _put(transaction, [{**of_table, **_named(key), "ledger_id": wanted[key]} for key in put])
        for key in gone:
            transaction.execute(sa.delete(record_links).filter_by(**of_table, **_named(key)))
        note_changes(transaction, [(business_id, rail, entity) for business_id, _, _ in [*put, *gone]])
    return len(put) + len(gone)


def linked_records(database: Database, connection: Connection, entity: str, ledger_id: str) -> list[str]:
    """The records of `entity` that are `ledger_id` in the ledger, by id."""
    query = sa.select(record_links.c.record_id).filter_by(**connection.key, entity=entity, ledger_id=ledger_id)
    with database.read() as transaction:
        return list(transaction.execute(query.order_by(record_links.c.record_id)).scalars())


def _put(transaction: Transaction, rows: list[dict[str, str]]) -> None:
    if rows:
        statement = insert(transaction, record_links)
        keys, values = list(record_links.primary_key), {"ledger_id": statement.excluded["ledger_id"]}
        transaction.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), rows)


def _named(key: Key) -> dict[str, str]:
    return dict(zip(("business_id", "connection_id", "record_id"), key, strict=True))
