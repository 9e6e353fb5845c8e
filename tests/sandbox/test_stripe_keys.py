"""Whose key acts on which Stripe account: keys of their own, a platform's with the header, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.stripe import limits
from sandbox.stripe.limits import Limits, ThrottledError
from tests.sandbox.stripe_account import Account, open_hub


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Account]:
    hub = open_hub(tmp_path)
    yield Account(hub, 0)
    hub.close()


@pytest.fixture
def connected(own: Account) -> Account:
    return Account(own.hub, 2)


def test_a_key_of_its_own_says_whose_it_is_and_takes_the_header_of_its_own_account_alone(own: Account, connected: Account) -> None:
    assert set(own.credentials) == {"api_key", "webhook_secret"}
    assert own.page("/account")["id"] == own.id
    assert own.get("/charges", headers={"Stripe-Account": own.id}).status_code == 200
    refused = own.get("/charges", headers={"Stripe-Account": connected.id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "account_invalid")


def test_a_platforms_key_acts_on_the_account_it_names(own: Account, connected: Account) -> None:
    assert connected.credentials["account_id"] == connected.id
    assert connected.page("/account")["id"] == connected.id
    assert connected.walk("/charges")
    key = connected.credentials["api_key"]
    platform = own.get("/account", key=key).json()
    assert platform["id"] not in (own.id, connected.id)
    assert own.get("/charges", key=key).json()["data"] == []
    assert [row["id"] for row in own.get("/accounts", key=key).json()["data"]] == [connected.id]
    assert own.get(f"/accounts/{connected.id}", key=key).status_code == 200
    assert own.get(f"/accounts/{own.id}", key=key).status_code == 403
    assert own.get("/charges", key=key, headers={"Stripe-Account": own.id}).status_code == 403


def test_a_key_that_is_none_is_401_and_shown_masked(own: Account) -> None:
    refused = own.get("/charges", key="sk_test_51nothing0123456789")
    error = refused.json()["error"]
    assert (refused.status_code, error["type"]) == (401, "invalid_request_error")
    assert error["message"].startswith("Invalid API Key provided: sk_test_***")
    assert "nothing" not in error["message"]
    assert own.http.get("/v1/charges").status_code == 401
    assert own.http.get("/v1/charges", auth=(own.credentials["api_key"], "")).status_code == 200


def test_everything_is_test_mode(own: Account) -> None:
    for path in ("customers", "invoices", "charges", "payouts", "events"):
        assert {row["livemode"] for row in own.walk(f"/{path}")} == {False}
    assert own.page("/balance")["livemode"] is False
    assert own.credentials["api_key"].startswith("sk_test_")


class Watch:
    """Stands in for the machine's monotonic clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def reason(guard: Limits, account: str, endpoint: str) -> str:
    try:
        with guard.admitted(account, endpoint):
            return ""
    except ThrottledError as error:
        return str(error)


def test_twenty_five_a_second_per_account_and_per_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    monkeypatch.setattr(limits, "time", watch)
    guard = Limits(is_on=True)
    assert [reason(guard, "a", "/v1/charges") for _ in range(26)] == [""] * 25 + ["endpoint-rate"]
    assert reason(guard, "a", "/v1/refunds") == "global-rate"
    assert reason(guard, "b", "/v1/charges") == ""
    watch.now += 1
    assert reason(guard, "a", "/v1/charges") == ""


def test_over_the_wire_a_throttle_names_its_reason(own: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "time", Watch())
    strict = Account(own.hub, 0, limits=True)
    answers = [strict.get("/balance") for _ in range(26)]
    assert [answer.status_code for answer in answers] == [200] * 25 + [429]
    assert answers[-1].headers["stripe-rate-limited-reason"] == "endpoint-rate"
    assert answers[-1].json()["error"]["code"] == "rate_limit"
