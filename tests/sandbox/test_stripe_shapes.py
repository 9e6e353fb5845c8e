"""What the sandbox serves has the fields and types of Stripe's own example objects, at the versions before and since basil."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.stripe.entities import LISTED
from tests.sandbox.stripe_account import PINNED, Account, open_hub

REFERENCE = os.environ.get("ROWCOL_REFERENCE_DATA")
pytestmark = pytest.mark.skipif(REFERENCE is None, reason="ROWCOL_REFERENCE_DATA names no folder with Stripe's examples")
EXAMPLES = {PINNED: "fixtures3.json", "2022-11-15": "fixtures3.2023-09-12.json"}
# Listed on request only since 2022-11-15; in the newer examples a leftover that its specification calls deprecated.
NOT_SERVED = {("charge", "refunds"), ("invoice", "subscription")}


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Account]]:
    hub = open_hub(Path(tmp_path_factory.mktemp("shapes")), businesses=6)
    yield [Account(hub, index) for index in range(6)]
    hub.close()


def examples(version: str) -> dict[str, Any]:
    assert REFERENCE is not None
    found: dict[str, Any] = json.loads((Path(REFERENCE) / "rails" / "data" / "stripe" / EXAMPLES[version]).read_text())["resources"]
    return {**found, "line_item": found["invoice"]["lines"]["data"][0]}


def served(accounts: list[Account], version: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for account in accounts:
        account.version = version
        yield "account", account.page("/account")
        yield "balance", account.page("/balance")
        for entity in LISTED:
            if version >= entity.since:
                for row in account.page(f"/{entity.table}", limit="100")["data"]:
                    yield entity.object, row
                    if entity.object == "invoice":
                        yield from (("line_item", line) for line in row["lines"]["data"])


@pytest.mark.parametrize("version", EXAMPLES)
def test_no_field_of_the_vendors_examples_is_missing_and_none_has_another_type(accounts: list[Account], version: str) -> None:
    known, seen = examples(version), set()
    for object, row in served(accounts, version):
        seen.add(object)
        example = known[object]
        assert {(object, name) for name in example.keys() - row.keys()} <= NOT_SERVED, object
        for name, value in example.items():
            mine = row.get(name)
            if value is not None and mine is not None:
                assert type(mine) is type(value), f"{object}.{name}"
    assert {"customer", "invoice", "line_item", "charge", "payment_intent", "refund", "payout", "balance_transaction", "event"} <= seen


def test_nothing_is_served_since_basil_that_the_vendors_examples_do_not_have(accounts: list[Account]) -> None:
    known = examples(PINNED)
    extra = {(object, name) for object, row in served(accounts, PINNED) for name in row.keys() - known[object].keys()}
    # Only refunds that failed have these.
    assert extra <= {("refund", "failure_balance_transaction"), ("refund", "failure_reason")}
