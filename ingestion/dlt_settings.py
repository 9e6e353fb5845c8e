"""What dlt is told, in code alone. What is loaded with it, and how: `ingestion.changelog.pipeline` and `ingestion.control.load`."""

from __future__ import annotations

from functools import cache
from typing import Any

SETTINGS: dict[str, Any] = {
    "runtime": {"dlthub_telemetry": False, "log_level": "ERROR"},
    # Two tables at once, since one insert is not done in parallel: a first load of 260,000 records took 7.3 s with one by one and
    # takes 6.9.
    "load": {"workers": 2, "delete_completed_jobs": True},
    # Without it Arrow tables arrive without _dlt_load_id; segments, which are imported as files, have theirs.
    "normalize": {"parquet_normalizer": {"add_dlt_load_id": True}},
}


@cache
def configure_dlt() -> None:
    """Has dlt look for its settings here and nowhere else.

    Left alone it looks for each of several hundred per load in the environment, in /run/secrets and in two files, where whatever
    the caller has there would count; that also takes an eighth of a small load (0.79 s instead of 0.70).
    """
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.providers import CustomLoaderDocProvider
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    Container()[PluggableRunContext].providers.providers[:] = [CustomLoaderDocProvider("rowcol", lambda: SETTINGS)]
