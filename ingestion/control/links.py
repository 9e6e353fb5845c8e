"""Which record of the ledger a rail's record says it is: noted when records are read, so that one can be asked for live.

Only what a rail itself says counts here (Ramp's `remote_id`); what is found by matching is the models' business.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.database import Database, insert
from ingestion.control.facts import Connection
from ingestion.control.live_schema import record_links


def put_links(transaction: Transaction, connection: Connection, entity: str, links: Mapping[str, str | None]) -> None:
    """Notes the ledger's id by record id; None takes a link away."""
    of_entity = {**connection.key, "entity": entity}
    query = sa.select(record_links.c.record_id, record_links.c.ledger_id).filter_by(**of_entity)
    known = dict(transaction.execute(query).tuples().all())
    changed = {record_id: ledger_id for record_id, ledger_id in links.items() if known.get(record_id) != ledger_id}
    added = [{**of_entity, "record_id": record_id, "ledger_id": ledger_id} for record_id, ledger_id in changed.items() if ledger_id]
    if added:
        statement = insert(transaction, record_links)
        keys, values = list(record_links.primary_key), {"ledger_id": statement.excluded["ledger_id"]}
        transaction.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), added)
    for record_id in (record_id for record_id, ledger_id in changed.items() if not ledger_id):
        transaction.execute(sa.delete(record_links).filter_by(**of_entity, record_id=record_id))


def linked_records(database: Database, connection: Connection, entity: str, ledger_id: str) -> list[str]:
    """The records of `entity` that say they are `ledger_id` in the ledger, by id."""
    query = sa.select(record_links.c.record_id).filter_by(**connection.key, entity=entity, ledger_id=ledger_id)
    with database.read() as transaction:
        return list(transaction.execute(query.order_by(record_links.c.record_id)).scalars())
