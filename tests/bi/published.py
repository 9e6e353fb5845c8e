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

# What the dashboards add up and count, of two of ann's clients and one of bob's; the columns that a page reads and no others.
DAY = NOON.date()
FACTS: dict[str, list[dict[str, object]]] = {
    "marts.fct_runway_daily": [
        {"business_id": business, "as_of_date": DAY, "currency": "USD", "cash": cash, "spendable": spendable, "runway_days": days}
        for business, cash, spendable, days in (
            ("acme", "1000.01", "900.02", "12.50"), ("bolt", "250.10", "200.20", "95.00"), ("cog", "77777.77", "77777.77", "3.00"),
        )
    ],
    "marts.fct_cash_forecast": [
        {
            "business_id": business, "as_of_date": DAY, "week_number": 1, "week_end_date": DAY, "currency": "USD",
            "closing_p10_amount": low, "closing_p50_amount": middle, "closing_p90_amount": high,
        }
        for business, low, middle, high in (("acme", "811.11", "922.22", "1033.33"), ("cog", "66666.11", "66666.66", "66666.99"))
    ],
    "marts.fct_ap_aging": [
        {"business_id": business, "bucket": bucket, "days_past_due": days, "open_amount": amount, "currency": "USD"}
        for business, bucket, days, amount in (
            ("acme", "d1_30", 10, "410.25"), ("bolt", "current", -3, "89.80"), ("cog", "current", -3, "55555.55"),
        )
    ],
    "marts.fct_ar_aging": [
        {"business_id": "acme", "bucket": "d1_30", "days_past_due": 2, "open_amount": "612.34", "currency": "USD"},
    ],
    "marts.fct_hygiene_score": [
        {"business_id": business, "hygiene_score": score} for business, score in (("acme", "61.5"), ("bolt", "88.0"), ("cog", "11.1"))
    ],
    "marts.fct_hygiene_flag": [
        {"business_id": business, "flag_id": flag, "check_id": "H01", "severity": "H", "status": status, "is_blocking": flag == "1"}
        for business, flag, status in (("acme", "1", "open"), ("acme", "2", "open"), ("bolt", "3", "open"), ("bolt", "4", "resolved"))
    ],
    "marts.fct_bank_closure": [
        {"business_id": "acme", "rail": "plaid", "posted_date": DAY, "transaction_count": 8, "matched_count": 6, "currency": "USD"},
    ],
    "marts.fct_custody_chain": [
        {"business_id": "acme", "custody_id": stage or "done", "stuck_stage": stage, "currency": "USD"}
        for stage in ("verify", "record", None)
    ],
    "marts.fct_rail_freshness": [
        {"business_id": "acme", "rail": "qbo", "entity": entity, "freshness_state": state, "sync_age_minutes": age}
        for entity, state, age in (("bills", "fresh", 7), ("vendors", "aging", 321), ("items", "stale", 1501))
    ],
    "marts.fct_connection_health": [
        {"business_id": "acme", "rail": "qbo", "state": "failing", "consecutive_failures": 2},
        {"business_id": "bolt", "rail": "qbo", "state": "healthy", "consecutive_failures": 0},
    ],
}  # fmt: skip


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
        for relation, rows in FACTS.items():
            for row in rows:
                named = ", ".join(f"? as {column}" for column in row)
                connection.execute(f"insert into {relation} by name select {named}", list(row.values()))
    for business, _, advisor, *_ in CLIENTS:
        world.grant(advisor, business)
    world.grant("carl", "cog")
    world.store.revoke("carl", "cog", NOON)
    world.publish()
    return world
