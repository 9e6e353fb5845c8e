"""The four vendors' consent as a browser and as a program meet it: pages, denial, codes good once, for ten minutes and one redirect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.hub import Hub
from sandbox.serving import application
from sandbox.state import Config
from tests.sandbox.conftest import InProcess

BACK = "http://127.0.0.1:9/callback"
BROWSER = {"accept": "text/html,application/xhtml+xml"}
ASK = {"qbo": "/connect/oauth2", "ramp": "/v1/authorize", "stripe": "/oauth/authorize"}
TOKEN = {"qbo": "/oauth2/v1/tokens/bearer", "ramp": "/developer/v1/token", "stripe": "/oauth/token"}
OAUTH = sorted(ASK)


class Vendor:
    """One rail of a sandbox in this process, with the app's keys."""

    def __init__(self, hub: Hub, rail: str) -> None:
        self.hub, self.rail = hub, rail
        self.app: dict[str, str] = next(entry["app"] for entry in hub.apps() if entry["rail"] == rail)
        self.http = httpx.Client(transport=InProcess(application(hub, rail, limits=False)), base_url="http://testserver")

    def ask(self, *, is_browser: bool = False, **more: str) -> httpx.Response:
        asked = {"client_id": self.app["client_id"], "redirect_uri": BACK, "state": "s&1", "response_type": "code", **more}
        return self.http.get(ASK[self.rail], params=asked, headers=BROWSER if is_browser else None, follow_redirects=False)

    def answer(self, **more: str) -> dict[str, str]:
        return {
            name: values[0] for name, values in parse_qs(urlsplit(self.ask(is_browser=False, **more).headers["location"]).query).items()
        }

    def redeem(self, code: str, redirect_uri: str = BACK) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if self.rail == "stripe":
            return self.http.post(TOKEN[self.rail], data={**form, "client_secret": self.app["api_key"]})
        return self.http.post(TOKEN[self.rail], data=form, auth=(self.app["client_id"], self.app["client_secret"]))


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Callable[[str], Vendor]]:
    hub = Hub(tmp_path / "sandbox", Config(seed=7, businesses=3))
    yield lambda rail: Vendor(hub, rail)
    hub.close()


@pytest.mark.parametrize("rail", OAUTH)
def test_a_browser_is_asked_and_a_program_agrees_at_once(vendor: Callable[[str], Vendor], rail: str) -> None:
    mine = vendor(rail)
    page = mine.ask(is_browser=True)
    assert page.status_code == 200 and "Approve" in page.text and "Deny" in page.text
    assert all(listing.name.replace("&", "&amp;").replace("'", "&#x27;") in page.text for listing in mine.hub.listings)
    assert 'name="state" value="s&amp;1"' in page.text
    assert mine.ask(is_browser=True, decision="approve").status_code == 302
    assert mine.answer()["state"] == "s&1"


@pytest.mark.parametrize("rail", OAUTH)
def test_denial_comes_back_as_an_error_without_a_code(vendor: Callable[[str], Vendor], rail: str) -> None:
    told = vendor(rail).answer(decision="deny")
    assert (told["error"], told["state"], "code" in told) == ("access_denied", "s&1", False)


@pytest.mark.parametrize("rail", OAUTH)
def test_an_unknown_app_or_another_kind_of_answer_is_refused_on_the_page(vendor: Callable[[str], Vendor], rail: str) -> None:
    mine = vendor(rail)
    assert mine.ask(client_id="somebody").status_code in (400, 401)
    assert mine.ask(response_type="token").status_code == 400


@pytest.mark.parametrize("rail", OAUTH)
def test_a_code_is_good_once_and_for_minutes(vendor: Callable[[str], Vendor], rail: str) -> None:
    mine = vendor(rail)
    code = mine.answer()["code"]
    assert mine.redeem(code).status_code == 200
    assert mine.redeem(code).json()["error"] == "invalid_grant"
    late = mine.answer()["code"]
    mine.hub.advance(minutes=11)
    assert mine.redeem(late).json()["error"] == "invalid_grant"
    assert mine.redeem(mine.answer()["code"][:-1] + "x").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("rail", ["qbo", "ramp"])
def test_a_code_is_for_the_redirect_it_was_sent_to(vendor: Callable[[str], Vendor], rail: str) -> None:
    mine = vendor(rail)
    assert mine.redeem(mine.answer()["code"], "http://127.0.0.1:9/elsewhere").json()["error"] == "invalid_grant"


def test_intuit_names_the_company_in_the_redirect_alone(vendor: Callable[[str], Vendor]) -> None:
    mine = vendor("qbo")
    second = mine.hub.listings[1]
    told = mine.answer(business=second.business_id)
    assert told["realmId"] == second.realm == mine.answer(realmId=second.realm)["realmId"]
    assert second.realm not in mine.redeem(told["code"]).text


