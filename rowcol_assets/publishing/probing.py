"""Tries whether the published files can be read, as a reader would: through the link, read-only, and whole.

What the tries come to per day is `ingestion.control.availability`'s subject, and per business the mart's (fct_service_level).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from ingestion.control import ControlStore
from ingestion.control.availability import last_probes, record_probes
from ingestion.errors import RowcolError
from ingestion.settings import Settings
from rowcol_assets.publishing import layout
from rowcol_assets.publishing.content import PORTFOLIO
from rowcol_assets.publishing.reader import open_published

# Each try opens a file, some 20 ms of a processor; between two cycles two tries are enough.
EVERY = timedelta(minutes=5)


def probe_files(settings: Settings, store: ControlStore, at: datetime) -> dict[str, str | None]:
    """Tries every advisor's file and notes it at product time `at`; returns why a file could not be read, None where it could.

    An advisor to whom nothing was ever published is left out.
    """
    known = last_probes(store.database)
    homes = [layout.Home(settings.published_dir, advisor) for advisor in store.open_grants()]
    found = {home.advisor: _try(home) for home in homes if home.link.is_symlink() or home.advisor in known}
    if found:
        record_probes(store.database, at, found)
    return found


def probe_if_due(settings: Settings, store: ControlStore, at: datetime) -> bool:
    """Tries the files unless they were tried less than EVERY ago, or none was ever published; whether it did."""
    known = last_probes(store.database)
    if not known or at - max(known.values()) < EVERY:
        return False
    probe_files(settings, store, at)
    return True


def _try(home: layout.Home) -> str | None:
    generation = layout.current(home)
    if generation is None:
        return "the link leads nowhere"
    relation = ".".join(PORTFOLIO)
    told = layout.manifest_of(generation).get("tables", {}).get(relation, {}).get("rows")
    try:
        with open_published(generation, threads=1) as connection:
            found = connection.execute(f"select count(*) from {relation}").fetchone()
    except (RowcolError, duckdb.Error) as error:
        return str(error).splitlines()[0]
    return None if found == (told,) else "it does not hold the rows its manifest names"
