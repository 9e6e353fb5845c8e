"""Vendors' limits are kept by all processes together, leave room for a person, and are left aside for this machine alone."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingestion import limiter as limiter_module
from ingestion.control.database import Database
from ingestion.control.facts import Connection
from ingestion.control.onboarding import onboard
from ingestion.control.permits import Wanted, take
from ingestion.control.store import ControlStore, open_store
from ingestion.errors import RowcolError
from ingestion.fetching import EntityReport, FetchSession
from ingestion.limiter import ASK_AGAIN_SECONDS, Limiter
from ingestion.promise import EACH, Limit
from ingestion.rails.qbo import fetch as qbo_fetch
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.strategies import BULK_OPERATION, DATA_FETCH, USER_ACTION, Strategy
from sandbox.server import start
from tests.ingestion.conftest import OpenHome

URL = "https://vendor.test"
ASKER = """
import asyncio, sys
from pathlib import Path
import httpx
from ingestion.clock import wall_clock
from ingestion.control.store import open_store
from ingestion.fetching import FetchSession, Traffic
from ingestion.limiter import Limiter
from ingestion.rails.qbo.client import QboClient
from ingestion.settings import Settings
from ingestion.strategies import USER_ACTION

async def main(store):
    traffic = Traffic()
    async with Limiter(store.settings, store.database, USER_ACTION) as limiter, httpx.AsyncClient(trust_env=False) as http:
        session = FetchSession(http, store, wall_clock, USER_ACTION, limiter, None, "s", "live", {}, None, asyncio.Semaphore(1))
        client = QboClient(session, store.connections("qbo")[0], traffic)
        await asyncio.gather(*(client.query("select count(*) from Bill", len) for _ in range(int(sys.argv[2]))))
    print(traffic.requests, traffic.throttled)

with open_store(Settings(home=Path(sys.argv[1]), rail_limits="on")) as store:
    asyncio.run(main(store))
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ControlStore]:
    with open_store(Settings(home=tmp_path / "home", rail_limits="on")) as opened:
        yield opened


def limiter_of(store: ControlStore, strategy: Strategy) -> Limiter:
    return Limiter(store.settings, store.database, strategy)


@pytest.mark.parametrize(
    ("setting", "base_url", "kept"),
    [
        ("on", "http://127.0.0.1:9001", True),
        ("off", "http://127.0.0.1:9001", False),
        ("off", "http://localhost:9001/", False),
        ("off", "http://[::1]:9001", False),
        ("off", "https://api.ramp.com", True),
        ("off", "https://127.0.0.1.example.com", True),
    ],
)
def test_limits_are_left_aside_for_this_machine_alone(setting: str, base_url: str, kept: bool) -> None:
    assert Settings(rail_limits=setting).keeps_limits_of(base_url) is kept


def test_two_processes_that_ask_one_company_together_are_never_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", rail_limits="on")
    with start(tmp_path / "world", seed=3, businesses=1, scale=0.1, limits=True) as running:
        entry = running.credentials[0]
        with open_store(settings) as store:
            onboard(settings, store, "acme", "qbo", entry["credentials"], base_url=running.base_url, auth_url=running.base_url)
        command = [sys.executable, "-c", ASKER, str(settings.home), "20"]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        told = [asker.communicate(timeout=120)[0].split() for asker in both]
    assert told == [["20", "0"], ["20", "0"]], "requests made, requests refused"


def test_a_bulk_load_at_its_share_of_a_limit_leaves_a_person_the_rest_at_once(store: ControlStore) -> None:
    limits = (Limit("realm", 10, 600),)

    async def asking() -> tuple[int, float]:
        async with limiter_of(store, BULK_OPERATION) as bulk, limiter_of(store, USER_ACTION) as person:
            begun: list[int] = []

            async def load(number: int) -> None:
                async with bulk.gate(limits, URL, realm="1").turn():
                    begun.append(number)

            loads = [asyncio.create_task(load(number)) for number in range(12)]
            while len(begun) < BULK_OPERATION.share_of(10):
                await asyncio.sleep(0.01)
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            before = time.monotonic()
            async with person.gate(limits, URL, realm="1").turn():
                waited = time.monotonic() - before
            for task in loads:
                task.cancel()
            await asyncio.gather(*loads, return_exceptions=True)
            return len(begun), waited

    begun, waited = asyncio.run(asking())
    assert begun == 7
    assert waited < ASK_AGAIN_SECONDS


