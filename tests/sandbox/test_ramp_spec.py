"""Every answer of the sandbox's Ramp is what the vendor's own specification says it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.sandbox.ramp_client import RampClient, open_ramp

REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(not REFERENCE, reason="ROWCOL_REFERENCE_DATA is not set: the vendor's specification lies there")
PATHS = {
    "/bills": {}, "/bills?archived": {"is_archived": "true"}, "/bills/drafts": {}, "/vendors": {}, "/transactions": {"state": "ALL"},
    "/transfers": {}, "/reimbursements": {}, "/reimbursements?back": {"direction": "USER_TO_BUSINESS"}, "/statements": {}, "/entities": {},
}  # fmt: skip

BY_ID = {
    "/bills/drafts": "draft_bill_id", "/bills": "bill_id", "/vendors": "vendor_id", "/transactions": "transaction_id",
    "/transfers": "transfer_id", "/reimbursements": "reimbursement_id", "/statements": "statement_id", "/entities": "entity_id",
}  # fmt: skip
# The specification describes no body of a refusal; this is what the guide shows and what was captured.
REFUSAL = {
    "type": "object",
    "required": ["error_v2", "error"],
    "properties": {
        "error": {"type": "object"},
        "error_v2": {
            "type": "object",
            "required": ["error_code", "message", "additional_info", "notes", "error_id"],
            "additionalProperties": False,
            "properties": {
                "error_code": {"type": "string", "pattern": "^DEVELOPER_7[0-9]{3}$"},
                "message": {"type": "string", "minLength": 1},
                "additional_info": {"type": "object"},
                "notes": {"type": "string"},
                "error_id": {"type": "string", "minLength": 1},
            },
        },
    },
}

FORMATS = jsonschema.FormatChecker(["uuid", "date"])


@FORMATS.checks("date-time", ValueError)
def is_instant(text: Any) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` in JSON Schema's words; `oneOf` told apart by a discriminator the answers leave out becomes `anyOf`."""
    if isinstance(node, list):
        return [as_json_schema(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {key: as_json_schema(part) for key, part in node.items() if key not in ("nullable", "example", "discriminator")}
    if "oneOf" in made:
        made["anyOf"] = made.pop("oneOf")
    return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") is True else made


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    assert REFERENCE
    found: dict[str, Any] = json.loads((Path(REFERENCE) / "rails/data/ramp/developer-api.2025-08.json").read_text())
    return found


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RampClient]:
    # On to an afternoon with a draft, so that every list has something to check.
    client = open_ramp(tmp_path_factory.mktemp("ramp") / "sandbox", index=1)
    while not client.desk.shelves["drafts"].rows:
        client.hub.advance(minutes=240)
    client.token = client.fetch_token().json()["access_token"]
    yield client
    client.hub.close()


def validate(spec: dict[str, Any], path: str, method: str, answer: Any, status: str = "200") -> None:
    operation = spec["paths"][f"/developer/v1{path}"][method]
    hold(spec, operation["responses"][status]["content"]["application/json"]["schema"], answer)


def hold(spec: dict[str, Any], schema: Any, content: Any) -> None:
    whole = {**as_json_schema(schema), "components": as_json_schema(spec["components"])}
    jsonschema.Draft202012Validator(whole, format_checker=FORMATS).validate(content)


@pytest.mark.parametrize("name", PATHS)
def test_lists_are_what_the_specification_says(spec: dict[str, Any], ramp: RampClient, name: str) -> None:
    path = name.partition("?")[0]
    answer = ramp.get(path, page_size="100", **PATHS[name]).json()
    assert answer["data"], f"nothing in {name} to check"
    validate(spec, path, "get", answer)


def test_single_objects_and_tokens_are_what_the_specification_says(spec: dict[str, Any], ramp: RampClient) -> None:
    validate(spec, "/business", "get", ramp.get("/business").json())
    validate(spec, "/business/balance", "get", ramp.get("/business/balance").json())
    validate(spec, "/token", "post", ramp.fetch_token().json())
    paid = next(bill for bill in ramp.walk("/bills") if bill["payment"] and bill["payment"]["payment_method"] == "ACH")
    alone = ramp.get(f"/bills/{paid['id']}").json()
    validate(spec, "/bills/{bill_id}", "get", alone)
    assert paid["payment"]["trace_id"] is None
    assert alone["payment"]["trace_id"]["descriptor"] == "ACH Trace ID"
    vendor = ramp.walk("/vendors")[0]["id"]
    validate(spec, "/vendors/{vendor_id}/accounts", "get", ramp.get(f"/vendors/{vendor}/accounts").json())


@pytest.mark.parametrize("path", BY_ID)
def test_records_by_id_are_what_the_specification_says(spec: dict[str, Any], ramp: RampClient, path: str) -> None:
    first = ramp.get(path, page_size="2").json()["data"][0]["id"]
    alone = ramp.get(f"{path}/{first}").json()
    validate(spec, f"{path}/{{{BY_ID[path]}}}", "get", alone)
    assert alone["id"] == first


def test_an_account_by_id_is_what_the_specification_says(spec: dict[str, Any], ramp: RampClient) -> None:
    paths = (f"/vendors/{one['id']}/accounts" for one in ramp.walk("/vendors"))
    path, account = next((path, found[0]) for path in paths if (found := ramp.get(path).json()["data"]))
    validate(spec, "/vendors/{vendor_id}/accounts/{bank_account_id}", "get", ramp.get(f"{path}/{account['id']}").json())


def test_refusals_have_one_shape_whatever_they_are_about(spec: dict[str, Any], ramp: RampClient) -> None:
    described = [
        answer
        for path in PATHS
        for status, answer in spec["paths"][f"/developer/v1{path.partition('?')[0]}"]["get"]["responses"].items()
        if status != "200"
    ]
    assert described and not any("content" in answer for answer in described), "the day it describes a refusal, that is to be held to"
    nobody = ramp.http.get("/developer/v1/bills")
    stranger = ramp.http.get("/developer/v1/bills", headers={"Authorization": "Bearer ramp_bus_tok_none"})
    unscoped = RampClient(ramp.hub, ramp.http, ramp.index)
    unscoped.token = unscoped.fetch_token(grant_type="client_credentials", scope="vendors:read").json()["access_token"]
    refused = [nobody, stranger, unscoped.get("/bills"), ramp.get("/bills/none"), ramp.get("/bills", page_size="1")]
    for fault in ("throttle", "server_error"):
        ramp.hub.faults.order("ramp", ramp.business_id, fault, count=1)
        refused.append(ramp.get("/bills"))
    assert [answer.status_code for answer in refused] == [401, 404, 403, 404, 422, 429, 500]
    for answer in refused:
        hold(spec, REFUSAL, answer.json())
        assert answer.headers["x-trace-id"]


def test_each_record_has_no_fields_the_specification_lacks(spec: dict[str, Any], ramp: RampClient) -> None:
    for path, schema in (("/bills", "Bill"), ("/vendors", "Vendor"), ("/transactions", "Transaction"), ("/transfers", "Transfer")):
        known = set(spec["components"]["schemas"][schema]["properties"])
        records = ramp.walk(path)
        assert records, path
        assert {name for record in records for name in record} <= known


def test_a_spoiled_record_would_be_found(spec: dict[str, Any], ramp: RampClient) -> None:
    for field, wrong in (("amount", "12.50"), ("due_at", "2026-09-22T10:00:00"), ("entity_id", "1"), ("status", "HALF")):
        answer = ramp.get("/bills").json()
        answer["data"][0][field] = wrong
        with pytest.raises(jsonschema.ValidationError):
            validate(spec, "/bills", "get", answer)


def test_a_subscription_is_made_proved_and_ended_as_the_specification_says(spec: dict[str, Any], ramp: RampClient) -> None:
    asked = {"endpoint_url": "http://127.0.0.1:1/webhooks/ramp", "event_types": ["bills.paid", "transactions.cleared"]}
    made = ramp.post("/webhooks", asked)
    assert made.status_code == 201
    validate(spec, "/webhooks", "post", made.json(), "201")
    validate(spec, "/webhooks", "get", ramp.get("/webhooks").json())
    ((rail, sent),) = ramp.hub.errands
    ramp.hub.errands.clear()
    assert (rail, sent.url) == ("ramp", asked["endpoint_url"])
    one = f"/webhooks/{made.json()['id']}"
    assert ramp.post(f"{one}/verify", {"challenge": "another"}).status_code == 422
    assert ramp.get(one).json()["status"] == "pending_verification"
    proved = ramp.post(f"{one}/verify", {"challenge": json.loads(sent.body)["challenge"]})
    validate(spec, "/webhooks/{webhook_id}/verify", "post", proved.json())
    shown = ramp.get(one).json()
    validate(spec, "/webhooks/{webhook_id}", "get", shown)
    assert (shown["status"], shown["business_id"]) == ("active", ramp.get("/business").json()["id"])
    stranger = RampClient(ramp.hub, ramp.http, 2)
    assert stranger.get(one).status_code == 404 and stranger.get("/webhooks").json() == []
    assert ramp.delete(one).status_code == 204
    assert ramp.get("/webhooks").json() == []
    assert ramp.post("/webhooks", {**asked, "event_types": ["bills.eaten"]}).status_code == 422
