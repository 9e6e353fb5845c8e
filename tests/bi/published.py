"""Published relations in the shape their contracts describe, and a home that publishes a few rows of them to two advisors."""

from __future__ import annotations

from pathlib import Path

import duckdb
import sqlalchemy as sa
import yaml

from ingestion.control import open_store
from ingestion.control.schema import businesses
from ingestion.settings import Settings
from tests.docs.documents import ROOT
from tests.publishing.world import NOON, World

MODELS = ROOT / "dbt_project" / "models"
SCHEMAS = ("marts", "experiences")
# Client, advisor, runway, cash, status. The third is a name that would do harm if a page took it for markup or SQL.
CLIENTS = (
    ("acme", "Acme", "ann", "12.50", "1000.01", "warning"),
    ("bolt", "Bolt", "ann", "95.00", "250.10", "excellent"),
    ("mark", "<img src=x onerror=alert(1)> O'Hara", "ann", "44.00", "7.00", "healthy"),
    ("cog", "Cogwheel Secret", "bob", "3.00", "99.99", "critical"),
)


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Every relation of the published schemas, empty, with the columns and types of its contract."""
    for schema in SCHEMAS:
        connection.execute(f"create schema {schema}")
        for path in (MODELS / schema).rglob("*.yml"):
            for model in yaml.safe_load(path.read_text()).get("models", []):
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
                connection.execute(f"create table {schema}.{model['name']} ({columns})")


def publish_clients(home: Path) -> World:
    """A home with the clients above and carl, an advisor without clients, published once."""
    settings = Settings(home=home, duckdb_threads=1, duckdb_memory="1GB", _env_file=None)
    world = World(settings, open_store(settings))
    with world.store.database.write() as transaction:
        transaction.execute(
            sa.insert(businesses), [{"business_id": one[0], "business_name": one[1], "onboarded_at": NOON} for one in CLIENTS]
        )
    with world.warehouse() as connection:
        create_tables(connection)
        for business, name, _, runway, cash, status in CLIENTS:
            connection.execute(
                "insert into marts.dim_business by name select ? as business_id, ? as business_name, 'qbo' as rails_used", [business, name]
            )
            connection.execute(
                "insert into experiences.portfolio by name select ? as business_id, ? as business_name, 'USD' as currency, "
                "? as runway_days, ? as cash, ? as runway_status, 'fresh' as freshness_state, 'current' as publish_state, "
                "'qbo' as rails_used, '' as degraded_rails, 0 as max_input_age_minutes",
                [business, name, runway, cash, status],
            )
    for business, _, advisor, *_ in CLIENTS:
        world.grant(advisor, business)
    world.grant("carl", "cog")
    world.store.revoke("carl", "cog", NOON)
    world.publish()
    return world
