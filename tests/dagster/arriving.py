"""The sensors of what arrives, over a home without a daemon: ticks, and runs that a test starts and ends. It holds no test."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa

from ingestion.control.arrivals_schema import webhook_inbox
from ingestion.control.claims import Readings, note_readings
from ingestion.control.inbox import put_notices
from ingestion.control.sync_requests import ask
from ingestion.webhooks import Notice
from rowcol_assets.arrivals import arrival_sensors
from rowcol_assets.resources import Platform
from tests.dagster.homes import connect
from tests.dagster.place import home_settings

AFTER = [dg.AssetKey(["raw_control", "businesses"]), dg.AssetKey(["marts", "fct_cash"])]
BILLS = ("bills", "vendors")


class Daemon:
    """The two sensors over a home, tick by tick, with runs that the test starts and ends."""

    def __init__(self, home: Path, instance: dg.DagsterInstance) -> None:
        self.platform = Platform(home_settings(home))
        self.database = self.platform.store.database
        self.instance = instance
        self.sensors = {sensor.name: sensor for sensor in arrival_sensors(AFTER)}
        for business in ("acme", "bolt"):
            connect(self.platform.settings, self.platform.store, business)

    def event(self, business: str, number: int = 1, entities: tuple[str, ...] = BILLS) -> None:
        """A webhook of a business."""
        realm = f"realm-{business}"
        with self.database.write() as transaction:
            put_notices(transaction, "qbo", {realm: business}, [Notice(realm, f"evt-{number}", "qbo.bill.updated.v1", entities)])

    def ask(self, business: str, *entities: str) -> None:
        """A sync request."""
        with self.database.write() as transaction:
            ask(transaction, business, "qbo", entities, "ann")

    def tick(self, sensor: str) -> list[dg.RunRequest]:
        """The runs a sensor asks for."""
        with dg.build_sensor_context(instance=self.instance, resources={"platform": self.platform}) as context:
            answer: Any = self.sensors[sensor](context)
        if isinstance(answer, dg.RunRequest):
            return [answer]
        return list(answer.run_requests or []) if isinstance(answer, dg.SensorResult) else []

    def run_of(self, sensor: str) -> dg.DagsterRun:
        """The run of the one request a sensor makes, started."""
        (request,) = self.tick(sensor)
        return self.start(request)

    def start(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The run of a request, started."""
        graph = dg.GraphDefinition(request.job_name or "cycle").to_job()
        return self.instance.create_run_for_job(graph, tags=dict(request.tags), status=dg.DagsterRunStatus.STARTED)

    def read(self, run: dg.DagsterRun, read: list[str], failed: dict[str, str] | None = None) -> None:
        """The sync of a run came to this, and the run goes on."""
        note_readings(self.database, run.tags["rowcol/claim"], "qbo", Readings(read, failed or {}))

    def end(self, run: dg.DagsterRun, read: list[str], failed: dict[str, str] | None = None, succeeded: bool = True) -> None:
        """Ends a run whose sync came to this."""
        self.read(run, read, failed)
        self.instance.handle_new_event(
            dg.EventLogEntry(
                error_info=None, level="info", user_message="", run_id=run.run_id, timestamp=0.0,
                dagster_event=dg.DagsterEvent(
                    "PIPELINE_SUCCESS" if succeeded else "PIPELINE_FAILURE", run.job_name,
                    event_specific_data=None if succeeded else failure(),
                ),
            )
        )  # fmt: skip

    def states(self, table: sa.Table = webhook_inbox) -> list[tuple[str, str]]:
        """Business and state of each row."""
        with self.database.read() as transaction:
            return [(row.business_id, row.state) for row in transaction.execute(sa.select(table).order_by(*table.primary_key))]

    def age(self, by: timedelta, table: sa.Table = webhook_inbox) -> None:
        """Makes rows older than they are."""
        column = table.c.received_at if table is webhook_inbox else table.c.asked_at
        with self.database.write() as transaction:
            for name in (column, table.c.claimed_at, table.c.settled_at):
                for (value,) in transaction.execute(sa.select(name).distinct()).all():
                    if value:
                        transaction.execute(sa.update(table).where(name == value).values({name: value - by}))


def failure() -> Any:
    from dagster._core.events import JobFailureData, RunFailureReason

    return JobFailureData(error=None, failure_reason=RunFailureReason.STEP_FAILURE)


def scope(request: dg.RunRequest) -> dict[str, Any]:
    config: dict[str, Any] = request.run_config["resources"]["scope"]["config"]
    return config
