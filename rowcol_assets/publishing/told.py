"""What was published to whom, noted in the control store for the transaction log: one act per generation that became current.

Read from the generations themselves, so that one made current by a process that died is told by the next publish.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from ingestion.control import ControlStore
from ingestion.control.acts import Act, known_acts, note
from rowcol_assets.publishing import layout

ENTITY = "publications"


def tell_current(store: ControlStore, homes: Iterable[layout.Home]) -> None:
    """Notes the current generation of each advisor unless it is noted: which one, of what content, of which businesses, when."""
    found = [act for home in homes if (generation := layout.current(home)) and (act := _act(home, generation))]
    known = known_acts(store.database, [act.act_id for act in found if act.act_id])
    _note(store, [act for act in found if act.act_id not in known])


def tell_removed(store: ControlStore, advisors: Sequence[str], at: datetime, run_id: str, reason: str) -> None:
    """Notes that the files of `advisors` were taken away, and why."""
    _note(
        store,
        [
            Act(ENTITY, one, "deleted", {}, reason, at, actor_type="platform", actor_id=run_id, client=f"published/{one}")
            for one in advisors
        ],
    )


def _act(home: layout.Home, generation: Path) -> Act | None:
    manifest = layout.manifest_of(generation)
    if not manifest:
        return None
    digest = hashlib.sha256((generation / layout.MANIFEST).read_bytes()).hexdigest()
    details = {name: manifest.get(name) for name in ("generation", "as_of", "published_at", "ready_at", "businesses", "database_sha256")}
    return Act(
        ENTITY,
        home.advisor,
        "created" if manifest["generation"] == 1 else "updated",
        {**details, "held": sorted(manifest.get("held", {})), "manifest_sha256": digest},
        "what the advisor may see was published first" if manifest["generation"] == 1 else "what the advisor may see changed",
        datetime.fromisoformat(manifest["published_at"]),
        actor_type="platform",
        actor_id=manifest["run_id"],
        client=f"published/{home.advisor}",
        act_id=f"{ENTITY}/{home.advisor}/{manifest['generation']}/{digest}",
    )


def _note(store: ControlStore, acts: Sequence[Act]) -> None:
    if acts:
        with store.database.write() as transaction:
            note(transaction, *acts)
