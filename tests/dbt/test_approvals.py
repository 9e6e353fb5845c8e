"""Approvals: they wait for what the vendors state now, and are refused and kept on old figures, unknown money, or what is spent; those on a
client nobody has built yet wait for a cycle that has."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from ingestion.clock import Clock
from ingestion.control.arrivals_schema import decisions
from ingestion.control.decisions import put_decisions
from ingestion.control.schema import businesses
from ingestion.control.store import ControlStore, open_store
from ingestion.control.verdicts import waiting_approvals
from ingestion.live.facts import LiveFailure, Question
from ingestion.settings import Settings
from rowcol_assets import approving
from rowcol_assets.settling import Settled, settle_approvals
from tests.dbt.ledgers import NOW

pytestmark = pytest.mark.xdist_group("payers")


@dataclass
class Approvals:
    """A home with the warehouse of `tests.dbt.payers`, in which ann approves bills of `safe`, and what the vendors state then."""

    path: Path
    warehouse: Path
    cash: dict[str, Decimal]
    while_asked: Callable[[ControlStore], None] = lambda store: None
    said: str = ""

    @contextmanager
    def opened(self, at: datetime = NOW) -> Iterator[tuple[Settings, ControlStore]]:
        """The home at that time; `fresh` is a business that was never built."""
        settings = Settings(home=self.path, now=at)
        with open_store(settings) as store:
            if not settings.warehouse_path.exists():
                shutil.copy(self.warehouse, settings.warehouse_path)
                for business in ("safe", "fresh", "tray"):
                    with store.database.write() as transaction:
                        transaction.execute(sa.insert(businesses).values(business_id=business, business_name=business, onboarded_at=NOW))
                    store.grant("ann", business, "staff", NOW)
            yield settings, store

    def approve(self, bill: str, at: datetime = NOW, business: str = "safe") -> list[tuple[str, dict[str, Any]]]:
        """What is kept of an approval and of its refusal, in order."""
        with self.opened(at) as (settings, store):
            try:
                approving.approve(
                    settings, store, business, "ann", [{"rail": "qbo", "bill": bill}], key=f"{bill} {at}", reason=None, client="test"
                )
            except approving.Refused as refused:
                self.said = str(refused)
                assert self.said.startswith("not approved, ")
            with store.database.read() as transaction:
                kept = transaction.execute(sa.select(decisions.c.kind, decisions.c.subject).order_by(decisions.c.decision_no))
                return [(row.kind, json.loads(row.subject)) for row in kept]


@pytest.fixture
def approvals(payers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Approvals:
    made = Approvals(tmp_path / "home", payers, {"USD": Decimal(17_000)})

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
    left = "cash 21,000.00 USD, buffer 210.00 days afterwards, policy 1 of 10,000.00 USD and 14 days"
    assert made == ("approve", {"rail": "qbo", "bill": "soon", "guardrail": left})
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
        == "cash 13,000.00 USD, buffer 130.00 days afterwards, without what is held in EUR, policy 1 of 10,000.00 USD and 14 days"
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


def test_a_client_that_no_cycle_has_built_is_refused_as_that_or_waits_for_one(approvals: Approvals) -> None:
    ((kind, told),) = approvals.approve("soon", business="fresh")
    assert (kind, told["answer"], told["rules"]) == ("refused", "needs_data", ["not_judged"])
    assert approvals.said == "not approved, needs_data: no cycle has built fresh yet: rowcol run"
    with approvals.opened() as (settings, store):
        for business in ("fresh", "safe"):
            with store.database.write() as transaction:
                put_decisions(
                    transaction, business_id=business, advisor_id="ann", idempotency_key="tap", kind="approve",
                    subjects=[{"rail": "qbo", "bill": "soon"}], reason=None, client="10.0.0.7", at=NOW,
                )  # fmt: skip
        assert [settle_approvals(settings, store), settle_approvals(settings, store)] == [Settled(admitted=1), Settled()]
        with store.database.read() as transaction:
            assert [one.business_id for one in waiting_approvals(transaction)] == ["fresh"]


def test_a_vendor_that_does_not_answer_holds_up_its_own_business_alone_and_is_asked_once(
    approvals: Approvals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The silent one's come first, two of them, and its vendor gives up only after the other business's approval is kept."""
    asked: list[str] = []
    answers = approving.ask_once

    def ask_once(settings: Settings, store: ControlStore, clock: Clock, question: Question, *, strict: bool) -> Any:
        asked.append(question.business_id)
        if question.business_id == "safe":
            return answers(settings, store, clock, question, strict=strict)
        deadline = time.monotonic() + 20
        while "safe" in _waiting(store):
            if time.monotonic() > deadline:
                raise AssertionError("nobody else was judged meanwhile")
            time.sleep(0.01)
        raise LiveFailure("unavailable", "no answer within 40 seconds")

    monkeypatch.setattr(approving, "ask_once", ask_once)
    with approvals.opened() as (settings, store):
        for business, bill in (("tray", "twin"), ("tray", "odd"), ("safe", "soon")):
            with store.database.write() as transaction:
                put_decisions(
                    transaction, business_id=business, advisor_id="ann", idempotency_key=bill, kind="approve",
                    subjects=[{"rail": "qbo", "bill": bill}], reason=None, client="10.0.0.7", at=NOW,
                )  # fmt: skip
        assert settle_approvals(settings, store) == Settled(admitted=1, refused=2)
        assert (sorted(asked), _waiting(store)) == (["safe", "tray"], set())
        with store.database.read() as transaction:
            kept = transaction.execute(sa.select(decisions.c.subject).where(decisions.c.kind == "refused"))
            assert {json.loads(row.subject)["said"] for row in kept} == {
                "not approved, needs_data: no live balance: no answer within 40 seconds"
            }


@pytest.mark.parametrize("is_admitted_first", [True, False])
def test_what_two_runs_judge_at_once_is_what_the_first_of_them_says(
    approvals: Approvals, monkeypatch: pytest.MonkeyPatch, *, is_admitted_first: bool
) -> None:
    """Both have found the approval waiting; the other run has judged it by the time this one's vendor answers, or does not."""
    answers = approving.ask_once
    runs: list[Settled] = []

    def ask_once(settings: Settings, store: ControlStore, clock: Clock, question: Question, *, strict: bool) -> Any:
        is_first = bool(runs)
        if not runs:
            runs.append(Settled())
            runs[0] = settle_approvals(settings, store)
        if is_first == is_admitted_first:
            return answers(settings, store, clock, question, strict=strict)
        raise LiveFailure("unavailable", "no answer within 40 seconds")

    monkeypatch.setattr(approving, "ask_once", ask_once)
    with approvals.opened() as (settings, store):
        with store.database.write() as transaction:
            put_decisions(
                transaction, business_id="safe", advisor_id="ann", idempotency_key="tap", kind="approve",
                subjects=[{"rail": "qbo", "bill": "soon"}], reason=None, client="10.0.0.7", at=NOW,
            )  # fmt: skip
        assert settle_approvals(settings, store) == Settled()
        assert runs == [Settled(admitted=1) if is_admitted_first else Settled(refused=1)]
        with store.database.read() as transaction:
            verdicts = transaction.execute(sa.select(decisions.c.kind).where(decisions.c.kind.in_(["admitted", "refused"]))).scalars()
            assert list(verdicts) == ["admitted" if is_admitted_first else "refused"]


def _waiting(store: ControlStore) -> set[str]:
    with store.database.read() as transaction:
        return {one.business_id for one in waiting_approvals(transaction)}
