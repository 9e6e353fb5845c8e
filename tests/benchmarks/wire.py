"""Wire to raw: a first load of 100 companies against the floor, the same requests made by a bare asynchronous client.

Each measurement runs in a process of its own (`python -m tests.benchmarks.wire load|floor|behind ...`), which prints
one JSON line; platform and floor alternate, so that a machine that slows down slows both.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rowcol_assets.collector import collect_rarely
from sandbox.server import start
from tests.benchmarks.homes import LEDGER, connected_home, empty
from tests.benchmarks.memory import peak_mb
from tests.benchmarks.results import Result, median

REALMS = 100
SCALE = 2.5
ROUNDS = 5


def measure(folder: Path, say: Callable[[str], None]) -> list[Result]:
    """Runs load and floor in turn and compares them."""
    with start(folder / "world", seed=5, businesses=REALMS, scale=SCALE) as running:
        running.warm(LEDGER)
        settings = connected_home(folder / "home", running)
        loads: list[dict[str, float]] = []
        floors: list[dict[str, float]] = []
        behind: list[dict[str, float]] = []
        for number in range(ROUNDS):
            empty(settings)
            loads.append(_child("load", settings.home, folder / "requests.jsonl"))
            floors.append(_child("floor", settings.home, folder / "requests.jsonl", folder / f"floor{number}"))
            seconds = loads[-1]["seconds"], floors[-1]["seconds"]
            say(f"round {number + 1}: platform {seconds[0]:.1f} s, floor {seconds[1]:.1f} s, {loads[-1]['rows']:,} records")
            behind.append(_child("behind", folder / f"behind{number}", folder / f"floor{number}"))
    large = _large(folder)
    ratio = median([load["seconds"] / floor["seconds"] for load, floor in zip(loads, floors, strict=True)])
    rate = median([one["rows"] / one["seconds"] for one in behind])
    memory = max(one["memory_mb"] for one in loads)
    rows = loads[-1]["rows"]
    return [
        Result("records loaded over 100 companies", rows, "records", ">= 200,000", rows >= 200_000),
        Result(
            "wire to raw",
            median([one["seconds"] for one in loads]),
            "s",
            "<= 2 x floor",
            ratio <= 2,
            median([one["seconds"] for one in floors]),
            ratio,
        ),
        Result("behind the wire", rate, "records/s", ">= 50,000", rate >= 50_000),
        Result("memory of the loading process", memory, "MB", "< 800", memory < 800),
        Result(
            f"memory, {large['rows'] / rows:.1f} x the records",
            large["memory_mb"],
            "MB",
            "<= 1.25 x",
            large["memory_mb"] <= 1.25 * memory,
            memory,
            large["memory_mb"] / memory,
        ),
    ]


def _large(folder: Path) -> dict[str, float]:
    """A load of three times the companies, for what memory does when records grow."""
    with start(folder / "large world", seed=6, businesses=REALMS * 3, scale=SCALE) as running:
        return _child("load", connected_home(folder / "large", running).home, folder / "large.jsonl")


def _child(kind: str, *paths: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.wire", kind, *map(str, paths)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{kind} ended with {done.returncode}: {done.stderr[-800:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _load(home: Path, requests: Path) -> int:
    """The platform's own sync; notes its requests for the floor to repeat."""
    import httpx

    from ingestion.clock import fixed_clock
    from ingestion.control.store import open_store, product_clock_of
    from ingestion.registry import RAILS
    from ingestion.settings import Settings
    from ingestion.sync import SyncRequest, sync

    made = []
    original = httpx.AsyncClient.stream

    def noting(self: Any, method: str, url: Any, **rest: Any) -> Any:
        made.append({"method": method, "url": str(url), "params": rest["params"], "body": (rest["content"] or b"").decode()})
        return original(self, method, url, **rest)

    httpx.AsyncClient.stream = noting  # type: ignore[method-assign]
    settings = Settings(home=home)
    with open_store(settings) as store:
        # A sandbox's time stands still. Asked anew each second, as a sandbox's home does, the answer waits behind its pages,
        # which no clock of a real home does.
        clock = fixed_clock(product_clock_of(settings, store)())
        report = sync(settings, store, clock, SyncRequest(RAILS["qbo"]))
    if report.failed:
        raise RuntimeError(f"{len(report.failed)} companies failed: {report.failed[0].error}")
    requests.write_text("".join(json.dumps(one) + "\n" for one in made))
    return report.rows_new


