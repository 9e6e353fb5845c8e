"""Truth tables about the banks: what was sent, which transaction is which record, and whose names stand in them."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from sandbox.plaid.office import office_of
from sandbox.plaid.serving import drifted
from sandbox.ramp.office import office_of as ramp_office
from sandbox.stripe.office import account_id
from sandbox.stripe.office import office_of as stripe_office
from sandbox.truth import truth_table
from tests.sandbox.plaid_client import DAYS, Mirror, Plaid


@pytest.fixture
def plaid(tmp_path: Path) -> Iterator[Plaid]:
    opened = Plaid(tmp_path / "sandbox")
    yield opened
    opened.close()


def table(plaid: Plaid, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(truth_table(plaid.hub, name))).to_pylist()
    return rows


def served(plaid: Plaid) -> list[dict[str, Any]]:
    return [row for row in table(plaid, "served") if row["rail"] == "plaid"]


class _Page(msgspec.Struct):
    added: list[msgspec.Raw]
    modified: list[msgspec.Raw]
    removed: list[msgspec.Raw]
    next_cursor: str
    has_more: bool


def test_served_is_exactly_what_went_out_with_its_bytes(plaid: Plaid) -> None:
    assert served(plaid) == []
    sent: dict[str, set[str]] = defaultdict(set)
    cursors = dict.fromkeys(plaid.tokens, "")
    for _ in range(25):
        for token in plaid.tokens:
            more = True
            while more:
                asked = {"access_token": token, "cursor": cursors[token], "count": 100, "options": DAYS}
                page = msgspec.json.decode(plaid.post("/transactions/sync", **asked).content, type=_Page)
                cursors[token], more = page.next_cursor, page.has_more
                for raw in (*page.added, *page.modified, *page.removed):
                    sent[msgspec.json.decode(raw)["transaction_id"]].add(hashlib.sha256(raw).hexdigest())
        plaid.hub.advance(days=3)
    noted: dict[str, set[str]] = defaultdict(set)
    for row in served(plaid):
        assert (row["business_id"], row["entity"]) == (plaid.business_id, "transactions")
        noted[row["record_id"]].add(row["content_sha256"])
    assert noted == sent
    assert {row["is_deleted"] for row in served(plaid)} == {True, False}


def test_what_was_told_in_an_unofficial_currency_is_noted_so(plaid: Plaid) -> None:
    plaid.hub.set_options({"unofficial_currency": True})
    token = plaid.tokens[0]
    page = msgspec.json.decode(plaid.post("/transactions/sync", access_token=token, count=100, options=DAYS).content, type=_Page)
    (first, *_) = json.loads(plaid.post("/accounts/get", access_token=token).content)["accounts"]
    row = msgspec.json.decode(page.added[0])
    for record in (row, first["balances"]):
        assert (record["iso_currency_code"], record["unofficial_currency_code"]) == (None, "XRC")
    plaid.hub.set_options({"unofficial_currency": False})
    noted = {one["content_sha256"] for one in served(plaid) if one["record_id"] == row["transaction_id"]}
    assert noted == {hashlib.sha256(page.added[0]).hexdigest()}


def test_balances_are_noted_once_per_change_and_accounts_once(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    expected: list[str] = []
    for _ in range(4):
        for path in ("/accounts/get", "/accounts/get", "/accounts/balance/get"):
            body = plaid.post(path, access_token=token).content
            checking = msgspec.json.decode(body, type=dict[str, msgspec.Raw])["accounts"]
            balances = msgspec.json.decode(checking, type=list[dict[str, msgspec.Raw]])[0]["balances"]
            digest = hashlib.sha256(balances).hexdigest()
            if not expected or expected[-1] != digest:
                expected.append(digest)
        plaid.hub.advance(days=2)
    rows = [row for row in served(plaid) if row["record_id"] == plaid.items[0].account_id(0)]
    assert [row["content_sha256"] for row in rows if row["entity"] == "balances"] == expected
    assert [row["version_no"] for row in rows if row["entity"] == "balances"] == list(range(1, len(expected) + 1))
    assert len([row for row in rows if row["entity"] == "accounts"]) == 1


def test_drifted_and_spoiled_bodies_are_noted_as_they_were_or_not_at_all(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    for kind in ("torn_json", "bad_utf8"):
        plaid.hub.faults.order("plaid", "all", kind, count=1)
        plaid.post("/transactions/sync", access_token=token, count=3)
    assert served(plaid) == []
    plaid.hub.faults.order("plaid", "all", "schema_drift", count=1)
    page = msgspec.json.decode(plaid.post("/transactions/sync", access_token=token, count=3).content, type=_Page)
    assert {row["content_sha256"] for row in served(plaid)} == {hashlib.sha256(raw).hexdigest() for raw in page.added}
    assert drifted(b'{"amount":1.10,"payment_meta":{}}') == b'{"amount":"1.10","release_tag":{"wave":2,"labels":["drift"]}}'


def test_a_bank_transaction_is_worth_what_its_records_in_the_ledger_are(plaid: Plaid) -> None:
    plaid.hub.advance(days=20)
    mirror = Mirror(plaid)
    mirror.follow()
    world = plaid.hub.world(plaid.business_id)
    kinds = {"bill_payments": "bill_payment", "purchases": "purchase", "deposits": "deposit", "payments": "payment",
             "transfers": "transfer", "journal_entries": "journal_entry", "refund_receipts": "refund_receipt"}  # fmt: skip
    worth: Counter[str] = Counter()
    several = set()
    for row in table(plaid, "bank_matches"):
        if row["business_id"] == plaid.business_id and row["rail"] == "qbo":
            doc = world.docs[kinds[row["entity"]]][int(row["record_id"])]
            total = doc.total
            if doc.kind == "journal_entry":
                total = abs(sum(line.amount for line in doc.lines if world.accounts[line.account].kind == "bank"))
            if row["plaid_transaction_id"] in worth:
                several.add(row["plaid_transaction_id"])
            worth[row["plaid_transaction_id"]] += total
    assert several
    assert worth.keys() <= mirror.rows.keys()
    exact = sum(abs(Decimal(mirror.rows[id]["amount"]) * 100) == cents for id, cents in worth.items())
    # A batch of which the ledger lost a payment is worth more than what is left of it.
    assert exact >= len(worth) - 3
    posted = [row for row in mirror.rows.values() if not row["pending"]]
    unmatched = [row for row in posted if row["transaction_id"] not in worth]
    assert 10 < len(unmatched) < len(posted) / 4


def test_ramp_and_stripe_records_are_matched_to_the_cent(plaid: Plaid) -> None:
    mirror = Mirror(plaid)
    mirror.follow()
    found: Counter[tuple[str, str]] = Counter()
    desk = ramp_office(plaid.hub).desk(plaid.business_id)
    book = stripe_office(plaid.hub).book(account_id(plaid.hub, plaid.hub.by_business[plaid.business_id]))
    for row in table(plaid, "bank_matches"):
        if row["business_id"] != plaid.business_id or row["rail"] == "qbo":
            continue
        found[row["rail"], row["entity"]] += 1
        cents = Decimal(mirror.rows[row["plaid_transaction_id"]]["amount"]) * 100
        if row["rail"] == "stripe":
            assert book.state("payouts", row["record_id"])["amount"] == -cents
        elif row["entity"] == "transfers":
            assert desk.shelves["transfers"].rows[row["record_id"]].fact.cents == cents
        elif row["entity"] == "reimbursements":
            assert desk.shelves["reimbursements"].rows[row["record_id"]].fact.cents == cents
    kinds = {("stripe", "payouts"), ("ramp", "transfers"), ("ramp", "bills"), ("ramp", "reimbursements")}
    assert set(found) == kinds
    payouts = {row["stripe_payout_id"]: row["plaid_transaction_id"] for row in table(plaid, "payouts")}
    matched = {row["record_id"]: row["plaid_transaction_id"] for row in table(plaid, "bank_matches") if row["rail"] == "stripe"}
    assert matched
    assert {payout: id for payout, id in payouts.items() if id} == matched


def test_merchants_lead_back_to_the_vendors_of_the_world(plaid: Plaid) -> None:
    rows = [row for row in table(plaid, "vendors") if row["rail"] == "plaid"]
    ledger = {(row["business_id"], row["world_vendor_id"]) for row in table(plaid, "vendors") if row["rail"] == "qbo"}
    assert {(row["business_id"], row["world_vendor_id"]) for row in rows} <= ledger
    served_ids = set()
    for business_id in office_of(plaid.hub).businesses:
        for item in office_of(plaid.hub).items(business_id):
            for change in office_of(plaid.hub).feed(item).changes:
                words = change.movement.words
                served_ids.add((business_id, words.entity_id or words.merchant or words.name, words.name))
    assert {(row["business_id"], row["rail_vendor_id"], row["name"]) for row in rows} <= served_ids
    assert len(rows) > 15
