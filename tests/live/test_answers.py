"""What a question comes to against real vendors that answer: live, cached, not found, refused; each with its age."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingestion.control.links import replace_links
from ingestion.control.live_schema import live_cache
from ingestion.control.store import open_store
from ingestion.errors import UsageError
from ingestion.live.facts import LiveFailure, question_of
from ingestion.promise import LIVE_SUBJECTS, OF_ONE_RECORD
from ingestion.registry import RAILS
from ingestion.settings import Settings
from tests.live.homes import LiveHome, connect, linked_bill

pytestmark = pytest.mark.xdist_group("live")

ALONE = [subject for subject in LIVE_SUBJECTS if subject not in OF_ONE_RECORD]


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
