"""What a question comes to against real vendors: live, cached, degraded, refused; each with its age and its reason."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingestion.control.links import replace_links
from ingestion.control.live_schema import live_cache
from ingestion.control.onboarding import onboard
from ingestion.control.pauses import set_pause, set_rail_pause
from ingestion.control.store import open_store
from ingestion.errors import UsageError
from ingestion.live.desk import open_desk
from ingestion.live.facts import LiveFailure, question_of
from ingestion.promise import LIVE_SUBJECTS, OF_ONE_RECORD
from ingestion.registry import RAILS
from ingestion.removing import disconnect
from ingestion.settings import Settings
from ingestion.traffic import sum_of
from tests.live.homes import HASTY, LiveHome, connect

pytestmark = pytest.mark.xdist_group("live")

ALONE = [subject for subject in LIVE_SUBJECTS if subject not in OF_ONE_RECORD]


def linked_bill(home: LiveHome) -> tuple[str, str]:
    """A bill of the ledger that Ramp pays, and its id there."""
    (found,) = home.rows(
        f"""select payload ->> 'remote_id', record_id from raw_ramp.bills where business_id = '{home.business}'
        and (payload ->> 'remote_id') is not null and (payload ->> 'archived_at') is null order by record_id limit 1"""
    )
    return found[0], found[1]


def at_the_bank(home: LiveHome) -> Decimal:
    """What the banks themselves say all depository accounts hold, asked without the platform."""
    (entry,) = [one for one in home.sandbox.others if one["rail"] == "plaid" and one["business_id"] == home.business]
    told, cash = entry["credentials"], Decimal(0)
    for item in told["items"]:
        keys = {"client_id": told["client_id"], "secret": told["secret"], "access_token": item["access_token"]}
        answer = httpx.post(f"{entry['base_url']}/accounts/balance/get", json=keys, trust_env=False).raise_for_status()
        for account in answer.json()["accounts"]:
            amounts = [Decimal(str(value)) for name in ("available", "current") if (value := account["balances"][name]) is not None]
            cash += min(amounts) if account["type"] == "depository" else 0
    return cash


def test_every_rail_that_promises_an_answer_has_the_code_for_it_and_only_tables_of_its_own() -> None:
    for rail in RAILS.values():
        assert (rail.answers is not None) == bool(rail.live)
        patterns = {entity.name: (entity.pattern, entity.ttl_seconds) for entity in rail.entities}
        read_live = {entity for live in rail.live for entity in live.entities}
        assert read_live == {name for name, (pattern, _) in patterns.items() if pattern == "hybrid"}, rail.name
        assert all(300 <= patterns[entity][1] <= 900 for entity in read_live), "5 to 15 minutes"


def test_a_strict_answer_is_what_the_vendor_says_now_and_a_cached_one_what_it_last_said(home: LiveHome) -> None:
    before = home.ask("balances", strict=True)
    assert (before.served_from, before.degraded, before.reason, before.age_seconds) == ("live", False, None, 0.0)
    assert (before.value["cash"], before.value["cash_source"]) == ({"USD": at_the_bank(home)}, "plaid")
    assert {account["rail"] for account in before.value["accounts"]} == {"plaid", "ramp", "stripe"}, "the bank, so not the books"
    home.sandbox.post("advance", minutes=4)
    asked = home.served("plaid")
    kept = home.ask("balances")
    assert (kept.served_from, kept.value, kept.age_seconds, kept.degraded) == ("cache", before.value, 240.0, False)
    assert home.served("plaid") == asked, "the cache asks nobody"
    home.sandbox.post("advance", days=3)
    after = home.ask("balances", strict=True)
    assert (after.served_from, after.value["cash"]) == ("live", {"USD": at_the_bank(home)})
    assert after.value["cash"] != before.value["cash"], "three days of this world move money"


def test_a_readings_calls_are_kept_by_endpoint_whether_it_succeeded_or_not(home: LiveHome) -> None:
    home.ask("balances", strict=True)
    assert sum_of([home.last_calls("plaid")])["/accounts/balance/get"].calls == 1
    home.fault("server_error", "plaid")
    with pytest.raises(LiveFailure):
        home.ask("balances", strict=True)
    (failed,) = sum_of([home.last_calls("plaid")]).values()
    assert failed.errors == failed.calls > 0


@pytest.mark.parametrize("subject", ALONE)
def test_each_question_is_answered_by_all_its_rails_then_from_the_cache_until_that_is_too_old(home: LiveHome, subject: str) -> None:
    first, second = home.ask(subject), home.ask(subject)
    assert (first.served_from, second.served_from, first.degraded) == ("live", "cache", False)
    assert first.value == second.value
    (rows,) = (value for name, value in first.value.items() if name in ("accounts", "transactions", "connections", "rails"))
    able = {rail.name for rail in RAILS.values() if rail.live_promise(subject)}  # type: ignore[arg-type]
    silent = {"balances": {"qbo"}, "transactions": {"stripe"}}.get(subject, set())
    assert {row["rail"] for row in rows} >= able - silent
    home.sandbox.post("advance", minutes=16)
    assert home.ask(subject).served_from == "live"


def test_a_bill_has_the_ledgers_figures_and_the_word_of_the_rail_that_pays_it(home: LiveHome) -> None:
    bill, ramp_bill = linked_bill(home)
    value = home.ask("bill", bill, strict=True).value
    documents = {row["rail"]: row for row in value["documents"]}
    assert (documents["qbo"]["record_id"], documents["ramp"]["record_id"]) == (bill, ramp_bill)
    assert (value["record_id"], value["total_amount"]) == (bill, documents["qbo"]["total_amount"])
    assert (value["effective_status"], value["status_source"]) == (documents["ramp"]["status"], "ramp")
    (served,) = home.rows(
        f"select payload ->> 'TotalAmt' from raw_qbo.bills where business_id = '{home.business}' and record_id = '{bill}' limit 1"
    )
    assert value["total_amount"] == Decimal(served[0])
    assert home.ask("bill", ramp_bill).value["documents"] == [documents["ramp"]], "by Ramp's own id as well"


def test_an_invoice_of_the_ledger_and_one_of_stripes_own(home: LiveHome) -> None:
    (ledger,) = home.rows(f"select record_id from raw_qbo.invoices where business_id = '{home.business}' limit 1")
    assert home.ask("invoice", ledger[0]).value["status_source"] == "qbo"
    (stripe,) = home.rows(
        f"select record_id, (payload ->> 'total')::int from raw_stripe.invoices where business_id = '{home.business}' limit 1"
    )
    value = home.ask("invoice", stripe[0], strict=True).value
    assert (value["status_source"], value["total_amount"]) == ("stripe", Decimal(stripe[1]) / 100)


def invoices_now(home: LiveHome, rail: str, said: str, status: str) -> list[str]:
    """Invoices of the business of whose newest known version on a rail `said`, a part of its SQL, comes to `status`."""
    found = home.rows(
        f"""select record_id from raw_{rail}.invoices where business_id = '{home.business}'
        group by record_id having max_by({said}, version_no) = '{status}' order by 1"""
    )
    return [record for (record,) in found]


def test_an_invoice_linked_to_one_of_stripes_is_asked_there_too_and_the_word_of_who_came_furthest_counts(home: LiveHome) -> None:
    account = home.store.connections("stripe", [home.business])[0].connection_id
    balance = "case (payload ->> 'Balance')::decimal when 0 then 'paid' when (payload ->> 'TotalAmt')::decimal then 'open' end"
    unpaid, settled = (
        next(one for one in invoices_now(home, "qbo", balance, status) if home.ask("invoice", one).value["effective_status"] == status)
        for status in ("open", "paid")
    )
    paid, waiting = (invoices_now(home, "stripe", "payload ->> 'status'", status)[0] for status in ("paid", "open"))
    try:
        links = {(home.business, account, paid): unpaid, (home.business, account, waiting): settled}
        replace_links(home.store.database, "stripe", "invoices", links)
        value = home.ask("invoice", unpaid).value
        documents = {row["rail"]: row for row in value["documents"]}
        assert (documents["qbo"]["record_id"], documents["stripe"]["record_id"]) == (unpaid, paid), "what was cached without it has ended"
        assert (value["effective_status"], value["status_source"], value["record_id"]) == ("paid", "stripe", unpaid)
        assert value["open_amount"] == documents["qbo"]["open_amount"] > 0
        beside = home.ask("invoice", settled, strict=True).value
        assert {row["rail"] for row in beside["documents"]} == {"qbo", "stripe"}
        assert (beside["effective_status"], beside["status_source"]) == ("paid", "qbo"), "paid by a cheque, say"
        with home.store.database.write() as transaction:
            transaction.execute(live_cache.delete())
        home.fault("server_error", "stripe")
        known = home.ask("invoice", unpaid)
        assert (known.degraded, known.value["effective_status"], known.value["status_source"]) == (True, "paid", "stripe")
        home.fault("clear")
    finally:
        replace_links(home.store.database, "stripe", "invoices", {})
    assert home.ask("invoice", unpaid).value["status_source"] == "qbo"


def test_what_does_not_exist_or_is_somebody_elses_is_not_found_strict_or_not(home: LiveHome) -> None:
    foreign = next(row["ramp_bill_id"] for row in home.truth("bills") if row["business_id"] == home.other and row["ramp_bill_id"])
    for strict in (True, False):
        for record in ("99999999", "no-such-bill", foreign):
            with pytest.raises(LiveFailure, match=f"{home.business} has no bill {record}") as caught:
                home.ask("bill", record, strict=strict)
            assert caught.value.kind == "not_found"


def test_what_cannot_be_meant_is_refused_before_anybody_is_asked(home: LiveHome) -> None:
    refused: tuple[tuple[Any, ...], ...] = (
        ("payslips", home.business), ("bill", home.business), ("bill", home.business, "../17"),
        ("balances", home.business, "17"), ("balances", "Not A Business"),
    )  # fmt: skip
    for words in refused:
        with pytest.raises(UsageError):
            question_of(*words)


@pytest.mark.parametrize("everybodys", [False, True])
def test_a_paused_rail_is_not_asked_and_says_so(home: LiveHome, everybodys: bool) -> None:
    first = home.ask("balances", strict=True)
    if everybodys:
        set_rail_pause(home.store.database, "plaid", is_paused=True)
    else:
        set_pause(home.store.database, home.business, "plaid", is_paused=True)
    home.sandbox.post("advance", minutes=10)
    asked = home.served("plaid")
    last = home.ask("balances")
    assert (last.served_from, last.degraded, last.age_seconds, last.value["cash"]) == ("cache", True, 600.0, first.value["cash"])
    assert last.reason == "Plaid is paused, so it is not asked (`rowcol resume` ends that)"
    with pytest.raises(LiveFailure, match="Plaid is paused"):
        home.ask("balances", strict=True)
    states = {row["rail"]: row["state"] for row in home.ask("connection").value["connections"]}
    assert (states["plaid"], states["qbo"], home.served("plaid")) == ("paused", "connected", asked)


def test_a_connection_that_was_removed_has_no_say_not_even_from_memory(home: LiveHome) -> None:
    question = question_of("balances", home.business)
    (entry,) = [one for one in home.sandbox.others if one["rail"] == "stripe" and one["business_id"] == home.business]
    told = {name: entry[name] for name in ("base_url", "auth_url")}

    async def asked() -> list[set[str]]:
        async with open_desk(home.settings, home.store, home.clock, strategy=HASTY) as desk:
            before = await desk.ask(question)
            await asyncio.to_thread(disconnect, home.store, home.business, "stripe", at_vendor=False)
            after = await desk.ask(question)
            return [{row["rail"] for row in answer.value["accounts"]} for answer in (before, after)]

    try:
        assert asyncio.run(asked()) == [{"plaid", "ramp", "stripe"}, {"plaid", "ramp"}]
        assert "stripe" not in {row["rail"] for row in home.ask("connection").value["connections"]}
    finally:
        onboard(home.settings, home.store, home.business, "stripe", entry["credentials"], **told)
    assert "stripe" in {row["rail"] for row in home.ask("balances").value["accounts"]}


def test_a_vendor_that_is_down_or_slow_leaves_the_last_known_answer_with_its_age_and_why(home: LiveHome) -> None:
    bill, _ = linked_bill(home)
    good = home.ask("bill", bill, strict=True)
    home.sandbox.post("advance", minutes=7)
    home.fault("server_error", "qbo")
    down = home.ask("bill", bill)
    assert (down.served_from, down.degraded, down.age_seconds, down.as_of) == ("cache", True, 420.0, good.as_of)
    assert down.value == good.value
    assert down.reason == "QuickBooks Online could not be read: the vendor answered 500"
    with pytest.raises(LiveFailure, match="QuickBooks Online could not be read: the vendor answered 500") as caught:
        home.ask("bill", bill, strict=True)
    assert caught.value.kind == "unavailable"
    home.fault("clear", "qbo")
    home.sandbox.post("options", slow_seconds=1.0)
    home.fault("slow", "qbo")
    assert home.ask("bill", bill, patience=0.2).reason == "QuickBooks Online could not be read: no answer within 0.2 seconds"
    home.fault("clear", "qbo")
    asked = home.served("qbo")
    well = home.ask("bill", bill)
    assert (well.degraded, home.served("qbo")) == (False, asked + 1), "recovered by itself"


def test_what_was_never_asked_is_answered_from_the_change_log_as_of_its_last_sync(home: LiveHome) -> None:
    home.sync()
    live = {subject: home.ask(subject, strict=True) for subject in ("balances", "transactions")}
    with home.store.database.write() as transaction:
        transaction.execute(live_cache.delete())
    home.sandbox.post("advance", minutes=30)
    home.fault("server_error")
    for subject, before in live.items():
        known = home.ask(subject)
        assert (known.served_from, known.degraded, known.age_seconds) == ("mirror", True, 1800.0)
        assert known.reason and "Plaid could not be read" in known.reason
        if subject == "transactions":
            assert {row["record_id"] for row in known.value[subject]} >= {row["record_id"] for row in before.value[subject]}
    with pytest.raises(LiveFailure, match="answered 500"):
        home.ask("transactions", strict=True)


def test_a_record_that_was_read_alone_since_the_last_sync_makes_no_other_younger(home: LiveHome) -> None:
    home.sync("qbo")
    synced_at = home.clock()
    one, other = (
        record
        for (record,) in home.rows(
            f"""select record_id from raw_qbo.bills where business_id = '{home.business}'
            group by record_id having not bool_or(is_deleted) order by record_id::int limit 2"""
        )
    )
    home.sandbox.post("advance", minutes=10)
    home.sandbox.post("touch", share=1.0)
    home.ask("bill", one, strict=True)
    home.fault("server_error", "qbo")
    assert home.sync("qbo") == 0, "what was read live has landed, and nothing else"
    known = home.ask("bill", other)
    assert known.served_from == "mirror" and known.as_of <= synced_at


def test_where_no_bank_is_connected_the_books_speak_for_cash_and_nobody_for_transactions(home: LiveHome, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "ledger")
    with open_store(settings) as store:
        connect(settings, store, home.sandbox, ["qbo"])
        alone = LiveHome(settings, store, home.sandbox)
        answer = asyncio.run(alone.asked("balances", alone.other))
        with pytest.raises(LiveFailure, match="can tell its transactions: Ramp, Plaid, Stripe could") as caught:
            asyncio.run(alone.asked("transactions", alone.other))
    assert caught.value.kind == "not_connected"
    assert (answer.value["cash_source"], {row["kind"] for row in answer.value["accounts"]}) == ("qbo", {"ledger"})
    assert answer.value["cash"] == {"USD": sum(row["current_amount"] for row in answer.value["accounts"])}


def test_permissions_are_asked_now_or_left_out_and_never_remembered_too_long(home: LiveHome) -> None:
    home.store.grant("ann", home.business, "owner", home.clock())
    home.store.grant("bob", home.business, "view_only", home.clock())
    first = home.ask("permissions")
    assert [row["advisor_id"] for row in first.value["advisors"]] == ["ann", "bob"]
    granted = {row["rail"]: row["granted"] for row in first.value["rails"]}
    assert "bills:read" in granted["ramp"] and granted["plaid"] == ("transactions",)
    home.store.revoke("bob", home.business, home.clock())
    assert [row["advisor_id"] for row in home.ask("permissions").value["advisors"]] == ["ann"], "grants are in no cache"
    home.sandbox.post("advance", minutes=16)
    home.fault("server_error", "ramp")
    late = home.ask("permissions")
    assert (late.degraded, {row["rail"]: row["granted"] for row in late.value["rails"]}["ramp"]) == (True, ())
    with pytest.raises(LiveFailure, match="Ramp could not be read"):
        home.ask("permissions", strict=True)


def test_a_broken_connection_is_an_answer_and_the_store_learns_of_it(home: LiveHome) -> None:
    home.fault("item_login_required", "plaid")
    home.fault("server_error", "stripe")
    rows = {row["rail"]: row for row in home.ask("connection", strict=True).value["connections"]}
    assert (rows["plaid"]["state"], rows["stripe"]["state"], rows["qbo"]["state"]) == ("disconnected", "unreachable", "connected")
    assert "sign in again" in rows["plaid"]["error"]
    home.fault("dead_token", "stripe")
    home.fault("clear", "stripe")
    home.fault("dead_token", "stripe")
    assert {row["rail"]: row["state"] for row in home.ask("connection").value["connections"]}["stripe"] == "disconnected"
    (stripe,) = home.store.connections("stripe", [home.business])
    assert stripe.state == "disconnected", "told by a live reading before any sync"
    home.fault("clear")
    home.sync("stripe")