def test_ramp_grants_what_was_asked_for_and_keeps_to_it(vendor: Callable[[str], Vendor]) -> None:
    mine = vendor("ramp")
    told = mine.redeem(
        mine.answer(business=mine.hub.listings[2].business_id, scope="bills:read business:read payroll:write")["code"]
    ).json()
    assert told["scope"] == "bills:read business:read"
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    again = mine.http.post(TOKEN["ramp"], data=form, auth=(mine.app["client_id"], mine.app["client_secret"])).json()
    assert again["scope"] == "bills:read business:read"
    headers = {"Authorization": f"Bearer {again['access_token']}"}
    assert mine.http.get("/developer/v1/business", headers=headers).status_code == 200
    assert mine.http.get("/developer/v1/transactions", headers=headers).status_code == 403


def test_a_stripe_account_lets_the_platform_act_until_either_ends_it(vendor: Callable[[str], Vendor]) -> None:
    mine = vendor("stripe")
    first = mine.hub.listings[0].business_id
    account = mine.redeem(mine.answer(business=first)["code"]).json()["stripe_user_id"]
    headers = {"Authorization": f"Bearer {mine.app['api_key']}", "Stripe-Account": account}
    assert mine.http.get("/v1/account", headers=headers).json()["id"] == account
    form = {"client_id": mine.app["client_id"], "stripe_user_id": account}
    assert mine.http.post("/oauth/deauthorize", data=form).status_code == 401
    assert mine.http.post("/oauth/deauthorize", data=form, headers=headers).json() == {"stripe_user_id": account}
    assert mine.http.get("/v1/account", headers=headers).status_code == 403
    assert mine.http.post("/oauth/deauthorize", data=form, headers=headers).json()["error"] == "invalid_client"
    assert mine.redeem(mine.answer(business=account)["code"]).json()["stripe_user_id"] == account
    assert mine.http.get("/v1/account", headers=headers).status_code == 200


class TestHostedLink:
    """Plaid's page, which ends in a session that is asked for, not in a code."""

    def ask(self, mine: Vendor, path: str, **fields: Any) -> Any:
        keys = {"client_id": mine.app["client_id"], "secret": mine.app["secret"]}
        return mine.http.post(path, json={**keys, **fields}).json()

    def link(self, mine: Vendor, **fields: Any) -> Any:
        asked = {"client_name": "RowCol", "language": "en", "country_codes": ["US"], "user": {"client_user_id": self.business(mine)}}
        return self.ask(mine, "/link/token/create", **asked, hosted_link={"completion_redirect_uri": BACK}, **fields)

    def business(self, mine: Vendor) -> str:
        return mine.hub.listings[1].business_id

    def session(self, mine: Vendor, made: Any, **query: str) -> Any:
        assert mine.http.get(made["hosted_link_url"], params=query, follow_redirects=False).headers["location"] == BACK
        return self.ask(mine, "/link/token/get", link_token=made["link_token"])["link_sessions"][0]

    def test_a_browser_chooses_banks_and_may_leave(self, vendor: Callable[[str], Vendor]) -> None:
        mine = vendor("plaid")
        made = self.link(mine, products=["transactions"])
        page = mine.http.get(made["hosted_link_url"], headers=BROWSER)
        assert page.status_code == 200 and '<select name="bank" multiple>' in page.text
        left = self.session(mine, made, decision="deny")
        assert (left["results"]["item_add_results"], left["exit"]["error"]) == ([], None)
        (bank, *_) = page.text.split('<option value="')[1].split('"')
        added = self.session(mine, self.link(mine, products=["transactions"]), bank=bank)["results"]["item_add_results"]
        assert [each["institution"]["institution_id"] for each in added] == [bank]

    def test_update_mode_repairs_a_login_and_adds_none(self, vendor: Callable[[str], Vendor]) -> None:
        mine = vendor("plaid")
        token = mine.hub.credentials(("plaid",))[1]["credentials"]["items"][0]["access_token"]
        self.ask(mine, "/sandbox/item/reset_login", access_token=token)
        assert self.ask(mine, "/accounts/get", access_token=token)["error_code"] == "ITEM_LOGIN_REQUIRED"
        left = self.session(mine, self.link(mine, access_token=token), decision="deny")
        assert left["exit"] and self.ask(mine, "/accounts/get", access_token=token)["error_code"] == "ITEM_LOGIN_REQUIRED"
        done = self.session(mine, self.link(mine, access_token=token))
        assert (done["exit"], done["results"]["item_add_results"]) == (None, [])
        assert self.ask(mine, "/accounts/get", access_token=token)["accounts"]
        assert self.link(mine, access_token="access-sandbox-nobody")["error_code"] == "INVALID_ACCESS_TOKEN"
