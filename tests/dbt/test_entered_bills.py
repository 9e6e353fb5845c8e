"""A bill that a person entered counts until the ledger has it, once and never twice; what is in doubt is flagged and asked about."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import bill, vendor
from tests.dbt.ledgers import NOW, build_marts, small_ledger
from tests.dbt.parties import decided
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

LATER = NOW + timedelta(hours=1)
BILLS = """select record_id, status, is_open, open_amount, ledger_bill_id, entered_by from marts.fct_bills
    where business_id = '{}' and rail = 'user' order by 1"""
OPEN_AP = "select sum(open_amount) from marts.fct_ap_aging where business_id = '{}'"
MODELS = ("fct_bills", "fct_ap_aging", "fct_match", "fct_exception", "chk_h34", "chk_h15")
# Of each small ledger: bill 7 over 100.00 of vendor 1, dated 2026-06-01, is what is open in it.
IN_LEDGER = Decimal(100)


class Words:
    """Decisions of ann, numbered as they are made."""

    def __init__(self, raw: RawWarehouse, first: int = 1) -> None:
        self.raw, self.number = raw, first

    def say(self, business_id: str, kind: str, subject: dict[str, Any], decision_id: str | None = None) -> None:
        values = {"decision_no": self.number, "decision_id": decision_id or f"{kind}{self.number}", "business_id": business_id}
        self.raw.control("decisions", **values, advisor_id="ann", kind=kind, subject=json.dumps(subject), decided_at=NOW)
        self.number += 1

    def enter(self, business_id: str, decision_id: str, amount: str, day: str, *, admitted: bool = True, **told: str) -> None:
        who = {} if "vendor_key" in told else {"vendor_id": "1"}
        subject = who | {"amount": amount, "bill_date": day, "due_date": "2026-07-20"} | told
        self.say(business_id, "enter-bill", subject, decision_id)
        if admitted:
            self.say(business_id, "admitted", {"decision_id": decision_id})

    def verdict(self, business_id: str, kind: str, entered: str, booked: str) -> None:
        sides = {"left_rail": "user", "left_entity": "bills", "left_id": entered, "right_rail": "qbo", "right_entity": "bills"}
        self.say(business_id, kind, sides | {"right_id": booked})


def ledger(raw: RawWarehouse, *business_ids: str) -> Words:
    raw.load("1")
    for business_id in business_ids:
        small_ledger(raw, business_id)
        raw.versions(business_id, "vendors", [vendor("2")])
    return Words(raw)


def arrive(raw: RawWarehouse, business_id: str, record_id: str, amount: Any, day: str, **fields: Any) -> None:
    """A bill that came into the ledger after all was entered."""
    record = bill(record_id, amount, TxnDate=day, MetaData={"CreateTime": LATER.isoformat()}, **fields)
    raw.version(business_id, "bills", record, updated_at=LATER, observed_at=LATER, load_id="2")


def delete(raw: RawWarehouse, business_id: str, record_id: str) -> None:
    gone: dict[str, Any] = dict.fromkeys(("updated_at", "observed_at"), LATER + timedelta(minutes=1))
    raw.version(business_id, "bills", {"Id": record_id, "status": "Deleted"}, **gone, load_id="2", version_no=2, is_deleted=True)


def test_an_entered_bill_counts_everywhere_and_is_marked_and_never_payable(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        words = ledger(raw, "acme", "other")
        words.enter("acme", "e1", "120.50", "2026-06-20", document_number="A-7")
        words.enter("acme", "waits", "999", "2026-06-20", admitted=False)
        words.enter("acme", "gone", "500", "2026-06-20")
        words.say("acme", "undo", {"decision_id": "gone"})
        words.say("acme", "approve", {"rail": "user", "bill": "e1"})
    build_marts(project, path)
    assert rows(path, BILLS.format("acme")) == [
        ("e1", "open", True, Decimal("120.50"), None, "ann"),
        ("gone", "deleted", False, Decimal("0.00"), None, "ann"),
    ]
    told = "vendor_id, vendor_name, document_number, due_date::varchar, currency, rails_used, status_source, effective_status"
    assert rows(path, f"select {told} from marts.fct_bills where record_id = 'e1'") == [
        ("1", "Vendor 1", "A-7", "2026-07-20", "USD", "qbo,user", "user", "open")
    ]
    assert rows(path, OPEN_AP.format("acme")) == [(IN_LEDGER + Decimal("120.50"),)]
    assert rows(path, "select rail, party_id, rails_used from marts.fct_ap_aging where record_id = 'e1'") == [("user", "1", "qbo,user")]
    runway = "select business_id, ap_open, ap_30 from marts.fct_runway_daily order by 1"
    assert rows(path, runway) == [("acme", Decimal("220.50"), Decimal("220.50")), ("other", IN_LEDGER, IN_LEDGER)]
    ready = "select is_payment_ready, is_ready_by_specification, blocked_reasons, advisor_decision from marts.fct_payment_ready_bills"
    assert rows(path, f"{ready} where record_id = 'e1'") == [(False, True, "not_in_ledger", None)]
    console = "select answer, contains(rule_hits, 'not_in_ledger'), is_committed from experiences.decision_console where record_id = 'e1'"
    assert rows(path, console) == [("needs_data", True, False)]
    assert rows(path, "select count(*) from marts.fct_custody_chain where bill_id = 'e1'") == [(0,)]
    ties = "select aging_amount, ledger_amount from quality.chk_h41 where business_id = 'acme' and record_id like 'Accounts Payable%'"
    assert rows(path, ties) == [(IN_LEDGER, IN_LEDGER)], "the ledger's total is held against the ledger's bills"


@dataclass(frozen=True)
class Case:
    """What was entered as e1, what came into the ledger later as bill 31, and what becomes of it. doubt: the bills it may be."""

    entered: dict[str, str]
    arrived: dict[str, Any] | None
    status: str
    rule: str | None = None
    doubt: str | None = None

    @property
    def amount(self) -> Decimal:
        return Decimal(self.entered.get("amount", "120"))


DAY = "2026-06-20"
CASES = {
    "its-number-at-any-date": Case({"document_number": "INV 007"}, {"DocNumber": "inv-007", "day": "2026-02-01"}, "replaced", "reference"),
    "its-amount-and-a-near-date": Case({}, {"DocNumber": "9", "day": "2026-06-27"}, "replaced", "amount"),
    "a-number-on-one-side": Case({"document_number": "9"}, {"day": "2026-06-13"}, "replaced", "amount"),
    "another-number": Case({"document_number": "9"}, {"DocNumber": "10", "day": DAY}, "open"),
    "another-month": Case({}, {"day": "2026-07-20"}, "open"),
    "another-vendor": Case({}, {"day": DAY, "VendorRef": {"value": "2"}}, "open"),
    "another-amount": Case({}, {"day": DAY, "TotalAmt": 130, "Balance": 130}, "open"),
    "one-that-was-there-before": Case({"amount": "100", "bill_date": "2026-06-03"}, None, "in_doubt", doubt="7"),
    "one-number-two-amounts": Case(
        {"document_number": "5"}, {"DocNumber": "5", "day": DAY, "TotalAmt": 90, "Balance": 90}, "in_doubt", doubt="31"
    ),
    "one-number-two-vendors": Case(
        {"document_number": "5"}, {"DocNumber": "5", "day": DAY, "VendorRef": {"value": "2"}}, "in_doubt", doubt="31"
    ),
    "nearly-the-amount": Case({}, {"day": "2026-06-21", "TotalAmt": "119.20", "Balance": "119.20"}, "in_doubt", doubt="31"),
}


@dataclass
class Built:
    """The warehouse of all cases, and what was open before and after bills came into the ledger."""

    path: Path
    before: dict[str, Decimal] = field(default_factory=dict)


@pytest.fixture(scope="module")
def cases(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One business per case, built before and after the ledger's bills arrive; and three more, for what takes several bills."""
    path = tmp_path_factory.mktemp("entered") / "warehouse.duckdb"
    several = ("two-alike", "weekly", "deleted-since")
    with RawWarehouse(path) as raw:
        words = ledger(raw, *CASES, *several)
        for business_id, case in CASES.items():
            told: dict[str, Any] = dict(case.entered)
            words.enter(business_id, "e1", told.pop("amount", "120"), told.pop("bill_date", DAY), **told)
        for business_id in ("two-alike", "deleted-since"):
            words.enter(business_id, "e1", "120", DAY)
        for name, day in (("first", "2026-06-08"), ("second", "2026-06-15"), ("third", "2026-06-22")):
            words.enter("weekly", name, "60", day)
    build_marts(project, path, only=MODELS)
    before = dict(rows(path, "select business_id, sum(open_amount) from marts.fct_ap_aging group by 1"))
    with RawWarehouse(path) as raw:
        raw.load("2")
        for business_id, case in CASES.items():
            if case.arrived is not None:
                fields = dict(case.arrived)
                arrive(raw, business_id, "31", 120, fields.pop("day"), **fields)
        arrive(raw, "two-alike", "31", 120, DAY)
        arrive(raw, "two-alike", "32", 120, "2026-06-22")
        arrive(raw, "weekly", "31", 60, "2026-06-08")
        arrive(raw, "weekly", "32", 60, "2026-06-16")
        arrive(raw, "deleted-since", "31", 120, DAY)
        delete(raw, "deleted-since", "31")
    build_marts(project, path, LATER, only=MODELS)
    return Built(path, before)


