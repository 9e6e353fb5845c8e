"""A small warehouse in the shape of the marts, and a home that publishes it: what the tests of publishing stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from ingestion.clock import fixed_clock
from ingestion.control import ControlStore, open_store
from ingestion.control.schema import businesses
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse
from rowcol_assets.publishing import PublishReport, publish
from rowcol_assets.publishing.promised import Promised

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
TODAY = date(2026, 6, 30)
# Of these the warehouse has what a test adds to it.
FILLED = (
    ("record_id", ""),
    ("stage", ""),
    ("size", "case when open_amount > 2 then 'large' else 'small' end"),
    ("kind", "what_it_never_had"),
    ("times_seen", ""),
    ("times_asked", "0"),
)
PROMISED = {
    "marts.dim_business": Promised(("business_id",), ("Who are they?",)),
    "marts.fct_bills": Promised(("business_id", "record_id"), ("What is owed?", "To whom?"), FILLED),
    "marts.fct_view": Promised(("business_id", "is_not_there")),
    "experiences.portfolio": Promised(("business_id",), ("Who needs me?",)),
}

TABLES = """
create schema marts; create schema experiences; create schema staging;
create table marts.dim_business (business_id varchar, business_name varchar, firm_id varchar);
create table marts.fct_publish_state (business_id varchar, publish_state varchar, held_reason varchar, as_of timestamp);
create table marts.fct_bills (business_id varchar, record_id varchar, vendor_name varchar, open_amount decimal(18,2), due_date date,
    synced_at timestamp, is_deleted boolean, rails_used varchar[]);
create view marts.fct_view as select business_id, count(*) as bills from marts.fct_bills group by business_id;
create table marts.fct_empty (business_id varchar, amount decimal(18,2));
create table marts.shared_codes (code varchar);
create table staging.stg_bills (business_id varchar, vendor_name varchar);
create table experiences.portfolio (business_id varchar, business_name varchar, firm_id varchar, cash decimal(18,2),
    runway_days decimal(18,2), hygiene_score double, publish_state varchar, held_reason varchar, published_at timestamp);
comment on table marts.fct_bills is 'One row per bill.';
comment on column marts.fct_bills.open_amount is 'What is still owed.';
"""


@dataclass
class World:
    """A home with a warehouse; `publish` runs one publish as the cycle does."""

    settings: Settings
    store: ControlStore

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_warehouse(self.settings, "test") as connection:
            yield connection

    def execute(self, *statements: str) -> None:
        with self.warehouse() as connection:
            for statement in statements:
                connection.execute(statement)

    def add(self, *names: str, bills: int = 3) -> None:
        """Adds businesses to store and warehouse; each vendor's name holds the business's, to be searched for in bytes."""
        with self.store.database.write() as transaction:
            transaction.execute(
                sa.insert(businesses), [{"business_id": name, "business_name": name, "onboarded_at": NOON} for name in names]
            )
        with self.warehouse() as connection:
            for name in names:
                connection.execute("insert into marts.dim_business values (?, ?, 'firm')", [name, name.title()])
                connection.execute(
                    "insert into marts.fct_publish_state values (?, 'current', null, timestamp '2026-06-30 12:00:00')", [name]
                )
                connection.execute(
                    "insert into marts.fct_bills select ?, i::varchar, 'vendor of ' || ? || ' ' || i, i + 0.25, date '2026-07-01', "
                    "timestamp '2026-06-30 10:00:00', false, ['qbo'] from range(?) t(i)",
                    [name, name, bills],
                )
                values = [name, name.title()]
                connection.execute(
                    "insert into experiences.portfolio values (?, ?, 'firm', 1000.50, 44, 90, 'current', null, null)", values
                )

    def grant(self, advisor: str, *names: str) -> None:
        for name in names:
            self.store.grant(advisor, name, "staff", NOON)

    def hold(self, name: str, reason: str) -> None:
        self.execute(f"update marts.fct_publish_state set publish_state = 'held', held_reason = '{reason}' where business_id = '{name}'")

    def publish(self, run_id: str = "run-1") -> PublishReport:
        with self.warehouse() as connection:
            ready = fixed_clock(NOON + timedelta(seconds=30))
            told: dict[str, Any] = {"as_of": TODAY, "published_at": NOON, "run_id": run_id, "clock": ready}
            return publish(self.settings, self.store, connection, promised=PROMISED, **told)

    def folder(self, advisor: str) -> Path:
        return self.settings.published_dir / advisor


def make_world(home: Path, **options: Any) -> World:
    """An empty warehouse in the marts' shape in a new home, or the one that is already there."""
    settings = Settings(home=home, duckdb_threads=1, duckdb_memory="1GB", _env_file=None, **options)
    world = World(settings, open_store(settings))
    if not settings.warehouse_path.exists():
        world.execute(TABLES)
    return world
