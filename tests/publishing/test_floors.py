"""Who is known to be above the guardrail is read from published files, and whoever is not published is not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.control.schema import businesses
from ingestion.control.store import open_store
from ingestion.settings import Settings
from rowcol_assets.floors import above_guardrail
from rowcol_assets.guardrail_policy import Version, read_policy
from rowcol_assets.publishing.layout import DATABASE


def test_buffer_and_cash_have_to_reach_the_guardrail_and_a_business_may_set_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home")
    generation = settings.published_dir / ".generations" / "ann" / "1"
    generation.mkdir(parents=True)
    (settings.published_dir / "ann").symlink_to(generation)
    figures = [
        ("safe", 14, 10_000),
        ("short", 13.9, 50_000),
        ("poor", 90, 9_999),
        ("unknown", None, 50_000),
        ("own", 20, 50_000),
        ("bare", 0, 0),
    ]
    own: dict[str, dict[str, Any]] = {"own": {"min_buffer_days": 30}, "bare": {"min_buffer_days": 0, "min_cash_amount": Decimal(0)}}
    with duckdb.connect(str(generation / DATABASE)) as published:
        published.execute("create schema experiences")
        published.execute("create table experiences.portfolio (business_id varchar, buffer_days decimal(18, 2), cash decimal(18, 2))")
        published.executemany("insert into experiences.portfolio values (?, ?, ?)", figures)
    (version,) = read_policy()
    broken = Version("2", version.said | {"effective_from": ""}, "it has no effective date")
    with open_store(settings) as store:
        for name in ("safe", "short", "poor", "unknown", "own", "bare", "unpublished"):
            with store.database.write() as transaction:
                row = {"business_id": name, "business_name": name, "onboarded_at": wall_clock(), **own.get(name, {})}
                transaction.execute(sa.insert(businesses).values(row))
        assert above_guardrail(settings, store) == {"safe", "bare"}
        monkeypatch.setattr("rowcol_assets.floors.read_policy", lambda: [version, broken])
        assert above_guardrail(settings, store) == {"safe", "bare"}, "a version that cannot be read changes nothing"
        monkeypatch.setattr("rowcol_assets.floors.read_policy", lambda: [broken])
        assert above_guardrail(settings, store) == frozenset(), "without a policy nobody is known to be safe"
