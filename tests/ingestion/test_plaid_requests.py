"""What is asked of Plaid is what its OpenAPI description allows, in every path the rail uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.control.store import open_store
from ingestion.live.desk import ask_once
from ingestion.live.facts import question_of
from ingestion.rails.plaid.promise import PLAID
from tests.ingestion.plaid_bank import Bank
from tests.ingestion.plaid_home import HASTY_ACTION, PlaidHome, patch, settings_in

DESCRIPTION = "rails/data/plaid/plaid-2020-09-14.yml"


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
    settings = settings_in(tmp_path)
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


def test_every_request_is_one_that_plaid_describes(description: dict[str, Any], asked: list[tuple[str, dict[str, Any]]]) -> None:
    from jsonschema import Draft202012Validator

    components = {"components": {"schemas": {name: closed(schema) for name, schema in description["components"]["schemas"].items()}}}
    for path, body in asked:
        schema = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator({**components, **schema}).validate(body)
    assert {path for path, _ in asked} == {limit.endpoint for limit in PLAID.limits}, "each path that has a limit was asked"
    with pytest.raises(Exception, match="Additional properties"):
        schema = description["paths"]["/transactions/sync"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator({**components, **schema}).validate({"access_token": "a", "start_date": "2026-01-01"})


def test_credentials_are_in_every_body_and_the_token_only_where_it_belongs(asked: list[tuple[str, dict[str, Any]]]) -> None:
    assert {path == "/institutions/get_by_id" for path, _ in asked} == {True, False}
    for path, body in asked:
        assert (body["client_id"], body["secret"]) == ("client-1", "secret-1")
        assert ("access_token" in body) == (path != "/institutions/get_by_id")
