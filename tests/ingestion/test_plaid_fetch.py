"""An item through the whole sync into the change log: whole updates, honest balances, and what each error comes to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store
from ingestion.errors import UsageError
from ingestion.sync import SyncReport
from tests.ingestion.plaid_bank import MUTATION, Bank, account, error, transaction
from tests.ingestion.plaid_home import HASTY_ACTION, URL, PlaidHome, patch, settings_in


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlaidHome]:
    bank = Bank()
    patch(monkeypatch, bank)
    settings = settings_in(tmp_path)
    with open_store(settings) as store:
        yield PlaidHome(settings, store, bank)


def reports(report: SyncReport) -> dict[str, tuple[str, str | None]]:
    return {one.entity: (one.status, one.error_kind) for outcome in report.outcomes for one in outcome.entities}


def test_a_first_sync_brings_everything_verbatim_and_a_second_one_nothing(home: PlaidHome) -> None:
    item = home.bank.item()
    for number, amount in enumerate(["72.10", "-23631.9805", "0.285", "1e2", "12345678901234567.89", "0"]):
        item.put(f"t{number}", transaction(f"t{number}", amount, name="Café  № 1"))
    home.connect("acme", item)
    first = home.sync()
    assert first.rows_new == 6 + 4
    assert home.heads("transactions") == item.state
    assert home.heads("accounts") == {"acc-1": item.accounts[0]}
    assert home.heads("balances") == {"acc-1": b'{"available": 100.0, "current": 110.9400, "limit": null}'}
    assert json.loads(home.heads("items")["item-1"])["institution_id"] == "ins_3"
    assert set(home.heads("institutions")) == {"ins_3"}
    home.bank.asked.clear()
    assert home.sync().rows_new == 0
    assert home.bank.calls() == {"/item/get": 1, "/institutions/get_by_id": 1, "/accounts/get": 1, "/transactions/sync": 1}


def test_history_is_asked_for_once_and_pages_are_as_large_as_can_be(home: PlaidHome) -> None:
    item = home.bank.item(page_rows=2)
    for number in range(5):
        item.put(f"t{number}")
    home.connect("acme", item)
    home.sync(["transactions"])
    home.sync(["transactions"])
    bodies = [body for _, body in home.bank.asked]
    assert [body.get("cursor", "") for body in bodies] == ["", "-1:5:2", "-1:5:4", "5"]
    assert [body["options"].get("days_requested") for body in bodies] == [730, None, None, None]
    assert {body["count"] for body in bodies} == {500}


def test_pending_modified_and_removed_are_states_of_records(home: PlaidHome) -> None:
    item = home.bank.item()
    item.put("pending", transaction("pending", pending=True))
    item.put("other")
    item.put("wrong")
    home.connect("acme", item)
    home.sync()
    item.post("pending", "posted")
    item.put("other", transaction("other", "72.11"))
    item.remove("wrong")
    home.sync()
    assert home.heads("transactions") == item.state
    assert json.loads(home.heads("transactions")["posted"])["pending_transaction_id"] == "pending"
    tombstones = home.rows("select record_id, payload, version_no from raw_plaid.transactions where is_deleted order by record_id")
    assert [(record, json.loads(payload)["account_id"], no) for record, payload, no in tombstones] == [
        ("pending", "acc-1", 2),
        ("wrong", "acc-1", 2),
    ]
    assert home.rows("select count(*) from raw_plaid.transactions where record_id = 'other'") == [(2,)]
    item.put("wrong")
    home.sync()
    assert home.heads("transactions") == item.state, "a removed record can come back"


@pytest.mark.parametrize("failure", [MUTATION, error("INTERNAL_SERVER_ERROR", "API_ERROR", 500), (200, b'{"added": [{"tra')])
def test_a_page_that_fails_restarts_the_update_from_its_first_cursor(home: PlaidHome, failure: tuple[int, bytes]) -> None:
    item = home.bank.item(page_rows=2)
    for number in range(5):
        item.put(f"t{number}")
    home.connect("acme", item)
    item.between_pages = [lambda: item.faults.setdefault("/transactions/sync", []).append(failure)]
    report = home.sync(["transactions"])
    assert [body.get("cursor", "") for _, body in home.bank.asked] == ["", "-1:5:2", "", "-1:5:2", "-1:5:4"]
    assert (report.outcomes[0].status, report.outcomes[0].retries) == ("succeeded", 1)
    assert home.heads("transactions") == item.state


def test_transactions_that_never_come_to_rest_leave_nothing_half_read(home: PlaidHome) -> None:
    item = home.bank.item(page_rows=1)
    item.put("t0")
    item.put("t1")
    home.connect("acme", item)
    item.between_pages = [lambda: item.put("t1", transaction("t1", str(len(item.history)))) for _ in range(100)]
    report = home.sync(["transactions"])
    assert reports(report) == {"transactions": ("failed", "mutated")}
    assert home.heads("transactions") == {}
    item.between_pages = []
    home.sync(["transactions"])
    assert home.heads("transactions") == item.state


def test_an_item_that_is_not_ready_yet_is_waited_for(home: PlaidHome) -> None:
    item = home.bank.item(status="NOT_READY")
    item.put("t0")
    home.connect("acme", item)
    assert reports(home.sync(["transactions"])) == {"transactions": ("skipped", "not_ready")}
    item.status = "INITIAL_UPDATE_COMPLETE"
    assert reports(home.sync(["transactions"])) == {"transactions": ("succeeded", None)}
    item.status = "HISTORICAL_UPDATE_COMPLETE"
    item.put("t-older")
    home.bank.asked.clear()
    home.sync(["transactions"])
    assert [body.get("cursor") for _, body in home.bank.asked] == ["1"]
    assert home.heads("transactions") == item.state


def test_a_cursor_that_is_gone_means_reading_everything_and_ending_what_is_missing(home: PlaidHome) -> None:
    item = home.bank.item()
    for number in range(3):
        item.put(f"t{number}")
    home.connect("acme", item)
    home.sync()
    item.remove("t0")
    item.put("t1", transaction("t1", "5"))
    item.lose_cursors()
    item.status = "INITIAL_UPDATE_COMPLETE"
    home.sync()
    assert set(home.heads("transactions")) == {"t0", "t1", "t2"}, "what Plaid has not collected yet is not gone"
    item.status = "HISTORICAL_UPDATE_COMPLETE"
    report = home.sync()
    assert home.heads("transactions") == item.state
    assert home.rows("select payload from raw_plaid.transactions where is_deleted") == [('{"transaction_id":"t0"}',)]
    assert [one.was_full_walk for one in report.outcomes[0].entities if one.entity == "transactions"] == [True]
    home.bank.asked.clear()
    assert home.sync().rows_new == 0
    assert home.bank.calls()["/transactions/sync"] == 1


def test_the_banks_own_balances_are_asked_for_a_person_only_and_told_apart(home: PlaidHome) -> None:
    item = home.bank.item()
    home.connect("acme", item)
    home.sync()
    assert home.bank.calls()["/accounts/balance/get"] == 0
    home.sync(["balances"], HASTY_ACTION, "on_demand")
    assert home.heads("balances") == {"acc-1": b'{"available": 90.5, "current": null}'}
    assert home.rows("select delivery from raw_plaid.balances order by version_no") == [("schedule",), ("live",)]


def test_cached_balances_do_not_take_an_account_back_behind_what_the_bank_said(home: PlaidHome) -> None:
    item = home.bank.item()
    home.connect("acme", item)
    home.sync(["balances"], HASTY_ACTION, "on_demand")
    home.sync(["balances"])
    assert home.heads("balances") == {"acc-1": b'{"available": 90.5, "current": null}'}, "cached from the day before"
    item.accounts.append(account("acc-2"))
    home.sync(["balances"])
    assert set(home.heads("balances")) == {"acc-1", "acc-2"}, "a new account has no other figures"
    home.sync(["balances"], HASTY_ACTION, "on_demand")
    item.updated_at = "2026-03-04T18:00:00Z"
    item.accounts = [account(balances='{"available": 1, "current": 2}'), account("acc-2")]
    home.sync(["balances"])
    assert home.heads("balances")["acc-1"] == b'{"available": 1, "current": 2}'
    home.bank.asked.clear()
    home.sync(["balances"])
    assert home.bank.calls() == {"/accounts/get": 1}, "once Plaid is ahead again it need not be asked how far it is"


def test_a_bank_that_cannot_be_asked_leaves_the_cached_balances_and_says_so(home: PlaidHome) -> None:
    item = home.bank.item()
    item.put("t0")
    home.connect("acme", item)
    item.faults["/accounts/balance/get"] = [error("INSTITUTION_NOT_RESPONDING", "INSTITUTION_ERROR")]
    found = reports(home.sync(None, HASTY_ACTION, "on_demand"))
    assert found.pop("balances") == ("partial", "bank_unavailable")
    assert set(found.values()) == {("succeeded", None)}
    assert home.heads("balances") == {"acc-1": b'{"available": 100.0, "current": 110.9400, "limit": null}'}
    assert home.bank.calls()["/accounts/balance/get"] == 1, "a billed call is not repeated by itself"


def test_cards_that_need_it_are_asked_with_an_age(home: PlaidHome) -> None:
    home.connect("acme", home.bank.item(institution_id="ins_128026"))
    home.sync(["balances"], HASTY_ACTION, "on_demand")
    asked = [body["options"]["min_last_updated_datetime"] for path, body in home.bank.asked if path == "/accounts/balance/get"]
    assert len(asked) == 1
    assert asked[0].startswith("2026-03-02T00:")


def test_an_account_that_is_closed_ends_with_its_balance_and_quiet_items_are_not_looked_up(
    home: PlaidHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = home.bank.item(accounts=[account(), account("acc-2", '{"available": null, "current": 5}')])
    home.connect("acme", item)
    home.sync()
    item.accounts = [account(balances='{"available": 1, "current": 2}')]
    home.sync()
    assert set(home.heads("accounts")) == set(home.heads("balances")) == {"acc-1"}
    assert home.rows("select count(*) from raw_plaid.accounts where record_id = 'acc-1'") == [(1,)], (
        "a movement is no version of the account"
    )

    async def refuse(*asked: object) -> frozenset[str]:
        raise AssertionError("the change log was asked")

    monkeypatch.setattr("ingestion.sync._known_ids", refuse)
    assert not home.sync().failed


def test_a_login_that_the_bank_refuses_disconnects_until_it_is_repaired(home: PlaidHome) -> None:
    item = home.bank.item()
    item.put("t0")
    home.connect("acme", item)
    home.sync()
    item.error_code = "ITEM_LOGIN_REQUIRED"
    refusal = error("ITEM_LOGIN_REQUIRED")
    item.faults = {"/accounts/get": [refusal], "/transactions/sync": [refusal]}
    item.put("t1")
    report = home.sync()
    assert reports(report) == {
        "items": ("succeeded", None),
        "institutions": ("succeeded", None),
        "accounts": ("failed", "disconnected"),
        "balances": ("failed", "disconnected"),
        "transactions": ("failed", "disconnected"),
    }
    assert "renew the business's bank connection (ITEM_LOGIN_REQUIRED)" in (report.outcomes[0].error or "")
    assert home.state() == "disconnected"
    assert json.loads(home.heads("items")["item-1"])["error"]["error_code"] == "ITEM_LOGIN_REQUIRED"
    assert set(home.heads("transactions")) == {"t0"}
    item.error_code = None
    assert not home.sync().failed
    assert home.state() == "healthy"
    assert home.heads("transactions") == item.state


def test_what_plaid_still_serves_of_a_broken_login_is_kept_but_not_called_complete(home: PlaidHome) -> None:
    item = home.bank.item(error_code="ITEM_LOGIN_REQUIRED")
    item.put("t0")
    home.connect("acme", item)
    assert reports(home.sync())["transactions"] == ("partial", "disconnected")
    assert set(home.heads("transactions")) == {"t0"}
    assert home.state() == "disconnected"


@pytest.mark.parametrize(
    ("answer", "kind", "attempts"),
    [
        (error("TRANSACTIONS_SYNC_LIMIT", "RATE_LIMIT_EXCEEDED", 429), "throttled", 3),
        (error("INTERNAL_SERVER_ERROR", "API_ERROR", 200), "server_error", 3),
        ((503, b"<html>down</html>"), "server_error", 3),
        (error("INSTITUTION_DOWN", "INSTITUTION_ERROR"), "bank_unavailable", 3),
        (error("USER_PERMISSION_REVOKED"), "disconnected", 1),
        (error("INVALID_API_KEYS", "INVALID_INPUT"), "forbidden", 1),
        (error("SOMETHING_NEW", "NEW_ERROR"), "refused", 1),
        ((200, b"{}"), "malformed_page", 3),
    ],
)
def test_each_error_comes_to_its_kind_and_leaves_the_others_alone(
    home: PlaidHome, answer: tuple[int, bytes], kind: str, attempts: int
) -> None:
    broken, well = home.bank.item("broken"), home.bank.item("well")
    for item in (broken, well):
        item.put("t0", transaction("t0", "1" if item is broken else "2"))
    home.connect("acme", broken)
    home.connect("bolt", well)
    broken.faults["/transactions/sync"] = [answer] * 3
    first, second = home.sync(["transactions"]).outcomes
    assert (first.status, first.error_kind, first.requests) == ("failed", kind, attempts)
    assert first.throttled == (3 if kind == "throttled" else 0)
    assert second.status == "succeeded"
    assert home.heads("transactions", "bolt") == well.state, "equal ids of two businesses are two records"
    assert bool(list(home.settings.quarantine_dir.rglob("*"))) == (kind == "malformed_page")
    broken.faults.clear()
    home.sync(["transactions"])
    assert home.heads("transactions") == broken.state


def test_a_token_that_turns_out_to_be_another_items_brings_nothing(home: PlaidHome) -> None:
    own, other = home.bank.item("item-1"), home.bank.item("item-2")
    other.put("t0")
    home.connect("acme", own)
    home.bank.items["access-item-1"] = other
    assert {(outcome.status, outcome.error_kind) for outcome in home.sync().outcomes} == {("failed", "forbidden")}
    assert {(outcome.status, outcome.error_kind) for outcome in home.sync(["balances", "transactions"]).outcomes} == {
        ("failed", "forbidden")
    }
    assert home.rows("select count(*) from raw_plaid.transactions") == [(0,)]


def test_a_business_has_a_connection_per_login_and_one_broken_login_breaks_no_other(home: PlaidHome) -> None:
    checking, card = home.bank.item("item-1"), home.bank.item("item-2", accounts=[account("acc-9")])
    checking.put("t0")
    card.put("t9")
    home.connect("acme", checking, card)
    card.faults["/transactions/sync"] = [error("ITEM_LOGIN_REQUIRED")]
    report = home.sync()
    assert {outcome.connection_id: outcome.status for outcome in report.outcomes} == {"item-1": "succeeded", "item-2": "partial"}
    assert set(home.heads("accounts")) == {"acc-1", "acc-9"}
    assert set(home.heads("transactions")) == {"t0"}
    assert home.bank.calls()["/institutions/get_by_id"] == 1, "the items of one bank ask about it once"
    assert not home.sync().failed
    assert set(home.heads("transactions")) == {"t0", "t9"}


def test_credentials_are_refused_with_what_to_do_before_anything_is_stored(home: PlaidHome) -> None:
    item = home.bank.item()
    del home.bank.items["access-item-1"]
    with pytest.raises(UsageError, match="connect the bank anew"):
        home.connect("acme", item)
    home.bank.items["access-item-1"] = home.bank.item("item-2")
    with pytest.raises(UsageError, match="another bank connection"):
        home.connect("acme", item)
    malformed = {"client_id": "a", "secret": "b", "items": ["c"]}
    with pytest.raises(UsageError, match="item_id and access_token"):
        onboard(home.settings, home.store, "acme", "plaid", malformed, base_url=URL, probe=lambda url: None)
    assert home.store.connections("plaid") == []


def test_no_secret_is_in_an_outcome(home: PlaidHome) -> None:
    home.connect("acme", home.bank.item())
    home.bank.secret = "changed"
    told = str(home.sync().outcomes)
    assert "INVALID_API_KEYS" in told
    assert not [word for word in ("secret-1", "access-item-1") if word in told]
