"""The change log outside the warehouse: immutable Parquet files, one per entity and sync, and the journal of a load.

A segment is complete and on the disk before anything of it reaches the warehouse, so the warehouse can always be made
again. A journal names the segments of a load under way; it is removed when the load is done, and one that is left
over tells `recovery` what to complete.
"""

from __future__ import annotations

import json
from pathlib import Path

from ingestion.files import private_dir, sync_dir, sync_file, write_atomic
from ingestion.settings import Settings

JOURNALS = ".pending"
REBUILD = "rebuild"


def segment_dir(settings: Settings, rail: str, entity: str) -> Path:
    """The folder of an entity's segments."""
    return settings.raw_dir / rail / entity


def draft_path(settings: Settings, rail: str, entity: str, sync_id: str) -> Path:
    """Where a segment is written before it counts; names starting with a dot are no segments."""
    return private_dir(segment_dir(settings, rail, entity)) / f".{sync_id}.draft"


def seal(settings: Settings, rail: str, entity: str, sync_id: str) -> Path:
    """Makes the draft a segment: content on the disk, then the name."""
    draft = draft_path(settings, rail, entity, sync_id)
    segment = draft.with_name(f"{sync_id}.parquet")
    draft.chmod(0o600)
    sync_file(draft)
    draft.replace(segment)
    sync_dir(segment.parent)
    return segment


def segments(settings: Settings, rail: str, entity: str) -> list[Path]:
    """All segments of an entity, oldest sync first."""
    folder = segment_dir(settings, rail, entity)
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith(".")) if folder.exists() else []


def open_journal(settings: Settings, rail: str, sync_id: str, entities: list[str]) -> Path:
    """Notes, before the segments are sealed, that a load of them is under way."""
    path = settings.raw_dir / rail / JOURNALS / f"{sync_id}.json"
    write_atomic(path, json.dumps({"sync_id": sync_id, "entities": entities}).encode())
    return path


def journals(settings: Settings, rail: str) -> list[tuple[Path, list[tuple[str, Path]]]]:
    """Unfinished loads: each journal with the segments it names that were sealed."""
    folder = settings.raw_dir / rail / JOURNALS
    found = []
    for journal in sorted(folder.glob("*.json")) if folder.exists() else ():
        note = json.loads(journal.read_bytes())
        named = [(entity, segment_dir(settings, rail, entity) / f"{note['sync_id']}.parquet") for entity in note["entities"]]
        found.append((journal, [(entity, segment) for entity, segment in named if segment.exists()]))
    return found


def open_rebuild(settings: Settings, rail: str) -> Path:
    """Notes that the raw tables are being made again: until the note is gone they hold a part, whatever tables exist."""
    path = settings.raw_dir / rail / JOURNALS / REBUILD
    write_atomic(path, b"")
    return path


def rebuild_is_open(settings: Settings, rail: str) -> bool:
    """Tells whether a crash ended a rebuild of the rail's raw tables."""
    return (settings.raw_dir / rail / JOURNALS / REBUILD).exists()


def discard_drafts(settings: Settings, rail: str) -> None:
    """Removes drafts a crash left; the caller holds the rail's load lock, so none is in use."""
    folder = settings.raw_dir / rail
    for draft in folder.glob("*/.*.draft") if folder.exists() else ():
        draft.unlink(missing_ok=True)
