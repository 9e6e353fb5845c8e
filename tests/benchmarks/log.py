"""The transaction log: a million events of many businesses appended over many cycles, and all of them verified.

Most events are versions of rails' records with snapshots of several sizes; every tenth is what a model or an advisor did.
The first cycle is a first load, those after it are small ones. Verifying runs in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.audit.log import PENDING, TransactionLog
from tests.benchmarks.memory import peak_mb
from tests.benchmarks.results import Result

EVENTS = 1_000_000
BUSINESSES = 100
CYCLES = 40
FIRST_LOAD = 600_000
_CHILD = """
import os, resource, sys, time
from pathlib import Path
from rowcol_assets.audit.verify import verify
if __name__ == "__main__":
    begun = time.perf_counter()
    verdict = verify(Path(sys.argv[1]), Path(sys.argv[2]))
    taken = time.perf_counter() - begun
    # Not ru_maxrss of its own, which begins with what its parent had.
    own = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(taken, (own + largest * os.cpu_count()) / 1024, verdict.events, verdict.found)
"""


def measure(folder: Path, say: Callable[[str], None]) -> list[Result]:
    """Appends the events cycle by cycle, then verifies them."""
    appended = 0.0
    later = (EVENTS - FIRST_LOAD) // (CYCLES - 1)
    sizes = [FIRST_LOAD, *[later] * (CYCLES - 2)]
    sizes.append(EVENTS - sum(sizes))
    with duckdb.connect(config={"threads": 2}) as warehouse:
        warehouse.execute("set enable_progress_bar = false")
        first = 0
        for size in sizes:
            _pending(warehouse, first, first + size)
            begun = time.perf_counter()
            TransactionLog(folder / "audit", folder / "anchors", folder / "key", "rowcol.example/bench").append(warehouse, "pending")
            appended += time.perf_counter() - begun
            first += size
            say(f"{first:,} events, {appended:.1f} s of appending")
    speed = EVENTS / appended
    program = folder / "verifying.py"
    program.write_text(_CHILD)
    command = [sys.executable, str(program), str(folder / "audit"), str(folder / "anchors")]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    seconds, megabytes = float(told[0]), float(told[1])
    is_right = (int(told[2]), int(told[3])) == (EVENTS, 0)
    say(f"verified {told[2]} events, {told[3]} problems; appending took {peak_mb():.0f} MB at most")
    return [
        Result("log events appended", speed, "per s", "> 100,000", speed > 100_000),
        Result("log of 1,000,000 events verified", seconds, "s", "< 10", seconds < 10 and is_right),
        Result("memory of verifying", megabytes, "MB", "< 1,000", megabytes < 1_000),
    ]


def _pending(warehouse: duckdb.DuckDBPyConnection, first: int, end: int) -> None:
    """Events first to end, of businesses in no order, as `append_cycle` hands them over."""
    columns = {
        "business_id": f"'business-' || lpad((hash(number) % {BUSINESSES})::varchar, 4, '0')",
        "event_id": "'qbo/bills/' || md5(number::varchar) || md5((number + 1)::varchar)",
        "occurred_at": "timestamp '2026-01-01' + to_seconds(number)",
        "observed_at": "timestamp '2026-01-01' + to_seconds(number + 60)",
        "recorded_at": "timestamp '2026-02-01' + to_seconds(number // 10000)",
        "actor_type": "case when number % 10 = 0 then 'model' else 'rail' end",
        "actor_id": "case when number % 10 = 0 then null else 'qbo' end",
        "rail": "case when number % 10 = 0 then null else 'qbo' end",
        "endpoint": "case when number % 10 = 0 then null else 'Bill' end",
        "sync_id": "md5((number // 5000)::varchar)",
        "run_id": "md5((number // 10000)::varchar)",
        "client": "case when number % 10 = 0 then null else '9130350000000000' end",
        "entity": "case when number % 10 = 0 then 'matches' else 'bills' end",
        "record_id": "(number // 3)::varchar",
        "action": "case when number % 3 = 0 then 'created' else 'updated' end",
        "changes": """case when number % 3 != 0 then '{"Balance":[' || (number % 100000) || '.50,0.00]}' end""",
        "reason": "'the rail served another version (schedule)'",
        "cause_id": "case when number % 3 != 0 then 'qbo/bills/' || md5((number - 1)::varchar) end",
        "snapshot": """'{"Id":"' || number || '","VendorRef":{"value":"' || number % 400 || '","name":"Vendor ' || number % 400
            || '"},"Line":['
            || repeat('{"Amount":' || number % 9973 || '.25,"DetailType":"AccountBasedExpenseLineDetail"},', 1 + number % 5)
            || '{"Id":"' || md5(number::varchar) || '"}]}'""",
    }
    made = ", ".join(f"({columns[name]})::{COLUMN_TYPES[name]} as {name}" for name in PENDING)
    warehouse.execute(
        f"create or replace temp table pending as select number as position, {made} from range({first}, {end}) as made (number)"
    )
