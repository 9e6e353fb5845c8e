"""What may be paid and what is fresh: reasons, holds and the bounds of the tiers."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.documents import bill
from tests.dbt.ledgers import NOW, build_marts, small_warehouse
from tests.dbt.project import DbtProject, rows
from tests.dbt.rawfill import RawWarehouse


def test_what_is_not_ready_to_be_paid_says_why(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    with RawWarehouse(path) as raw:
        raw.version("acme", "bills", bill("undated", 10, DueDate=None))
        raw.version("acme", "bills", bill("unknown_vendor", 10, VendorRef={"value": "99"}, DueDate="2026-07-02"))
        raw.version("acme", "bills", bill("voided", 0, PrivateNote="Voided"))
        raw.version("acme", "bills", bill("flagged", 11, DueDate="2026-07-03"))
        raw.checked("acme", "H15", at=NOW, entity="bills", record_id="flagged", observed="twice", impact_amount=Decimal(11))
    build_marts(project, path, only=("fct_payment_ready_bills",))
    found = rows(
        path, "select record_id, is_payment_ready, blocked_reasons, is_ready_by_specification from marts.fct_payment_ready_bills order by 1"
    )
    assert found == [
        ("7", True, None, True),
        ("flagged", False, "hygiene_h15", True),
        ("undated", False, "no_due_date", True),
        ("unknown_vendor", False, "vendor_unmapped", True),
    ]


def test_a_bill_that_is_held_is_not_ready_until_the_hold_is_followed_by_an_approval_or_undone(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme", "other")
    words = (("7", "hold"), ("20", "hold"), ("20", "approve"), ("21", "hold"))
    with RawWarehouse(path) as raw:
        raw.versions("acme", "bills", [bill("20", 10, DueDate="2026-07-02"), bill("21", 11, DueDate="2026-07-03")])
        for number, (record_id, kind) in enumerate(words, start=1):
            values = {"decision_no": number, "decision_id": f"d{number}", "business_id": "acme", "advisor_id": "ann", "kind": kind}
            raw.control("decisions", **values, subject=json.dumps({"rail": "qbo", "bill": record_id}), decided_at=NOW)
        undo = {"decision_no": 9, "decision_id": "d9", "business_id": "acme", "advisor_id": "ann", "kind": "undo"}
        raw.control("decisions", **undo, subject='{"decision_id":"d4"}', decided_at=NOW)
    build_marts(project, path, only=("fct_payment_ready_bills",))
    columns = "business_id, record_id, is_payment_ready, blocked_reasons, advisor_decision"
    assert rows(path, f"select {columns} from marts.fct_payment_ready_bills order by all") == [
        ("acme", "20", True, None, "approve"),
        ("acme", "21", True, None, None),
        ("acme", "7", False, "held_by_advisor", "hold"),
        ("other", "7", True, None, None),
    ]


def test_bills_not_checked_for_a_day_are_not_ready(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    build_marts(project, path, NOW + timedelta(hours=24, minutes=1), only=("fct_payment_ready_bills", "portfolio"))
    assert rows(path, "select is_payment_ready, blocked_reasons from marts.fct_payment_ready_bills") == [(False, "stale")]
    assert rows(path, "select freshness_state, degraded_rails from experiences.portfolio") == [("stale", "qbo")]


def test_only_the_business_whose_check_failed_is_held(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme", "other")
    with RawWarehouse(path) as raw:
        raw.checked("acme", "H40", at=NOW, entity="bills", record_id="bills", observed="half")
        raw.checked("other", "H40", at=NOW)
    build_marts(project, path, only=("portfolio",))
    states = rows(path, "select business_id, publish_state, held_reason from experiences.portfolio order by business_id")
    assert states == [("acme", "held", "part of the ledger is missing: the last sync was incomplete"), ("other", "current", None)]


@pytest.mark.parametrize(
    ("minutes", "critical", "standard"), [(19, "fresh", "fresh"), (20, "aging", "fresh"), (75, "aging", "aging"), (1440, "stale", "stale")]
)
def test_freshness_follows_the_tiers_bounds(project: DbtProject, tmp_path: Path, minutes: int, critical: str, standard: str) -> None:
    """The fixtures' last success is a minute before NOW, so `minutes` after NOW is an age of one more."""
    path = small_warehouse(tmp_path, "acme")
    with RawWarehouse(path) as raw:
        raw.execute("update raw_control.sync_states set last_success_at = null where entity = 'terms'")
    build_marts(project, path, NOW + timedelta(minutes=minutes), only=("fct_rail_freshness",))
    states = dict(rows(path, "select entity, freshness_state from marts.fct_rail_freshness where entity in ('bills', 'vendors', 'terms')"))
    assert states == {"bills": critical, "vendors": standard, "terms": "never_synced"}
    assert rows(path, "select sync_age_minutes from marts.fct_rail_freshness where entity in ('bills', 'terms') order by entity") == [
        (minutes + 1,),
        (None,),
    ]
