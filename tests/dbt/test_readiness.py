"""What may be paid and what is fresh: reasons, holds and the bounds of the tiers."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import bill, vendor
from tests.dbt.ledgers import NOW, build_marts, small_ledger, small_warehouse
from tests.dbt.payments import verdict
from tests.dbt.project import DbtProject
from tests.dbt.rails import ramp_bill
from tests.dbt.rawfill import RawWarehouse

# Businesses by the minutes since they were read, with the state of critical and of standard entities.
AGES = {20: ("fresh", "fresh"), 21: ("aging", "fresh"), 76: ("aging", "aging"), 1441: ("stale", "stale")}

# Holds, approvals as the receiver stores them, and what became of those: kind, subject, and the bulk.
ASKED: tuple[tuple[str, dict[str, str], str | None], ...] = (
    ("hold", {"bill": "waits"}, None),
    ("hold", {"bill": "let"}, None),
    ("approve", {"bill": "waits"}, None),
    ("approve", {"bill": "let"}, None),
    ("admitted", {"decision_id": "a3", "guardrail": "cash 5"}, None),
    ("refused", {"decision_id": "a2"}, None),
    ("hold", {"bill": "both-1"}, "bulk"),
    ("hold", {"bill": "both-2"}, "bulk"),
    ("undo", {"bulk_id": "bulk"}, None),
)


@pytest.fixture(scope="module")
def built(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The marts over businesses that have nothing to do with each other: each test looks at its own."""
    names = ("unready", "decided", "undecided", "asked", "half", "whole", "rebanked", "paired")
    path = small_warehouse(tmp_path_factory.mktemp("readiness"), *names)
    with RawWarehouse(path) as raw:
        raw.version("unready", "bills", bill("undated", 10, DueDate=None))
        raw.version("unready", "bills", bill("unknown_vendor", 10, VendorRef={"value": "99"}, DueDate="2026-07-02"))
        raw.version("unready", "bills", bill("voided", 0, PrivateNote="Voided"))
        raw.version("unready", "bills", bill("flagged", 11, DueDate="2026-07-03"))
        raw.checked("unready", "H15", at=NOW, entity="bills", record_id="flagged", observed="twice", impact_amount=Decimal(11))

        raw.versions("decided", "bills", [bill("20", 10, DueDate="2026-07-02"), bill("21", 11, DueDate="2026-07-03")])
        for number, (record_id, kind) in enumerate((("7", "hold"), ("20", "hold"), ("20", "approve"), ("21", "hold")), start=1):
            values = {"decision_no": number, "decision_id": f"d{number}", "business_id": "decided", "advisor_id": "ann", "kind": kind}
            raw.control("decisions", **values, subject=json.dumps({"rail": "qbo", "bill": record_id, "guardrail": "let"}), decided_at=NOW)
        undo = {"decision_no": 9, "decision_id": "d9", "business_id": "decided", "advisor_id": "ann", "kind": "undo"}
        raw.control("decisions", **undo, subject='{"decision_id":"d4"}', decided_at=NOW)

        raw.versions("asked", "bills", [bill(name, 10, DueDate="2026-07-02") for name in ("waits", "let", "both-1", "both-2")])
        for number, (kind, subject, bulk) in enumerate(ASKED):
            made = {"decision_no": number, "decision_id": f"a{number}", "business_id": "asked", "advisor_id": "ann", "kind": kind}
            told = subject | ({"rail": "qbo"} if "bill" in subject else {})
            raw.control("decisions", **made, subject=json.dumps(told), bulk_id=bulk, decided_at=NOW)

        # Ramp does not say which bills of the ledger its own are; of one a person does.
        raw.connect("paired", "ramp", now=NOW)
        raw.versions("paired", "bills", [bill(name, 100, DueDate="2026-07-02", DocNumber=name) for name in ("said", "unsaid")])
        for number, name in enumerate(("said", "unsaid"), start=1):
            ramp_bill(raw, "paired", f"ramp-{name}", None, "OPEN", invoice_number=name)
            held = {"decision_no": number, "decision_id": f"p{number}", "business_id": "paired", "advisor_id": "ann", "kind": "hold"}
            raw.control("decisions", **held, subject=json.dumps({"rail": "ramp", "bill": f"ramp-{name}"}), decided_at=NOW)
        verdict(raw, "paired", 3, "confirm-match", "ramp:bills:ramp-said", "qbo:bills:said")

        raw.connect("rebanked", "ramp", now=NOW)
        raw.versions("rebanked", "vendors", [vendor("8", DisplayName="Quill Email"), vendor("9", DisplayName="Tidewater Freight")])
        for owed in ("8", "9"):
            raw.version("rebanked", "bills", bill(f"of {owed}", 10, VendorRef={"value": owed}, DueDate="2026-07-02"))
        paid_to = {"id": "r", "name": "Quill Email", "is_active": True, "accounting_vendor_remote_id": "8"}
        raw.observed("rebanked", "ramp", "vendors", "r", paid_to)
        raw.checked("rebanked", "H22", at=NOW, rail="ramp", entity="vendors", record_id="r", observed="another account")

        raw.checked("half", "H40", at=NOW, entity="bills", record_id="bills", observed="half")
        raw.checked("whole", "H40", at=NOW)

        for minutes in AGES:
            small_ledger(raw, f"age-{minutes}", now=NOW - timedelta(minutes=minutes - 1))
        raw.execute("update raw_control.sync_states set last_success_at = null where entity = 'terms' and business_id like 'age-%'")
    build_marts(project, path, only=("fct_payment_ready_bills", "portfolio", "fct_rail_freshness"))
    return path


