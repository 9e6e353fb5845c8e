"""A cached answer ends when something it rests on changes, whichever process noticed, and is never older than its time to live."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import pytest

from ingestion.control.inbox import put_notices
from ingestion.control.live_cache import note_changes
from ingestion.control.onboarding import onboard
from ingestion.control.pauses import set_pause
from ingestion.live.desk import LiveDesk, open_desk
from ingestion.live.facts import question_of
from ingestion.rails.qbo.client import QboClient
from ingestion.rails.qbo.wire import Record
from ingestion.webhooks import Notice
from tests.live.homes import HASTY, LiveHome

pytestmark = pytest.mark.xdist_group("live")


def webhook(home: LiveHome) -> None:
    (connection,) = home.store.connections("qbo", [home.business])
    notice = Notice(connection.connection_id, uuid4().hex, "qbo.bill.updated.v1", ("bills", "vendors"))
    with home.store.database.write() as transaction:
        put_notices(transaction, "qbo", {connection.connection_id: home.business}, [notice])


def landing(home: LiveHome) -> None:
    home.sandbox.post("touch", share=1.0)
    assert home.sync("qbo") > 0


def another_reading(home: LiveHome) -> None:
    """By another process, which finds the bill changed."""
    home.sandbox.post("touch", share=1.0)
    home.ask("bill", bill_of(home), strict=True)


def pause(home: LiveHome) -> None:
    set_pause(home.store.database, home.business, "stripe", is_paused=True)


def connect_again(home: LiveHome) -> None:
    entry = home.sandbox.credentials[0]
    told = {name: entry[name] for name in ("base_url", "auth_url")}
    onboard(home.settings, home.store, home.business, "qbo", entry["credentials"], **told)


def nothing(home: LiveHome) -> None:
    pass


def bill_of(home: LiveHome) -> str:
    """A bill that only the ledger has."""
    on_ramp = {row["qbo_bill_id"] for row in home.truth("bills") if row["ramp_bill_id"]}
    found = home.rows(
        f"""select record_id from raw_qbo.bills where business_id = '{home.business}'
        group by record_id having not bool_or(is_deleted) order by record_id::int desc"""
    )
    return next(str(record) for (record,) in found if record not in on_ramp)


@pytest.mark.parametrize(
    ("happens", "then"),
    [(nothing, "cache"), (webhook, "live"), (landing, "live"), (another_reading, "cache"), (pause, "cache"), (connect_again, "live")],
)
def test_what_ends_a_cached_answer_ends_it_in_memory_and_in_the_store(
    home: LiveHome, happens: Callable[[LiveHome], None], then: str
) -> None:
    """One process remembers; another thing happens; the first is asked again, and so is a third that remembers nothing.

    After another's reading and after a pause of another rail the store's answer holds, and is a newer one than was remembered.
    """
    question = question_of("bill", home.business, bill_of(home))

    async def run() -> tuple[str, str, bool]:
        async with desk_of(home) as first:
            before = await first.ask(question)
            assert (await first.ask(question)).served_from == "cache"
            await asyncio.to_thread(happens, home)
            asked = home.served("qbo")
            after = await first.ask(question)
            return before.served_from, "live" if home.served("qbo") > asked else "cache", after.value == before.value

    before, after, is_same = asyncio.run(run())
    assert (before, after) == ("live", then)
    assert home.ask("bill", question.record_id).served_from == "cache"
    if happens is another_reading:
        assert not is_same, "memory gave way to what the other process read"


def test_a_change_that_arrives_while_the_vendor_answers_ends_the_answer_too(home: LiveHome, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingestion.rails.qbo import live

    served = live.read_by_id

    async def changed_meanwhile(client: QboClient, vendor_name: str, record_id: str) -> Record:
        record = await served(client, vendor_name, record_id)
        with home.store.database.write() as transaction:
            note_changes(transaction, [(home.business, "qbo", "invoices")])
        return record

    monkeypatch.setattr(live, "read_by_id", changed_meanwhile)
    assert home.ask("invoice", "1").served_from == "live"
    monkeypatch.undo()
    asked = home.served("qbo")
    home.ask("invoice", "1")
    assert home.served("qbo") == asked + 1, "what was said before the change is not taken for fresh"
    assert (home.ask("invoice", "1").served_from, home.served("qbo")) == ("cache", asked + 1)


def test_fifty_who_ask_at_once_make_one_reading(home: LiveHome) -> None:
    question = question_of("invoice", home.business, "1")

    async def run() -> None:
        async with desk_of(home) as desk:
            answers = await asyncio.gather(*(desk.ask(question, strict=True) for _ in range(50)))
            assert {answer.served_from for answer in answers} == {"live"}

    before = home.served("qbo")
    asyncio.run(run())
    assert home.served("qbo") == before + 1


def desk_of(home: LiveHome) -> AbstractAsyncContextManager[LiveDesk]:
    return open_desk(home.settings, home.store, home.clock, strategy=HASTY)
