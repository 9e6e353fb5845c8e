"""Reads events from the sealed files, for people; whether they are to be believed is what `verify` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.audit.files import event_files


def events_of(folder: Path, business_id: str, entity: str, record_id: str) -> list[dict[str, Any]]:
    """The events of one record, oldest first. entity: its name, or `rail/name` where several rails have one of that name."""
    files = [str(file.path) for file in event_files(folder) if file.is_sealed]
    if not files:
        return []
    rail, _, name = entity.rpartition("/")
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            select {", ".join(COLUMN_TYPES)}
            from read_parquet($files)
            where business_id = $business_id and entity = $name and record_id = $record_id and ($rail = '' or rail = $rail)
            order by seq
            """,
            {"files": files, "business_id": business_id, "name": name, "record_id": record_id, "rail": rail},
        ).fetchall()
    return [dict(zip(COLUMN_TYPES, row, strict=True)) for row in rows]


def entities_of(folder: Path, business_id: str) -> list[str]:
    """The kinds of records of a business of which there are events, in order."""
    files = [str(file.path) for file in event_files(folder) if file.is_sealed]
    if not files:
        return []
    with duckdb.connect() as connection:
        query = "select distinct entity from read_parquet($files) where business_id = $business_id and entity is not null order by entity"
        return [entity for (entity,) in connection.execute(query, {"files": files, "business_id": business_id}).fetchall()]
