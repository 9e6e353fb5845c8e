"""Every request to Ramp is one its own OpenAPI description knows: path, parameters, their types and formats."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from jsonschema import Draft4Validator, FormatChecker

from ingestion.consent import App, Asking, Place
from ingestion.limiter import Limiter
from ingestion.live.desk import ask_once
from ingestion.live.facts import question_of
from ingestion.promise import OF_ONE_RECORD
from ingestion.rails.ramp import consent
from ingestion.rails.ramp.lists import LISTS, scope_of
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.ramp.subscription import DESCRIBED, NEWER, subscriptions
from ingestion.subscribing import Calls
from tests.ingestion.ramp_vendor import HASTY_ACTION, ROOT, SCOPES, RampHome, Vendor, bill, error, opened, uuid, vendor

REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not REFERENCE, reason="ROWCOL_REFERENCE_DATA names no folder with Ramp's OpenAPI description")

FORMATS = FormatChecker(formats=["uuid"])
# The class itself, which the home's vendor takes the place of.
AsyncClient = httpx.AsyncClient


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return json.loads((Path(str(REFERENCE)) / "rails/data/ramp/developer-api.2025-08.json").read_text())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RampHome]:
    held = Vendor(lists={"/bills": [bill(number) for number in range(1, 150)], "/vendors": [vendor(1)], "/transfers": [{"id": uuid(5, 1)}]})
    held.lists[f"/vendors/{uuid(2, 1)}/accounts"] = [{"id": uuid(3, 1), "currency": "USD", "payment_method": "ACH"}]
    with opened(tmp_path, monkeypatch, held, connect=False) as home:
        yield home


def operation_of(spec: dict[str, Any], method: str, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The operation a path means and the values in the path; a path spelled out wins over one with placeholders."""
    for known in sorted(spec["paths"], key=lambda known: known.count("{")):
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(known)), path)
        if found and method in spec["paths"][known]:
            shared = spec["paths"][known].get("parameters", [])
            operation = spec["paths"][known][method]
            return {**operation, "parameters": shared + operation.get("parameters", [])}, found.groupdict()
    raise AssertionError(f"the description knows no {method} {path}")


def typed(text: str, schema: dict[str, Any]) -> Any:
    if schema.get("type") == "integer":
        return int(text)
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}[text]
    return text


def complaints(spec: dict[str, Any], request: httpx.Request) -> list[str]:
    operation, in_path = operation_of(spec, request.method.lower(), request.url.path)
    known = {(one["in"], one["name"]): one for one in operation["parameters"]}
    given = {("query", name): value for name, value in request.url.params.multi_items()}
    given |= {("path", name): value for name, value in in_path.items()}
    found = [f"{request.url.path}: {key} is not known" for key in given if key not in known]
    found += [f"{request.url.path}: {key} is missing" for key, one in known.items() if one.get("required") and key not in given]
    for key in given.keys() & known.keys():
        schema = known[key]["schema"]
        errors = Draft4Validator(schema, format_checker=FORMATS).iter_errors(typed(given[key], schema))
        found += [f"{request.url.path}: {key} {error.message}" for error in errors]
    if not 2 <= int(given.get(("query", "page_size"), 20)) <= 100:
        found.append(f"{request.url.path}: page_size")
    return found


def test_first_quiet_hourly_and_daily_requests_are_as_described(home: RampHome, spec: dict[str, Any]) -> None:
    home.connect()
    asked: list[httpx.Request] = []
    for after in (timedelta(), timedelta(minutes=15), timedelta(hours=1)):
        assert not home.sync(after=after).failed
        asked += home.vendor.asked
    del home.vendor.lists["/transfers"][0]
    home.vendor.lists["/bills"].pop()
    home.vendor.lists["/vendors"][0]["name"] = "Another"
    home.vendor.lists[f"/vendors/{uuid(2, 1)}/accounts"] = []
    assert not home.sync(after=timedelta(days=1)).failed
    asked += home.vendor.asked
    assert [complaint for request in asked for complaint in complaints(spec, request)] == []
    paths = {request.url.path.removeprefix(ROOT) for request in asked}
    assert {reading.path for one in LISTS.values() for reading in (*one.whole, *one.recent)} <= paths
    assert {f"/transfers/{uuid(5, 1)}", f"/bills/drafts/{uuid(1, 149)}", f"/vendors/{uuid(2, 1)}/accounts/{uuid(3, 1)}"} <= paths


def test_the_description_notices_a_wrong_request(spec: dict[str, Any]) -> None:
    wrong = "https://ramp.test/developer/v1/bills?is_archived=true&page_size=101&updated_after=x&from_paid_at=yesterday"
    assert len(complaints(spec, httpx.Request("GET", wrong))) == 3
    with pytest.raises(AssertionError):
        operation_of(spec, "get", "/developer/v1/no-such-list")


