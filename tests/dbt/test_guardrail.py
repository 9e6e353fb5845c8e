"""The guardrail: which bills may be paid, by which rule not, in which order, the same of several bills together, later and from several
published files; and approvals, which wait for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from ingestion.control.arrivals_schema import decisions
from ingestion.control.decisions import put_decisions
from ingestion.control.schema import businesses
from ingestion.control.store import ControlStore, open_store
from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from rowcol_assets import approving
from rowcol_assets.guardrail import Answer, judge
from rowcol_assets.publishing.layout import DATABASE
from rowcol_assets.what_if import what_if
from tests.dbt.documents import account, bill, bill_payment, journal_entry, purchase, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject, rows
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse
from tests.dbt.test_matches import ramp_bill

PAYROLL = {"payroll_amount": 500, "payroll_next_date": NOW.date() + timedelta(days=3), "payroll_interval_days": 14}


def ledger(raw: RawWarehouse, business: str, cash: Any, *bills: dict[str, Any], burn: Any = 9000, **settings: Any) -> None:
    """A ledger that spent `burn` in 90 days, 100 a day unless said otherwise, with these bills of vendors 1 and 2."""
    raw.business(business, now=NOW, **{**PAYROLL, **settings})
    wages = account("61", "Expense", Name="Wages", AccountSubType="PayrollExpenses")
    raw.versions(business, "accounts", [account("35", "Bank", cash), account("60", "Expense"), wages, account("33", "Accounts Payable", 0)])
    raw.versions(business, "vendors", [vendor("1"), vendor("2", DisplayName="City Rent Co")])
    # Long before the year that says who is a large vendor.
    raw.versions(business, "purchases", [purchase("10", burn), purchase("11", 1, TxnDate="2026-01-01")])
    raw.versions(business, "bills", list(bills))


def flagged(raw: RawWarehouse) -> None:
    """A client of four bills: one suspected, one undated, one both, and one broken in a way that somebody has put aside."""
    undated = [bill("undated", 200, DueDate=None), bill("both", 400, DueDate=None)]
    ledger(raw, "tray", 50_000, bill("twin", 300, DocNumber="A-2"), *undated, bill("odd", 100, DueDate="2026-07-20"))
    raw.checked("tray", "H15", at=NOW, entity="bills", record_id="twin", observed="like another", impact_amount=300)
    raw.checked("tray", "H01", at=NOW, entity="bills", record_id="undated", observed="no date")
    raw.checked("tray", "H13", at=NOW, entity="vendors", record_id="1", observed="no terms")
    raw.checked("tray", "H04", at=NOW, entity="bills", record_id="odd", observed="101 of 100")
    run = {"run_id": "run", "business_id": "tray", "rail": "qbo", "entity": "bills", "ran_at": NOW}
    for check in ("H15", "H01"):
        raw.quality("expectation_failures", **run, check_id=check, record_id="both", observed="so")
    named = """select md5(cast(to_json(['tray', 'H04', 'qbo', 'bills', 'odd']) as varchar)),
        md5(cast(to_json(['101 of 100', null]) as varchar))"""
    flag_id, facts_hash = duckdb.sql(named).fetchall()[0]
    subject = json.dumps({"flag_id": flag_id, "facts_hash": facts_hash})
    made = {"business_id": "tray", "advisor_id": "ann", "decided_at": NOW, "decision_no": 2, "decision_id": "m"}
    raw.control("decisions", kind="resolve-flag", subject=subject, reason="a rounding", **made)


def paying(raw: RawWarehouse) -> None:
    """Two clients whose bill `flying` Ramp pays of its own accord: one has the ledger's cash, the other the bank's.

    Of the second one Ramp also pays a bill that the ledger does not have, one by card, one whose debit the bank shows and one whose
    debit is long overdue.
    """
    for business, rails in (("sending", ("ramp",)), ("banked", ("ramp", "plaid"))):
        ledger(raw, business, 20_000, bill("flying", 9000), bill("next", 5000))
        for rail in rails:
            raw.connect(business, rail, now=NOW)
        ramp_bill(raw, business, "r-flying", "flying", 9000, "2026-07-02", status="OPEN")
    # Booked in the ledger before Ramp had paid it, which the ledger's cash shows.
    raw.versions("sending", "bills", [bill("booked", 300, 0)])
    raw.versions("sending", "bill_payments", [bill_payment("p-booked", "booked", 300, "2026-06-29")])
    ramp_bill(raw, "sending", "r-booked", "booked", 300, "2026-06-29", status="OPEN", sync_status="BILL_AND_PAYMENT_SYNCED")
    bank_account(raw, "banked", "checking", available=20_000, current=20_000)
    bank_transaction(raw, "banked", "first", 9000, "2026-04-03", name="SOMETHING")
    raw.versions("banked", "bills", [bill("seen", 700)])
    for number, day in (("seen", "2026-06-26"), ("lost", "2026-06-01"), ("alone", "2026-06-29")):
        amount = {"seen": 700, "lost": 450, "alone": 1000}[number]
        ramp_bill(raw, "banked", f"r-{number}", "seen" if number == "seen" else None, amount, day, paid_at=f"{day}T16:00:00Z")
    raw.observed("banked", "ramp", "transfers", "tr-seen", {
        "amount": {"amount": 70_000, "currency_code": "USD"}, "status": "COMPLETED", "created_at": "2026-06-26T15:00:00Z",
    })  # fmt: skip
    bank_transaction(raw, "banked", "t-seen", 700, "2026-06-29", name="RAMP BILL PAYMENT")
    by_card = {"payment": {"payment_method": "CARD", "payment_date": "2026-06-29"}}
    ramp_bill(raw, "banked", "r-card", None, 800, "2026-06-29", **by_card)


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guardrail") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        later = "2026-07-20"
        ledger(
            raw, "safe", 20_000,
            bill("soon", 4000), bill("late", 5000, DueDate=later), bill("rent", 100, DueDate=later, VendorRef={"value": "2"}),
            bill("huge", 12_000, DueDate="2026-07-25"), bill("undated", 10, DueDate=None), bill("held", 50, DueDate=later),
            bill("euro", 10, DueDate=later, CurrencyRef={"value": "EUR"}),
        )  # fmt: skip
        ledger(raw, "burning", 20_000, bill("1", 100), burn=180_000)
        ledger(raw, "modest", 900, bill("1", 100), burn=900, min_cash_amount=0, min_buffer_days=5)
        ledger(raw, "unpaid", 20_000, bill("1", 100), payroll_amount=None, payroll_next_date=None, payroll_interval_days=None)
        ledger(raw, "reserved", 20_000, bill("1", 100), payroll_amount=None, payroll_next_date=None, payroll_interval_days=None)
        raw.control("reserves", business_id="reserved", reserve_id="1", kind="payroll", amount=500, active_from=NOW.date())
        ledger(raw, "seen", 20_000, bill("1", 100), payroll_amount=None, payroll_next_date=None, payroll_interval_days=None)
        for number, (day, debit) in enumerate((("2026-05-20", "61"), ("2026-06-03", "61"), ("2026-06-10", "33"), ("2026-06-17", "61"))):
            raw.versions("seen", "journal_entries", [journal_entry(f"j{number}", 700 + number, debit, "35", TxnDate=day)])
        ledger(raw, "old", 20_000, bill("1", 100), payroll_interval_days=7)
        raw.execute("update raw_control.sync_states set last_success_at = ? where business_id = 'old'", [NOW - timedelta(minutes=1441)])
        ledger(raw, "gap", 20_000, bill("1", 100))
        raw.checked("gap", "H24", at=NOW, entity="accounts", record_id="35", observed="differs")
        ledger(raw, "broke", None, bill("1", 100))
        flagged(raw)
        subject = '{"rail":"qbo","bill":"held"}'
        ledger(raw, "promised", 20_000, bill("owed", 4000), bill("next", 4000), bill("last", 3000, DueDate=later))
        approval = {"business_id": "promised", "advisor_id": "ann", "decided_at": NOW, "decision_no": 3, "decision_id": "p"}
        raw.control("decisions", kind="approve", subject='{"rail":"qbo","bill":"owed","guardrail":"cash 16000"}', **approval)
        paying(raw)
        # Two approved bills whose sum is beyond what counts as money: it must not count as none.
        ledger(raw, "vast", 20_000, bill("one", 600_000_000_000_000), bill("two", 600_000_000_000_000), bill("next", 100))
        for number, owed in enumerate(("one", "two")):
            approval = {"business_id": "vast", "advisor_id": "ann", "decided_at": NOW, "decision_no": 4 + number, "decision_id": owed}
            raw.control("decisions", kind="approve", subject=f'{{"rail":"qbo","bill":"{owed}","guardrail":"cash 1"}}', **approval)
        common = {"business_id": "safe", "advisor_id": "ann", "decided_at": NOW, "decision_no": 1, "decision_id": "d"}
        raw.control("decisions", kind="hold", subject=subject, **common)
    build_marts(project, path, only=("decision_console", "hygiene_tray", "fct_publish_state"))
    return path


@pytest.fixture
def marts(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


def test_a_bill_alone_is_approved_held_or_lacks_data_and_says_by_which_rule(warehouse: Path) -> None:
    found = rows(warehouse, "select business_id, record_id, answer, rule_hits from marts.fct_guardrail order by 1, 2")
    assert found == [
        ("banked", "flying", "held", "in_flight_on_ramp"),
        ("banked", "next", "held", "cash_below_floor"),
        ("banked", "seen", "held", "paid_on_ramp,cash_below_floor"),
        ("broke", "1", "needs_data", "burn_unknown,cash_unknown"),
        ("burning", "1", "held", "buffer_below_floor"),
        ("gap", "1", "needs_data", "hygiene_h24"),
        ("modest", "1", "approved", None),
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


def test_a_payroll_nobody_has_set_is_known_from_the_ledgers_paydays(warehouse: Path) -> None:
    query = "select payroll_amount, next_payroll_date from marts.fct_guardrail where business_id = 'seen'"
    # Every 14 days; the entry of the 10th pays over what was withheld and is no payday. The one of 1 July is the next.
    assert [(amount, str(day)) for amount, day in rows(warehouse, query)] == [(Decimal("701.00"), "2026-07-01")]


def test_payrolls_within_the_policys_days_are_told_beside_what_a_payment_leaves(warehouse: Path) -> None:
    """One set for in 3 days and every 14 or 7, one seen, money set aside, nothing known: the policy looks 14 days ahead."""
    told = "select business_id, cash_after, payroll_due_amount, cash_after_payroll from {} where business_id in ? order by 1"
    asked = ["burning", "old", "reserved", "seen", "unpaid"]
    for table in ("marts.fct_guardrail", "experiences.decision_console"):
        assert rows(warehouse, told.format(table), [asked]) == [
            ("burning", 19_900, 500, 19_400),
            ("old", 19_900, 1000, 18_900),
            ("reserved", 19_900, 0, 19_900),
            ("seen", 19_900, 701, 19_199),
            ("unpaid", 19_900, None, None),
        ]


def test_the_console_goes_from_what_must_be_paid_to_what_can_wait_and_stops_at_the_floor(warehouse: Path) -> None:
    query = """select record_id, priority, priority_rule, answer, answer_in_order, running_amount from experiences.decision_console
        where business_id = 'safe' order by console_rank"""
    assert rows(warehouse, query) == [
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
    assert len(judged) == 30


def test_the_tray_begins_with_the_days_at_risk_and_those_that_wait(warehouse: Path) -> None:
    query = """select tray_rank, check_id, record_id, runway_impact_days, decisions_unblocked, unblocked_amount, unblocked_days
        from experiences.hygiene_tray where business_id = 'tray' order by tray_rank"""
    # 100 go out a day. Two things speak against `both`, so neither flag alone lets it be paid; `odd` was put aside and stays held.
    assert rows(warehouse, query) == [
        (1, "H15", "twin", 3, 1, 300, 3),
        (2, "H01", "undated", Decimal("0.50"), 1, 200, 2),
        (3, "H01", "both", Decimal("0.50"), 0, None, None),
        (4, "H13", "1", Decimal("0.30"), 0, None, None),
        (5, "H15", "both", None, 0, None, None),
    ]
    query = "select business_name, document_number, amount, open_amount, currency, is_resolvable from experiences.hygiene_tray"
    assert rows(warehouse, f"{query} where check_id = 'H15' and record_id = 'twin'") == [("Tray", "A-2", 300, 300, "USD", True)]
    query = "select decisions_unblocked, unblocked_amount from experiences.hygiene_tray where business_id = 'gap'"
    assert rows(warehouse, query) == [(1, 100)], "what is wrong with the whole client stops each of its bills"


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


def rules(answer: Answer) -> list[str]:
    return [hit.rule for hit in answer.rule_hits]


def test_what_if_goes_by_the_newest_published_figures_as_old_as_they_are_when_it_is_asked(warehouse: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")

    def publish(advisor: str, change: str = "") -> None:
        generation = settings.published_dir / ".generations" / advisor / "1"
        generation.mkdir(parents=True)
        shutil.copy(warehouse, generation / DATABASE)
        (settings.published_dir / advisor).symlink_to(generation)
        rows(generation / DATABASE, change or "select 1")

    def ask(at: datetime) -> Answer:
        return what_if(settings, "safe", [("qbo", "soon")], at)

    with pytest.raises(RowcolError, match="nothing is published of 'safe'"):
        ask(NOW)
    publish("ann", "update marts.fct_publish_state set as_of = as_of - interval 3 hour, publish_state = 'held'")
    publish("bob")
    now = ask(NOW)
    assert (now.answer, rules(now), now.as_of, now.cash_age_minutes) == ("approved", [], NOW, 1)
    later = ask(NOW + timedelta(hours=23, minutes=59))
    assert (later.answer, later.cash_age_minutes) == ("approved", 1440)
    stale = ask(NOW + timedelta(hours=24))
    assert (stale.answer, rules(stale), stale.cash_age_minutes) == ("needs_data", ["cash_stale"], 1441)
    assert rules(ask(NOW + timedelta(days=3))) == ["data_too_old", "cash_stale"]
    publish("cid", "update marts.fct_publish_state set publish_state = 'held', held_reason = 'part of the ledger is missing'")
    held = ask(NOW)
    assert (held.answer, [str(hit) for hit in held.rule_hits]) == ("needs_data", ["business_held (part of the ledger is missing)"])


@dataclass
class Approvals:
    """A home with the warehouse above, in which ann approves bills of `safe`, and what the vendors state then."""

    path: Path
    warehouse: Path
    cash: dict[str, Decimal]
    while_asked: Callable[[ControlStore], None] = lambda store: None

    def approve(self, bill: str, at: datetime = NOW) -> list[tuple[str, dict[str, Any]]]:
        """What is kept of an approval and of its refusal, in order."""
        settings = Settings(home=self.path, now=at)
        with open_store(settings) as store:
            if not settings.warehouse_path.exists():
                shutil.copy(self.warehouse, settings.warehouse_path)
                with store.database.write() as transaction:
                    transaction.execute(sa.insert(businesses).values(business_id="safe", business_name="Safe", onboarded_at=NOW))
                store.grant("ann", "safe", "staff", NOW)
            try:
                approving.approve(
                    settings, store, "safe", "ann", [{"rail": "qbo", "bill": bill}], key=f"{bill} {at}", reason=None, client="test"
                )
            except approving.Refused as refused:
                assert str(refused).startswith("not approved, ")
            with store.database.read() as transaction:
                kept = transaction.execute(sa.select(decisions.c.kind, decisions.c.subject).order_by(decisions.c.decision_no))
                return [(row.kind, json.loads(row.subject)) for row in kept]


@pytest.fixture
def approvals(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Approvals:
    made = Approvals(tmp_path / "home", warehouse, {"USD": Decimal(17_000)})

    @dataclass
    class Told:
        value: dict[str, Any]

    def ask_once(settings: Settings, store: ControlStore, *_: object, strict: bool) -> Told:
        assert strict
        made.while_asked(store)
        return Told({"cash": made.cash})

    monkeypatch.setattr(approving, "ask_once", ask_once)
    return made


def test_an_approval_on_figures_older_than_a_day_is_refused_and_kept(approvals: Approvals) -> None:
    approvals.cash = {"USD": Decimal(25_000)}
    (made,) = approvals.approve("soon", NOW + timedelta(hours=24))
    assert made == (
        "approve",
        {"rail": "qbo", "bill": "soon", "guardrail": "cash 21000.00, buffer 210.00 days afterwards, policy 1 of 10000.00 and 14 days"},
    )
    _, (kind, told) = approvals.approve("late", NOW + timedelta(hours=24, seconds=1))
    assert (kind, told["kind"], told["answer"], told["rules"]) == ("refused", "approve", "needs_data", ["data_too_old"])
    with duckdb.connect(str(Settings(home=approvals.path).warehouse_path)) as warehouse:
        warehouse.execute("update marts.fct_publish_state set publish_state = 'held'")
    assert approvals.approve("late")[-1][1]["rules"] == ["business_held"]


def test_a_foreign_account_without_a_rate_is_left_out_of_live_cash_and_named(approvals: Approvals) -> None:
    approvals.cash |= {"EUR": Decimal(10)}
    (made,) = approvals.approve("soon")
    assert (
        made[1]["guardrail"]
        == "cash 13000.00, buffer 130.00 days afterwards, without what is held in EUR, policy 1 of 10000.00 and 14 days"
    )
    approvals.cash |= {"EUR": Decimal("-0.01")}
    assert approvals.approve("late")[-1][1]["rules"] == ["no_live_balance"]


def test_of_two_approvals_at_the_same_moment_the_second_counts_the_first_as_spent(approvals: Approvals) -> None:
    def approve_beside(store: ControlStore) -> None:
        approvals.while_asked = lambda store: None
        subject = {"rail": "qbo", "bill": "soon", "guardrail": "cash 13000.00"}
        with store.database.write() as transaction:
            put_decisions(
                transaction, business_id="safe", advisor_id="ann", idempotency_key="first", kind="approve", subjects=[subject], reason=None,
                client="test", at=NOW,
            )  # fmt: skip

    approvals.while_asked = approve_beside
    first, (kind, told) = approvals.approve("late")
    assert (first[0], first[1]["bill"]) == ("approve", "soon")
    assert (kind, told["subject"]["bill"], told["rules"]) == ("refused", "late", ["cash_below_floor"])
