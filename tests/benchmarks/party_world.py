"""Parties of the sandbox as its rails serve them, in raw tables, and who they truly are: to fit and to measure the vendor map.

No HTTP: what a walk of the lists would bring is rendered here. The world's seeds used for fitting are never measured on.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.settings import load_settings
from ingestion.warehouse import connect
from rowcol_assets.transform import run_step
from sandbox.hub import Hub
from sandbox.plaid import wire
from sandbox.plaid.truth import posted
from sandbox.qbo.render_lists import vendor
from sandbox.ramp.office import office_of as ramp_office
from sandbox.state import Config
from sandbox.truth import truth_table
from tests.dbt.rawfill import RawWarehouse

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
# Worlds that weights are fitted on; all others are unseen.
FITTED_SEEDS = (1, 2)


def _raw_rows(hub: Hub) -> Iterator[tuple[str, str, str, bytes]]:
    """(table, business, record id, body) of every vendor of the ledger and of Ramp, and every posted bank transaction."""
    for listing in hub.listings:
        business, world = listing.business_id, hub.world(listing.business_id)
        for party in world.vendors.values():
            yield "raw_qbo.vendors", business, str(party.id), msgspec.json.encode(vendor(world, party))
        shelf = ramp_office(hub).desk(business).shelves["vendors"]
        for id, row in shelf.rows.items():
            yield "raw_ramp.vendors", business, id, shelf.body(row)
        for item, change in posted(hub, business):
            yield "raw_plaid.transactions", business, wire.transaction_id(item, change), wire.transaction(item, change)


@contextmanager
def mapped_world(seed: int, businesses: int, variables: Mapping[str, str] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An open warehouse of a world's businesses with the vendor map built, and their `truth` (business_id, rail, party_id, world_id)."""
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="rowcol-bench-") as folder:
        path = Path(folder) / "warehouse.duckdb"
        hub = Hub(Path(folder) / "sandbox", Config(seed=seed, businesses=businesses))
        with RawWarehouse(path) as raw:
            raw.load("1")
            for listing in hub.listings:
                raw.business(listing.business_id, now=NOW)
        rows = list(_raw_rows(hub))
        truth = pq.read_table(io.BytesIO(truth_table(hub, "vendors")))
        hub.close()
        database = connect(path, settings)
        try:
            _append(database, rows)
            database.register("served", truth)
            database.execute(
                """create table truth as
                    select distinct business_id, rail, rail_vendor_id as party_id, world_vendor_id as world_id from served"""
            )
            database.unregister("served")
        finally:
            database.close()
        given = {"rowcol_now": NOW.isoformat(), **(variables or {})}
        report = run_step(settings, "before", warehouse_path=path, variables=given, select=["+int_party_map"])
        assert not report.broken, report.broken[0].message
        database = connect(path, settings)
        try:
            yield database
        finally:
            database.close()


def _append(database: duckdb.DuckDBPyConnection, rows: list[tuple[str, str, str, bytes]]) -> None:
    for relation in sorted({row[0] for row in rows}):
        mine: list[dict[str, Any]] = []
        for _, business, record, body in (row for row in rows if row[0] == relation):
            digest = hashlib.sha256(body).hexdigest()
            change = hashlib.sha256(f"{relation}/{business}/{record}/{digest}".encode()).hexdigest()
            keys = {"business_id": business, "connection_id": f"c-{business}", "record_id": record, "change_id": change}
            mine.append(keys | {"payload": body.decode(), "content_hash": digest})
        database.register("mine", pa.Table.from_pylist(mine))
        database.execute(
            f"""insert into {relation} by name
            select *, 1 as version_no, timestamptz '2026-06-01 12:00:00+00' as source_updated_at, false as is_deleted,
                timestamptz '2026-06-01 12:00:00+00' as observed_at, 'schedule' as delivery, 'sync' as sync_id, '1' as _dlt_load_id
            from mine"""
        )
        database.unregister("mine")
