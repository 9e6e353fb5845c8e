"""From what happens at a vendor to the raw row it changes: webhook, inbox, sensor, targeted run; on all four rails at once."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import httpx
import sqlalchemy as sa

from ingestion.control.arrivals_schema import webhook_inbox
from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store, product_clock_of
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.sync import SyncRequest, sync
from rowcol_assets.arrivals import WEBHOOKS, arrival_sensors
from rowcol_assets.code_location import build_definitions
from rowcol_assets.instance import open_instance
from rowcol_assets.resources import Platform
from sandbox.server import start
from tests.receiver.conftest import Served, serving


def inbox(served: Served) -> set[tuple[str, str, str]]:
    """Rail, business and state of what came in and concerns a table that is kept."""
    with served.store.database.read() as transaction:
        rows = transaction.execute(sa.select(webhook_inbox)).all()
    return {(row.rail, row.business_id, row.state) for row in rows if row.state != "ignored"}


def test_what_changes_at_a_vendor_is_told_read_and_kept_as_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", duckdb_memory="500MB", duckdb_threads=2, _env_file=None)
    with (
        start(tmp_path / "world", seed=5, businesses=2) as sandbox,
        open_store(settings) as store,
        serving(settings, store) as receiver,
        open_store(settings.model_copy(update={"receiver_url": receiver.url})) as told_store,
    ):
        for entry in (*sandbox.credentials, *sandbox.others):
            told = {name: entry[name] for name in ("base_url", "auth_url", "name", "timezone", "firm")}
            onboard(settings, store, entry["business_id"], entry["rail"], entry["credentials"], **told)
        for rail in RAILS.values():
            # Plaid is told by the first reading of each bank login where its webhooks are to go.
            assert not sync(settings, told_store, product_clock_of(settings, store), SyncRequest(rail)).failed
        sandbox.post("options", webhooks_to=receiver.url, webhook_duplicates=0.5, webhook_disorder=True)
        sandbox.post("advance", days=3)
        told = httpx.get(f"{sandbox.base_url}/sandbox/webhooks", trust_env=False, timeout=120).json()
        assert {rail: counts["sent"] - counts["taken"] for rail, counts in told.items()} == dict.fromkeys(RAILS, 0)
        waiting = inbox(receiver)
        assert {rail for rail, *_ in waiting} == set(RAILS)
        assert {business for _, business, _ in waiting} == {entry["business_id"] for entry in sandbox.credentials}
        assert {state for *_, state in waiting} == {"pending"}
        platform = Platform(settings)
        instance = open_instance(settings)
        assert _ticked(platform, instance) == set(RAILS)
        rows = _kept_as_told(settings)
        assert all(rows.values()), rows
        assert _ticked(platform, instance) == set()
        assert {state for *_, state in inbox(receiver)} == {"done"}


def _ticked(platform: Platform, instance: dg.DagsterInstance) -> set[str]:
    """Evaluates the sensor and runs what it asks for; returns the rails that were read."""
    (sensor,) = [one for one in arrival_sensors([]) if one.name == WEBHOOKS]
    with dg.build_sensor_context(instance=instance, resources={"platform": platform}) as context:
        answer = sensor(context)
    requests = (
        [request for request in (answer.run_requests or []) if request.job_name == "sync"] if isinstance(answer, dg.SensorResult) else []
    )
    job = build_definitions(platform.settings, overrides={"platform": platform}).resolve_job_def("sync")
    for request in requests:
        done = job.execute_in_process(
            run_config=request.run_config, asset_selection=list(request.asset_selection or []), tags=request.tags, instance=instance
        )
        assert done.success
    return {request.tags["rowcol/rail"] for request in requests}


def _kept_as_told(settings: Settings) -> dict[str, int]:
    """How many versions each rail's raw tables owe to webhooks."""
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as warehouse:
        return {
            rail: sum(
                warehouse.execute(f"select count(*) from raw_{rail}.{entity.name} where delivery = 'webhook'").fetchall()[0][0]
                for entity in promise.entities
            )
            for rail, promise in RAILS.items()
        }
