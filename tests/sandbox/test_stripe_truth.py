"""What the sandbox says it served of Stripe is what went out, and its truth about payouts holds."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sandbox.truth import truth_table
from tests.sandbox.stripe_account import DAY, Account, open_hub


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    hub = open_hub(tmp_path)
    yield Account(hub)
    hub.close()


def table(account: Account, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(truth_table(account.hub, name))).to_pylist()
    return [row for row in rows if row["business_id"] == account.business_id]


def served(account: Account) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["entity"], row["content_sha256"]): row for row in table(account, "served") if row["rail"] == "stripe"}


def rows_of(text: bytes) -> list[bytes]:
    """The objects of a list, byte for byte; none holds the separator between two of them."""
    inside = text[text.index(b'"data":[') + 8 : -2]
    decoder, found, place = json.JSONDecoder(), [], 0
    content = inside.decode()
    while place < len(content):
        _, end = decoder.raw_decode(content, place)
        found.append(content[place:end].encode())
        place = end + 1
    return found


def test_each_object_that_went_out_is_noted_under_its_hash_once_per_shape(account: Account) -> None:
    assert served(account) == {}
    sent = {path: rows_of(account.get(f"/{path}", limit="30").content) for path in ("charges", "payouts", "events", "customers")}
    account.get("/charges", limit="10")
    noted = served(account)
    for path, bodies in sent.items():
        assert {(path, hashlib.sha256(body).hexdigest()) for body in bodies} <= noted.keys()
    assert len(noted) == sum(len(bodies) for bodies in sent.values())
    Account(account.hub, version="2022-11-15").get("/charges", limit="10")
    assert len(served(account)) == len(noted) + 10


def test_an_invoice_also_delivers_the_lines_it_carries(account: Account) -> None:
    page = account.page("/invoices", limit="20")["data"]
    lines = {line["id"] for invoice in page for line in invoice["lines"]["data"]}
    noted = served(account)
    assert {row["record_id"] for row in noted.values() if row["entity"] == "invoice_lines"} == lines
    assert {row["record_id"] for row in noted.values() if row["entity"] == "invoices"} == {invoice["id"] for invoice in page}


def test_single_objects_and_the_balance_are_noted_too(account: Account) -> None:
    bodies = {"accounts": account.get("/account").content, "balances": account.get("/balance").content}
    assert served(account).keys() == {(entity, hashlib.sha256(body).hexdigest()) for entity, body in bodies.items()}


def test_a_deletion_counts_as_served_with_the_answer_that_tells_it(account: Account) -> None:
    while not (deleted := account.walk("/events", type="invoice.deleted")):
        account.hub.advance(days=20)
    id = deleted[0]["data"]["object"]["id"]
    body = account.get(f"/invoices/{id}").content
    row = served(account)["invoices", hashlib.sha256(body).hexdigest()]
    assert (row["record_id"], row["is_deleted"]) == (id, True)


def test_drifted_bodies_are_served_under_their_own_hash_and_expanded_ones_not_at_all(account: Account) -> None:
    account.hub.faults.order("stripe", "all", "schema_drift", count=1)
    drifted = rows_of(account.get("/charges", limit="3").content)
    assert served(account).keys() == {("charges", hashlib.sha256(body).hexdigest()) for body in drifted}
    account.get("/charges", limit="3", **{"expand[]": "data.customer"})
    assert len(served(account)) == 3


def test_payouts_of_the_truth_are_those_that_stay_in_the_bank_with_their_charges(account: Account) -> None:
    account.hub.advance(days=30)
    payouts = {row["id"]: row for row in account.walk("/payouts")}
    charges = {row["id"]: row for row in account.walk("/charges")}
    moved = {row["id"]: row for row in account.walk("/balance_transactions")}
    rows = table(account, "payouts")
    assert len(rows) == sum(event.kind == "paid_out" for event in account.hub.world(account.business_id).reality)
    for row in rows:
        payout = payouts[row["stripe_payout_id"]]
        has_arrived = payout["arrival_date"] + 2 * DAY < account.hub.now
        assert (row["plaid_transaction_id"] is not None) >= has_arrived
        net = sum(moved[charges[id]["balance_transaction"]]["net"] for id in row["charge_ids"].split(","))
        assert payout["amount"] == net
