"""Published relations in the shape their contracts describe, and a home that publishes a few rows of them to two advisors."""

from __future__ import annotations

from datetime import timedelta
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
EARLIER = DAY - timedelta(days=5)
URL = "https://app.qbo.intuit.com/app/bill?txnId=7"
FACTS: dict[str, list[dict[str, object]]] = {
    "marts.fct_runway_daily": [
        {
            "business_id": business, "as_of_date": day, "currency": "USD", "cash": cash, "spendable": spendable, "runway_days": days,
            "runway_status": status, "hygiene_score": score, "null_reason": reason, "excluded_currencies": without,
        }
        for business, day, cash, spendable, days, status, score, reason, without in (
            ("acme", DAY, "1000.01", "900.02", "12.50", "warning", "61.5", None, None),
            ("acme", EARLIER, "2000.00", "1900.00", "25.00", "warning", "44.0", None, None),
            ("bolt", DAY, "250.10", "200.20", "95.00", "excellent", "88.0", None, "EUR"),
            ("mark", DAY, None, None, None, "unknown", None, "no_cash_account", None),
            ("cog", DAY, "77777.77", "77777.77", "3.00", "critical", "11.1", None, None),
        )
    ],
    "marts.fct_cash_forecast": [
        {
            "business_id": business, "as_of_date": DAY, "week_number": 1, "week_end_date": DAY, "currency": "USD",
            "closing_p10_amount": low, "closing_p50_amount": middle, "closing_p90_amount": high,
        }
        for business, low, middle, high in (("acme", "811.11", "922.22", "1033.33"), ("cog", "66666.11", "66666.66", "66666.99"))
    ],
    "marts.fct_runway_bridge": [
        {
            "business_id": "acme", "period": "day", "from_date": EARLIER, "to_date": DAY, "cause_rank": 1, "cause": "paid_bills",
            "change_days": "-12.50", "currency": "USD",
        },
    ],
    "experiences.decision_console": [
        {
            "business_id": "acme", "as_of_date": DAY, "console_rank": 1, "rail": "qbo", "record_id": "7", "vendor_name": "Vend & Co",
            "open_amount": "410.25", "currency": "USD", "priority": "MUST_PAY", "answer": "needs_data",
            "rule_hits": "no_due_date,hygiene_h15", "source_url": URL,
        },
    ],
    # A credit of last month, which takes nothing from what is overdue.
    "marts.fct_ap_aging": [
        {
            "business_id": business, "rail": "qbo", "document_type": kind, "bucket": bucket, "days_past_due": days, "open_amount": amount,
            "currency": "USD", "as_of_date": DAY,
        }
        for business, kind, bucket, days, amount in (
            ("acme", "bill", "d1_30", 10, "410.25"), ("bolt", "bill", "current", -3, "89.80"),
            ("acme", "vendor_credit", "d31_60", 31, "-300.00"), ("cog", "bill", "current", -3, "55555.55"),
        )
    ],
    "marts.fct_ar_aging": [
        {
            "business_id": "acme", "rail": "qbo", "document_type": "invoice", "bucket": "d1_30", "days_past_due": 2,
            "open_amount": "612.34", "currency": "USD", "as_of_date": DAY,
        },
    ],
    "marts.fct_bills": [
        {"business_id": "acme", "rail": rail, "record_id": record, "open_amount": "410.25", "currency": "USD"}
        for rail, record in (("qbo", "7"), ("user", "8"))
    ],
    "marts.fct_payment_ready_bills": [
        {
            "business_id": "acme", "rail": rail, "record_id": record, "vendor_name": "<b>Vend</b> & Co", "open_amount": "410.25",
            "currency": "USD", "is_payment_ready": reasons is None, "blocked_reasons": reasons, "as_of_date": DAY, "source_url": URL,
        }
        for rail, record, reasons in (("qbo", "7", None), ("user", "8", "not_in_ledger,hygiene_h15"))
    ],
    # The second was paid by card and waits to be booked: nobody is to be asked for it.
    "marts.fct_overdue_invoices": [
        {
            "business_id": "acme", "rail": "qbo", "record_id": record, "customer_name": name, "due_date": EARLIER, "days_past_due": 2,
            "open_amount": "306.17", "asked_amount": asked, "currency": "USD", "standing": standing, "source_url": URL,
        }
        for record, name, standing, asked in (("1", "Owes", "to_ask", "306.17"), ("2", "Has paid", "paid_on_stripe", 0))
    ],
    "marts.fct_hygiene_score": [
        {"business_id": business, "as_of_date": DAY, "hygiene_score": score, "checks_errored": errored}
        for business, score, errored in (("acme", "61.5", 1), ("bolt", "88.0", 0), ("cog", "11.1", 0))
    ],
    # One was put in order, one put aside, and one check could not run.
    "marts.fct_hygiene_flag": [
        {
            "business_id": business, "flag_id": flag, "check_id": "H01", "check_name": "Open bill without due date", "severity": "H",
            "rail": "qbo", "entity": "bills", "record_id": flag, "status": status, "resolution": resolution, "is_blocking": flag == "1",
            # The third late on the evening of DAY in Chicago, which is the next day in UTC.
            "opened_at": NOON + timedelta(hours=15) if flag == "3" else NOON - timedelta(days=9), "resolved_at": resolved,
        }
        for business, flag, status, resolution, resolved in (
            ("acme", "1", "open", None, None), ("acme", "2", "open", "muted", NOON), ("bolt", "3", "open", None, None),
            ("bolt", "4", "resolved", "check", NOON), ("acme", "5", "error", None, None),
        )
    ],
    "experiences.hygiene_tray": [
        {
            "business_id": business, "tray_rank": 1, "flag_id": flag, "check_id": "H01", "check_name": "Open bill without due date",
            "severity": "H", "is_blocking": flag == "1", "rail": "qbo", "entity": "bills", "record_id": flag, "runway_impact_days": days,
            "opened_at": NOON - timedelta(days=9), "source_url": URL,
        }
        for business, flag, days in (("acme", "1", "3.50"), ("bolt", "3", "0.50"))
    ],
    "marts.fct_bank_closure": [
        {
            "business_id": "acme", "rail": "plaid", "posted_date": day, "transaction_count": 8, "matched_count": matched,
            "total_amount": "120.00", "matched_amount": "100.00", "unmatched_amount": "20.00", "unmatched_in_amount": "520.00",
            "unmatched_out_amount": "-500.00", "currency": "USD",
        }
        for day, matched in ((DAY, 6), (EARLIER, 4))
    ],
    "marts.fct_custody_chain": [
        {
            "business_id": "acme", "rail": "qbo", "custody_id": stage or "done", "stage": "execute", "stuck_stage": stage,
            "order_violations": "recorded_never_verified,paid_while_held", "currency": "USD", "as_of_date": DAY, "source_url": URL,
        }
        for stage in ("verify", "record", None)
    ],
    "marts.fct_exception": [
        {
            "business_id": "acme", "rail": rail, "kind": kind, "entity": "transactions", "record_id": kind, "event_date": day,
            "amount": amount, "currency": "USD", "age_days": 3, "reason": "in words", "source_url": URL,
        }
        for rail, kind, day, amount in (
            ("plaid", "no_match", DAY, "-500.00"), ("qbo", "timing", DAY, "-500.00"), ("ramp", "unmapped", None, None),
        )
    ],
    # A person chose a third value; of the other the rule decides, though that rail is stale.
    "marts.fct_conflict": [
        {
            "business_id": "acme", "conflict_id": "1", "field": "amount", "state": "decided", "value": "110.00", "value_rail": None,
            "winner_rail": "qbo", "winner_value": "100.00", "loser_rail": "ramp", "loser_value": "120.00", "decided_by": "ann",
            "first_seen_at": NOON,
        },
        {
            "business_id": "acme", "conflict_id": "2", "field": "due_date", "state": "contested", "value": "2026-06-01",
            "value_rail": "qbo", "winner_rail": "qbo", "winner_value": "2026-06-01", "loser_rail": "ramp", "loser_value": "2026-06-09",
            "first_seen_at": NOON,
        },
    ],
    "marts.fct_rail_freshness": [
        {"business_id": "acme", "rail": rail, "entity": entity, "freshness_state": state, "sync_age_minutes": age}
        for rail, entity, state, age in (
            ("qbo", "bills", "fresh", 7), ("qbo", "vendors", "aging", 321), ("qbo", "items", "stale", 1501),
            ("ramp", "bills", "disabled", 99999), ("ramp", "transfers", "never_synced", None),
        )
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


def fill_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The clients and facts above, in the tables made by `create_tables`."""
    for business, name, _, runway, cash, status in CLIENTS:
        connection.execute(
            "insert into marts.dim_business by name select ? as business_id, ? as business_name, 'qbo' as rails_used, "
            "'America/Chicago' as time_zone",
            [business, name],
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
        fill_tables(connection)
    for business, _, advisor, *_ in CLIENTS:
        world.grant(advisor, business)
    world.grant("carl", "cog")
    world.store.revoke("carl", "cog", NOON)
    world.publish()
    return world