def in_doubt(path: Path, business_id: str) -> list[tuple[str, str]]:
    """The entered bills that are asked about, by the flag and by the exception, and which bills of the ledger they may be."""
    where = f"where rail = 'user' and business_id = '{business_id}' order by 1"
    told = [row for row in rows(path, f"select record_id, is_ambiguous, observed from quality.chk_h34 {where}") if row[1]]
    assert rows(path, f"select record_id, kind from marts.fct_exception {where}") == [(record, "ambiguous") for record, *_ in told]
    return [(record, observed.partition(", may be ")[2]) for record, _, observed in told]


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_an_entered_bill_when_the_ledger_has_one(cases: Built, name: str) -> None:
    case, path = CASES[name], cases.path
    is_open = case.status == "open"
    booked = "31" if case.status == "replaced" else None
    assert rows(path, BILLS.format(name)) == [("e1", case.status, is_open, case.amount if is_open else Decimal(0), booked, "ann")]
    match = f"select left_rail, left_id, right_id, rule, tier, rails_used from marts.fct_match where business_id = '{name}'"
    assert rows(path, match) == ([("user", "e1", "31", case.rule, "auto", "qbo,user")] if case.rule else [])
    assert in_doubt(path, name) == ([("e1", f"bill {case.doubt} of the ledger")] if case.doubt else [])
    arrived = Decimal(str((case.arrived or {}).get("TotalAmt", 120))) if case.arrived is not None else Decimal(0)
    assert cases.before[name] == IN_LEDGER + (case.amount if case.arrived is not None else 0)
    assert rows(path, OPEN_AP.format(name)) == [(IN_LEDGER + arrived + (case.amount if is_open else 0),)], "counted once"
    twins = f"select record_id from quality.chk_h15 where business_id = '{name}' and duplicate_of is not null"
    assert rows(path, twins) == [], "the ledger's own bill is no duplicate of a word"