def _floor(home: Path, requests: Path, out: Path) -> int:
    """The same requests by a bare client, pages written to disk, loaded by `read_json` into one table."""
    import duckdb
    import httpx

    from ingestion.control.store import open_store
    from ingestion.settings import Settings

    with open_store(Settings(home=home)) as store:
        tokens = {one.connection_id: store.token(one).access_token for one in store.connections("qbo")}
    asked = [json.loads(line) for line in requests.read_text().splitlines()]
    out.mkdir()

    async def fetch() -> None:
        at_once = asyncio.Semaphore(24)
        async with httpx.AsyncClient(timeout=120, trust_env=False, verify=False, limits=httpx.Limits(max_connections=96)) as http:

            async def one(number: int, request: dict[str, Any]) -> None:
                realm = request["url"].split("/company/")[1].split("/")[0]
                headers = {"Authorization": f"Bearer {tokens[realm]}", "Accept": "application/json", "Content-Type": "application/json"}
                async with at_once:
                    answer = await http.request(
                        request["method"], request["url"], params=request["params"], content=request["body"].encode(), headers=headers
                    )
                (out / f"{number}.json").write_bytes(answer.raise_for_status().content)

            await asyncio.gather(*(one(number, request) for number, request in enumerate(asked)))

    asyncio.run(fetch())
    with duckdb.connect(str(out / "floor.duckdb")) as warehouse:
        warehouse.execute(
            f"""create table records as
            with items as (
                select unnest(BatchItemResponse, recursive := true)
                from read_json('{out}/*.json', columns = {{'BatchItemResponse': 'STRUCT(bId VARCHAR, QueryResponse JSON)[]'}},
                    maximum_object_size = 200000000)
            ),
            pages as (select bId as entity, unnest(json_extract(QueryResponse, '$.*')) as page from items)
            select entity, unnest(from_json(page, '["JSON"]')) as record from pages where json_type(page) = 'ARRAY'"""
        )
        return warehouse.execute("select count(*) from records").fetchall()[0][0]


def _behind(home: Path, pages: Path) -> int:
    """Everything behind the wire: pages as they came, split, spooled, compared, sealed, loaded."""
    from datetime import UTC, datetime

    from ingestion.changelog.landing import land
    from ingestion.changelog.spool import Arrivals, Spool
    from ingestion.rails.qbo.promise import QBO
    from ingestion.rails.qbo.wire import split_batch
    from ingestion.settings import Settings

    settings = Settings(home=home)
    names = {promise.name: promise.vendor_name for promise in QBO.entities}
    spool = Spool(settings, "behind")
    now = datetime(2026, 10, 1, tzinfo=UTC)
    rows = 0
    for number, path in enumerate(sorted(pages.glob("*.json"))):
        body = path.read_bytes()
        # Counts hold no records; of reports there are two per company, which come singly.
        if b'"BatchItemResponse"' not in body[:100] or (b'"totalCount"' in body[:400] and b'"Id"' not in body[:2000]):
            continue
        answered, _ = split_batch(body, names)
        for entity, records in answered.items():
            rows += len(records)
            spool.add(
                entity,
                Arrivals(
                    f"b{number}",
                    f"c{number}",
                    [one.record_id for one in records],
                    [one.updated_at for one in records],
                    [one.is_deleted for one in records],
                    [one.payload for one in records],
                    [one.content_hash for one in records],
                    now,
                    "schedule",
                ),
            )
    land(settings, QBO, spool, "behind", {})
    return rows


def _main(kind: str, paths: list[Path]) -> None:
    # What is imported once per process is not what is measured: the floor imports less.
    for library in ("dlt", "dlt.destinations.impl.duckdb.duck", "httpcore", "pandas"):
        importlib.import_module(library)
    # As in each of the platform's own processes.
    collect_rarely()
    work: dict[str, Callable[..., int]] = {"load": _load, "floor": _floor, "behind": _behind}
    begun = time.perf_counter()
    rows = work[kind](*paths)
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "rows": rows, "memory_mb": peak_mb()}))  # noqa: T201


if __name__ == "__main__":
    _main(sys.argv[1], [Path(path) for path in sys.argv[2:]])
