"""Plaid's own client library works against the sandbox when its host is changed and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import httpx
import pytest

from sandbox.server import Running, start

plaid = pytest.importorskip("plaid", reason="plaid-python is not installed")


def of_plaid(name: str) -> Any:
    """A class of the library by its name; each has a module of its own."""
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return getattr(import_module(f"plaid.model.{module}"), name)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start(tmp_path_factory.mktemp("plaid") / "home", seed=7, businesses=2) as sandbox:
        yield sandbox


@pytest.fixture
def entry(running: Running) -> dict[str, Any]:
    return next(entry for entry in running.others if entry["rail"] == "plaid")


@pytest.fixture
def client(entry: dict[str, Any]) -> Iterator[Any]:
    api = import_module("plaid.api.plaid_api")
    keys = {"clientId": entry["credentials"]["client_id"], "secret": entry["credentials"]["secret"], "plaidVersion": "2020-09-14"}
    with plaid.ApiClient(plaid.Configuration(host=entry["base_url"], api_key=keys)) as connection:
        yield api.PlaidApi(connection)


def test_transactions_are_read_to_the_end_and_typed(client: Any, entry: dict[str, Any]) -> None:
    rows: list[Any] = []
    cursor = ""
    while True:
        asked = of_plaid("TransactionsSyncRequest")(access_token=entry["credentials"]["items"][0]["access_token"], cursor=cursor, count=100)
        page = client.transactions_sync(asked)
        rows += page["added"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            break
    assert len(rows) > 100
    assert {type(row["amount"]) for row in rows} <= {float, int}
    assert all(row["date"].year == 2026 for row in rows)


def test_items_accounts_and_banks_are_read(client: Any, entry: dict[str, Any]) -> None:
    item = entry["credentials"]["items"][0]
    got = client.item_get(of_plaid("ItemGetRequest")(access_token=item["access_token"]))
    assert got["item"]["item_id"] == item["item_id"]
    bank = of_plaid("InstitutionsGetByIdRequest")(
        institution_id=got["item"]["institution_id"], country_codes=[of_plaid("CountryCode")("US")]
    )
    assert client.institutions_get_by_id(bank)["institution"]["name"] == got["item"]["institution_name"]
    cached = client.accounts_get(of_plaid("AccountsGetRequest")(access_token=item["access_token"]))["accounts"]
    live = client.accounts_balance_get(of_plaid("AccountsBalanceGetRequest")(access_token=item["access_token"]))["accounts"]
    assert [account["account_id"] for account in cached] == [account["account_id"] for account in live]


def test_a_bank_is_linked_by_the_vendors_exchange(client: Any, entry: dict[str, Any]) -> None:
    item = entry["credentials"]["items"][0]
    bank = client.item_get(of_plaid("ItemGetRequest")(access_token=item["access_token"]))["item"]["institution_id"]
    asked = of_plaid("SandboxPublicTokenCreateRequest")(institution_id=bank, initial_products=[of_plaid("Products")("transactions")])
    public = client.sandbox_public_token_create(asked)["public_token"]
    linked = client.item_public_token_exchange(of_plaid("ItemPublicTokenExchangeRequest")(public_token=public))
    assert linked["item_id"]
    assert client.item_get(of_plaid("ItemGetRequest")(access_token=linked["access_token"]))["item"]["item_id"] == linked["item_id"]


def test_an_error_is_the_librarys_own(client: Any, entry: dict[str, Any]) -> None:
    with pytest.raises(plaid.ApiException, match="INVALID_ACCESS_TOKEN") as refused:
        client.accounts_get(of_plaid("AccountsGetRequest")(access_token="access-sandbox-nobody"))
    assert refused.value.status == 400


def test_a_hosted_session_is_made_answered_and_the_item_removed(client: Any, running: Running) -> None:
    business = running.credentials[1]["business_id"]
    asked = of_plaid("LinkTokenCreateRequest")(
        client_name="RowCol",
        language="en",
        country_codes=[of_plaid("CountryCode")("US")],
        products=[of_plaid("Products")("transactions")],
        user=of_plaid("LinkTokenCreateRequestUser")(client_user_id=business),
        hosted_link=of_plaid("LinkTokenCreateHostedLink")(completion_redirect_uri="http://127.0.0.1:9/done"),
    )
    made = client.link_token_create(asked)
    assert httpx.get(made["hosted_link_url"], trust_env=False).status_code == 302
    session = client.link_token_get(of_plaid("LinkTokenGetRequest")(link_token=made["link_token"]))["link_sessions"][0]
    (added, *_) = session["results"]["item_add_results"]
    linked = client.item_public_token_exchange(of_plaid("ItemPublicTokenExchangeRequest")(public_token=added["public_token"]))
    client.item_remove(of_plaid("ItemRemoveRequest")(access_token=linked["access_token"]))
    with pytest.raises(plaid.ApiException, match="INVALID_ACCESS_TOKEN"):
        client.accounts_get(of_plaid("AccountsGetRequest")(access_token=linked["access_token"]))