def test_token_requests_are_as_described(home: RampHome, spec: dict[str, Any]) -> None:
    home.vendor.rotates = True
    home.connect()
    home.sync(entities=["transfers"])
    schema = {**spec["components"]["schemas"]["TokenRequestBody"], "components": spec["components"]}
    assert {form["grant_type"] for form in home.vendor.token_forms} == {"client_credentials", "refresh_token"}
    for form in home.vendor.token_forms:
        sent = dict(parse_qsl(str(httpx.QueryParams(form))))
        assert not [error.message for error in Draft4Validator(schema).iter_errors(sent)]


def test_requests_of_live_questions_are_as_described(home: RampHome, spec: dict[str, Any]) -> None:
    home.connect()
    for promise in RAMP.live:
        question = question_of(promise.subject, "acme", uuid(1, 1) if promise.subject in OF_ONE_RECORD else None)
        home.vendor.asked.clear()
        ask_once(home.settings, home.store, lambda: home.now, question, strict=promise.subject != "bill")
        assert home.vendor.asked, promise.subject
        assert [complaint for request in home.vendor.asked for complaint in complaints(spec, request)] == []


def test_a_codes_request_and_a_revocation_are_as_described(home: RampHome, spec: dict[str, Any]) -> None:
    revoked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        revoked.append(request)
        return httpx.Response(200)

    place = Place(*["https://ramp.test"] * 3)
    app = App(place, {"client_id": "ramp_id", "client_secret": "ramp-secret"})
    asking = Asking("acme", "http://127.0.0.1:3011/callback", "state-1")
    home.vendor.rotates = True

    async def consented() -> None:
        async with AsyncClient(transport=httpx.MockTransport(answer)) as http:
            page = await consent.ask(http, app, asking)
            given = await consent.take(http, app, asking, page, {"code": "code-1", "state": "state-1"})
            assert await consent.end(http, place, given, None) == "revoked"

    asyncio.run(consented())
    schemas = spec["components"]["schemas"]
    (form,) = home.vendor.token_forms
    assert form["grant_type"] == "authorization_code"
    Draft4Validator({**schemas["TokenRequestBody"], "additionalProperties": False}).validate(form)
    (request,) = revoked
    assert operation_of(spec, "post", request.url.path)[0]["operationId"] == "post_revoke_token"
    Draft4Validator({**schemas["TokenRevokeRequestBody"], "additionalProperties": False}).validate(
        dict(parse_qsl(request.content.decode()))
    )


def test_each_entity_is_read_under_the_scope_its_list_is_described_with(spec: dict[str, Any]) -> None:
    for promise in RAMP.entities:
        operation, _ = operation_of(spec, "get", f"{ROOT}/{promise.vendor_name}".replace("{vendor_id}", uuid(2, 1)))
        assert operation["security"] == [{"oauth2": [scope_of(promise.name)]}]
    assert {scope_of(promise.name) for promise in RAMP.entities} == set(SCOPES.split())


def test_requests_about_subscriptions_are_as_described_but_for_events_that_are_younger(home: RampHome, spec: dict[str, Any]) -> None:
    home.connect()
    one = {"id": uuid(7, 1), "endpoint_url": "https://hooks.example.com/webhooks/ramp", "status": "pending_verification", "secret": "s"}
    answers = {"GET /webhooks": (200, [one]), "POST /webhooks": (201, one), f"POST /webhooks/{uuid(7, 1)}/verify": (200, {"success": True})}

    def answered(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/webhooks") and NEWER[0] in json.loads(request.content)["event_types"]:
            return error(422, "DEVELOPER_7001")
        status, content = answers.get(f"{request.method} {request.url.path.removeprefix(ROOT)}", (204, None))
        return httpx.Response(status, json=content) if content else httpx.Response(status)

    home.vendor.odd = answered
    (connection,) = home.store.connections("ramp")

    async def asked() -> None:
        async with httpx.AsyncClient() as http, Limiter(home.settings, home.store.database, HASTY_ACTION) as limiter:
            theirs = subscriptions(Calls(http, home.store, lambda: home.now, HASTY_ACTION, limiter), connection)
            (there,) = await theirs.there()
            made = await theirs.register(there.address)
            assert await theirs.confirm(made.subscription_id, "ramp_challenge_1")
            await theirs.end(made.subscription_id)

    asyncio.run(asked())
    assert [complaint for request in home.vendor.asked for complaint in complaints(spec, request)] == []
    posted = [request for request in home.vendor.asked if request.method == "POST"]
    for request in posted:
        operation, _ = operation_of(spec, "post", request.url.path)
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        content = json.loads(request.content)
        if "event_types" in content:
            content["event_types"] = [name for name in content["event_types"] if name not in NEWER]
        Draft4Validator({**schema, "components": spec["components"]}).validate(content)
    assert [len(json.loads(request.content).get("event_types", [])) for request in posted] == [
        len(DESCRIBED + NEWER), len(DESCRIBED), 0
    ]  # fmt: skip
