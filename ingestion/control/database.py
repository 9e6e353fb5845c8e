"""Opens the control store's database: SQLite in WAL mode in the home, or PostgreSQL by URL, migrated to today's version.

Holds engine, transactions, file modes and migration; no query of the domain. Those are in the modules beside.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import tenacity
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from ingestion.errors import RowcolError, UsageError
from ingestion.files import private_dir
from ingestion.settings import Settings

SCHEMA_VERSION = "0016"
BUSY_SECONDS = 30
# Between two tries for a lock that is held, from and to.
LOOKING_SECONDS = (0.001, 0.003)
MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """An engine with the two kinds of transaction the store knows."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._turn = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it never waits for a writer."""
        with _readable_errors(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes. SQLite takes the write lock first: a read turned write could not wait for it."""
        with _readable_errors(self.engine), self._in_turn(), self.engine.execution_options(immediate=True).begin() as connection:
            yield connection

    @contextmanager
    def unsynced(self, subject: str) -> Iterator[Connection]:
        """Like `exclusive`, for what a power cut may take: the commit waits for no disk, so it costs a tenth of a millisecond."""
        if self.is_sqlite:
            options = {"immediate": True, "unsynced": True}
            with _readable_errors(self.engine), self._in_turn(), self.engine.execution_options(**options).begin() as connection:
                yield connection
            return
        with self.exclusive(subject) as connection:
            connection.execute(sa.text("set local synchronous_commit = off"))
            yield connection

    @contextmanager
    def exclusive(self, subject: str) -> Iterator[Connection]:
        """A writing transaction that no other process runs at the same time for `subject`."""
        with self.write() as connection:
            if not self.is_sqlite:
                key = int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], signed=True)
                connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": key})
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """One writer of this process at a time where the database has one: the others sleep here instead of looking for its lock.

        In a first load of 100 companies 24 threads looked 800 times for 390 transactions, and look once for each so.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise RowcolError(f"another thread has been writing to the control store for {BUSY_SECONDS} seconds")
        try:
            yield
        finally:
            self._turn.release()


def insert(connection: Connection, table: sa.Table) -> Any:
    """The dialect's own INSERT, which knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def open_database(settings: Settings) -> Database:
    """Connects and migrates; one query when there is nothing to migrate. RowcolError when newer or unreachable."""
    url = _url(settings.control_database_url)
    private_dir(settings.home)
    database = Database(_engine(url))
    if _version(database) != SCHEMA_VERSION:
        _migrate(database, url)
    return database


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise UsageError("ROWCOL_CONTROL_URL is not a SQLAlchemy URL, for example postgresql://user@host/rowcol") from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise UsageError(f"ROWCOL_CONTROL_URL names {url.drivername}; the control store lives in sqlite or postgresql")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise UsageError("ROWCOL_CONTROL_URL names no file, and a control store in memory would forget every token")
    return url


def _engine(url: URL) -> Engine:
    # hide_parameters: an exception's text must not carry what was bound to a statement.
    if url.drivername != "sqlite":
        return sa.create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    path = Path(str(url.database))
    private_dir(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def _settle(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        dbapi_connection.execute("pragma foreign_keys = on")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        # A rotated token must survive a power cut.
        connection.exec_driver_sql(f"pragma synchronous = {'normal' if options.get('unsynced') else 'full'}")
        if options.get("immediate"):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("begin")

    return engine


def _begin_writing(connection: Connection) -> None:
    """Begins a writing transaction as soon as the write lock is free; OperationalError when it is held for BUSY_SECONDS.

    SQLite's own wait looks ever more rarely, in the end each 100 ms, so that whoever waits longest comes last: beside two busy
    writers a commit took 780 ms in one of a hundred cases, and takes 60 when the lock is tried each few milliseconds.
    """
    connection.exec_driver_sql("pragma busy_timeout = 0")
    try:
        _until_free(connection.exec_driver_sql, "begin immediate")
    finally:
        connection.exec_driver_sql(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")


def _is_locked(error: BaseException) -> bool:
    own = error.orig if isinstance(error, OperationalError) else None
    return isinstance(own, sqlite3.OperationalError) and own.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


# By chance, so that two who wait do not always come upon the same third.
_until_free = tenacity.Retrying(
    retry=tenacity.retry_if_exception(_is_locked),
    wait=tenacity.wait_random(*LOOKING_SECONDS),
    stop=tenacity.stop_after_delay(BUSY_SECONDS),
    reraise=True,
)


def _version(database: Database) -> str | None:
    with database.read() as connection:
        return _stored_version(connection)


def _stored_version(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(sa.text("select version_num from alembic_version")).scalar_one_or_none()
    return version


def _migrate(database: Database, url: URL) -> None:
    """Brings the schema to SCHEMA_VERSION. Of several processes one does it, the others wait and find it done."""
    with _one_at_a_time(url):
        if database.is_sqlite:
            with _readable_errors(database.engine):
                raw = database.engine.raw_connection()
                try:
                    # The busy timeout does not cover the switch to WAL, hence the lock around it; the mode stays in the file.
                    raw.cursor().execute("pragma journal_mode = wal")
                finally:
                    raw.close()
        with database.exclusive("migration") as connection:
            upgrade(connection, SCHEMA_VERSION)


def upgrade(connection: Connection, target: str) -> None:
    """Runs the versions from the stored one up to `target` on `connection`; RowcolError when the stored one is newer."""
    from alembic import command  # 0.4 s that an already migrated home does not pay
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    stored = _stored_version(connection)
    if stored is not None:
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if stored not in known:
            raise RowcolError(
                f"this home's control store has schema version {stored}, newer than this program's {SCHEMA_VERSION}: update rowcol"
            )
    command.upgrade(config, target)


@contextmanager
def _one_at_a_time(url: URL) -> Iterator[None]:
    if url.drivername != "sqlite":
        yield
        return
    folder = os.open(Path(str(url.database)).parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def _readable_errors(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        # Wrong statements and broken constraints are defects and keep their type; an unusable database is for a person to read.
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise
        where = engine.url.render_as_string(hide_password=True)
        cause = " ".join(str(error.orig).split())
        raise RowcolError(f"the control store at {where} cannot be used: {cause}") from error