def test_each_bill_of_the_ledger_stands_for_one_that_was_entered(cases: Built) -> None:
    assert [(row[0], row[1], row[4]) for row in rows(cases.path, BILLS.format("weekly"))] == [
        ("first", "replaced", "31"), ("second", "replaced", "32"), ("third", "open", None),
    ]  # fmt: skip
    assert rows(cases.path, OPEN_AP.format("weekly")) == [(IN_LEDGER + 180,)]


def test_what_the_ledger_took_and_deleted_again_does_not_come_back(cases: Built) -> None:
    assert rows(cases.path, BILLS.format("deleted-since")) == [("e1", "replaced", False, Decimal(0), "31", "ann")]
    assert rows(cases.path, OPEN_AP.format("deleted-since")) == [(IN_LEDGER,)]


def test_a_person_says_which_of_two_bills_it_is_or_that_it_is_neither(project: DbtProject, cases: Built) -> None:
    path, name = cases.path, "two-alike"
    assert rows(path, BILLS.format(name)) == [("e1", "in_doubt", False, Decimal(0), None, "ann")]
    assert in_doubt(path, name) == [("e1", "bill 31 or 32 of the ledger")]
    assert rows(path, OPEN_AP.format(name)) == [(IN_LEDGER + 240,)]

    def said(say: Callable[[Words], None], first: int) -> list[Any]:
        with RawWarehouse(path) as raw:
            say(Words(raw, first))
        build_marts(project, path, LATER, only=MODELS)
        assert in_doubt(path, name) == []
        return rows(path, BILLS.format(name))

    assert said(lambda words: words.verdict(name, "confirm-match", "e1", "32"), 900) == [("e1", "replaced", False, Decimal(0), "32", "ann")]
    match = f"select rule, decided_by, decision_id from marts.fct_match where business_id = '{name}'"
    assert rows(path, match) == [("verdict", "ann", "confirm-match900")]

    def neither(words: Words) -> None:
        for booked in ("31", "32"):
            words.verdict(name, "reject-match", "e1", booked)

    assert said(neither, 901) == [("e1", "open", True, Decimal(120), None, "ann")]
    assert rows(path, OPEN_AP.format(name)) == [(IN_LEDGER + 360,)]


def test_a_vendor_is_named_by_its_key_of_then_and_what_was_held_stays_held_in_the_ledger(project: DbtProject, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        ledger(raw, "acme")
    build_marts(project, path, only=("vendor_map",))
    ((key,),) = rows(path, "select vendor_key from marts.vendor_map where business_id = 'acme' and rail_vendor_id = '2'")
    with RawWarehouse(path) as raw:
        words = Words(raw)
        words.enter("acme", "e1", "120", DAY, vendor_key=key, document_number="5")
        words.say("acme", "hold", {"rail": "user", "bill": "e1"})
    build_marts(project, path, only=("fct_payment_ready_bills",))
    held = "select rail, advisor_decision, blocked_reasons from marts.fct_payment_ready_bills where vendor_id = '2'"
    assert rows(path, held) == [("user", "hold", "not_in_ledger,held_by_advisor")]
    with RawWarehouse(path) as raw:
        raw.load("2")
        arrive(raw, "acme", "31", 120, DAY, DocNumber="5", VendorRef={"value": "2"})
        decided(raw, "acme", "same", ("qbo", "1"), ("qbo", "2"))
    build_marts(project, path, LATER, only=("fct_payment_ready_bills", "fct_bills", "vendor_map"))
    assert rows(path, f"select count(*) from marts.vendor_map where vendor_key = '{key}'") == [(0,)], "it is vendor 1's by now"
    assert rows(path, held) == [("qbo", "hold", "held_by_advisor")]
    assert rows(path, BILLS.format("acme")) == [("e1", "replaced", False, Decimal(0), "31", "ann")]
