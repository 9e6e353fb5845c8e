"""Figures of a built warehouse as `rowcol explain` has them, and which do not come to their records."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from ingestion.settings import Settings
from ingestion.warehouse import connect
from rowcol_assets.explaining.explain import Explanation, explain
from rowcol_assets.explaining.figures import behind
from rowcol_assets.explaining.relations import RELATIONS
from tests.dbt.asking import rows
from tests.dbt.ledgers import NOW


def explained(warehouse: Path, business_id: str, metric: str, *key: str) -> Explanation:
    """What is behind a figure in the warehouse of a home."""
    return explain(_settings(warehouse), business_id, metric, key)


def not_come_to(warehouse: Path, *relations: str) -> list[str]:
    """Every figure of every row of these relations whose records, or those of its terms, do not add up to it exactly."""
    wrong = []
    for relation in relations:
        keys, figures = RELATIONS[relation].keys, RELATIONS[relation].figures
        told = rows(warehouse, f"select business_id, {', '.join(f'cast({key} as varchar)' for key in keys)} from {relation} order by all")
        assert told, relation
        # Opened for each of hundreds of figures, the file was read that often: 25 s of a processor for the forecast's.
        with closing(connect(warehouse, _settings(warehouse))):
            for business_id, *key in told:
                shown: set[str] = set()
                # Those made of the most others first: what was shown as a term of another need not be asked for by itself.
                for column in sorted(figures, key=lambda name: -len(behind(figures, name))):
                    if column in shown:
                        continue
                    found = explained(warehouse, business_id, f"{relation}.{column}", *key)
                    shown |= {term["term"] for term in found.terms}
                    wrong += [
                        f"{relation}.{column} of {business_id} {key}: {term['term']} is {term['value']}, records {term['from_records']}"
                        for term in found.terms
                        if term["value"] is not None and term["from_records"] not in (None, term["value"])
                    ]
    return wrong


def _settings(warehouse: Path) -> Settings:
    return Settings(home=warehouse.parent, now=NOW)
