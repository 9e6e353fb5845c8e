"""A warehouse of no business, built whole, that the small ones of tests go on from: they then build what depends on their rows.

Nearly half of a build's nodes are seeds, constant views and mirrors of rails a test has no row of. The platform leaves out of
a cycle what stands (`rowcol_assets/standing.py`), and tests do it the same way. A build from nothing is what
`tests/dbt/test_runs.py` and whole cycles are for.
"""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import duckdb

from rowcol_assets.standing import BUILT_BY, remember_built, standing_nodes
from rowcol_assets.transform import PARSED_PATH
from tests.dbt.project import AFTER, BEFORE, DbtProject, broken
from tests.dbt.rawfill import RawWarehouse


def standing(project: DbtProject, path: Path) -> frozenset[str]:
    """The ids of the nodes that need not be built in the warehouse at `path`, which goes on from the blank one if it was never built.

    None when the project was changed after `make` parsed it.
    """
    if not project.is_as_parsed():
        return frozenset()
    with duckdb.connect(str(path)) as connection:
        if connection.execute("select count(*) from duckdb_tables() where schema_name = 'staging'").fetchone() != (0,):
            return standing_nodes(connection)
    return _go_on(project, path)


def _go_on(project: DbtProject, path: Path) -> frozenset[str]:
    """Puts the rows of the warehouse at `path` into a copy of the blank one, and that in its place; what stands there."""
    filled = path.rename(path.with_suffix(".filled"))
    shutil.copy(_blank(project), path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{filled}' as filled (read_only)")
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where database_name = 'filled'")
        for (table,) in tables.fetchall():
            connection.execute(f"insert into {table} by name select * from filled.{table}")
        connection.execute("detach filled")
        stands = standing_nodes(connection)
    filled.unlink()
    return stands


def _blank(project: DbtProject) -> Path:
    """The blank warehouse of this version of the project, made by the first test that asks and kept beside what was parsed."""
    path = PARSED_PATH.with_name("blank.duckdb")
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            with duckdb.connect(str(path)) as connection:
                if standing_nodes(connection):
                    return path
            path.unlink()
        making = path.with_suffix(".making")
        making.unlink(missing_ok=True)
        RawWarehouse(making).close()
        for step in (BEFORE, AFTER):
            assert broken(project.build(making, *step)) == []
        with duckdb.connect(str(making)) as connection:
            connection.execute(f"create table if not exists {BUILT_BY} (project varchar)")
            remember_built(connection)
        making.rename(path)
    return path
