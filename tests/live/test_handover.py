"""What was read live lands in the change log: once, in order, whatever dies on the way, and nothing goes back in time."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.changelog.pipeline import rail_pipeline, read_watermarks
from ingestion.control.leases import LeaseSet
from ingestion.control.live_schema import live_arrivals
from ingestion.control.store import ControlStore
from ingestion.settings import child_environment
from tests.live.homes import LiveHome

pytestmark = pytest.mark.xdist_group("live")


def waiting(home: LiveHome) -> list[tuple[str, str]]:
    with home.store.database.read() as transaction:
        query = sa.select(live_arrivals.c.rail, live_arrivals.c.entity).order_by(live_arrivals.c.arrival_no)
        return list(transaction.execute(query).tuples())


def states_of(home: LiveHome, rail: str, entity: str) -> list[tuple[str, str]]:
    """The records of a table that wait to be landed, in the order in which they were read, with the hash of each state."""
    arrivals = live_arrivals.c
    with home.store.database.read() as transaction:
        query = sa.select(arrivals.record_id, arrivals.content_hash).filter_by(rail=rail, entity=entity).order_by(arrivals.arrival_no)
        return list(transaction.execute(query).tuples())


def live_rows(home: LiveHome, table: str) -> list[tuple[Any, ...]]:
    return home.rows(
        f"select record_id, content_hash from {table} where delivery = 'live' and business_id = '{home.business}' order by all"
    )


def test_each_state_that_was_answered_becomes_a_version_before_what_the_next_sync_reads(home: LiveHome) -> None:
    home.sync("plaid")
    table, states = "raw_plaid.balances", []
    known = len(live_rows(home, table))
    heads = dict(home.rows(f"select record_id, max_by(content_hash, (observed_at, version_no)) from {table} group by record_id"))
    for _ in range(2):
        home.sandbox.post("advance", days=2)
        home.ask("balances", strict=True)
        states.append(len([one for one in waiting(home) if one == ("plaid", "balances")]))
    home.ask("balances", strict=True)
    assert len([one for one in waiting(home) if one == ("plaid", "balances")]) == states[-1], "the same again is not kept again"
    told = states_of(home, "plaid", "balances")
    expected = 0
    for record, state in told:
        expected += heads.get(record) != state
        heads[record] = state
    home.sync("plaid")
    assert [one for one in waiting(home) if one[0] == "plaid"] == []
    assert len(live_rows(home, table)) == known + expected >= known + 2, "each that differs from the one before"
    newest = home.rows(
        f"""select max_by(delivery, (observed_at, version_no)) from {table} where business_id = '{home.business}' group by record_id"""
    )
    assert ("live",) in newest, "Plaid's cached figures of six hours ago did not take the account back"


def test_transactions_read_live_leave_the_feeds_cursor_and_are_not_landed_twice(home: LiveHome) -> None:
    home.sync("plaid")
    before = read_watermarks(rail_pipeline(home.settings, "plaid"))["transactions"]
    home.sandbox.post("advance", days=2)
    answer = home.ask("transactions", strict=True)
    assert read_watermarks(rail_pipeline(home.settings, "plaid"))["transactions"] == before
    home.sync("plaid")
    assert read_watermarks(rail_pipeline(home.settings, "plaid"))["transactions"] != before
    ((rows, changes, contents),) = home.rows(
        f"""select count(*), count(distinct change_id), count(distinct (record_id, content_hash))
        from raw_plaid.transactions where business_id = '{home.business}'"""
    )
    assert rows == changes == contents, "the feed brings the same bytes"
    known = {one for (one,) in home.rows(f"select record_id from raw_plaid.transactions where business_id = '{home.business}'")}
    assert {row["record_id"] for row in answer.value["transactions"] if row["rail"] == "plaid"} <= known


def test_a_sync_that_another_one_passes_before_its_lease_knows_what_that_one_landed(
    home: LiveHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.sync("plaid")
    home.sandbox.post("advance", days=2)
    home.ask("balances", strict=True)
    lease = ControlStore.lease
    marks: list[dict[str, str]] = []

    def read_marks() -> dict[str, str]:
        return read_watermarks(rail_pipeline(home.settings, "plaid"))["balances"]

    def later(self: ControlStore, *asked: Any) -> LeaseSet:
        if not marks:
            marks.append(read_marks())
            home.sync("plaid")
            marks.append(read_marks())
        return lease(self, *asked)

    monkeypatch.setattr(ControlStore, "lease", later)
    home.sync("plaid")
    before, passed = marks
    assert before != passed, "it says that figures were read live"
    assert read_marks() == passed


@pytest.mark.parametrize("fail_at", ["after_fetch", "mid_load", "after_load"])
def test_a_sync_killed_while_it_lands_them_loses_and_doubles_nothing(home: LiveHome, fail_at: str) -> None:
    home.sync("stripe")
    home.sandbox.post("advance", days=4)
    answer = home.ask("balances", strict=True)
    (held,) = [row["current_amount"] for row in answer.value["accounts"] if row["rail"] == "stripe"]
    known, hashes = live_rows(home, "raw_stripe.balances"), waiting(home)
    assert ("stripe", "balances") in hashes
    arguments = [sys.executable, "-m", "rowcol_assets.cli", "sync", "--rail", "stripe", "--business", home.business]
    died = subprocess.run(arguments, env=child_environment(home.settings, ROWCOL_FAIL_AT=fail_at), capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL
    assert ("stripe", "balances") in waiting(home), "kept until it has landed"
    home.sync("stripe")
    home.sync("stripe")
    assert waiting(home) == [one for one in hashes if one[0] != "stripe"]
    assert len(live_rows(home, "raw_stripe.balances")) == len(known) + 1
    ((newest,),) = home.rows(
        f"""select max_by(delivery, (observed_at, version_no)) from raw_stripe.balances where business_id = '{home.business}'"""
    )
    assert (newest, held is not None) == ("live", True)


def test_an_answer_given_before_a_kill_is_in_the_change_log_afterwards(home: LiveHome) -> None:
    """The answering process ends without tidying up, right after it answered."""
    home.sync("ramp")
    # Long enough for a card to be used, whatever day it is by the other tests.
    home.sandbox.post("advance", days=20)
    script = (
        "import os, signal, sys; from ingestion.control import open_store, product_clock_of; from ingestion.live.desk import ask_once;"
        " from ingestion.live.facts import question_of; from ingestion.settings import load_settings; settings = load_settings();"
        " store = open_store(settings); ask_once(settings, store, product_clock_of(settings, store), question_of('transactions',"
        f" '{home.business}'), strict=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", script], env=child_environment(home.settings), capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-500:]
    assert ("ramp", "transactions") in waiting(home)
    before = len(live_rows(home, "raw_ramp.transactions"))
    home.sync("ramp")
    assert len(live_rows(home, "raw_ramp.transactions")) > before
    assert [one for one in waiting(home) if one[0] == "ramp"] == []
