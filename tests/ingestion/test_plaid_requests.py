"""What is asked of Plaid is what its OpenAPI description allows, in every path the rail uses, and no faster than the limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.control.store import open_store
from ingestion.rails.plaid.limits import PER_CLIENT, PER_ITEM, WINDOW_SECONDS, Window
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
    """Every call of a first sync in pages, a further one, and a person's, at a bank that wants an age."""
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
    assert {path for path, _ in asked} == set(PER_CLIENT), "each path the rail uses was asked"
    with pytest.raises(Exception, match="Additional properties"):
        schema = description["paths"]["/transactions/sync"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator({**components, **schema}).validate({"access_token": "a", "start_date": "2026-01-01"})


def test_credentials_are_in_every_body_and_the_token_only_where_it_belongs(asked: list[tuple[str, dict[str, Any]]]) -> None:
    for path, body in asked:
        assert (body["client_id"], body["secret"]) == ("client-1", "secret-1")
        assert ("access_token" in body) == (path != "/institutions/get_by_id")


def test_as_many_calls_as_allowed_go_at_once_and_the_next_waits_for_the_first_to_age() -> None:
    window = Window(PER_ITEM["/item/get"])
    assert [window.reserve(1000.0) for _ in range(15)] == [0.0] * 15
    assert window.reserve(1010.0) == WINDOW_SECONDS - 10
    assert window.reserve(1000.0 + WINDOW_SECONDS) == 0.0


def test_no_minute_ever_holds_more_than_the_limit() -> None:
    window, turns = Window(5), []
    for second in range(0, 600, 7):
        turns += [second + window.reserve(float(second)) for _ in range(3)]
    assert all(later - earlier >= 60 for earlier, later in zip(turns, turns[5:], strict=False))
