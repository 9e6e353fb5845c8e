"""The checks as Python sees them: the hygiene catalogue, what each is called, how serious it is, which limits it uses; and
the checks of the rails' raw records beside it.

The facts themselves are the dbt seeds `hygiene_catalogue.csv`, `hygiene_thresholds.csv` and `source_checks.csv`, read from
the same files that dbt loads, so that SQL and Python cannot disagree. What a check expects of a frame is in
`expectations.suites`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

from ingestion.errors import RowcolError

Severity = Literal["C", "H", "M", "L"]
BlocksKind = Literal["record", "needs_data", ""]
Dimension = Literal["completeness", "accuracy", "consistency", "timeliness", "validity"]
ImpactRule = Literal["none", "fixed_days", "amount_over_burn", "amount_over_unit"]

SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"
CATALOGUE_FILE = "hygiene_catalogue.csv"
THRESHOLDS_FILE = "hygiene_thresholds.csv"
SOURCE_CHECKS_FILE = "source_checks.csv"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One check of the catalogue.

    rails_all: rails that must all be connected for the check to apply; rails_any: at least one of them must be; both
    empty: any connected rail will do. is_resolvable: a person's word resolves its flags; same_rules: rules of the guardrail
    that say the same. impact_value and impact_cap_days are days for `fixed_days`, and for
    `amount_over_unit` the amount worth one day and the most days it can cost.
    """

    check_id: str
    name: str
    description: str
    severity: Severity
    is_blocking: bool
    blocks_kind: BlocksKind
    is_resolvable: bool
    same_rules: tuple[str, ...]
    dimension: Dimension
    weight: Decimal
    rails_all: tuple[str, ...]
    rails_any: tuple[str, ...]
    impact_rule: ImpactRule
    impact_value: Decimal | None
    impact_cap_days: Decimal | None
    what_to_do: str


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """A check of one rail's raw records. is_notice: what it finds is told and fails nothing."""

    check_id: str
    rail: str
    name: str
    description: str
    is_notice: bool


@lru_cache(maxsize=4)
def load(seeds: Path = SEEDS) -> tuple[CatalogueEntry, ...]:
    """The whole catalogue, H01 first; RowcolError when the seed is missing or malformed."""
    try:
        return tuple(_entry(row) for row in _rows(seeds / CATALOGUE_FILE))
    except (KeyError, ArithmeticError) as error:
        raise RowcolError(f"{CATALOGUE_FILE} is malformed: {error!r}") from None


@lru_cache(maxsize=4)
def load_source_checks(seeds: Path = SEEDS) -> tuple[SourceCheck, ...]:
    """The checks of raw records, rail by rail; RowcolError when the seed is missing or malformed."""
    try:
        return tuple(
            SourceCheck(row["check_id"], row["rail"], row["name"], row["description"], row["is_notice"] == "true")
            for row in _rows(seeds / SOURCE_CHECKS_FILE)
        )
    except KeyError as error:
        raise RowcolError(f"{SOURCE_CHECKS_FILE} is malformed: {error!r}") from None


@lru_cache(maxsize=4)
def load_thresholds(seeds: Path = SEEDS) -> dict[tuple[str, str], Decimal]:
    """The limits of all checks by (check_id, name), exact decimals in the unit the seed names."""
    try:
        return {(row["check_id"], row["name"]): Decimal(row["value"]) for row in _rows(seeds / THRESHOLDS_FILE)}
    except (KeyError, ArithmeticError) as error:
        raise RowcolError(f"{THRESHOLDS_FILE} is malformed: {error!r}") from None


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise RowcolError(f"{path.name} cannot be read: {error.strerror}") from None


def _entry(row: dict[str, str]) -> CatalogueEntry:
    return CatalogueEntry(
        check_id=row["check_id"],
        name=row["name"],
        description=row["description"],
        severity=cast(Severity, row["severity"]),
        is_blocking=row["is_blocking"] == "true",
        blocks_kind=cast(BlocksKind, row["blocks_kind"]),
        is_resolvable=row["is_resolvable"] == "true",
        same_rules=_names(row["same_rules"]),
        dimension=cast(Dimension, row["dimension"]),
        weight=Decimal(row["weight"]),
        rails_all=_names(row["rails_all"]),
        rails_any=_names(row["rails_any"]),
        impact_rule=cast(ImpactRule, row["impact_rule"]),
        impact_value=_number(row["impact_value"]),
        impact_cap_days=_number(row["impact_cap_days"]),
        what_to_do=row["what_to_do"],
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split("|") if name)


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None
