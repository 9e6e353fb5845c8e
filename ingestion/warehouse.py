"""The warehouse file and the one lock that guards it.

DuckDB lets one process write a file and shuts every other opener out, readers included, so whoever opens it takes an
operating-system lock first. The kernel frees that lock when its holder dies, which a lock kept in a table or a
Dagster pool does not. Nothing here knows what is in the warehouse; outsiders read the published files instead
(`rowcol_assets/publishing`).
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion.clock import utc_text, wall_clock
from ingestion.errors import RowcolError, WarehouseBusy
from ingestion.files import private_dir
from ingestion.settings import Settings

# A cycle of 100 businesses holds the lock for a few seconds at a time; a bulk load's batches are shorter.
DEFAULT_WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05
# The syncs of several rails side by side land one after the other; none of them is stuck without the others noticing.
OWN_THREADS_WAIT_SECONDS = 600.0
# The least niceness there is, and where in the lock's file, far behind what is written there, a byte stands for each.
_MOST_URGENT, _QUEUE = -20, 1 << 20
# The first format with zstd, and of 250 tables opened in less than half of the time that the oldest format takes.
STORAGE = "v1.2.0"

_held = threading.RLock()
_depth: dict[Path, int] = {}
# Since when a lock's file is kept from this process, for whichever of its threads.
_denied_since: dict[Path, float] = {}


@contextmanager
def writer_lock(settings: Settings, purpose: str, wait_seconds: float | None = None) -> Iterator[None]:
    """Holds the warehouse's writer lock; re-entrant within a thread.

    Waits at most `wait_seconds` (None: DEFAULT_WAIT_SECONDS) for other processes, then raises WarehouseBusy naming the holder: threads
    of this one wait for it together, so that a run of four rails gives up after a minute and not after four. Who gives way on the
    processor (`Strategy.give_way`) does so here.
    """
    wait_seconds = DEFAULT_WAIT_SECONDS if wait_seconds is None else wait_seconds
    began = time.monotonic()
    if not _held.acquire(timeout=max(wait_seconds, OWN_THREADS_WAIT_SECONDS)):
        raise WarehouseBusy(f"the warehouse {settings.warehouse_path} is held by another thread of this process")
    path = settings.lock_path
    try:
        if _depth.get(path, 0):
            _depth[path] += 1
            try:
                yield
            finally:
                _depth[path] -= 1
            return
        denied_since = max(began, _denied_since.setdefault(path, time.monotonic()))
        with _locked_file(path, purpose, wait_seconds, denied_since):
            del _denied_since[path]
            _depth[path] = 1
            try:
                yield
            finally:
                del _depth[path]
    finally:
        _held.release()


@contextmanager
def open_warehouse(settings: Settings, purpose: str, wait_seconds: float | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens the warehouse for writing under the writer lock and closes it again; the file is made if it is missing."""
    with writer_lock(settings, purpose, wait_seconds):
        connection = connect(settings.warehouse_path, settings)
        try:
            yield connection
        finally:
            connection.close()


def connect(path: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    """Opens a DuckDB file with this process's limits; the caller holds the lock if it is the warehouse."""
    if not path.exists():
        _create(path)
    try:
        connection = duckdb.connect(str(path), config=duckdb_config(settings))
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise WarehouseBusy(f"{path} is open in another program that does not take the writer lock; close it there") from None
        raise RowcolError(f"{path} cannot be opened: {str(error).splitlines()[0]}") from None
    path.chmod(0o600)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def _create(path: Path) -> None:
    """Makes an empty DuckDB file beside and renames it: a process killed while making one leaves a file nobody can open."""
    beside = private_dir(path.parent) / f".{path.name}.{os.getpid()}.new"
    beside.unlink(missing_ok=True)
    duckdb.connect(str(beside), config={"storage_compatibility_version": STORAGE}).close()
    beside.replace(path)


def duckdb_config(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    """The configuration every opener in this process uses; DuckDB refuses two that differ."""
    return {"memory_limit": settings.duckdb_memory, "threads": settings.duckdb_threads, "storage_compatibility_version": STORAGE}


def lock_holder(settings: Settings) -> str | None:
    """Says who holds the writer lock now, or None when nobody does."""
    path = settings.lock_path
    if not path.exists():
        return None
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _holder_text(file.read())
    return None


@contextmanager
def _locked_file(path: Path, purpose: str, wait_seconds: float, denied_since: float) -> Iterator[None]:
    private_dir(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, wait_seconds, denied_since)
        note = json.dumps({"pid": os.getpid(), "purpose": purpose, "since": utc_text(wall_clock())}).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note, 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, wait_seconds: float, began: float) -> None:
    """Takes the lock, after those who wait for it and are more urgent, and at first also after those who are as urgent.

    Without that a bulk load, which wants the lock again as soon as it has let it go, takes it before whoever looks every POLL_SECONDS.
    For the second half of its wait it gives way to nobody.
    """
    urgency = os.getpriority(os.PRIO_PROCESS, 0) - _MOST_URGENT
    others = urgency + 1
    while True:
        waited = time.monotonic() - began
        if waited > wait_seconds / 2 or not _is_wanted_before(descriptor, others):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, _QUEUE + urgency)
                return
        if waited >= wait_seconds:
            holder = _holder_text(os.pread(descriptor, 4096, 0).decode(errors="replace"))
            raise WarehouseBusy(f"the warehouse beside {path} is held by {holder}; waited {wait_seconds:g} s")
        fcntl.lockf(descriptor, fcntl.LOCK_SH, 1, _QUEUE + urgency)
        others = urgency
        time.sleep(POLL_SECONDS)


def _is_wanted_before(descriptor: int, levels: int) -> bool:
    """Whether somebody waits whose niceness is among the `levels` least there are. Who waits holds a byte of the file, one for each."""
    if levels == 0:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, levels, _QUEUE)
    except OSError:
        return True
    fcntl.lockf(descriptor, fcntl.LOCK_UN, levels, _QUEUE)
    return False


def _holder_text(note: str) -> str:
    try:
        holder = json.loads(note)
        return f"process {holder['pid']} ({holder['purpose']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process"


def has_relation(warehouse: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Whether there is a table or view `relation`, given as `schema.name`."""
    query = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return warehouse.execute(query, relation.split(".", 1)).fetchone() is not None
