"""Tokens as Intuit hands them out: an hour of sandbox time, daily rotation with a day of grace, strict mode, revocation."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.conftest import Ledger


def test_the_value_stays_for_a_day_then_rotates_and_the_old_one_lives_a_day_longer(ledger: Ledger) -> None:
    first = ledger.refresh().json()["refresh_token"]
    ledger.hub.advance(minutes=23 * 60)
    assert ledger.refresh(first).json()["refresh_token"] == first
    ledger.hub.advance(minutes=60)
    second = ledger.refresh(first).json()["refresh_token"]
    assert second != first
    ledger.hub.advance(minutes=24 * 60)
    assert ledger.refresh(first).json()["refresh_token"] == second
    ledger.hub.advance(minutes=1)
    refused = ledger.refresh(first)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert ledger.refresh(second).status_code == 200


def test_strict_mode_takes_each_value_once(ledger: Ledger) -> None:
    ledger.hub.set_options({"strict_refresh": True})
    first = ledger.entry["credentials"]["refresh_token"]
    second = ledger.refresh(first).json()["refresh_token"]
    assert ledger.refresh(first).json()["error"] == "invalid_grant"
    assert ledger.refresh(second).json()["refresh_token"] not in (first, second)


def test_a_token_left_alone_for_101_days_is_dead(ledger: Ledger) -> None:
    ledger.hub.advance(days=101)
    assert ledger.refresh().status_code == 200
    ledger.hub.advance(days=101, minutes=1)
    assert ledger.refresh().json()["error"] == "invalid_grant"


def test_an_access_token_lives_an_hour_and_its_fault_has_lower_case_keys(ledger: Ledger) -> None:
    ledger.hub.advance(minutes=59)
    assert ledger.query("select * from Term").status_code == 200
    ledger.hub.advance(minutes=1)
    answer = ledger.query("select * from Term")
    assert answer.status_code == 401
    assert answer.json()["fault"]["error"][0]["code"] == "3200"
    assert "intuit_tid" in answer.headers


def test_a_token_of_another_company_is_forbidden(open_sandbox) -> None:  # type: ignore[no-untyped-def]
    ledger = open_sandbox()
    answer = ledger.http.get(
        f"/v3/company/{ledger.hub.listings[1].realm}/query",
        params={"query": "select * from Term"},
        headers={"Authorization": f"Bearer {ledger.token}"},
    )
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (403, "3100")


def test_the_client_may_send_its_secret_in_the_form_and_a_wrong_one_is_refused(ledger: Ledger) -> None:
    mine = ledger.entry["credentials"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": mine["refresh_token"],
        "client_id": mine["client_id"],
        "client_secret": mine["client_secret"],
    }
    assert ledger.http.post("/oauth2/v1/tokens/bearer", data=form).status_code == 200
    for auth in (("someone", "else"), (mine["client_id"], "wrong")):
        refused = ledger.http.post("/oauth2/v1/tokens/bearer", data={k: form[k] for k in ("grant_type", "refresh_token")}, auth=auth)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("token", ["", "AB11", "AB11zzzQx", "AB11ffffQabc", "x" * 5000, "AB11" + "1" * 80 + "Qa"])
def test_a_made_up_refresh_token_is_an_invalid_grant(ledger: Ledger, token: str) -> None:
    assert ledger.refresh(token or "nothing").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("token", ["", "abc", "abc.def", base64.urlsafe_b64encode(b'{"use":"access"}').decode() + ".00"])
def test_a_forged_access_token_is_unauthorized(ledger: Ledger, token: str) -> None:
    ledger.token = token
    assert ledger.query("select * from Term").status_code == 401


def test_revoking_ends_the_consent_and_a_new_code_begins_another(ledger: Ledger) -> None:
    mine = ledger.hub.credentials(("qbo",))[0]["credentials"]
    auth = (mine["client_id"], mine["client_secret"])
    assert ledger.http.post("/v2/oauth2/tokens/revoke", json={"token": mine["refresh_token"]}, auth=auth).status_code == 200
    assert ledger.query("select * from Term").status_code == 401
    assert ledger.refresh(mine["refresh_token"]).json()["error"] == "invalid_grant"
    asked = {"client_id": mine["client_id"], "redirect_uri": "http://127.0.0.1/back", "state": "s1", "response_type": "code"}
    sent_back = ledger.http.get("/connect/oauth2", params=asked, follow_redirects=False)
    query = dict(pair.split("=") for pair in sent_back.headers["location"].split("?")[1].split("&"))
    assert (query["state"], query["realmId"]) == ("s1", ledger.realm)
    form = {"grant_type": "authorization_code", "code": query["code"], "redirect_uri": "http://127.0.0.1/back"}
    ledger.token = ledger.http.post("/oauth2/v1/tokens/bearer", data=form, auth=auth).json()["access_token"]
    assert ledger.query("select * from Term").status_code == 200
    assert ledger.http.post("/oauth2/v1/tokens/bearer", data=form, auth=auth).json()["error"] == "invalid_grant"


def test_discovery_names_endpoints_on_this_host(ledger: Ledger) -> None:
    for path in ("/.well-known/openid_configuration/", "/.well-known/openid_sandbox_configuration/"):
        told = ledger.http.get(path).json()
        assert told["token_endpoint"] == "http://testserver/oauth2/v1/tokens/bearer"
        assert {"authorization_endpoint", "revocation_endpoint", "issuer", "jwks_uri", "userinfo_endpoint"} <= set(told)
