"""Clients written by others work against the sandbox when their hosts are changed, and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from intuitlib import config as intuit_config
from intuitlib import utils as intuit_utils
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from sandbox.server import Running, start

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from quickbooks import QuickBooks, exceptions
    from quickbooks.cdc import change_data_capture
    from quickbooks.objects.account import Account
    from quickbooks.objects.bill import Bill
    from quickbooks.objects.billpayment import BillPayment
    from quickbooks.objects.company_info import CompanyInfo
    from quickbooks.objects.invoice import Invoice
    from quickbooks.objects.vendor import Vendor


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start(Path(tmp_path_factory.mktemp("third")), seed=5, businesses=2) as running:
        yield running


@pytest.fixture
def auth(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> AuthClient:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    hosts = {"sandbox": f"{sandbox.base_url}/.well-known/openid_sandbox_configuration/"}
    monkeypatch.setattr(intuit_config, "DISCOVERY_URL", hosts)
    monkeypatch.setattr(intuit_utils, "DISCOVERY_URL", hosts)
    monkeypatch.setattr(QuickBooks, "sandbox_api_url_v3", f"{sandbox.base_url}/v3")
    mine = sandbox.credentials[0]["credentials"]
    return AuthClient(mine["client_id"], mine["client_secret"], "http://127.0.0.1/back", "sandbox", refresh_token=mine["refresh_token"])


@pytest.fixture
def ledger(sandbox: Running, auth: AuthClient) -> QuickBooks:
    mine = sandbox.credentials[0]["credentials"]
    return QuickBooks(auth_client=auth, refresh_token=mine["refresh_token"], company_id=mine["realm_id"], minorversion=75)


def test_intuit_oauth_discovers_refreshes_and_is_refused(auth: AuthClient) -> None:
    auth.refresh()
    assert auth.access_token.startswith("eyJ")
    assert auth.x_refresh_token_expires_in == 8_726_400
    with pytest.raises(AuthClientError) as refused:
        auth.refresh(refresh_token="AB11nothing")
    assert "invalid_grant" in str(refused.value.content)


def test_python_quickbooks_counts_lists_pages_and_reads(ledger: QuickBooks) -> None:
    total = Bill.count(qb=ledger)
    assert total > 100
    assert len(Bill.all(qb=ledger)) == 100
    everything = Bill.all(qb=ledger, max_results=1000)
    assert len(everything) == total
    second = Bill.where("", order_by="MetaData.LastUpdatedTime", start_position=11, max_results=10, qb=ledger)
    assert len(second) == 10
    again = Bill.get(everything[5].Id, qb=ledger)
    assert again.to_json() == everything[5].to_json()
    paid = next(bill for bill in everything if bill.LinkedTxn)
    payment = BillPayment.get(int(paid.LinkedTxn[0].TxnId), qb=ledger)
    assert any(link.TxnId == paid.Id for line in payment.Line for link in line.LinkedTxn)


def test_python_quickbooks_filters_and_finds_nothing_politely(ledger: QuickBooks) -> None:
    banks = Account.filter(AccountType="Bank", qb=ledger)
    assert {account.Name for account in banks} == {"Checking", "Savings", "Petty Cash"}
    assert Vendor.filter(DisplayName="Nobody's Business", qb=ledger) == []
    assert Vendor.choose(["1", "2"], field="Id", qb=ledger)[1].Id == "2"
    assert CompanyInfo.all(qb=ledger)[0].CompanyName


def test_python_quickbooks_reads_the_change_feed(ledger: QuickBooks) -> None:
    answer = change_data_capture([Invoice, Bill, Vendor], "2026-09-15T00:00:00-07:00", qb=ledger)
    assert answer.Invoice._object_list or answer.Bill._object_list


def test_python_quickbooks_recognises_the_faults(ledger: QuickBooks, sandbox: Running) -> None:
    with pytest.raises(exceptions.ObjectNotFoundException):
        Bill.get(999_999, qb=ledger)
    with pytest.raises(exceptions.ValidationException):
        ledger.query("select nothing")
    sandbox.post("fault", rail="qbo", business="all", kind="fault_in_200", count=1)
    with pytest.raises(exceptions.SevereException):
        Bill.count(qb=ledger)
    ledger.session.access_token = "stale"
    with pytest.raises(exceptions.AuthorizationException):
        Bill.count(qb=ledger)


def test_intuit_oauth_asks_for_a_consent_redeems_it_and_revokes_it(sandbox: Running, auth: AuthClient) -> None:
    second = sandbox.credentials[1]
    address = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="s1") + f"&business={second['business_id']}"
    told = httpx.URL(httpx.get(address, trust_env=False).headers["location"]).params
    assert (told["state"], told["realmId"]) == ("s1", second["credentials"]["realm_id"])
    auth.get_bearer_token(told["code"], realm_id=told["realmId"])
    assert auth.refresh_token.startswith("AB11")
    assert auth.revoke() is True
    with pytest.raises(AuthClientError, match="invalid_grant"):
        auth.refresh()
