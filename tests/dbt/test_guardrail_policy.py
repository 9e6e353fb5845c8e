"""Versions of the guardrail's policy: what cannot be read is refused, named and logged once, and the version before it stays in force."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingestion.control.acts import acts
from ingestion.control.store import open_store
from ingestion.settings import Settings
from rowcol_assets.diagnosis import diagnose
from rowcol_assets.guardrail_policy import Version, in_force, note_policy, read_policy
from tests.dbt.asking import rows
from tests.dbt.ledgers import NOW
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

COLUMNS = ("policy_version", "effective_from", "min_buffer_days", "min_cash_amount", "max_cash_age_minutes", "payroll_horizon_days")
GOOD = ("1", "1970-01-01", "14", "10000.00", "1440", "14")
# Lines after the first, and why each is refused.
LINES: tuple[tuple[tuple[str, ...], str | None], ...] = (
    (("2", "", "7", "0", "1440", "14"), "it has no effective date"),
    (("3", "1 June", "7", "0", "1440", "14"), "its effective date is no date (YYYY-MM-DD)"),
    (("4", "2026-02-30", "7", "0", "1440", "14"), "its effective date is no date (YYYY-MM-DD)"),
    (("", "2026-03-01", "7", "0", "1440", "14"), "it has no name"),
    (("5", "2026-03-01", "-7", "0", "1440", "14"), "min_buffer_days is no number of days"),
    (("6", "2026-03-01", "7", "1e9", "1440", "14"), "min_cash_amount is no amount of money"),
    (("7", "2026-03-01", "7", "0.005", "1440", "14"), "min_cash_amount is no amount of money"),
    (("8", "2026-03-01", "7", "0", "", "14"), "max_cash_age_minutes is no number of minutes"),
    (("9", "2026-03-01", "7", "0", "1440", "two"), "payroll_horizon_days is no number of days"),
    (("1", "2026-03-01", "7", "0", "1440", "14"), "a version before it has its name"),
    (("10", "1970-01-01", "7", "0", "1440", "14"), "a version before it counts from the same day"),
    (("11", "2026-06-01", "21", "12000", "1440", "14"), None),
    (("12", "2026-09-01", "30", "15000", "1440", "14"), None),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file with all of them."""
    file = tmp_path / "policy.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([COLUMNS, GOOD, *(line for line, _ in LINES)])
    return file


def test_a_line_that_cannot_be_read_is_refused_by_name_and_the_version_before_it_counts(path: Path) -> None:
    versions = read_policy(path)
    assert [version.refused for version in versions] == [None, *(reason for _, reason in LINES)]
    assert [versions[place].name for place in (3, 4, 10)] == ["4", "line 6", "1 (line 12)"]

    def counts(day: date) -> tuple[str, tuple[int, Decimal]]:
        version = in_force(versions, day)
        assert version is not None
        return version.name, version.floors

    assert counts(date(2026, 5, 31)) == ("1", (14, Decimal(10_000)))
    assert counts(date(2026, 6, 1)) == ("11", (21, Decimal(12_000)))
    assert in_force(versions[1:11], date(2026, 12, 31)) is None
    assert [version.refused for version in read_policy()] == [None], "the policy that is shipped"


def test_the_models_refuse_the_same_lines_for_the_same_reasons(project: DbtProject, tmp_path: Path, path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    RawWarehouse(warehouse).close()
    project.build(warehouse, "--select", "guardrail_policy", "int_policy_versions")
    for line, _ in LINES:
        values = [value or None for value in line]
        rows(warehouse, "insert into seeds.guardrail_policy select ?, ?, ?, ?, ?, ?", values)
    query = "select policy_version, refused_reason, min_cash_amount from intermediate.int_policy_versions"
    found = rows(warehouse, query)
    named = [(version.said["policy_version"] or None, version.refused) for version in read_policy(path)]
    assert sorted(((name, reason) for name, reason, _ in found), key=str) == sorted(named, key=str)
    assert {name: amount for name, reason, amount in found if reason is None} == {"1": 10_000, "11": 12_000, "12": 15_000}


def test_what_is_refused_is_in_the_log_once_and_told_by_doctor(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = read_policy(path)
    settings = Settings(home=tmp_path / "home")
    with open_store(settings) as store:
        assert [version.name for version in note_policy(store, versions[:2], NOW)] == ["1", "2"]
        assert note_policy(store, versions[:2], NOW) == []
        mended = Version("2", versions[1].said | {"effective_from": "2026-07-01"}, None)
        assert note_policy(store, [versions[0], mended], NOW) == [mended]
        with store.database.read() as transaction:
            told = transaction.execute(sa.select(acts.c.record_id, acts.c.action, acts.c.reason, acts.c.details).order_by(acts.c.act_no))
            noted = [(row.record_id, row.action, row.reason, json.loads(row.details).get("refused")) for row in told]
        monkeypatch.setattr("rowcol_assets.diagnosis.read_policy", lambda: versions[1:2])
        found = [finding.problem for finding in diagnose(settings, store, NOW) if finding.subject == "guardrail_policy"]
    assert noted == [
        ("1", "created", "a version of the guardrail's policy", None),
        ("2", "created", "refused: it has no effective date", "it has no effective date"),
        ("2", "updated", "a version of the guardrail's policy", None),
    ]
    assert sorted(found) == [
        "no version is in force: nothing can be approved",
        "version 2 is refused: it has no effective date",
    ]
