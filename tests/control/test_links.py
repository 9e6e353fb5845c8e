"""Which record of a rail is which of the ledger: told by the rail or by the models' sure matches, on both databases."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import sqlalchemy as sa

from ingestion.control import Connection, ControlStore, open_store
from ingestion.control.links import linked_records, put_links, replace_links
from ingestion.control.live_cache import change_numbers
from ingestion.control.schema import connections
from ingestion.settings import Settings
from rowcol_assets.linking import keep_links
from tests.control.conftest import connect


def connected(settings: Settings, store: ControlStore, rail: str) -> Connection:
    """A connection of acme's on `rail`, beside the one on the ledger."""
    key = connect(settings, store).key
    with store.database.write() as transaction:
        (ledger,) = transaction.execute(sa.select(connections).filter_by(**key)).mappings().all()
        transaction.execute(sa.insert(connections).values({**ledger, "rail": rail, "connection_id": f"{rail}-1"}))
    return store.connections(rail, ["acme"])[0]


def replaced(store: ControlStore, connection: Connection, links: Mapping[str, str]) -> int:
    """Makes `links`, by record id, all that there are of the rail's invoices."""
    keyed = {(connection.business_id, connection.connection_id, record): ledger for record, ledger in links.items()}
    return replace_links(store.database, connection.rail, "invoices", keyed)


def changes(store: ControlStore) -> int:
    """How often what was answered of Stripe's invoices was ended."""
    with store.database.read() as transaction:
        return change_numbers(transaction, "acme").get(("stripe", "invoices"), 0)


def test_links_become_those_of_the_last_build_and_end_cached_answers_only_when_they_change(settings: Settings, store: ControlStore) -> None:
    stripe = connected(settings, store, "stripe")
    assert (replaced(store, stripe, {"in_1": "1", "in_2": "2", "in_3": "3"}), changes(store)) == (3, 1)
    assert (replaced(store, stripe, {"in_1": "1", "in_2": "2", "in_3": "3"}), changes(store)) == (0, 1)
    assert (replaced(store, stripe, {"in_1": "1", "in_2": "9", "in_4": "4"}), changes(store)) == (3, 2)
    found = {ledger: linked_records(store.database, stripe, "invoices", ledger) for ledger in ("1", "2", "3", "4", "9")}
    assert found == {"1": ["in_1"], "2": [], "3": [], "4": ["in_4"], "9": ["in_2"]}


def test_what_a_rail_says_itself_is_left_alone_and_so_is_a_connection_nobody_knows(settings: Settings, store: ControlStore) -> None:
    ramp = connected(settings, store, "ramp")
    with store.database.write() as transaction:
        put_links(transaction, ramp, "bills", {"r7": "7"})
    assert replace_links(store.database, "stripe", "invoices", {("acme", "gone", "in_1"): "1"}) == 0
    assert linked_records(store.database, ramp, "bills", "7") == ["r7"]


def test_a_cycle_keeps_the_pairs_of_which_stripe_has_a_say(sqlite_settings: Settings) -> None:
    with open_store(sqlite_settings) as store, duckdb.connect() as warehouse:
        stripe = connected(sqlite_settings, store, "stripe")
        assert keep_links(store, warehouse) == 0, "nothing was ever built"
        warehouse.execute("create schema intermediate")
        warehouse.execute("""create table intermediate.int_stripe_invoices as from (values
            ('acme', 'stripe-1', 'in_1', '1', 'paid'), ('acme', 'stripe-1', 'in_2', '2', null)
        ) as pairs (business_id, connection_id, stripe_invoice_id, qbo_invoice_id, collection_status)""")
        assert keep_links(store, warehouse) == 1
        assert [linked_records(store.database, stripe, "invoices", ledger) for ledger in ("1", "2")] == [["in_1"], []]
        warehouse.execute("delete from intermediate.int_stripe_invoices")
        assert keep_links(store, warehouse) == 1, "the match has gone"
        assert linked_records(store.database, stripe, "invoices", "1") == []
