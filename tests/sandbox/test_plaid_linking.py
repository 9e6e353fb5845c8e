"""Who may ask and what becomes of a bank login: keys, tokens, linking, update mode, removal, a login that broke, webhook keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.plaid.keys import verification_key
from tests.sandbox.plaid_client import DAYS, Plaid

SYNC = "/transactions/sync"


@pytest.fixture
def plaid(tmp_path: Path) -> Iterator[Plaid]:
    opened = Plaid(tmp_path / "sandbox")
    yield opened
    opened.close()


def link(plaid: Plaid) -> dict[str, str]:
    options = {"override_username": plaid.business_id}
    bank = plaid.items[0].institution.institution_id
    asked = {"institution_id": bank, "initial_products": ["transactions"], "options": options}
    public = plaid.get("/sandbox/public_token/create", **asked)["public_token"]
    return plaid.get("/item/public_token/exchange", public_token=public)


def test_credentials_are_what_onboarding_takes_and_each_opens_its_item(plaid: Plaid) -> None:
    assert set(plaid.credentials) == {"client_id", "secret", "items"}
    for item in plaid.credentials["items"]:
        assert set(item) == {"item_id", "access_token"}
        assert plaid.get("/item/get", access_token=item["access_token"])["item"]["item_id"] == item["item_id"]


def test_keys_stand_in_the_body_or_in_the_headers(plaid: Plaid) -> None:
    headers = {"PLAID-CLIENT-ID": plaid.keys["client_id"], "PLAID-SECRET": plaid.keys["secret"], "Plaid-Version": "2020-09-14"}
    assert plaid.http.post("/item/get", headers=headers, json={"access_token": plaid.tokens[0]}).status_code == 200
    assert plaid.http.post("/item/get", json={"access_token": plaid.tokens[0]}).json()["error_code"] == "MISSING_FIELDS"
    assert plaid.problem("/item/get", access_token=plaid.tokens[0], secret="wrong") == (400, "INVALID_API_KEYS")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"text"', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(plaid: Plaid, body: bytes) -> None:
    answer = plaid.http.post("/item/get", content=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_BODY")


def test_tokens_are_case_sensitive_and_of_this_environment(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    for wrong in (token.upper(), token[:-1], "access-production-1", 5, ""):
        status, code = plaid.problem("/item/get", access_token=wrong)
        assert (status, code) in ((400, "INVALID_ACCESS_TOKEN"), (400, "MISSING_FIELDS"))


def test_linking_a_connected_bank_again_is_update_mode(plaid: Plaid) -> None:
    token, item_id = plaid.tokens[0], plaid.items[0].item_id
    plaid.get("/sandbox/item/reset_login", access_token=token)
    assert plaid.problem(SYNC, access_token=token) == (400, "ITEM_LOGIN_REQUIRED")
    assert plaid.get("/item/get", access_token=token)["item"]["error"]["error_code"] == "ITEM_LOGIN_REQUIRED"
    linked = link(plaid)
    assert (linked["access_token"], linked["item_id"]) == (token, item_id)
    assert plaid.sync(token)["added"]


def test_a_bank_linked_after_its_removal_is_another_item_with_other_ids_and_the_same_money(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    before, cursor = plaid.update(token)
    accounts = plaid.get("/accounts/get", access_token=token)["accounts"]
    plaid.get("/item/remove", access_token=token)
    assert plaid.problem(SYNC, access_token=token) == (400, "INVALID_ACCESS_TOKEN")
    assert len(plaid.tokens) == 1
    plaid.hub.advance(minutes=1)
    new = link(plaid)["access_token"]
    assert plaid.tokens[0] == new != token
    assert plaid.problem(SYNC, access_token=new, cursor=cursor) == (400, "INVALID_FIELD")
    after = plaid.get(SYNC, access_token=new, count=500, options=DAYS)["added"]
    assert {row["transaction_id"] for row in after}.isdisjoint(row["transaction_id"] for row in before["added"])
    assert [(row["date"], row["amount"], row["name"]) for row in after] == [
        (row["date"], row["amount"], row["name"]) for row in before["added"]
    ]
    again = plaid.get("/accounts/get", access_token=new)["accounts"]
    for old, now in zip(accounts, again, strict=True):
        assert old["account_id"] != now["account_id"]
        assert (old["mask"], old["persistent_account_id"], old["balances"]) == (now["mask"], now["persistent_account_id"], now["balances"])


def test_a_restart_remembers_removals_and_new_links(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "sandbox")
    plaid.get("/item/remove", access_token=plaid.tokens[0])
    linked = link(plaid)
    plaid.close()
    again = Plaid(tmp_path / "sandbox")
    assert again.credentials["items"][0] == {"item_id": linked["item_id"], "access_token": linked["access_token"]}
    assert again.get("/item/get", access_token=linked["access_token"])["item"]["item_id"] == linked["item_id"]
    again.close()


def test_a_hosted_session_ends_with_a_public_token_for_each_bank(plaid: Plaid) -> None:
    hosted = {"completion_redirect_uri": "http://127.0.0.1:9/done"}
    user = {"client_user_id": plaid.business_id}
    asked = {"client_name": "RowCol", "language": "en", "country_codes": ["US"], "user": user, "hosted_link": hosted}
    made = plaid.get("/link/token/create", **asked)
    assert plaid.get("/link/token/get", link_token=made["link_token"])["link_sessions"] == []
    page = plaid.http.get(made["hosted_link_url"], follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (302, hosted["completion_redirect_uri"])
    sessions = plaid.get("/link/token/get", link_token=made["link_token"])["link_sessions"]
    added = sessions[0]["results"]["item_add_results"]
    tokens = [plaid.get("/item/public_token/exchange", public_token=each["public_token"])["access_token"] for each in added]
    assert tokens == plaid.tokens
    plaid.hub.advance(minutes=240)
    assert plaid.problem("/link/token/get", link_token=made["link_token"]) == (400, "INVALID_LINK_TOKEN")
    assert plaid.problem("/link/token/get", link_token=7) == (400, "INVALID_LINK_TOKEN")


def test_linking_refuses_what_the_vendor_refuses(plaid: Plaid) -> None:
    assert plaid.problem("/link/token/create", client_name="RowCol") == (400, "MISSING_FIELDS")
    assert plaid.problem("/item/public_token/exchange", public_token="public-sandbox-x") == (400, "INVALID_PUBLIC_TOKEN")
    asked = {"institution_id": "ins_0", "initial_products": ["transactions"]}
    assert plaid.problem("/sandbox/public_token/create", **asked) == (400, "INVALID_INSTITUTION")
    assert plaid.problem("/institutions/get_by_id", institution_id="ins_0", country_codes=["US"]) == (400, "INVALID_INSTITUTION")
    assert plaid.problem("/institutions/get_by_id", institution_id=["ins_0"], country_codes=["US"]) == (400, "INVALID_FIELD")


def test_the_webhook_key_is_a_key_and_known_by_its_id_only(plaid: Plaid) -> None:
    key_id = verification_key(7, 0)["kid"]
    key = plaid.post("/webhook_verification_key/get", key_id=key_id).json()["key"]
    assert isinstance(jwt.PyJWK(key, algorithm="ES256").key, ec.EllipticCurvePublicKey)
    assert plaid.problem("/webhook_verification_key/get", key_id=key_id.upper()) == (400, "INVALID_WEBHOOK_VERIFICATION_KEY_ID")


def test_accounts_can_be_asked_for_one_by_one(plaid: Plaid) -> None:
    token, wanted = plaid.tokens[0], plaid.items[0].account_id(1)
    found = plaid.get("/accounts/get", access_token=token, options={"account_ids": [wanted]})["accounts"]
    assert [account["account_id"] for account in found] == [wanted]
    other = plaid.items[1].account_id(2)
    assert plaid.problem("/accounts/get", access_token=token, options={"account_ids": [other]}) == (400, "INVALID_ACCOUNT_ID")
    assert plaid.problem("/accounts/get", access_token=token, options={"account_ids": [[other]]}) == (400, "INVALID_FIELD")


def test_a_consent_that_is_announced_to_end_ends_the_login_until_it_is_renewed(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    plaid.get("/item/webhook/update", access_token=token, webhook="http://127.0.0.1:1/webhooks/plaid")
    plaid.hub.errands.clear()
    assert plaid.get("/sandbox/item/fire_webhook", access_token=token, webhook_code="PENDING_DISCONNECT")["webhook_fired"] is True
    ((_, sent),) = plaid.hub.errands
    ends = plaid.get("/item/get", access_token=token)["item"]["consent_expiration_time"]
    assert json.loads(sent.body)["disconnect_time"] == ends
    plaid.hub.advance(days=6)
    assert plaid.get("/item/get", access_token=token)["item"]["error"] is None
    plaid.hub.advance(days=1)
    assert plaid.problem(SYNC, access_token=token) == (400, "ITEM_LOGIN_REQUIRED")
    link(plaid)
    item = plaid.get("/item/get", access_token=token)["item"]
    assert (item["error"], item["consent_expiration_time"]) == (None, None)
    assert plaid.problem("/sandbox/item/fire_webhook", access_token=token, webhook_code="BREAK") == (400, "INVALID_FIELD")
