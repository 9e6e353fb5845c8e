"""Stripe's own library works against the sandbox when its host is changed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import Running, start

stripe: Any = pytest.importorskip("stripe", reason="the vendor's library is not installed")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start(Path(tmp_path_factory.mktemp("sdk")), seed=5, businesses=3) as running:
        yield running


def entry(sandbox: Running, index: int) -> dict[str, Any]:
    return [one for one in sandbox.others if one["rail"] == "stripe"][index]


def client(sandbox: Running, index: int = 0, key: str | None = None, **options: Any) -> Any:
    mine = entry(sandbox, index)
    secret = mine["credentials"]
    return stripe.StripeClient(
        key or secret["api_key"], base_addresses={"api": mine["base_url"]}, stripe_account=secret.get("account_id"), **options
    )


def test_it_pages_through_every_list(sandbox: Running) -> None:
    api = client(sandbox).v1
    for service in (
        api.customers, api.invoices, api.invoice_payments, api.charges, api.payment_intents, api.payouts, api.balance_transactions,
        api.events, api.refunds, api.disputes,
    ):  # fmt: skip
        every = list(service.list({"limit": 7}).auto_paging_iter())
        assert len({one.id for one in every}) == len(every)
        whole = list(service.list({"limit": 100}).auto_paging_iter())
        assert [one.id for one in every] == [one.id for one in whole]


def test_it_reads_objects_lines_and_expansions(sandbox: Running) -> None:
    api = client(sandbox).v1
    invoice = api.invoices.list({"status": "paid", "limit": 1}).data[0]
    lines = list(api.invoices.line_items.list(invoice.id).auto_paging_iter())
    assert sum(line.amount for line in lines) == invoice.subtotal
    intent = api.payment_intents.list({"expand": ["data.latest_charge"], "limit": 50}).data
    assert any(one.latest_charge and one.latest_charge.object == "charge" for one in intent)
    assert api.balance.retrieve().available[0].currency == "usd"
    since = api.charges.list({"limit": 5}).data[-1].created
    assert all(one.created >= since for one in api.charges.list({"created": {"gte": since}}).auto_paging_iter())


def test_it_acts_on_a_connected_account(sandbox: Running) -> None:
    platform = client(sandbox, 2)
    assert platform.v1.charges.list({"limit": 1}).data
    assert platform.v1.accounts.retrieve_current().id == entry(sandbox, 2)["credentials"]["account_id"]


def test_it_recognises_the_refusals(sandbox: Running) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client(sandbox, key="sk_test_none_of_ours").v1.charges.list()
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client(sandbox).v1.customers.retrieve("cus_none")
    assert (missing.value.code, missing.value.param, missing.value.http_status) == ("resource_missing", "id", 404)
    for kind, error in (("scope_missing", stripe.PermissionError), ("throttle", stripe.RateLimitError), ("server_error", stripe.APIError)):
        sandbox.post("fault", rail="stripe", business="all", kind=kind, count=1)
        with pytest.raises(error):
            client(sandbox, max_network_retries=0).v1.charges.list()


def test_it_tries_again_after_a_throttle(sandbox: Running) -> None:
    sandbox.post("fault", rail="stripe", business="all", kind="throttle", count=1)
    assert client(sandbox, max_network_retries=2).v1.charges.list().data


def test_connect_is_asked_for_redeemed_and_ended(sandbox: Running) -> None:
    app = next(one for one in httpx.get(f"{sandbox.base_url}/sandbox/apps", trust_env=False).json() if one["rail"] == "stripe")
    keys, base = app["app"], app["base_url"]
    api = stripe.StripeClient(keys["api_key"], client_id=keys["client_id"], base_addresses={"api": base, "connect": base})
    asked = {"scope": "read_only", "redirect_uri": "http://127.0.0.1:9/x", "state": "s1", "response_type": "code"}
    told = httpx.URL(httpx.get(api.oauth.authorize_url(asked), trust_env=False).headers["location"]).params
    token = api.oauth.token({"grant_type": "authorization_code", "code": told["code"]})
    assert (told["state"], token.livemode, token.scope) == ("s1", False, "read_only")
    assert api.v1.accounts.retrieve(token.stripe_user_id).id == token.stripe_user_id
    with pytest.raises(stripe.oauth_error.InvalidGrantError):
        api.oauth.token({"grant_type": "authorization_code", "code": told["code"]})
    assert api.oauth.deauthorize({"stripe_user_id": token.stripe_user_id}).stripe_user_id == token.stripe_user_id
