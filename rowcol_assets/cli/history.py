"""`rowcol history`: the story of one record, from the transaction log's sealed files; the warehouse is not opened."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import typer

COLUMNS = {
    "occurred_at": "when",
    "who": "who",
    "client": "from",
    "action": "what",
    "told": "changed",
    "reason": "why",
    "run_id": "run",
}
CUSTODY_COLUMNS = {"at": "when", "stage": "stage", "who": "who", "what": "what", "record": "record"}
LONGEST_VALUE = 60


def command(
    business: Annotated[str, typer.Argument(help="The business.")],
    entity: Annotated[str, typer.Argument(help="The kind of record, for example bills; of one rail: ramp/bills.")],
    record: Annotated[str, typer.Argument(help="The record's id on its rail.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the events as JSON, snapshots included.")] = False,
) -> None:
    """Tell what happened to one record, in the order in which it was noticed; of a bill or its payment the chain of custody too.

    Examples: `rowcol history acme bills 17`, `rowcol history acme ramp/bills 0b1c… --json`.
    """
    from ingestion.errors import RowcolError
    from ingestion.settings import load_settings
    from rowcol_assets.audit.reader import entities_of, events_of
    from rowcol_assets.audit.story import custody_story
    from rowcol_assets.cli.output import show_json, show_table

    folder = load_settings().audit_dir
    events = events_of(folder, business, entity, record)
    if not events:
        raise RowcolError(_nothing(entities_of(folder, business), business, entity, record))
    if as_json:
        show_json(events)
    else:
        show_table(
            f"{entity} {record} of {business}",
            COLUMNS,
            [event | {"told": _told(event), "who": event["actor_id"] or event["actor_type"]} for event in events],
        )
        steps = custody_story(folder, business, entity, record)
        if steps:
            show_table("Chain of custody", CUSTODY_COLUMNS, [dataclasses.asdict(step) for step in steps])


def _nothing(known: list[str], business: str, entity: str, record: str) -> str:
    """Why there is no story: the record, its kind or the whole business is not in the log. known: the kinds that are."""
    if not known:
        return f"the transaction log tells nothing of {business}"
    if entity.rpartition("/")[2] not in known:
        return f"the transaction log tells of no {entity} of {business}; it tells of {', '.join(known)}"
    return f"the transaction log tells nothing of {entity} {record} of {business}"


def _told(event: dict[str, Any]) -> str:
    """The changed fields of an event in words."""
    changes = json.loads(event["changes"]) if event["changes"] else {}
    return "; ".join(f"{name}: {_short(old)} → {_short(new)}" for name, (old, new) in changes.items())


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
