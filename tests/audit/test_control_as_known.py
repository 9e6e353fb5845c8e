"""How the control store stood at an instant: settings, reserves, connections and grants of then, whatever was made of them since."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.control.business_settings import Reserve, change_settings
from ingestion.control.schema import businesses, connections
from ingestion.warehouse import connect as connect_file
from rowcol_assets.control_as_known import fill_control
from tests.audit.worlds import LATER, log, logged_world
from tests.control.conftest import connect
from tests.publishing.world import NOON, TODAY, World

THEN = NOON + timedelta(minutes=30)
SETTINGS = "select business_id, payroll_amount, payroll_next_date, min_cash_amount, timezone from raw_control.businesses"
RESERVES = "select reserve_id, amount, active_from, active_until from raw_control.reserves"
CONNECTIONS = "select business_id, is_paused, is_sandbox, removed_at from raw_control.connections"
GRANTS = "select advisor_id, valid_to from raw_control.grants"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Acme with what was set until noon, which a run has logged, and with what was made of it at one o'clock."""
    made = logged_world(tmp_path / "home")
    store = made.store
    connect(made.settings, store)
    payroll = {"payroll_amount": Decimal(18000), "payroll_next_date": date(2026, 7, 10)}
    change_settings(store.database, "acme", TODAY, {**payroll, "min_cash_amount": Decimal(10000)}, [Reserve("tax", Decimal(50))], at=NOON)
    store.grant("ann", "acme", "staff", NOON)
    _date(made, NOON)
    log(made, "noon", NOON)
    change_settings(
        store.database, "acme", TODAY, {"payroll_amount": Decimal(30000), "timezone": "America/Chicago"}, [Reserve("tax", Decimal(90))],
        cleared=["min_cash_amount"], at=LATER,
    )  # fmt: skip
    connect(made.settings, store, "bolt", "1002")
    store.revoke("ann", "acme", LATER)
    store.grant("bob", "acme", "staff", LATER)
    _date(made, LATER)
    with store.database.write() as transaction:
        transaction.execute(connections.update().values(is_paused=True, changed_at=LATER))
    return made


def _date(world: World, at: datetime) -> None:
    """Dates what onboarding has written by the machine's clock."""
    with world.store.database.write() as transaction:
        for table in (businesses, connections):
            transaction.execute(table.update().where(table.c.changed_at > LATER).values(changed_at=at))


@pytest.mark.parametrize("has_run", [False, True], ids=["before the next run", "after it"])
def test_a_replay_has_the_settings_of_then(world: World, has_run: bool) -> None:
    if has_run:
        log(world, "one", LATER)
    then, now = (_filled(world, at) for at in (THEN, LATER))
    acme = ("acme", Decimal("18000.00"), date(2026, 7, 10), Decimal("10000.00"), None)
    assert then(SETTINGS) == [acme], "who was onboarded since is not there"
    assert {row[0]: row[1:] for row in now(SETTINGS)}["acme"] == (Decimal("30000.00"), date(2026, 7, 10), None, "America/Chicago")
    assert then(RESERVES) == [("tax-2026-06-30", Decimal("50.00"), TODAY, None)]
    assert now(RESERVES) == [("tax-2026-06-30", Decimal("90.00"), TODAY, None)]
    assert then(CONNECTIONS) == [("acme", False, False, None)]
    assert {row[:2] for row in now(CONNECTIONS)} == {("acme", True), ("bolt", True)}
    assert then(GRANTS) == [("ann", None)]
    assert sorted(row[0] for row in now(GRANTS)) == ["ann", "bob"]


def test_nothing_is_there_that_came_later_and_was_never_logged(world: World) -> None:
    earlier = _filled(world, NOON - timedelta(minutes=1))
    for query in (SETTINGS, RESERVES, CONNECTIONS, GRANTS, "select business_id from raw_control.sync_states"):
        assert earlier(query) == []


def _filled(world: World, at: datetime) -> Any:
    warehouse = connect_file(world.settings.home / f"{at:%H%M}.duckdb", world.settings)
    fill_control(warehouse, world.store, world.settings.audit_dir, at, "replay")
    return lambda query: warehouse.execute(query).fetchall()
