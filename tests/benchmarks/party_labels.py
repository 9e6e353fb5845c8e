"""Labelled names of others, with the features the product's own graph sees in them: what weights are fitted and measured on.

The labels lie outside the project and are found through ROWCOL_REFERENCE_DATA; the sandbox's names are in `party_world`.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingestion.settings import load_settings
from rowcol_assets.evaluation.parties import Name, compared_names
from rowcol_assets.evaluation.vendors import read_names
from tests.benchmarks.party_world import mapped_world

FOLDER = "quality/labels"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two names, what the graph sees in them, and whether they are one. asked: which question it answers; entity: what may
    not be on both sides of a fold."""

    entity: str
    asked: str
    candidate: str
    features: dict[str, float]
    score: float
    is_match: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A name to be linked. answers: every name that is right; none where no link is."""

    entity: str
    name: str
    answers: frozenset[str]


def labels(file: str) -> Path | None:
    """Where a file of labels lies; None where there is none."""
    root = os.environ.get("ROWCOL_REFERENCE_DATA")
    path = Path(root) / FOLDER / file if root else None
    return path if path is not None and path.is_file() else None


def questions(path: Path) -> list[Question]:
    """The names of a file with entity_key, query_name and gold_names separated by bars."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Question(row["entity_key"], row["query_name"], frozenset(filter(None, row["gold_names"].split("|"))))
            for row in csv.DictReader(file)
        ]


def fold(entity: str, folds: int) -> int:
    """The fold of an entity, the same on every machine."""
    return int(hashlib.sha256(entity.encode()).hexdigest(), 16) % folds


def vendor_pairs(asked: Sequence[Question], master: Path) -> list[Pair]:
    """Every candidate of every question among the names of a master list."""
    known = read_names(master, "master_name")
    names = [Name("labels", "query", number, one.name) for number, one in enumerate(asked)]
    names += [Name("labels", "master", number, text) for number, text in enumerate(known)]
    with compared_names(load_settings(), names, listed="master", kept=0.0) as database:
        rows = database.execute(
            """select right_id::bigint, left_id::bigint, features, name_score from intermediate.int_party_pairs
            where left_rail = 'master' and right_rail = 'query' order by all"""
        ).fetchall()
    return [
        Pair(
            asked[query].entity, f"{query} {asked[query].name}", known[place], msgspec.json.decode(features), score,
            known[place] in asked[query].answers,
        )
        for query, place, features, score in rows
    ]  # fmt: skip


def organisation_pairs(path: Path) -> list[Pair | tuple[str, bool]]:
    """Every pair of a file with name1, name2 and is_match; of those never compared, only the entity and the label."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [
        Name(str(number), side, number, row[column])
        for number, row in enumerate(rows)
        for side, column in (("left", "name1"), ("right", "name2"))
    ]
    with compared_names(load_settings(), names, kind="organisation", kept=0.0) as database:
        seen = {
            int(number): (msgspec.json.decode(features), score)
            for number, features, score in database.execute(
                "select business_id, features, name_score from intermediate.int_party_pairs"
            ).fetchall()
        }
    pairs: list[Pair | tuple[str, bool]] = []
    for number, row in enumerate(rows):
        entity, is_match = min(row["name1"], row["name2"]), row["is_match"] == "true"
        pairs.append(Pair(entity, str(number), row["name2"], *seen[number], is_match) if number in seen else (entity, is_match))
    return pairs


def world_pairs(seed: int, businesses: int) -> list[Pair]:
    """The distinct pairs of names of a sandbox world, those proven by ids among them; their truth is the world's."""
    with mapped_world(seed, businesses, {"least_score_kept": "0.0"}) as database:
        rows = database.execute(
            """select distinct mine.party_name, theirs.party_name, pairs.features, pairs.name_score, one.world_id = other.world_id
            from intermediate.int_party_pairs as pairs
            inner join truth as one on pairs.business_id = one.business_id and left_rail = one.rail and left_id = one.party_id
            inner join truth as other on pairs.business_id = other.business_id and right_rail = other.rail and right_id = other.party_id
            inner join intermediate.int_party_names as mine
                on pairs.business_id = mine.business_id and left_rail = mine.rail and left_id = mine.party_id and mine.party_kind = 'vendor'
            inner join intermediate.int_party_names as theirs
                on pairs.business_id = theirs.business_id and right_rail = theirs.rail and right_id = theirs.party_id
                and theirs.party_kind = 'vendor'
            where pairs.features is not null
            order by all"""
        ).fetchall()
    return [Pair(mine, mine, theirs, msgspec.json.decode(features), score, is_match) for mine, theirs, features, score, is_match in rows]