def test_what_is_not_ready_to_be_paid_says_why(built: Path) -> None:
    columns = "record_id, is_payment_ready, blocked_reasons, is_ready_by_specification"
    assert rows(built, f"select {columns} from marts.fct_payment_ready_bills where business_id = 'unready' order by 1") == [
        ("7", True, None, True),
        ("flagged", False, "hygiene_h15", True),
        ("undated", False, "no_due_date", True),
        ("unknown_vendor", False, "vendor_unmapped", True),
    ]


def test_what_ramp_says_of_a_vendor_stops_the_ledgers_bills_of_that_vendor(built: Path) -> None:
    columns = "record_id, is_payment_ready, blocked_reasons"
    assert rows(built, f"select {columns} from marts.fct_payment_ready_bills where business_id = 'rebanked' order by 1") == [
        ("7", True, None),
        ("of 8", False, "hygiene_h22"),
        ("of 9", True, None),
    ]


def test_a_hold_by_ramps_id_holds_the_ledgers_bill_once_the_two_are_known_for_one(built: Path) -> None:
    query = "select record_id, advisor_decision from marts.fct_payment_ready_bills where business_id = 'paired' and record_id like '%said'"
    assert sorted(rows(built, query)) == [("said", "hold"), ("unsaid", None)]
    paired = "select method, tier from marts.bill_map where business_id = 'paired' and qbo_bill_id = 'said'"
    assert rows(built, paired) == [("verdict", "auto")]


def test_a_bill_that_is_held_is_not_ready_until_the_hold_is_followed_by_an_approval_or_undone(built: Path) -> None:
    columns = "business_id, record_id, is_payment_ready, blocked_reasons, advisor_decision"
    assert rows(built, f"select {columns} from marts.fct_payment_ready_bills where business_id like '%decided' order by all") == [
        ("decided", "20", True, None, "approve"),
        ("decided", "21", True, None, None),
        ("decided", "7", False, "held_by_advisor", "hold"),
        ("undecided", "7", True, None, None),
    ]


def test_an_approval_counts_once_it_is_admitted_and_a_bulk_is_undone_as_a_whole(built: Path) -> None:
    query = "select record_id, coalesce(blocked_reasons, advisor_decision) from marts.fct_payment_ready_bills where business_id = 'asked'"
    assert dict(rows(built, query)) == {"7": None, "waits": "held_by_advisor", "let": "approve", "both-1": None, "both-2": None}


def test_bills_not_checked_for_a_day_are_not_ready(built: Path) -> None:
    ready = "select is_payment_ready, blocked_reasons from marts.fct_payment_ready_bills where business_id = 'age-1441'"
    assert rows(built, ready) == [(False, "stale")]
    fresh = "select freshness_state, degraded_rails from experiences.portfolio where business_id = 'age-1441'"
    assert rows(built, fresh) == [("stale", "qbo")]


def test_only_the_business_whose_check_failed_is_held(built: Path) -> None:
    states = "select publish_state, held_reason from experiences.portfolio where business_id = ?"
    assert rows(built, states, ["half"]) == [("held", "part of the ledger is missing: the last sync was incomplete")]
    assert rows(built, states, ["whole"]) == [("current", None)]


@pytest.mark.parametrize("minutes", AGES)
def test_freshness_follows_the_tiers_bounds(built: Path, minutes: int) -> None:
    critical, standard = AGES[minutes]
    ages = """
        select entity, freshness_state, sync_age_minutes from marts.fct_rail_freshness
        where business_id = ? and entity in ('bills', 'vendors', 'terms') order by entity
    """
    assert rows(built, ages, [f"age-{minutes}"]) == [
        ("bills", critical, minutes), ("terms", "never_synced", None), ("vendors", standard, minutes),
    ]  # fmt: skip
