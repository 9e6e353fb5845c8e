"""Ramp's tokens: scopes as granted, own apps and the partner's consent, expiry, revocation, and how a dead one is answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.ramp_client import API, RampClient, open_ramp


@pytest.fixture
def ramp(tmp_path: Path) -> Iterator[RampClient]:
    client = open_ramp(tmp_path / "sandbox")
    yield client
    client.hub.close()


def dead(client: RampClient) -> bool:
    answer = client.get("/business")
    return (answer.status_code, answer.json().get("error_v2", {}).get("error_code")) == (404, "DEVELOPER_7002")


def test_a_token_has_the_granted_ones_of_the_scopes_asked_for(ramp: RampClient) -> None:
    told = ramp.fetch_token(grant_type="client_credentials", scope="bills:read payroll:write vendors:read").json()
    assert (told["scope"], told["expires_in"], "refresh_token" in told) == ("bills:read vendors:read", 864_000, False)
    ramp.token = told["access_token"]
    assert ramp.get("/bills").status_code == 200
    refused = ramp.get("/transactions")
    assert (refused.status_code, refused.json()["error_v2"]["error_code"]) == (403, "DEVELOPER_7100")


def test_the_token_endpoint_takes_json_as_the_specification_has_it(ramp: RampClient) -> None:
    mine = ramp.credentials
    auth = (mine["client_id"], mine["client_secret"])
    told = ramp.http.post(f"{API}/token", json={"grant_type": "client_credentials", "scope": "bills:read"}, auth=auth)
    assert (told.status_code, told.json()["scope"]) == (200, "bills:read")
    assert ramp.http.post(f"{API}/token", content=b"{", headers={"content-type": "application/json"}, auth=auth).status_code == 400


def test_asking_for_no_scope_brings_a_token_that_can_do_nothing(ramp: RampClient) -> None:
    told = ramp.fetch_token(grant_type="client_credentials")
    assert (told.status_code, told.json()["scope"]) == (200, "")
    ramp.token = told.json()["access_token"]
    assert {ramp.get(path).status_code for path in ("/bills", "/business", "/entities")} == {403}


def test_a_token_ends_after_ten_days_and_is_then_answered_like_a_missing_record(ramp: RampClient) -> None:
    ramp.hub.advance(days=9)
    assert not dead(ramp)
    ramp.hub.advance(days=1)
    assert dead(ramp)


def test_a_made_up_token_and_none_at_all(ramp: RampClient) -> None:
    ramp.token = ramp.token[:-1] + ("0" if ramp.token[-1] != "0" else "1")
    assert dead(ramp)
    assert ramp.http.get(f"{API}/business").status_code == 401


def test_a_partner_app_has_a_refresh_token_per_business_and_an_hour(tmp_path: Path) -> None:
    client = open_ramp(tmp_path / "sandbox", index=3)
    told = client.fetch_token().json()
    assert (told["expires_in"], told["refresh_token"]) == (3600, client.credentials["refresh_token"])
    client.hub.advance(minutes=61)
    assert dead(client)
    wrong = client.fetch_token(grant_type="refresh_token", refresh_token="ramp_rt_3Qnope")
    assert (wrong.status_code, wrong.json()["error_v2"]["message"]) == (404, "Refresh token with given refresh_token not found")
    assert client.fetch_token(grant_type="client_credentials", scope="bills:read").json()["error"] == "unauthorized_client"
    client.hub.close()


def test_consent_gives_a_code_good_for_ten_minutes_and_once(tmp_path: Path) -> None:
    client = open_ramp(tmp_path / "sandbox", index=3)
    asked = {"client_id": client.credentials["client_id"], "redirect_uri": "http://127.0.0.1/back", "state": "s1", "business": "3"}
    back = parse_qs(urlsplit(client.http.get("/v1/authorize", params=asked).headers["location"]).query)
    assert back["state"] == ["s1"]
    old = client.credentials["refresh_token"]
    told = client.fetch_token(grant_type="authorization_code", code=back["code"][0]).json()
    client.token = told["access_token"]
    assert not dead(client) and told["refresh_token"] == client.credentials["refresh_token"] != old
    assert client.fetch_token(grant_type="authorization_code", code=back["code"][0]).json()["error"] == "invalid_grant"
    client.hub.close()


def test_wrong_secrets_and_other_businesses_apps_are_refused(ramp: RampClient) -> None:
    mine = ramp.credentials
    form = {"grant_type": "client_credentials", "scope": "bills:read"}
    for auth in ((mine["client_id"], "ramp_sec_wrong"), ("ramp_id_99Qx", mine["client_secret"]), ("nobody", "x")):
        answer = ramp.http.post(f"{API}/token", data=form, auth=auth)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    other = RampClient(ramp.hub, ramp.http, 1)
    assert other.get("/business").json()["id"] != ramp.get("/business").json()["id"]
    assert ramp.get(f"/bills/{other.walk('/bills')[0]['id']}").status_code == 404


def test_revoking_ends_a_token_and_an_app_of_its_own_gets_another(ramp: RampClient) -> None:
    mine = ramp.credentials
    revoked = ramp.http.post(f"{API}/token/revoke", data={"token": ramp.token}, auth=(mine["client_id"], mine["client_secret"]))
    assert revoked.status_code == 200 and dead(ramp)
    ramp.token = ramp.fetch_token().json()["access_token"]
    assert not dead(ramp)
