"""What each error of a login comes to, and that one login costs no other."""

from __future__ import annotations

import json

import pytest

from ingestion.control.onboarding import onboard
from ingestion.errors import UsageError
from tests.ingestion.plaid_bank import account, error, transaction
from tests.ingestion.plaid_home import URL, PlaidHome, reports


@pytest.fixture
def home(plaid_home: PlaidHome) -> PlaidHome:
    return plaid_home


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
        "institutions": ("skipped", None),
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
