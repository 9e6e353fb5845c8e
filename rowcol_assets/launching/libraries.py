"""The libraries a run needs, imported in one place before anything is forked.

Libraries only: the project's own modules are read after the fork, so that a run has the code of the moment it starts in, as
a process of its own would. `preloaded` is what the warm process imports; `tests/forked` uses the same list.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import os

from rowcol_assets.collector import collect_rarely

LIBRARIES = (
    "aiohttp",
    "alembic",
    "cryptography.fernet",
    "dagster",
    "dagster._cli.api",
    "dagster_dbt",
    "dagster_dlt",
    "dbt.adapters.duckdb",
    "dbt.cli.main",
    "dlt",
    "dlt.destinations.impl.duckdb.duck",
    "duckdb",
    "great_expectations",
    "httpx_aiohttp",
    "pandas",
    "pyarrow.parquet",
    "pydantic_settings",
    "rich",
    "sqlalchemy.orm",
    "stamina",
    "typer",
)

# Libraries in C that start a thread when they are loaded, and how each is told not to: numpy's linear algebra, Arrow's allocator.
WITHOUT_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


def load() -> None:
    """Imports them, leaves no thread of theirs, and takes them from the collector, whose marks would copy their pages into every fork."""
    for name, value in WITHOUT_THREADS.items():
        os.putenv(name, value)
    collect_rarely()
    for name in LIBRARIES:
        importlib.import_module(name)
    import duckdb

    # DuckDB opens a database in memory, with a thread, to define its types when it is imported; it opens it again when it is used.
    duckdb.default_connection().close()
    # Which file each module is: asked for with each of dlt's resources, and half a second of a run the first time.
    inspect.getmodule(load.__code__)
    gc.collect()
    gc.freeze()
