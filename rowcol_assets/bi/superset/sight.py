"""What a login may see: which businesses, and in which published file.

Both are looked up anew for each request, so that a grant taken away or a new publish counts at once. Who was granted what
is in `access.json`, which `rowcol_assets.bi.access` writes and marks as looked at again every few seconds: without that file, or
when nobody has looked for as long as it holds, nobody sees anything.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

ACCESS = "access.json"
DATABASE = "rowcol_bi.duckdb"
# The form of a business id, checked again here because it becomes part of a query.
BUSINESS_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NOTHING = "1 = 0"
UNTOLD = "Who may see what cannot be told at the moment, so nothing is shown. It appears here again by itself."


class NothingPublished(Exception):
    """A login whose advisor has no published file, in words for the page."""


def home() -> Path:
    """The platform's home, as `rowcol bi` tells it."""
    return Path(os.environ["ROWCOL_HOME"])


def told() -> dict[str, list[str]] | None:
    """The businesses by advisor, as told last; None when that was too long ago to hold, or cannot be read."""
    path = home() / "bi" / ACCESS
    try:
        access = json.loads(path.read_bytes())
        is_over = time.time() - path.stat().st_mtime > access["holds_seconds"]
        advisors: dict[str, list[str]] = access["advisors"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return None if is_over or not isinstance(advisors, dict) else advisors


def granted(login: str | None) -> list[str] | None:
    """The businesses `login` may see, or None if it is no advisor now."""
    found = (told() or {}).get(login) if login else None
    return [business for business in found if BUSINESS_ID.fullmatch(business)] if found is not None else None


def clause(login: str | None) -> str:
    """The condition on business_id that holds for every row `login` may see."""
    businesses = granted(login)
    # The empty one is of rows that say something about no business, such as that there are none.
    return f"business_id in ({', '.join(repr(business) for business in ['', *businesses])})" if businesses is not None else NOTHING


def published_file(login: str) -> Path:
    """The file of the generation that is current now; NothingPublished when there is none.

    The link is resolved here and not by DuckDB: a connection by the link's own name would share the instance of one that
    is still open on the former generation. Raises NothingPublished also for a login that is no advisor.
    """
    if told() is None:
        raise NothingPublished(UNTOLD)
    if granted(login) is None:
        raise NothingPublished("This login has no clients any more. Ask whoever runs RowCol for access.")
    link = home() / "published" / login
    file = Path(os.path.realpath(link)) / DATABASE
    if not link.is_symlink() or not file.is_file():
        raise NothingPublished("Nothing is published for this login yet. It appears here after the next cycle.")
    return file
