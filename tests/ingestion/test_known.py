"""Which records are known is told each fetch of its own connection and entity, in few readings however many ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ingestion import known
from ingestion.control.facts import Connection
from ingestion.errors import WarehouseBusy
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse

COLUMNS = """business_id varchar, connection_id varchar, record_id varchar, is_deleted boolean, source_updated_at timestamptz,
    observed_at timestamptz, version_no integer, _dlt_load_id varchar"""


def connection(number: int) -> Connection:
    return Connection(f"business-{number}", f"realm-{number}", "qbo", "https://vendor.test", "", "healthy", is_sandbox=True, timezone=None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, duckdb_memory="500MB", duckdb_threads=1, _env_file=None)
    with open_warehouse(made, "filling") as warehouse:
        warehouse.execute(f"create schema raw_qbo; create table raw_qbo.bills ({COLUMNS})")
        warehouse.execute(
            """insert into raw_qbo.bills by name
            select 'business-' || n as business_id, 'realm-' || n as connection_id, 'bill-' || n || '-' || k as record_id,
                k = 2 as is_deleted, timestamptz '2026-06-01 00:00:00Z' as observed_at
            from range(40) as businesses (n), range(3) as bills (k)"""
        )
    return made


def test_those_who_ask_at_once_are_answered_together_each_its_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    purposes: list[str] = []

    @contextmanager
    def opening(settings: Settings, purpose: str) -> Iterator[Any]:
        purposes.append(purpose)
        with open_warehouse(settings, purpose) as warehouse:
            yield warehouse

    monkeypatch.setattr(known, "open_warehouse", opening)

    async def ask() -> list[frozenset[str]]:
        records = known.KnownRecords(settings, RAILS["qbo"])
        return await asyncio.gather(*(records.ids(connection(number), entity) for number in range(40) for entity in ("bills", "vendors")))

    found = asyncio.run(ask())
    assert found[::2] == [frozenset({f"bill-{number}-0", f"bill-{number}-1"}) for number in range(40)]
    assert set(found[1::2]) == {frozenset()}, "there is no such table yet"
    assert len(purposes) <= 2


def test_one_who_stops_asking_takes_no_answer_from_another(settings: Settings) -> None:
    async def ask() -> frozenset[str]:
        records = known.KnownRecords(settings, RAILS["qbo"])
        given_up = asyncio.ensure_future(records.ids(connection(1), "bills"))
        other = asyncio.ensure_future(records.ids(connection(2), "bills"))
        await asyncio.sleep(0)
        given_up.cancel()
        return await other

    assert asyncio.run(ask()) == {"bill-2-0", "bill-2-1"}


def test_a_warehouse_that_cannot_be_read_is_told_to_all_who_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(*_: object) -> None:
        raise WarehouseBusy("it is held")

    monkeypatch.setattr(known, "open_warehouse", held)

    async def ask() -> list[Any]:
        records = known.KnownRecords(settings, RAILS["qbo"])
        return await asyncio.gather(*(records.ids(connection(number), "bills") for number in range(3)), return_exceptions=True)

    assert [str(answer) for answer in asyncio.run(ask())] == ["it is held"] * 3
