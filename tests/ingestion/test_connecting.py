"""Consents against the sandbox: whose they turn out to be, what is refused and given back, what a renewal keeps."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ingestion.consent import App, Asking, ConsentDenied, Page, Place
from ingestion.control.onboarding import onboard
from ingestion.control.store import product_clock_of
from ingestion.errors import RowcolError, UsageError
from ingestion.freshness import connection_freshness
from ingestion.rails.plaid import consent
from ingestion.registry import RAILS
from ingestion.strategies import BULK_OPERATION
from ingestion.sync import SyncRequest, sync
from tests.ingestion.vendors import Office

CONSENTING = sorted(name for name, rail in RAILS.items() if rail.consent)


def test_each_vendors_consent_ends_in_a_connection_that_can_be_read(office: Office) -> None:
    business = office.businesses[0]
    for rail in CONSENTING:
        done = office.connect(business, rail)
        assert (done.is_new, done.is_sandbox, [one.lacking for one in done.identities]) == (True, True, [()] * len(done.identities))
        for connection in office.store.connections(rail):
            assert office.ask(connection)[0].connection_id == connection.connection_id
    request = SyncRequest(RAILS["qbo"], [business], ["company_info"], BULK_OPERATION, delivery="backfill")
    report = sync(office.settings, office.store, product_clock_of(office.settings, office.store), request)
    assert ([outcome.status for outcome in report.outcomes], report.rows_new) == (["succeeded"], 1)
    assert {row["environment"] for row in office.rows()} == {"sandbox"}


@pytest.mark.parametrize("rail", CONSENTING)
def test_a_denial_connects_nothing_and_says_so(office: Office, rail: str) -> None:
    with pytest.raises(ConsentDenied):
        office.connect(office.businesses[0], rail, {"decision": "deny"})
    assert office.rows() == [] == office.store.businesses()


@pytest.mark.parametrize("rail", [name for name in CONSENTING if not RAILS[name].has_many_connections])
def test_another_businesss_account_is_refused_and_stays_its_owners(office: Office, rail: str) -> None:
    owner, other, _ = office.businesses
    office.connect(owner, rail)
    with pytest.raises(UsageError, match=f"already belongs to {owner}"):
        office.connect(other, rail, {"business": owner})
    assert [row["business_id"] for row in office.rows()] == [owner]
    if rail != "ramp":
        # Intuit's code is not redeemed and Stripe's account not let go; a new consent at Ramp ends the one before.
        (connection,) = office.store.connections(rail)
        assert office.ask(connection)[0].connection_id == connection.connection_id


@pytest.mark.parametrize("rail", ["qbo", "ramp", "stripe"])
def test_a_consent_for_another_company_than_the_connected_one_changes_nothing(office: Office, rail: str) -> None:
    mine, wrong, _ = office.businesses
    office.connect(mine, rail)
    before = office.rows()
    with pytest.raises(UsageError, match=f"{mine} is already connected to {rail} as"):
        office.connect(mine, rail, {"business": wrong})
    assert office.rows() == before
    # What nobody here rests on was given back, and can be given again.
    assert office.connect(wrong, rail).is_new


def test_a_renewal_heals_the_connection_and_keeps_its_id_and_what_a_consent_does_not_tell(office: Office) -> None:
    business = office.businesses[0]
    office.onboard(business, "qbo")
    (connection,) = office.store.connections("qbo")
    before = office.store.secret(connection)
    office.break_connection(business, "qbo")
    now = product_clock_of(office.settings, office.store)()
    assert [one.is_connected for one in connection_freshness(office.store, now)] == [False]
    done = office.connect(business, "qbo")
    (renewed,) = office.store.connections("qbo")
    assert (done.is_new, renewed.connection_id, renewed.state) == (False, connection.connection_id, "healthy")
    after = office.store.secret(renewed)
    assert after["refresh_token"] != before["refresh_token"]
    assert after["webhook_verifier"] == before["webhook_verifier"]
    assert office.store.token(renewed).refresh_token == after["refresh_token"]
    # Connected again: the sensor now has something to catch up.
    assert [one.is_connected for one in connection_freshness(office.store, now)] == [True]


def test_a_broken_bank_login_is_repaired_in_update_mode_and_a_further_one_only_on_request(office: Office) -> None:
    business = next(entry["business_id"] for entry in office.sandbox.others if len(entry["credentials"].get("items", [])) > 1)
    first, second = office.onboard(business, "plaid").connection_ids
    office.break_connection(business, "plaid")
    repaired = office.connect(business, "plaid")
    assert repaired.connection_ids == (min(first, second),)
    assert sorted(row["state"] for row in office.rows()) == ["disconnected", "healthy"]
    assert office.connect(business, "plaid", connection_id=max(first, second)).connection_ids == (max(first, second),)
    further = office.connect(business, "plaid", is_further=True)
    assert set(further.connection_ids) == {first, second}
    with pytest.raises(UsageError, match="has no plaid connection nobody"):
        office.connect(business, "plaid", connection_id="nobody")


def test_scopes_that_were_left_out_are_told_and_a_new_consent_brings_them(office: Office) -> None:
    business = office.businesses[1]
    office.fault("ramp", business, "scope_missing")
    (identity,) = office.connect(business, "ramp").identities
    assert identity.lacking == ("reimbursements:read", "statements:read")
    office.fault("ramp", business, "clear")
    (identity,) = office.connect(business, "ramp").identities
    assert identity.lacking == ()


def test_a_home_with_real_companies_asks_for_no_consent_at_a_sandbox(office: Office) -> None:
    real = {"client_id": "c", "client_secret": "s", "realm_id": "1", "refresh_token": "r"}
    onboard(office.settings, office.store, "acme", "qbo", real)
    with pytest.raises(UsageError, match="a home has one clock"):
        office.connect(office.businesses[0], "ramp", {"decision": "the page is not even shown"})


def test_what_the_vendor_refuses_is_one_sentence_without_the_keys(office: Office) -> None:
    office.fault("qbo", office.businesses[0], "dead_token")
    with pytest.raises(RowcolError, match="QuickBooks Online does not accept these credentials") as refused:
        office.connect(office.businesses[0], "qbo")
    assert office.apps["qbo"].keys["client_secret"] not in str(refused.value)
    assert office.rows() == []


def test_a_bank_that_was_linked_at_the_second_try_counts_though_the_page_was_left_at_the_first() -> None:
    left = {"finished_at": "2026-06-01T12:00:00Z", "exit": {"error": None}, "results": None}
    linked = {"finished_at": "2026-06-01T12:05:00Z", "exit": None, "results": {"item_add_results": [{"public_token": "public"}]}}
    answers = {
        "/link/token/get": {"link_sessions": [left, linked]},
        "/item/public_token/exchange": {"item_id": "item", "access_token": "access"},
    }
    app = App(Place(*["https://vendor.test"] * 3), {"client_id": "c", "secret": "s"})

    async def taken() -> dict[str, Any]:
        transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path]))
        async with httpx.AsyncClient(transport=transport) as http:
            return await consent.take(http, app, Asking("acme"), Page("https://vendor.test/page", "ticket"), {})

    assert asyncio.run(taken())["items"] == [{"item_id": "item", "access_token": "access"}]
