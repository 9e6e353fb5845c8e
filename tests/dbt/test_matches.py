"""Which records of two rails are one: by link, number, amount or as a bundle; and what is left, with its reason."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.matched import matched_business
from tests.dbt.payments import paid, ramp_bill, verdict
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse
from tests.dbt.told import told_business

MARTS = (
    "fct_match", "bill_map", "fct_exception", "fct_bank_closure", "fct_payment_ready_bills", "chk_h16", "chk_h26", "chk_h30", "chk_h34",
)  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("matches") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business in ("acme", "other", "twins"):
            raw.business(business, now=NOW)
            raw.versions(
                business, "accounts", [account("35", "Bank", 1000), account("60", "Expense"), account("33", "Accounts Payable", 0)]
            )
            raw.versions(business, "vendors", [vendor("1")])
            for rail in ("ramp", "plaid"):
                if (business, rail) != ("other", "ramp"):
                    raw.connect(business, rail, now=NOW)
        matched_business(raw)
        told_business(raw)
        verdict(raw, "other", 9, "confirm-match", "qbo:bill_payments:p-05-04-120", "plaid:transactions:unrelated", advisor_id="bob")
        # Entered twice on both rails, and twice in the ledger alone.
        for number, amount, names in (("INV-5", 45, ("both-1", "both-2")), ("INV-4", 47, ("half-1", "half-2"))):
            raw.versions("twins", "bills", [bill(name, amount, DocNumber=number) for name in names])
            told = {"invoice_number": number, "issued_at": "2026-06-01", "vendor": {"name": "Vendor 1"}}
            for name in names if amount == 45 else names[:1]:
                ramp_bill(raw, "twins", f"r-{name}", None, amount, None, **told)
        # What acme's bank shows is nothing to this one, and its payment service is not connected.
        days = {
            "2026-05-04": (120,), "2026-06-02": (41, 59), "2026-06-04": (11, 31), "2026-06-05": (15, 27), "2026-06-09": (33, 34, 35),
            "2026-06-15": (21, 22), "2026-06-22": (61, 62, 63, 64),
        }  # fmt: skip
        payments = [
            paid(f"p-{day[5:]}-{amount}", day, amount, "Vendor 1", check="1201" if amount == 120 else None)
            for day, amounts in days.items()
            for amount in amounts
        ]
        raw.versions("other", "bill_payments", payments)
        bank_account(raw, "other", "checking", available=1, current=1)
        bank_transaction(raw, "other", "t-day", 100, "2026-06-03", name="RAMP BUSINESS BILL PAY 1")
        bank_transaction(raw, "other", "t-either", 42, "2026-06-08", name="RAMP BUSINESS BILL PAY 2")
        bank_transaction(raw, "other", "t-but-one", 67, "2026-06-10", name="RAMP BUSINESS BILL PAY 3")
        bank_transaction(raw, "other", "t-and-one", 50, "2026-06-16", name="RAMP BUSINESS BILL PAY 4")
        bank_transaction(raw, "other", "t-returned", -7, "2026-06-19", name="ACH RETURN R03 NO ACCOUNT")
        bank_transaction(raw, "other", "t-some", 123, "2026-06-23", name="RAMP BUSINESS BILL PAY 5")
        bank_transaction(raw, "other", "unrelated", 3, "2026-05-01", name="SOMETHING")
    build_marts(project, path, only=MARTS)
    return path


def test_each_debit_leads_to_what_it_paid_and_says_by_which_rule(warehouse: Path) -> None:
    found = rows(
        warehouse, "select left_rail, left_id, right_id, rule, tier from marts.fct_match where business_id = 'acme' and pair != 'bill'"
    )
    assert set(found) == {
        ("qbo", "p-check", "t-check", "reference", "auto"),
        ("ramp", "tr", "t-run", "amount", "auto"),
        ("ramp", "r1", "t-run", "bundle", "auto"),
        ("ramp", "r2", "t-run", "bundle", "auto"),
        ("qbo", "p-run-1", "t-run", "bundle", "auto"),
        ("qbo", "p-run-2", "t-run", "bundle", "auto"),
    }
    assert rows(warehouse, "select count(*) from marts.fct_match where business_id = 'other' and right_id like 't-c%'") == [(0,)]


def test_a_bill_on_both_rails_is_known_by_its_link_or_its_number(warehouse: Path) -> None:
    found = rows(warehouse, "select qbo_bill_id, ramp_bill_id, method, tier from marts.bill_map where business_id = 'acme' order by 1")
    assert [row[:3] for row in found] == [
        ("b1", "r1", "linked"),
        ("b2", "r2", "linked"),
        ("b3", "r3", "reference"),
        ("b4", "r4", "linked"),
        ("b5", "r5", "linked"),
        ("b6", "r6", "tolerance"),
    ]
    tiers = dict(rows(warehouse, "select qbo_bill_id, tier from marts.bill_map where business_id = 'acme'"))
    assert (tiers["b3"], tiers["b6"]) == ("auto", "suggest"), "of one number and vendor, and one amount or two"


def test_what_is_left_says_why(warehouse: Path) -> None:
    found = rows(warehouse, "select record_id, kind, amount, age_days from marts.fct_exception where business_id = 'acme'")
    by_kind = {kind: {record for record, one, *_ in found if one == kind} for _, kind, *_ in found}
    assert by_kind == {
        "no_match": {"r7", "t-stray"},
        "ambiguous": {"b6", "t-twin-1", "t-twin-2"},
        "paid_without_money": {"p-lost"},
        "timing": {"p-fresh"},
        "unmapped": {"v-alone"},
    }
    assert ("t-stray", "no_match", Decimal("-77.00"), 18) in found


def test_matched_and_unmatched_add_up_to_what_the_bank_posted(warehouse: Path) -> None:
    closure = (
        "select posted_date::varchar, transaction_count, matched_amount, unmatched_amount, unmatched_in_amount, unmatched_out_amount "
        "from marts.fct_bank_closure"
    )
    assert rows(warehouse, f"{closure} where business_id = 'acme' order by 1") == [
        ("2026-05-08", 1, Decimal("-120.00"), 0, 0, 0),
        ("2026-06-11", 1, Decimal("-300.00"), 0, 0, 0),
        ("2026-06-12", 1, 0, Decimal("-77.00"), 0, Decimal("-77.00")),
        ("2026-06-17", 2, 0, Decimal("-50.00"), 0, Decimal("-50.00")),
    ]


def test_the_last_word_on_a_bill_counts_under_whichever_of_its_names_it_was_given(warehouse: Path) -> None:
    query = (
        "select record_id, advisor_decision, contains(coalesce(blocked_reasons, ''), 'held_by_advisor') from marts.fct_payment_ready_bills"
    )
    assert rows(warehouse, f"{query} where business_id = 'acme' and record_id in ('b4', 'b5') order by 1") == [
        ("b4", "approve", False),
        ("b5", "hold", True),
    ]


def test_a_debit_of_a_day_is_all_its_payments_or_proposed_with_one_that_came_back_or_without_one(warehouse: Path) -> None:
    """Never a smaller part of them, and never either of two days."""
    found = rows(warehouse, "select left_id, right_id, rule, tier from marts.fct_match where business_id = 'other' order by all")
    assert found == [
        ("p-05-04-120", "unrelated", "verdict", "auto"),
        ("p-06-02-41", "t-day", "bundle", "auto"),
        ("p-06-02-59", "t-day", "bundle", "auto"),
        ("p-06-09-33", "t-but-one", "bundle", "suggest"),
        ("p-06-09-34", "t-but-one", "bundle", "suggest"),
        ("p-06-15-21", "t-and-one", "bundle", "suggest"),
        ("p-06-15-22", "t-and-one", "bundle", "suggest"),
    ]


def test_a_match_that_a_person_confirmed_names_the_decision_and_no_other_does(warehouse: Path) -> None:
    query = "select left_id, decision_id, decided_by, decided_at::timestamptz from marts.fct_match where decision_id is not null"
    assert rows(warehouse, f"{query} and business_id = 'other'") == [("p-05-04-120", "d9", "bob", NOW)]


def test_the_checks_on_what_is_left_find_their_mistakes_and_nothing_else(warehouse: Path) -> None:
    acme = "from quality.chk_{} where business_id = 'acme' and {}"
    unlinked = "select record_id, unlinked_bill_id, impact_amount " + acme
    assert set(rows(warehouse, unlinked.format("h16", "unlinked_bill_id is not null"))) == {
        ("b3", "r3", Decimal("70.00")),
        ("b6", "r6", Decimal("970.00")),
    }
    disagreed = "select record_id, ledger_amount, paying_amount " + acme
    assert rows(warehouse, disagreed.format("h30", "ledger_amount != paying_amount")) == [("b6", Decimal("970.00"), Decimal("790.00"))]
    outflows = "select record_id, days_unexplained, impact_amount " + acme
    assert rows(warehouse, outflows.format("h26", "days_unexplained > 3")) == [("t-stray", 18, Decimal("77.00"))]
    ambiguous = "select rail, entity, record_id " + acme + " order by 3"
    twins = [("plaid", "transactions", "t-twin-1"), ("plaid", "transactions", "t-twin-2")]
    assert rows(warehouse, ambiguous.format("h34", "is_ambiguous")) == twins
    for check in ("h16", "h26", "h34"):
        assert rows(warehouse, f"select count(*) > 2 from quality.chk_{check}") == [(True,)], "nothing right is in the frame"


def test_of_equal_entries_those_are_on_both_rails_of_which_none_is_left_over(warehouse: Path) -> None:
    found = rows(warehouse, "select record_id, unlinked_bill_id from quality.chk_h16 where business_id = 'twins' order by 1")
    assert [(record, unlinked is not None) for record, unlinked in found] == [
        ("both-1", True), ("both-2", True), ("half-1", False), ("half-2", False),
    ]  # fmt: skip
    assert len({unlinked for _, unlinked in found}) == 3, "each its own, and none"
    assert rows(warehouse, "select count(*) from marts.bill_map where business_id = 'twins'") == [(0,)]


def test_what_a_person_said_of_a_debit_goes_before_the_run_it_seemed_to_pay(warehouse: Path) -> None:
    """Rejected members never come back, and what is left of a run is proposed where it no longer comes to the debit."""
    query = "select left_rail, left_id, rule, tier from marts.fct_match where business_id = 'told' and right_id = ? order by all"
    assert rows(warehouse, query, ["t-lump"]) == [("qbo", "p-lump", "verdict", "auto"), ("ramp", "tr-lump", "amount", "auto")]
    assert rows(warehouse, query, ["t-less"]) == [
        ("qbo", "p-less-2", "bundle", "suggest"),
        ("ramp", "r-less-1", "bundle", "auto"),
        ("ramp", "r-less-2", "bundle", "auto"),
        ("ramp", "tr-less", "amount", "auto"),
    ]
    assert rows(warehouse, query, ["t-day"]) == [("qbo", "p-day-1", "bundle", "auto"), ("qbo", "p-day-2", "bundle", "auto")]


def test_a_payment_of_another_amount_than_was_sent_for_its_bill_is_only_proposed(warehouse: Path) -> None:
    query = "select left_id, tier from marts.fct_match where business_id = 'told' and right_id = 't-short' and left_rail = 'qbo'"
    assert rows(warehouse, query) == [("p-short", "suggest")]


def test_a_debit_that_a_person_ties_to_a_bill_leads_to_the_ledgers_payment_of_it(warehouse: Path) -> None:
    query = "select left_rail, left_id, rule, tier, decision_id from marts.fct_match where business_id = 'told' and right_id = 't-bill'"
    assert set(rows(warehouse, query)) == {("ramp", "r-bill", "verdict", "auto", "d6"), ("qbo", "p-bill", "bundle", "auto", None)}


def test_of_contradicting_verdicts_the_newest_counts_and_the_others_are_told(warehouse: Path) -> None:
    query = """select left_id, right_id, decision_id from marts.fct_match
        where business_id = 'told' and rule = 'verdict' and decision_id >= 'd7'"""
    assert set(rows(warehouse, query)) == {
        ("p-twice", "t-far", "d8"),
        ("p-part-1", "t-parts", "d71"),
        ("p-part-2", "t-parts", "d72"),
        ("p-right", "t-one", "d82"),
        ("p-once-1", "t-once", "d91"),
        ("p-once-2", "t-once", "d92"),
    }
    told = "select record_id, reason from marts.fct_exception where business_id = 'told' and reason like 'decision %'"
    counts = "something else, which counts: undo what is wrong"
    assert set(rows(warehouse, told)) == {
        ("p-twice", f"decision d7 of ann says that it is plaid:transactions:t-near, and the later decision d8 {counts}"),
        ("t-one", f"decision d81 of ann says that it is qbo:bill_payments:p-wrong, and the later decision d82 {counts}"),
    }


def test_a_proposed_match_is_asked_of_what_nothing_sure_stands_for(warehouse: Path) -> None:
    """The debit of a run is explained; which payment it is not known to have made is asked of that payment."""
    query = """select exceptions.record_id, exceptions.amount, difference_amount, exceptions.match_id = matches.match_id, reason
        from marts.fct_exception as exceptions
        inner join marts.fct_match as matches using (business_id, match_id)
        where business_id = 'told' order by 1"""
    less = "may be plaid:transactions:t-less of -105.00 USD dated 2026-06-04; a person should say"
    near = "may be qbo:bill_payments:p-near of -1000.00 USD dated 2026-05-10; a person should say"
    short = "may be plaid:transactions:t-short of -50.00 USD dated 2026-06-06; a person should say"
    assert rows(warehouse, query) == [
        ("p-less-2", Decimal("-65.00"), Decimal("40.00"), True, less),
        ("p-short", Decimal("-48.00"), Decimal("2.00"), True, short),
        ("t-near-amount", Decimal("-1005.00"), Decimal("-5.00"), True, near),
    ]
    asked = """select record_id, observed from quality.chk_h34
        where business_id = 'told' and is_ambiguous and record_id in ('p-less-2', 't-near-amount')"""
    assert {record: observed.split(", may")[1] for record, observed in rows(warehouse, asked)} == {
        "p-less-2": less[3:],
        "t-near-amount": near[3:],
    }


def test_what_only_the_payment_service_has_is_told_and_no_cash_of_the_books(warehouse: Path) -> None:
    query = """select record_id, kind, rails_used, is_cash_uncertain from marts.fct_exception
        where business_id = 'told' and rail = 'ramp' order by 1"""
    assert rows(warehouse, query) == [
        ("r-alone", "no_match", "qbo,ramp", False),
        ("r-fresh", "timing", "qbo,ramp", False),
        ("r-pending", "timing", "qbo,ramp", False),
        ("tr-fresh", "timing", "plaid,ramp", False),
        ("tr-lost", "paid_without_money", "plaid,ramp", False),
    ]


def test_equal_payments_that_have_their_money_are_not_told_as_missing(warehouse: Path) -> None:
    query = "select record_id, kind from marts.fct_exception where business_id = 'told' and contains(record_id, 'twin') order by 1"
    assert rows(warehouse, query) == [("t-twin-1", "ambiguous"), ("t-twin-2", "ambiguous")]
