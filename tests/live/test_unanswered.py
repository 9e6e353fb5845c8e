"""What a question comes to while a rail cannot or may not be asked: the last known answer, its age and why, or a refusal."""

from __future__ import annotations

import asyncio

import pytest

from ingestion.control.live_schema import live_cache
from ingestion.control.onboarding import onboard
from ingestion.control.pauses import set_pause, set_rail_pause
from ingestion.live.desk import open_desk
from ingestion.live.facts import LiveFailure, question_of
from ingestion.removing import disconnect
from ingestion.traffic import sum_of
from tests.live.homes import HASTY, LiveHome, linked_bill

pytestmark = pytest.mark.xdist_group("live")


def test_a_readings_calls_are_kept_by_endpoint_whether_it_succeeded_or_not(home: LiveHome) -> None:
    home.ask("balances", strict=True)
    assert sum_of([home.last_calls("plaid")])["/accounts/balance/get"].calls == 1
    home.fault("server_error", "plaid")
    with pytest.raises(LiveFailure):
        home.ask("balances", strict=True)
    (failed,) = sum_of([home.last_calls("plaid")]).values()
    assert failed.errors == failed.calls > 0


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


def test_a_token_that_ramp_knows_no_more_is_no_bill_that_it_does_not_have(home: LiveHome) -> None:
    bill, _ = linked_bill(home)
    good = home.ask("bill", bill, strict=True)
    home.sandbox.post("advance", minutes=7)
    home.fault("dead_token", "ramp")
    with pytest.raises(LiveFailure, match="Ramp could not be read: "):
        home.ask("bill", bill, strict=True)
    last = home.ask("bill", bill)
    assert (last.degraded, last.value) == (True, good.value)
    assert last.reason and last.reason.startswith("Ramp could not be read: ")


def test_what_was_never_asked_is_answered_from_the_change_log_as_of_its_last_sync(home: LiveHome) -> None:
    home.sandbox.post("advance", days=1)
    home.sync()  # a day later every table is due
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
