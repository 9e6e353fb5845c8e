"""The registry's promises per rail and entity as the text of the dbt seed `entity_promises`.

dbt cannot read Python facts, so the seed is a generated copy; a test keeps it current, and running this module as a
program rewrites it. The promises themselves are in `ingestion/rails/<rail>/promise.py`.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ingestion.promise import TIERS
from ingestion.registry import RAILS

SEED_PATH = Path(__file__).parent.parent / "dbt_project" / "seeds" / "entity_promises.csv"

COLUMNS = ("rail", "entity", "vendor_name", "tier", "pattern", "ttl_seconds", "schedule_minutes", "fresh_minutes", "aging_minutes")


def entity_promises_csv() -> str:
    """The seed's text: a header and one line per rail and entity, in registry order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rail in RAILS.values():
        for entity in rail.entities:
            tier = TIERS[entity.tier]
            writer.writerow(
                (rail.name, entity.name, entity.vendor_name, entity.tier, entity.pattern, entity.ttl_seconds,
                 tier.schedule_minutes, tier.fresh_minutes, tier.aging_minutes)
            )  # fmt: skip
    return text.getvalue()


if __name__ == "__main__":
    SEED_PATH.write_text(entity_promises_csv())
