"""Accounts and their balances: the cached ones, the bank's own, and never back in time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingestion.control.rows import current_rows
from tests.ingestion.plaid_bank import account, error
from tests.ingestion.plaid_home import HASTY_ACTION, PlaidHome, reports


@pytest.fixture
def home(plaid_home: PlaidHome) -> PlaidHome:
    return plaid_home


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


def test_of_when_the_figures_are_is_what_plaid_says_of_the_bank_or_when_the_bank_was_asked(home: PlaidHome) -> None:
    def known() -> dict[str, datetime]:
        rows = current_rows(home.store)["sync_states"].to_pylist()
        return {row["entity"]: row["source_read_at"] for row in rows if row["source_read_at"]}

    item = home.bank.item()
    home.connect("acme", item)
    home.sync()
    reached = datetime(2026, 3, 2, 18, tzinfo=UTC)
    assert known() == {"balances": reached, "transactions": reached}
    asked = home.now
    home.sync(["balances"], HASTY_ACTION, "on_demand")
    assert known()["balances"] > asked and known()["transactions"] == reached
    asked = known()["balances"]
    home.sync()
    assert known()["balances"] == asked, "what Plaid serves is older and was left aside"
    item.updated_at = "2026-03-04T18:00:00Z"
    home.sync()
    assert set(known().values()) == {datetime(2026, 3, 4, 18, tzinfo=UTC)}
    item.updated_at, read = None, home.now
    home.sync()
    assert min(known().values()) > read, "where Plaid does not say, it is when we read"


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

    monkeypatch.setattr("ingestion.known.KnownRecords.ids", refuse)
    assert not home.sync().failed
