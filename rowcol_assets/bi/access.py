"""What the dashboards' server is told of grants: one file in the home, replaced when a grant changes.

Grants are read from the control store at that moment, as publishing does. How a query is narrowed by the file is
`superset/sight.py`, on the other side of the wall; who looks for changed grants while the server runs is `following`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.files import write_atomic

if TYPE_CHECKING:
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings

FOLDER = "bi"
ACCESS = "access.json"
# How long what was told holds when nobody tells it again. While the control store cannot be read a grant may have been taken
# away that nobody here knows of: it counts within the time that is promised from any other change to its publish.
HOLDS_SECONDS = 900


def bi_folder(settings: Settings) -> Path:
    """Where Superset's own database, its key and the grants it is told lie."""
    return settings.home / FOLDER


def write_access(settings: Settings, store: ControlStore) -> list[str]:
    """Tells the grants of this moment, which hold for HOLDS_SECONDS from now; returns the advisors who are new among them.

    An advisor whose grants all ended stays among them with no business: the login works and shows that nothing is granted.
    RowcolError or OSError when they can be read or told by nobody now: what was told before then holds for the rest of its time.
    """
    advisors = store.open_grants()
    told = {"holds_seconds": HOLDS_SECONDS, "advisors": advisors}
    path = bi_folder(settings) / ACCESS
    try:
        former = json.loads(path.read_bytes())
        known = former["advisors"].keys()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # none was told yet, or in another form
        former, known = None, frozenset[str]()
    if former == told:
        os.utime(path)
    else:
        write_atomic(path, json.dumps(told, indent=1).encode())
    return sorted(advisors.keys() - known)
