"""The keys of our app at each vendor, in whose name businesses are asked for their consent: one per rail, sealed like all secrets."""

from __future__ import annotations

import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.consent import App, Place
from ingestion.control.acts import KEYS, Act, note
from ingestion.control.schema import apps
from ingestion.control.store import ControlStore


def put_app(store: ControlStore, rail: str, app: App) -> None:
    """Keeps `app` for `rail`, in place of the one that was kept before."""
    place = app.place
    now = wall_clock()
    values = {
        "base_url": place.base_url,
        "auth_url": place.auth_url,
        "consent_url": place.consent_url,
        "ciphertext": store.vault.seal(_row(rail), app.keys),
        "updated_at": now,
    }
    action = "updated"
    with store.database.exclusive("apps") as transaction:
        if not transaction.execute(sa.update(apps).filter_by(rail=rail).values(values)).rowcount:
            transaction.execute(sa.insert(apps).values(rail=rail, **values))
            action = "created"
        told = {"base_url": place.base_url, "auth_url": place.auth_url, "consent_url": place.consent_url}
        note(transaction, Act(KEYS, f"apps/{rail}", action, told, "the keys of our app were handed in", now))


def app_of(store: ControlStore, rail: str) -> App | None:
    """The app kept for `rail`, or None."""
    with store.database.read() as transaction:
        row = transaction.execute(sa.select(apps).filter_by(rail=rail)).mappings().one_or_none()
    if row is None:
        return None
    place = Place(row["base_url"], row["auth_url"], row["consent_url"])
    return App(place, store.vault.open(_row(rail), row["ciphertext"]))


def _row(rail: str) -> dict[str, str]:
    return {"business_id": "the app", "rail": rail}
