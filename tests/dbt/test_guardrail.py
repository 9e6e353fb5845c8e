"""The guardrail: which bills may be paid, by which rule not, in which order, the same of several bills together, later and from several
published files. What waits for it: `test_approvals`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from ingestion.control.decisions import put_decisions
from ingestion.control.schema import businesses
from ingestion.control.store import ControlStore, open_store
from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from rowcol_assets.cli.what_if import show
from rowcol_assets.guardrail import Answer, judge
from rowcol_assets.publishing.layout import DATABASE
from rowcol_assets.what_if import what_if
from tests.dbt.asking import rows
from tests.dbt.ledgers import NOW

pytestmark = pytest.mark.xdist_group("payers")


@pytest.fixture
def marts(payers: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(payers), read_only=True) as connection:
        yield connection


def test_a_bill_alone_is_approved_held_or_lacks_data_and_says_by_which_rule(payers: Path) -> None:
    found = rows(payers, "select business_id, record_id, answer, rule_hits from marts.fct_guardrail order by 1, 2")
    assert found == [
        ("banked", "flying", "held", "in_flight_on_ramp"),
        ("banked", "next", "held", "cash_below_floor"),
        ("banked", "seen", "held", "paid_on_ramp,cash_below_floor"),
        ("broke", "1", "needs_data", "burn_unknown,cash_unknown"),
        ("burning", "1", "held", "buffer_below_floor"),
        ("gap", "1", "needs_data", "hygiene_h24"),
        ("modest", "1", "approved", None),
        ("nobody", "1", "approved", None),
        ("old", "1", "needs_data", "cash_stale,stale"),
        ("promised", "last", "approved", None),
        ("promised", "next", "approved", None),
        ("promised", "owed", "approved", None),
        ("reserved", "1", "approved", None),
        ("safe", "euro", "needs_data", "amount_unknown"),
        ("safe", "held", "held", "held_by_advisor"),
        ("safe", "huge", "held", "cash_below_floor"),
        ("safe", "late", "approved", None),
        ("safe", "rent", "approved", None),
        ("safe", "soon", "approved", None),
        ("safe", "undated", "needs_data", "no_due_date"),
        ("seen", "1", "approved", None),
        ("sending", "flying", "held", "in_flight_on_ramp"),
        ("sending", "next", "held", "cash_below_floor"),
        ("tray", "both", "needs_data", "hygiene_h01,hygiene_h15,no_due_date"),
        ("tray", "odd", "held", "hygiene_h04"),
        ("tray", "twin", "held", "hygiene_h15"),
        ("tray", "undated", "needs_data", "hygiene_h01,no_due_date"),
        ("unpaid", "1", "needs_data", "payroll_unknown"),
        ("vast", "next", "needs_data", "committed_unknown"),
        ("vast", "one", "held", "cash_below_floor,buffer_below_floor"),
        ("vast", "two", "held", "cash_below_floor,buffer_below_floor"),
    ]


def test_a_payroll_nobody_has_set_is_known_from_the_ledgers_paydays(payers: Path) -> None:
    query = "select payroll_amount, next_payroll_date from marts.fct_guardrail where business_id = 'seen'"
    # Every 14 days; the entry of the 10th pays over what was withheld and is no payday. The one of 1 July is the next.
    assert [(amount, str(day)) for amount, day in rows(payers, query)] == [(Decimal("701.00"), "2026-07-01")]


def test_payrolls_within_the_policys_days_are_told_beside_what_a_payment_leaves(payers: Path) -> None:
    """One set for in 3 days and every 14 or 7, one seen, nobody paid, money set aside for no day, nothing known: 14 days ahead."""
    told = "select business_id, cash_after, payroll_due_amount, cash_after_payroll from {} where business_id in ? order by 1"
    asked = ["burning", "nobody", "old", "reserved", "seen", "unpaid"]
    for table in ("marts.fct_guardrail", "experiences.decision_console"):
        assert rows(payers, told.format(table), [asked]) == [
            ("burning", 19_900, 500, 19_400),
            ("nobody", 19_900, 0, 19_900),
            ("old", 19_900, 1000, 18_900),
            ("reserved", 19_900, None, None),
            ("seen", 19_900, 701, 19_199),
            ("unpaid", 19_900, None, None),
        ]


def test_the_console_goes_from_what_must_be_paid_to_what_can_wait_and_stops_at_the_floor(payers: Path) -> None:
    query = """select record_id, priority, priority_rule, answer, answer_in_order, running_amount from experiences.decision_console
        where business_id = 'safe' order by console_rank"""
    assert rows(payers, query) == [
        ("rent", "MUST_PAY", "rent", "approved", "approved", 100),
        ("undated", "MUST_PAY", "no_due_date", "needs_data", "needs_data", 100),
        ("soon", "MUST_PAY", "due_soon", "approved", "approved", 4100),
        ("held", "MUST_PAY", "strategic_vendor", "held", "held", 4100),
        ("late", "MUST_PAY", "strategic_vendor", "approved", "approved", 9100),
        ("euro", "MUST_PAY", "strategic_vendor", "needs_data", "needs_data", 9100),
        ("huge", "MUST_PAY", "strategic_vendor", "held", "held", 21100),
    ]


def test_one_bill_is_judged_as_the_mart_judges_it(marts: duckdb.DuckDBPyConnection) -> None:
    columns = "business_id, record_id, answer, coalesce(rule_hits, ''), cash_after, buffer_days_after"
    judged = marts.execute(f"select {columns} from marts.fct_guardrail").fetchall()
    for business, record_id, answer, hits, *left in judged:
        said = judge(marts, business, [("qbo", record_id)], at=NOW)
        assert (said.answer, {hit.rule for hit in said.rule_hits}) == (answer, set(filter(None, hits.split(","))))
        assert [said.cash_after, said.buffer_days_after] == left
    assert len(judged) == 31


def test_the_tray_begins_with_the_days_at_risk_and_those_that_wait(payers: Path) -> None:
    query = """select tray_rank, check_id, record_id, runway_impact_days, decisions_unblocked, unblocked_amount, unblocked_days
        from experiences.hygiene_tray where business_id = 'tray' order by tray_rank"""
    # 100 go out a day. Two things speak against `both`, so neither flag alone lets it be paid; `odd` was put aside and stays held.
    assert rows(payers, query) == [
        (1, "H15", "twin", 3, 1, 300, 3),
        (2, "H01", "undated", Decimal("0.50"), 1, 200, 2),
        (3, "H01", "both", Decimal("0.50"), 0, None, None),
        (4, "H13", "1", Decimal("0.30"), 0, None, None),
        (5, "H15", "both", None, 0, None, None),
    ]
    query = "select business_name, document_number, amount, open_amount, currency, is_resolvable from experiences.hygiene_tray"
    assert rows(payers, f"{query} where check_id = 'H15' and record_id = 'twin'") == [("Tray", "A-2", 300, 300, "USD", True)]
    query = "select decisions_unblocked, unblocked_amount from experiences.hygiene_tray where business_id = 'gap'"
    assert rows(payers, query) == [(1, 100)], "what is wrong with the whole client stops each of its bills"


def test_several_bills_are_judged_by_what_all_of_them_leave(marts: duckdb.DuckDBPyConnection) -> None:
    both = judge(marts, "safe", [("qbo", "soon"), ("qbo", "late")], at=NOW)
    assert (both.answer, both.total_amount, both.cash_after, both.buffer_days_after) == ("approved", 9000, 11_000, Decimal("110.00"))
    more = judge(marts, "safe", [("qbo", "soon"), ("qbo", "late"), ("qbo", "huge")], at=NOW)
    assert (more.answer, [hit.rule for hit in more.rule_hits]) == ("held", ["cash_below_floor", "buffer_below_floor"])
    mixed = judge(marts, "safe", [("qbo", "soon"), ("qbo", "euro"), ("qbo", "held")], at=NOW)
    assert (mixed.answer, mixed.cash_after, [(hit.rule, hit.record_id) for hit in mixed.rule_hits]) == (
        "needs_data",
        None,
        [("amount_unknown", "euro"), ("held_by_advisor", "held")],
    )
    live = judge(marts, "old", [("qbo", "1")], at=NOW, live_cash=Decimal(10_099))
    assert (live.cash_source, [hit.rule for hit in live.rule_hits]) == ("live", ["stale", "cash_below_floor"])


def test_what_is_approved_and_not_paid_yet_is_spent_already(marts: duckdb.DuckDBPyConnection) -> None:
    query = """select record_id, is_committed, committed_amount, cash_after from marts.fct_guardrail
        where business_id = 'promised' order by 1"""
    assert marts.execute(query).fetchall() == [("last", False, 4000, 13_000), ("next", False, 4000, 12_000), ("owed", True, 0, 16_000)]
    # In the order of the console `owed` comes last, and is taken into account before.
    query = """select record_id, answer_in_order, running_amount from experiences.decision_console
        where business_id = 'promised' order by console_rank"""
    assert marts.execute(query).fetchall() == [("next", "approved", 4000), ("owed", "approved", 8000), ("last", "held", 11_000)]
    both = judge(marts, "promised", [("qbo", "next"), ("qbo", "last")], at=NOW)
    assert (both.answer, both.committed_amount, both.cash_after) == ("held", 4000, 9000)
    with_it = judge(marts, "promised", [("qbo", "owed"), ("qbo", "next")], at=NOW)
    assert (with_it.answer, with_it.committed_amount, with_it.cash_after) == ("approved", 0, 12_000), "its own is not taken twice"
    since = judge(marts, "promised", [("qbo", "next")], at=NOW, standing=[("qbo", "owed"), ("qbo", "last")])
    assert (since.answer, since.committed_amount, since.cash_after) == ("held", 7000, 9000), "approved since the last cycle"


def test_what_ramp_is_paying_is_spent_already_until_cash_shows_it(marts: duckdb.DuckDBPyConnection) -> None:
    query = """select business_id, record_id, is_committed, own_committed_amount, committed_amount, unlisted_amount, cash_after
        from marts.fct_guardrail where business_id in ('sending', 'banked') order by 1, 2"""
    assert marts.execute(query).fetchall() == [
        ("banked", "flying", True, 9000, 1000, 1000, 10_000),
        ("banked", "next", False, 0, 10_000, 1000, 5000),
        ("banked", "seen", False, 0, 10_000, 1000, 9300),
        ("sending", "flying", True, 9000, 0, 0, 11_000),
        ("sending", "next", False, 0, 9000, 0, 6000),
    ]
    query = "select record_id, answer_in_order from experiences.decision_console where business_id = 'banked' order by 1"
    assert marts.execute(query).fetchall() == [("flying", "held"), ("next", "held"), ("seen", "held")]
    # A balance that the bank states now does not show either what has not left it.
    live = judge(marts, "banked", [("qbo", "next")], at=NOW, live_cash=Decimal(20_000))
    assert (live.answer, live.committed_amount, live.cash_after) == ("held", 10_000, 5000)


@pytest.mark.parametrize(
    ("business", "bills", "error", "said"),
    [
        ("safe", ["nothing"], RowcolError, "safe has no bill nothing on qbo"),
        ("gap", ["soon"], RowcolError, "gap has no bill soon on qbo"),
        ("safe", ["soon", "soon"], UsageError, "named twice"),
        ("safe", [], UsageError, "at least one bill"),
    ],
)
def test_what_cannot_be_paid_is_refused_in_a_sentence(
    marts: duckdb.DuckDBPyConnection, business: str, bills: list[str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        judge(marts, business, [("qbo", one) for one in bills], at=NOW)


def test_a_bill_is_approved_by_the_ledgers_id_and_who_has_another_rails_is_told_where_that_is(marts: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(RowcolError, match="r1 is the id of a bill on ramp: what is approved is the ledger's bill"):
        judge(marts, "safe", [("ramp", "r1")], at=NOW)


def rules(answer: Answer) -> list[str]:
    return [hit.rule for hit in answer.rule_hits]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[tuple[Settings, ControlStore]]:
    settings = Settings(home=tmp_path / "home")
    with open_store(settings) as store:
        yield settings, store


def publish(settings: Settings, payers: Path, advisor: str, change: str = "select 1") -> None:
    generation = settings.published_dir / ".generations" / advisor / "1"
    generation.mkdir(parents=True)
    shutil.copy(payers, generation / DATABASE)
    (settings.published_dir / advisor).symlink_to(generation)
    rows(generation / DATABASE, change)


def test_what_if_goes_by_the_newest_published_figures_as_old_as_they_are_when_it_is_asked(
    payers: Path, home: tuple[Settings, ControlStore]
) -> None:
    settings, store = home

    def ask(at: datetime) -> Answer:
        return what_if(settings, store, "safe", [("qbo", "soon")], at)

    with pytest.raises(RowcolError, match="nothing is published of 'safe'"):
        ask(NOW)
    publish(settings, payers, "ann", "update marts.fct_publish_state set as_of = as_of - interval 3 hour, publish_state = 'held'")
    publish(settings, payers, "bob")
    now = ask(NOW)
    assert (now.answer, rules(now), now.as_of, now.cash_age_minutes) == ("approved", [], NOW, 1)
    later = ask(NOW + timedelta(hours=23, minutes=59))
    assert (later.answer, later.cash_age_minutes) == ("approved", 1440)
    stale = ask(NOW + timedelta(hours=24))
    assert (stale.answer, rules(stale), stale.cash_age_minutes) == ("needs_data", ["cash_stale"], 1441)
    assert rules(ask(NOW + timedelta(days=3))) == ["data_too_old", "cash_stale"]
    publish(
        settings, payers, "cid", "update marts.fct_publish_state set publish_state = 'held', held_reason = 'part of the ledger is missing'"
    )
    held = ask(NOW)
    assert (held.answer, [str(hit) for hit in held.rule_hits]) == ("needs_data", ["business_held (part of the ledger is missing)"])


@pytest.mark.parametrize(
    ("currency", "said"),
    [
        ("USD", "cash 20,000.00 USD now, 16,000.00 USD afterwards, at least 10,000.00 USD wanted"),
        ("JPY", "cash 20,000 JPY now, 16,000 JPY afterwards, at least 10,000 JPY wanted"),
        ("KWD", "cash 20,000.000 KWD now, 16,000.000 KWD afterwards, at least 10,000.000 KWD wanted"),
    ],
)
def test_what_if_says_cash_and_its_floor_in_the_decimals_of_their_currency(
    payers: Path, home: tuple[Settings, ControlStore], capsys: pytest.CaptureFixture[str], currency: str, said: str
) -> None:
    settings, store = home
    publish(settings, payers, "ann", f"update marts.fct_guardrail set home_currency = '{currency}'")
    show(what_if(settings, store, "safe", [("qbo", "soon")], NOW))
    assert capsys.readouterr().out.splitlines()[-2] == said


def test_what_if_counts_what_was_approved_since_its_figures_as_an_approval_would(payers: Path, home: tuple[Settings, ControlStore]) -> None:
    settings, store = home
    publish(settings, payers, "ann")
    with store.database.write() as transaction:
        transaction.execute(sa.insert(businesses).values(business_id="promised", business_name="Promised", onboarded_at=NOW))
    store.grant("ann", "promised", "staff", NOW)

    def ask() -> tuple[str, Decimal | None, Decimal | None]:
        found = what_if(settings, store, "promised", [("qbo", "next")], NOW)
        return found.answer, found.committed_amount, found.cash_after

    def decide(kind: str, bill: dict[str, str]) -> None:
        with store.database.write() as transaction:
            put_decisions(
                transaction, business_id="promised", advisor_id="ann", idempotency_key=f"{kind} {bill}", kind=kind,
                subjects=[{"rail": "qbo", "bill": "last", **bill}], reason=None, client="test", at=NOW,
            )  # fmt: skip

    assert ask() == ("approved", 4000, 12_000)
    decide("approve", {})
    assert ask() == ("approved", 4000, 12_000), "nobody has judged it"
    decide("approve", {"guardrail": "cash 13000.00"})
    assert ask() == ("held", 7000, 9000)
    decide("hold", {})
    assert ask() == ("approved", 4000, 12_000)