def test_what_a_person_asks_for_is_in_raw_while_a_bulk_load_of_others_still_runs(
    open_home: OpenHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home(businesses=2, scale=0.1)
    loaded, wanted = home.businesses
    begun, released = threading.Event(), threading.Event()
    original = qbo_fetch.fetch

    async def held_up(session: FetchSession, connection: Connection, *rest: Any) -> list[EntityReport]:
        if connection.business_id == loaded:
            begun.set()
            await asyncio.to_thread(released.wait)
        return await original(session, connection, *rest)

    monkeypatch.setattr(qbo_fetch, "fetch", held_up)
    with ThreadPoolExecutor(1) as pool:
        bulk = pool.submit(replace(home, strategy=BULK_OPERATION).sync, businesses=[loaded])
        assert begun.wait(60)
        (asked,) = replace(home, strategy=USER_ACTION).sync(businesses=[wanted]).outcomes
        was_under_way = not bulk.done()
        released.set()
    assert (was_under_way, asked.status, bulk.result().failed) == (True, "succeeded", [])
    assert home.rows("select count(distinct business_id) from raw_qbo.bills") == [(2,)]


def test_calls_beyond_a_limit_wait_for_its_span_and_other_owners_and_endpoints_do_not(store: ControlStore) -> None:
    limits = (Limit("account", 2, 0.5, endpoint=EACH),)

    async def asking() -> dict[str, float]:
        async with limiter_of(store, USER_ACTION) as limiter:
            begin, at = time.monotonic(), {}

            async def call(name: str, owner: str, endpoint: str) -> None:
                async with limiter.gate(limits, URL, account=owner).turn(endpoint):
                    at[name] = time.monotonic() - begin

            calls = [("first", "1", "charges"), ("second", "1", "charges"), ("third", "1", "charges")]
            await asyncio.gather(*(call(*one) for one in [*calls, ("other endpoint", "1", "refunds"), ("other owner", "2", "charges")]))
            return at

    at = asyncio.run(asking())
    assert at["third"] - max(at["first"], at["second"]) >= 0.5
    assert max(at["other endpoint"], at["other owner"]) < at["third"]


def test_who_stops_waiting_leaves_no_place_filled(store: ControlStore) -> None:
    async def asking() -> None:
        async with limiter_of(store, DATA_FETCH) as limiter:
            gate = limiter.gate((Limit("realm", 1, 0),), URL, realm="1")
            async with gate.turn():
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.05), gate.turn():
                        pass
            async with asyncio.timeout(5), gate.turn():
                pass

    asyncio.run(asking())


def test_a_call_whose_end_could_not_be_told_gives_its_place_back_with_the_next_question(
    store: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, failures = (Limit("realm", 2, 0),), list[Sequence[int]]()

    def unusable(database: Database, holder: str, wanted: Sequence[Wanted], ended: Sequence[int], *, renews: bool) -> dict[int, float]:
        if ended and not failures:
            failures.append(ended)
            raise RowcolError("the control store cannot be used")
        return take(database, holder, wanted, ended, renews=renews)

    async def asking() -> None:
        async with limiter_of(store, USER_ACTION) as limiter:
            gate = limiter.gate(limits, URL, realm="1")
            async with gate.turn():
                async with gate.turn():
                    pass
                while not failures:
                    await asyncio.sleep(0.01)
                async with asyncio.timeout(5), gate.turn():
                    pass

    monkeypatch.setattr(limiter_module, "take", unusable)
    asyncio.run(asking())


def test_every_rail_states_the_limits_its_vendor_publishes() -> None:
    published: dict[str, set[tuple[str, int, float, str | None]]] = {
        "qbo": {("realm", 500, 60, None), ("realm", 10, 1, None), ("realm", 40, 60, "/batch"), ("realm", 10, 0, None)},
        "ramp": {("address", 200, 10, None)},
        "plaid": {("item", 15, 60, "/item/get"), ("item", 50, 60, "/transactions/sync"), ("client", 400, 60, "/institutions/get_by_id")},
        "stripe": {("live account", 100, 1, None), ("test account", 25, 1, None), ("test account", 25, 1, EACH)},
    }
    for rail, limits in published.items():
        assert limits <= {(one.owner, one.calls, one.seconds, one.endpoint) for one in RAILS[rail].limits}
