"""A sync that is ended early ends plainly: nothing it held stays held, and one that was about to begin ends too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion import sync as sync_module
from ingestion.clock import wall_clock
from ingestion.control.leases import held_leases
from ingestion.control.schema import businesses, connections, sync_outcomes
from ingestion.control.store import ControlStore, open_store
from ingestion.errors import WarehouseBusy
from ingestion.rails.qbo import fetch as qbo_fetch
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.sync import SyncRequest, Together

REQUEST = SyncRequest(RAILS["qbo"])


def connected(store: ControlStore) -> None:
    with store.database.write() as transaction:
        transaction.execute(sa.insert(businesses).values(business_id="acme", business_name="Acme", onboarded_at=wall_clock()))
        own = {"business_id": "acme", "rail": "qbo", "connection_id": "realm", "base_url": "https://vendor.test", "auth_url": ""}
        transaction.execute(sa.insert(connections).values(**own, updated_at=wall_clock()))


def test_a_fetch_under_way_gives_back_its_lease_and_its_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home", duckdb_memory="500MB", duckdb_threads=1, _env_file=None)
    is_fetching = threading.Event()

    async def never_ends(*_: object) -> None:
        is_fetching.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(qbo_fetch, "fetch", never_ends)
    with open_store(settings) as store:
        connected(store)
        with Together(settings, store, wall_clock, [REQUEST]) as together:
            assert is_fetching.wait(60)
            assert len(held_leases(store.database)) == len(list((settings.home / "spool").iterdir())) == 1
            together.cancel()
            with pytest.raises((CancelledError, asyncio.CancelledError)):
                together.report("qbo")
        assert (held_leases(store.database), list((settings.home / "spool").iterdir())) == ([], [])


def test_a_warehouse_that_a_fetch_finds_held_ends_the_sync_and_is_no_fault_of_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home", duckdb_memory="500MB", duckdb_threads=1, _env_file=None)

    async def held(*_: object) -> None:
        raise WarehouseBusy("held by process 4711")

    monkeypatch.setattr(qbo_fetch, "fetch", held)
    with open_store(settings) as store:
        connected(store)
        with pytest.raises(WarehouseBusy, match="4711"):
            sync_module.sync(settings, store, wall_clock, REQUEST)
        assert (held_leases(store.database), list((settings.home / "spool").iterdir())) == ([], [])
        with store.database.read() as transaction:
            assert transaction.execute(sa.select(sync_outcomes)).all() == []


def test_a_sync_that_had_not_begun_when_all_were_ended_is_ended_as_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_begin, ended = threading.Event(), list[str]()

    def late(*arguments: Any) -> None:
        begun: Callable[[Callable[[], object]], None] = arguments[-1]
        assert may_begin.wait(60)
        begun(lambda: ended.append("ended"))

    monkeypatch.setattr(sync_module, "sync", late)
    settings = Settings(home=tmp_path / "home", _env_file=None)
    with open_store(settings) as store, Together(settings, store, wall_clock, [REQUEST]) as together:
        together.cancel()
        may_begin.set()
        together.report("qbo")
        together.cancel()
    assert ended == ["ended"]
