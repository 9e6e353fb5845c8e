"""What is asked of Plaid is what its OpenAPI description allows, in every path the rail uses."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingestion.consent import App, Asking, Place
from ingestion.control.store import open_store
from ingestion.live.desk import ask_once
from ingestion.live.facts import question_of
from ingestion.rails.plaid import consent
from ingestion.rails.plaid.promise import PLAID
from ingestion.rails.plaid.webhooks import fetch_key
from tests.ingestion.plaid_bank import Bank
from tests.ingestion.plaid_home import HASTY_ACTION, PlaidHome, patch, settings_in

DESCRIPTION = "rails/data/plaid/plaid-2020-09-14.yml"
Hold = Callable[[str, dict[str, Any]], None]


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    import yaml

    folder = os.environ.get("ROWCOL_REFERENCE_DATA")
    if not folder or not (Path(folder) / DESCRIPTION).is_file():
        pytest.skip("ROWCOL_REFERENCE_DATA names no folder with Plaid's OpenAPI description")
    loaded: dict[str, Any] = yaml.load((Path(folder) / DESCRIPTION).read_text(), Loader=yaml.CSafeLoader)
    return loaded


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Every call of a first sync in pages, a further one, a person's, and a live question, at a bank that wants an age."""
    bank = Bank()
    patch(monkeypatch, bank)
    item = bank.item(page_rows=2, institution_id="ins_128026")
    for number in range(5):
        item.put(f"t{number}")
    settings = settings_in(tmp_path).model_copy(update={"receiver_url": "https://hooks.example.com"})
    with open_store(settings) as store:
        home = PlaidHome(settings, store, bank)
        home.connect("acme", item)
        assert not home.sync().failed
        assert not home.sync(None, HASTY_ACTION, "on_demand").failed
        answer = ask_once(settings, store, home.clock, question_of("transactions", "acme"), strict=True)
        assert len(answer.value["transactions"]) == 5
        yield bank.asked


def closed(schema: Any) -> Any:
    """The schema without room for unknown fields, in JSON Schema's own words for what may be null."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    # In OpenAPI 3.0 these are marks and examples, not constraints of JSON Schema's newer drafts.
    kept = {
        name: closed(part)
        for name, part in schema.items()
        if name not in ("nullable", "example", "exclusiveMinimum", "additionalProperties")
    }
    if "properties" in schema and "allOf" not in schema:
        kept["additionalProperties"] = False
    if schema.get("nullable") is True and isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    return kept


@pytest.fixture(scope="module")
def hold(description: dict[str, Any]) -> Hold:
    """Raises for a body that the description of a path does not allow, unknown fields included."""
    from jsonschema import Draft202012Validator

    components = {"components": {"schemas": {name: closed(schema) for name, schema in description["components"]["schemas"].items()}}}

    def validate(path: str, body: dict[str, Any]) -> None:
        schema = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator({**components, **schema}).validate(body)

    return validate


def test_every_request_is_one_that_plaid_describes(hold: Hold, asked: list[tuple[str, dict[str, Any]]]) -> None:
    for path, body in asked:
        hold(path, body)
    limited = {limit.endpoint for limit in PLAID.limits}
    assert {path for path, _ in asked} == limited | {"/item/webhook/update"}, "each path that has a limit was asked"
    with pytest.raises(Exception, match="Additional properties"):
        hold("/transactions/sync", {"access_token": "a", "start_date": "2026-01-01"})


def test_requests_of_a_consent_its_end_its_webhooks_and_a_key_are_as_described(hold: Hold) -> None:
    answers: dict[str, dict[str, Any]] = {
        "/link/token/create": {"link_token": "link-1", "hosted_link_url": "https://vendor.test/link-1"},
        "/link/token/get": {"link_sessions": [{"finished_at": "now", "results": {"item_add_results": [{"public_token": "public-1"}]}}]},
        "/item/public_token/exchange": {"item_id": "item-1", "access_token": "access-1"},
        "/item/remove": {"request_id": "r"},
        "/webhook_verification_key/get": {"key": {"kid": "key-1"}},
    }
    asked: list[tuple[str, dict[str, Any]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200, json=answers[request.url.path])

    place = Place(*["https://vendor.test"] * 3)
    app = App(place, {"client_id": "client-1", "secret": "secret-1"})
    item = {**app.keys, "item_id": "item-1", "access_token": "access-1"}
    address = "https://hooks.example.com/webhooks/plaid"

    async def consented() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            for renewed in (None, item):
                asking = Asking("acme", "http://127.0.0.1:3011/callback", "state-1", renewed, address)
                page = await consent.ask(http, app, asking)
                await consent.take(http, app, asking, page, {})
            assert await consent.end(http, place, item, None) == "revoked"
            assert await fetch_key(http, place.base_url, app.keys, "key-1") == {"kid": "key-1"}

    asyncio.run(consented())
    for path, body in asked:
        hold(path, body)
    assert {path for path, _ in asked} == set(answers)
    new, update = (body for path, body in asked if path == "/link/token/create")
    assert (new["webhook"], new["transactions"]) == (address, {"days_requested": 730})
    assert "webhook" not in update and "products" not in update, "of no effect in update mode"


def test_credentials_are_in_every_body_and_the_token_only_where_it_belongs(asked: list[tuple[str, dict[str, Any]]]) -> None:
    assert {path == "/institutions/get_by_id" for path, _ in asked} == {True, False}
    for path, body in asked:
        assert (body["client_id"], body["secret"]) == ("client-1", "secret-1")
        assert ("access_token" in body) == (path != "/institutions/get_by_id")
