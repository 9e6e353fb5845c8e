"""The platform as an outsider has it: a home, a sandbox beside it, the `rowcol` command, and the files they leave.

Nothing of the product is imported to judge it: raw rows, marts and published files are read with DuckDB alone, what
was really served with the sandbox's truth. Only connecting a home to a sandbox calls the product, because it is quick.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store
from ingestion.settings import Settings
from sandbox.server import Running, start
from tests import forked

ROOT = Path(__file__).parents[2]
# Names of a run, a sync or a load differ between two homes that came to the same state on different ways.
NAMES_OF_RUNS = ("run_id", "sync_id", "load_id", "_dlt_load_id")
SHOWN = ("marts", "experiences")
# How often and how long a vendor was asked, and how long a run took, is true of one home alone.
MEASURED = ("marts.fct_api_health", "marts.fct_service_level")


@dataclass(frozen=True)
class Machine:
    """A home and the sandbox that serves it."""

    folder: Path
    sandbox: Running

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, duckdb_threads=2, _env_file=None)

    @property
    def businesses(self) -> list[str]:
        return sorted(entry["business_id"] for entry in self.sandbox.credentials)

    def rowcol(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the command to its end; `environment` holds settings without their prefix, for example fail_at="mid_load"."""
        return subprocess.run(self._command(arguments), capture_output=True, text=True, check=False, **self._surroundings(environment))

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts the command and does not wait for it."""
        return subprocess.Popen(
            self._command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **self._surroundings(environment)
        )

    def succeed(self, *arguments: str, **environment: str) -> str:
        """Runs the command, which has to end with 0, and returns what it printed."""
        done = self.rowcol(*arguments, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def die(self, fail_at: str, *arguments: str) -> None:
        """Runs the command, which has to kill itself at `fail_at`."""
        done = self.rowcol(*arguments, fail_at=fail_at)
        assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr

    def connect(
        self, *, grants: dict[str, list[str]] | None = None, timezones: dict[str, str] | None = None, rails: Sequence[str] = ("qbo",)
    ) -> None:
        """Connects the home to rails of the sandbox and grants access."""
        with open_store(self.settings) as store:
            for entry in self._entries():
                if entry["rail"] not in rails:
                    continue
                known = {key: entry[key] for key in ("base_url", "auth_url", "name", "timezone", "firm")}
                known["timezone"] = (timezones or {}).get(entry["business_id"], known["timezone"])
                onboard(self.settings, store, entry["business_id"], entry["rail"], entry["credentials"], **known)
            for advisor, businesses in (grants or {}).items():
                for business in businesses:
                    store.grant(advisor, business, "owner", self.now())

    def _follow(self) -> None:
        """Points the copied home to its own sandbox's addresses, each rail to its own, and changes nothing else of it."""
        told = [(entry["base_url"], entry["auth_url"], entry["base_url"], entry["rail"]) for entry in self._entries()]
        with closing(sqlite3.connect(self.home / "control.db")) as store, store:
            store.executemany("update connections set base_url = ?, auth_url = ?, sandbox_clock_url = ? where rail = ?", told)

    def _entries(self) -> list[dict[str, Any]]:
        """What the sandbox tells of each business and rail: where it is, and its credentials."""
        return [*self.sandbox.credentials, *self.sandbox.others]

    def now(self) -> Any:
        """The sandbox's time."""
        from ingestion.clock import sandbox_clock

        return sandbox_clock(self.sandbox.base_url)()

    def truth(self, table: str) -> pa.Table:
        """One of the sandbox's truth tables."""
        answer = httpx.get(f"{self.sandbox.base_url}/sandbox/truth/{table}", timeout=120, trust_env=False).raise_for_status()
        return pq.read_table(io.BytesIO(answer.content))

    def served(self) -> set[tuple[str, str, str, str]]:
        """What was ever served: (business, entity, record, SHA-256 of the bytes)."""
        columns = self.truth("served").select(["business_id", "entity", "record_id", "content_sha256"]).to_pydict()
        return set(zip(*columns.values(), strict=True))

    def raw(self, rail: str = "qbo") -> list[tuple[str, str, str, str]]:
        """A rail's change log in the same shape, every row of it; what a walk found gone was served as a refusal and is left out."""
        with warehouse(self.home) as connection:
            rows: list[tuple[str, str, str, str]] = []
            for (entity,) in connection.execute(
                f"select table_name from duckdb_tables() where schema_name = 'raw_{rail}' and not starts_with(table_name, '_dlt')"
            ).fetchall():
                rows += connection.execute(
                    f"""select business_id, '{entity}', record_id, sha256(payload) from raw_{rail}.{entity}
                    where not (is_deleted and payload like '%"Fault"%')"""
                ).fetchall()
        return rows

    def assert_change_log_is_whole(self) -> None:
        """Every version that was served is there, and once."""
        raw, served = self.raw(), self.served()
        assert len(raw) == len(set(raw)), "a version twice"
        assert set(raw) == served, f"lost {len(served - set(raw))}, orphans {len(set(raw) - served)}"
        unread = self.unread()
        assert unread == set(), f"{unread}: in the change log, and in no load that a mirror reads"

    def unread(self) -> set[str]:
        """The raw tables with rows of a load that did not finish: the mirrors wait for its end."""
        rails = "('raw_qbo', 'raw_ramp', 'raw_plaid', 'raw_stripe')"
        # Those of dlt's own no mirror reads.
        listed = f"""select schema_name, table_name from duckdb_columns()
            where schema_name in {rails} and column_name = '_dlt_load_id' and not starts_with(table_name, '_dlt')"""
        unfinished = "from {0}.{1} anti join (from {0}._dlt_loads where status = 0) as loads on _dlt_load_id = loads.load_id limit 1"
        with warehouse(self.home) as connection:
            tables = connection.execute(listed).fetchall()
            return {".".join(table) for table in tables if connection.execute(unfinished.format(*table)).fetchall()}

    def marts(self, path: Path | None = None, leave_out: tuple[str, ...] = ()) -> dict[str, str]:
        """A hash of each mart and experience of the warehouse, or of another file; of no column in `leave_out`."""
        with open_file(path) if path else warehouse(self.home) as connection:
            return {name: _hash(connection, name, leave_out) for name in relations(connection)}

    def published(self) -> dict[str, dict[str, Any]]:
        """Per advisor the hash of each published table, read through the link."""
        found = {}
        for link in sorted(path for path in (self.home / "published").iterdir() if path.is_symlink()):
            with open_file(link / "rowcol_bi.duckdb") as connection:
                found[link.name] = {name: _hash(connection, name, ("published_at",)) for name in relations(connection)}
        return found

    def query(self, statement: str, path: Path | None = None) -> list[tuple[Any, ...]]:
        """Rows from the warehouse or another file."""
        with open_file(path) if path else warehouse(self.home) as connection:
            return connection.execute(statement).fetchall()

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [*forked.command(), *arguments]

    def _surroundings(self, environment: dict[str, str]) -> dict[str, Any]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ROWCOL_")}
        told = {f"ROWCOL_{name.upper()}": value for name, value in environment.items()}
        defaults = {"ROWCOL_HOME": str(self.home), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        return {"env": {**clean, **defaults, **told}, "cwd": self.folder}


@contextmanager
def machine(
    folder: Path, *, copy_of: Path | None = None, seed: int = 7, businesses: int = 3, recorded: Path | None = None
) -> Iterator[Machine]:
    """A machine in `folder`, new or a copy of another folder's, with its own sandbox; the copy goes on where the other stood."""
    if copy_of:
        shutil.copytree(copy_of, folder, symlinks=True, dirs_exist_ok=True)
    with start(folder / "world", seed=seed, businesses=businesses, recorded=recorded) as running:
        made = Machine(folder, running)
        if copy_of:
            made._follow()
        yield made


@contextmanager
def open_file(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB file, read-only."""
    connection = duckdb.connect(str(path), read_only=True)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def warehouse(home: Path) -> Any:
    """The warehouse of a home, read-only; nobody else may have it open."""
    return open_file(home / "warehouse.duckdb")


def relations(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables and views of the schemas outsiders read, but for those that measure this home."""
    return [
        name
        for (name,) in connection.execute(
            f"""select table_schema || '.' || table_name from information_schema.tables
            where table_catalog = current_database() and table_schema in {SHOWN} order by 1"""
        ).fetchall()
        if name not in MEASURED
    ]


def _hash(connection: duckdb.DuckDBPyConnection, relation: str, leave_out: tuple[str, ...]) -> str:
    columns = [
        name for name, *_ in connection.execute(f"describe {relation}").fetchall() if name not in NAMES_OF_RUNS and name not in leave_out
    ]
    rows = connection.execute(f"select {', '.join(columns)} from {relation}").fetchall()
    lines = sorted(repr(row) for row in rows)
    return f"{len(rows)}:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"
