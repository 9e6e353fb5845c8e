"""Whose key it is: nothing is read with another account's, what it may not read fails alone, and what connecting finds out."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from ingestion.fetching import Identity, RailError
from ingestion.rails.stripe.identity import identify
from tests.ingestion.stripe_vendor import ACCOUNT, Account, Vendor, error, furnished


@pytest.fixture
def account() -> Account:
    return furnished()


@pytest.mark.parametrize("is_live", [False, True])
def test_a_key_of_the_other_kind_of_money_reads_nothing(account: Account, is_live: bool) -> None:
    account.vendor.livemode = is_live
    account.kept.secrets["api_key"] = "sk_test_1" if is_live else "rk_live_1"
    with pytest.raises(RailError) as refused:
        account.fetch()
    assert refused.value.kind == "wrong_account"
    assert account.kept.rows == []


def test_a_key_of_another_account_reads_nothing(account: Account) -> None:
    account.vendor.account = "acct_Other"
    with pytest.raises(RailError) as refused:
        account.fetch()
    assert refused.value.kind == "wrong_account"
    assert account.kept.rows == []


@pytest.mark.parametrize(("told", "sent"), [("true", "acct_1Main"), ("false", None)])
def test_a_connected_account_is_named_with_every_call(account: Account, told: str, sent: str | None) -> None:
    account.kept.secrets["is_connected_account"] = told
    account.fetch()
    assert {request.headers.get("Stripe-Account") for request in account.vendor.requests} == {sent}
    assert {request.headers["Authorization"] for request in account.vendor.requests} == {"Bearer sk_test_1"}


def test_the_feed_going_dark_for_a_restricted_key_means_walks(account: Account) -> None:
    account.fetch()
    account.vendor.refuse = lambda request: error(403) if request.url.path == "/v1/events" else None
    reports = account.fetch()
    assert (reports["events"].status, reports["events"].error_kind) == ("failed", "scope_missing")
    assert reports["charges"].status == "succeeded"
    assert reports["charges"].was_full_walk


def test_a_restricted_key_fails_the_entities_it_may_not_read_and_no_other(account: Account) -> None:
    account.vendor.refuse = lambda request: error(403) if request.url.path.startswith("/v1/charges") else None
    reports = account.fetch()
    assert (reports["charges"].status, reports["charges"].error_kind, reports["charges"].watermark) == ("failed", "scope_missing", None)
    assert {report.status for name, report in reports.items() if name != "charges"} == {"succeeded"}
    account.vendor.refuse = lambda request: None
    assert account.fetch()["charges"].was_full_walk


def identities(vendor: Vendor, **credentials: str) -> list[Identity]:
    async def asking() -> list[Identity]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(vendor.answer)) as http:
            return await identify(http, "http://stripe", "http://stripe", credentials, renewed=print)

    return asyncio.run(asking())


def test_a_key_alone_connects_its_own_account() -> None:
    (identity,) = identities(Vendor(), api_key="sk_test_1", webhook_secret="whsec_1")
    assert identity.connection_id == ACCOUNT
    assert identity.credentials == {
        "api_key": "sk_test_1",
        "webhook_secret": "whsec_1",
        "account_id": ACCOUNT,
        "livemode": "false",
        "is_connected_account": "false",
    }
    assert "sk_test" not in repr(identity)


def test_an_account_named_beside_a_platforms_key_is_connected_through_it() -> None:
    vendor = Vendor(account="acct_Platform")

    def refuse(request: httpx.Request) -> httpx.Response | None:
        vendor.account = request.headers.get("Stripe-Account", "acct_Platform")
        return None

    vendor.refuse = refuse
    (identity,) = identities(vendor, api_key="sk_test_1", account_id="acct_Client")
    assert (identity.connection_id, identity.credentials["is_connected_account"]) == ("acct_Client", "true")
    (identity,) = identities(vendor, api_key="sk_test_1", account_id="acct_Platform")
    assert (identity.connection_id, identity.credentials["is_connected_account"]) == ("acct_Platform", "false")


def test_a_key_that_reads_another_account_or_other_money_is_refused() -> None:
    for vendor in (Vendor(account="acct_Other"), Vendor(livemode=True)):
        with pytest.raises(RailError) as refused:
            identities(vendor, api_key="sk_test_1", account_id=ACCOUNT)
        assert refused.value.kind == "wrong_account"


def test_a_restricted_key_that_may_not_read_the_balance_can_be_connected() -> None:
    vendor = Vendor(refuse=lambda request: error(403) if request.url.path == "/v1/balance" else None)
    assert identities(vendor, api_key="rk_test_1")[0].connection_id == ACCOUNT
