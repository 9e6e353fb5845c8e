"""Onboards many businesses from a CSV file: one line each, and a bad line never stops the others.

Columns: business_id, rail, credentials (a file, relative to the CSV), and optionally base_url, auth_url, name,
timezone, firm. What one onboarding checks and stores is in `ingestion.control.onboarding`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingestion.control.intake import probe_sandbox
from ingestion.control.onboarding import Onboarded, onboard
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings

REQUIRED = ("business_id", "rail", "credentials")
OPTIONAL = ("base_url", "auth_url", "name", "timezone", "firm")


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line: the connection, or the error as one sentence. number: as an editor shows it."""

    number: int
    business_id: str
    onboarded: Onboarded | None
    error: str | None


def onboard_csv(settings: Settings, store: ControlStore, path: Path, *, is_asked: bool = False) -> Iterator[Line]:
    """Onboards each line of `path` and yields what became of it; UsageError when the file itself cannot be used.

    is_asked: whether vendors are asked as `onboarding.onboard` says.
    """
    probe = lru_cache(maxsize=None)(_probe)  # a thousand lines name one host
    for number, row in _rows(path):
        business_id = row.get("business_id") or ""
        try:
            if None in row:
                raise UsageError("there are more fields than columns")
            given = {column: (row.get(column) or "").strip() or None for column in (*REQUIRED, *OPTIONAL)}
            for column in REQUIRED:
                if not given[column]:
                    raise UsageError(f"{column} is empty")
            credentials = read_credentials(path.parent / str(given["credentials"]))
            options: dict[str, Any] = {column: given[column] for column in OPTIONAL}
            done = onboard(
                settings, store, str(given["business_id"]), str(given["rail"]), credentials, **options, probe=probe, is_asked=is_asked
            )
        except RowcolError as error:
            yield Line(number, business_id, None, str(error))
        else:
            yield Line(number, business_id, done, None)


def read_credentials(path: Path) -> dict[str, Any]:
    """The JSON object in `path`; UsageError without any of its content when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"credentials file {path} cannot be read: {reason}") from None
    return parse_credentials(text, str(path))


def parse_credentials(text: str, where: str) -> dict[str, Any]:
    """The JSON object in `text`; UsageError names `where` and not the content."""
    try:
        value = json.loads(text)
    except ValueError:
        raise UsageError(f"the credentials in {where} are not JSON") from None
    if not isinstance(value, dict):
        raise UsageError(f"the credentials in {where} are not a JSON object")
    return value


def _probe(base_url: str) -> datetime | None:
    return probe_sandbox(base_url)


def _rows(path: Path) -> Iterator[tuple[int, dict[str | None, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in REQUIRED if column not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(f"{path} lacks the column {', '.join(missing)}; a first line names them")
            for row in reader:
                yield reader.line_num, row
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is not a CSV file in UTF-8: {type(error).__name__}") from None
