"""What the dashboards' server is told of grants: one file in the home, replaced when a grant changes.

Grants are read from the control store at that moment, as publishing does. How a query is narrowed by the file is
`superset/sight.py`, on the other side of the wall.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.files import write_atomic

if TYPE_CHECKING:
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings

FOLDER = "bi"
ACCESS = "access.json"


def bi_folder(settings: Settings) -> Path:
    """Where Superset's own database, its key and the grants it is told lie."""
    return settings.home / FOLDER


def write_access(settings: Settings, store: ControlStore) -> list[str]:
    """Replaces the file if grants changed since; returns the advisors who are new in it.

    An advisor whose grants all ended stays in it with no business: the login works and shows that nothing is granted.
    """
    granted = store.open_grants()
    path = bi_folder(settings) / ACCESS
    former = json.loads(path.read_bytes()) if path.is_file() else {}
    if former != granted:
        write_atomic(path, json.dumps(granted, indent=1).encode())
    return sorted(granted.keys() - former.keys())
