"""A control store without a rail behind it: connections as they are after syncs that went well or not."""

from __future__ import annotations

from datetime import datetime

from ingestion.control.onboarding import onboard
from ingestion.control.outcomes import EntityOutcome, Status, SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.rails.qbo.promise import QBO
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, Strategy


def connect(settings: Settings, store: ControlStore, business: str) -> None:
    """Onboards `business` on QuickBooks Online at the vendor's own address, which nobody asks."""
    credentials = {"client_id": "client", "client_secret": "secret", "realm_id": f"realm-{business}", "refresh_token": "token"}
    onboard(settings, store, business, "qbo", credentials)


def synced(store: ControlStore, business: str, at: datetime, error_kind: str | None = None, strategy: Strategy = DATA_FETCH) -> None:
    """Records a sync of all entities that ended at `at`, well or with an error."""
    (connection,) = store.connections("qbo", [business])
    status: Status = "failed" if error_kind else "succeeded"
    entities = tuple(EntityOutcome(promise.name, status, error_kind=error_kind) for promise in QBO.entities)
    store.record_sync(
        [
            SyncOutcome(
                business_id=business,
                connection_id=connection.connection_id,
                rail="qbo",
                sync_id=f"{at:%Y%m%dT%H%M%S}",
                strategy=strategy.name,
                delivery="schedule",
                status=status,
                started_at=at,
                finished_at=at,
                error_kind=error_kind,
                entities=entities,
            )
        ]
    )
