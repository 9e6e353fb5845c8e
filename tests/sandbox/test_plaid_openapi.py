"""Every reply of the sandbox's Plaid is one that the vendor's OpenAPI description allows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox.plaid.items import INSTITUTIONS
from sandbox.plaid.keys import verification_key
from tests.sandbox.plaid_client import DAYS, Plaid

REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")

pytestmark = pytest.mark.skipif(not REFERENCE, reason="ROWCOL_REFERENCE_DATA names no folder with the vendor's description")


@pytest.fixture
def plaid(tmp_path: Path) -> Iterator[Plaid]:
    opened = Plaid(tmp_path / "sandbox")
    yield opened
    opened.close()


@lru_cache(maxsize=1)
def _description() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (Path(REFERENCE or "") / "rails" / "data" / "plaid" / "plaid-2020-09-14.yml").read_text()
    found: dict[str, Any] = yaml.load(text, Loader=loader)
    return found


def _strict(schema: Any, path: tuple[str, ...] = ()) -> Any:
    """OpenAPI 3.0's schema as JSON Schema: nullable spelled out; its references are looked up in place."""
    if isinstance(schema, list):
        return [_strict(each, path) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        # A schema inside itself is not looked into a second time.
        return {} if name in path else _strict(_description()["components"]["schemas"][name], (*path, name))
    made = {key: _strict(held, path) for key, held in schema.items() if key not in ("nullable", "discriminator", "example", "description")}
    if schema.get("nullable") is True:
        made = {"anyOf": [made, {"type": "null"}]}
    return made


@lru_cache(maxsize=32)
def _validator(path: str, status: str) -> jsonschema.Draft4Validator:
    answers = _description()["paths"][path]["post"]["responses"]
    schema = answers[status if status in answers else "default"]["content"]["application/json"]["schema"]
    return jsonschema.Draft4Validator(_strict(schema), format_checker=jsonschema.FormatChecker())


def check(plaid: Plaid, path: str, **fields: Any) -> dict[str, Any]:
    """Asks, holds request and answer against the description and returns the answer."""
    request = _description()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft4Validator(_strict(request)).validate({**plaid.keys, **fields})
    answer = plaid.post(path, **fields)
    body: dict[str, Any] = answer.json()
    _validator(path, str(answer.status_code)).validate(body)
    return body


def test_the_description_refuses_what_is_not_a_transaction(plaid: Plaid) -> None:
    page = check(plaid, "/transactions/sync", access_token=plaid.tokens[0], count=500, options=DAYS)
    for spoil in ({"amount": "1.00"}, {"date": None}, {"pending": "no"}, {"payment_channel": 3}, {"location": "here"}):
        spoiled = {**page, "added": [{**page["added"][0], **spoil}]}
        assert not _validator("/transactions/sync", "200").is_valid(spoiled), spoil


def test_pages_of_transactions_are_as_described(plaid: Plaid) -> None:
    cursors = dict.fromkeys(plaid.tokens, "")
    told = {"added": 0, "modified": 0, "removed": 0}
    for _ in range(24):
        for token in plaid.tokens:
            page = check(plaid, "/transactions/sync", access_token=token, cursor=cursors[token], count=500, options=DAYS)
            cursors[token] = page["next_cursor"]
            for how in told:
                told[how] += len(page[how])
        plaid.hub.advance(days=3)
    assert min(told.values()) > 0


def test_a_window_of_transactions_is_as_described_and_refused_so_while_it_is_not_there(plaid: Plaid) -> None:
    window = {"start_date": "2026-06-01", "end_date": "2026-09-22", "options": {"count": 500, "include_original_description": True}}
    plaid.hub.set_options({"staged_history": True})
    assert check(plaid, "/transactions/get", access_token=plaid.tokens[0], **window)["error_code"] == "PRODUCT_NOT_READY"
    plaid.hub.advance(minutes=20)
    page = check(plaid, "/transactions/get", access_token=plaid.tokens[0], **window)
    assert page["total_transactions"] >= len(page["transactions"]) > 0
    too_many = plaid.post("/transactions/get", access_token=plaid.tokens[0], **{**window, "options": {"count": 501}})
    _validator("/transactions/get", "400").validate(too_many.json())
    assert too_many.json()["error_code"] == "INVALID_FIELD"


def test_an_unofficial_currency_is_as_described(plaid: Plaid) -> None:
    plaid.hub.set_options({"unofficial_currency": True})
    for path, more in (("/accounts/get", {}), ("/transactions/sync", {"options": DAYS})):
        body = plaid.post(path, access_token=plaid.tokens[0], **more).content
        assert b'"XRC"' in body and b'"USD"' not in body
        _validator(path, "200").validate(json.loads(body))


def test_items_accounts_and_banks_are_as_described(plaid: Plaid) -> None:
    for token in plaid.tokens:
        for path in ("/item/get", "/accounts/get", "/accounts/balance/get"):
            check(plaid, path, access_token=token)
    for bank in INSTITUTIONS:
        for options in ({}, {"include_optional_metadata": True}):
            asked = {"institution_id": bank.institution_id, "country_codes": ["US"], "options": options}
            assert check(plaid, "/institutions/get_by_id", **asked)["institution"]["name"] == bank.name


def test_linking_and_letting_go_is_as_described(plaid: Plaid) -> None:
    user = {"client_user_id": plaid.business_id}
    asked = {"client_name": "RowCol", "language": "en", "country_codes": ["US"], "user": user, "products": ["transactions"]}
    address = "http://127.0.0.1:1/webhooks/plaid"
    made = check(plaid, "/link/token/create", **asked, hosted_link={}, webhook=address)
    check(plaid, "/link/token/get", link_token=made["link_token"])
    assert plaid.http.get(made["hosted_link_url"]).status_code == 200
    (session,) = check(plaid, "/link/token/get", link_token=made["link_token"])["link_sessions"]
    for added in session["results"]["item_add_results"]:
        linked = check(plaid, "/item/public_token/exchange", public_token=added["public_token"])
        assert check(plaid, "/item/get", access_token=linked["access_token"])["item"]["webhook"] == address
    bank = plaid.items[0].institution.institution_id
    made = check(plaid, "/sandbox/public_token/create", institution_id=bank, initial_products=["transactions"])
    check(plaid, "/item/public_token/exchange", public_token=made["public_token"])
    key_id = verification_key(7, 0)["kid"]
    assert check(plaid, "/webhook_verification_key/get", key_id=key_id)["key"]["kty"] == "EC"
    assert check(plaid, "/item/webhook/update", access_token=plaid.tokens[0], webhook=None)["item"]["webhook"] is None
    assert check(plaid, "/item/webhook/update", access_token=plaid.tokens[0], webhook=address)["item"]["webhook"] == address
    fired = check(plaid, "/sandbox/item/fire_webhook", access_token=plaid.tokens[0], webhook_type="ITEM", webhook_code="PENDING_DISCONNECT")
    assert fired["webhook_fired"] is True
    assert check(plaid, "/item/get", access_token=plaid.tokens[0])["item"]["consent_expiration_time"]
    check(plaid, "/sandbox/item/reset_login", access_token=plaid.tokens[0])
    assert check(plaid, "/item/get", access_token=plaid.tokens[0])["item"]["error"]["error_code"] == "ITEM_LOGIN_REQUIRED"
    check(plaid, "/item/remove", access_token=plaid.tokens[0])


def test_refusals_are_as_described(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    plaid.hub.faults.order("plaid", "all", "throttle", count=1)
    assert check(plaid, "/accounts/get", access_token=token)["error_type"] == "RATE_LIMIT_EXCEEDED"
    plaid.hub.faults.order("plaid", "all", "server_error", count=1)
    assert check(plaid, "/accounts/get", access_token=token)["error_type"] == "API_ERROR"
    plaid.hub.faults.order("plaid", "all", "item_login_required", count=2)
    assert check(plaid, "/accounts/get", access_token=token)["error_type"] == "ITEM_ERROR"
    assert check(plaid, "/item/get", access_token=token)["item"]["error"]["error_code"] == "ITEM_LOGIN_REQUIRED"
    assert check(plaid, "/transactions/sync", access_token=token, cursor="gone")["error_code"] == "INVALID_FIELD"
    assert check(plaid, "/accounts/get", access_token="access-sandbox-nobody")["error_code"] == "INVALID_ACCESS_TOKEN"
