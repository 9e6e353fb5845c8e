"""What Ramp says of a business agrees with what happened there, and does not depend on who looked when."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from sandbox.hub import Hub
from sandbox.rails import sandbox_rails
from sandbox.ramp.bills import MISTYPED
from sandbox.ramp.office import office_of
from sandbox.ramp.rail import bill_ids
from sandbox.ramp.wire import share
from sandbox.state import Config
from sandbox.truth import truth_table
from sandbox.world.papers import BillReceived
from sandbox.world.remitting import fate_of
from tests.sandbox.ramp_client import RampClient, open_ramp


@pytest.fixture
def ramp(tmp_path: Path) -> Iterator[RampClient]:
    client = open_ramp(tmp_path / "sandbox")
    yield client
    client.hub.close()


def fingerprint(hub: Hub) -> str:
    digest = hashlib.sha256()
    for listing in hub.listings:
        desk = office_of(hub).desk(listing.business_id)
        for entity, shelf in desk.shelves.items():
            for row in shelf.rows.values():
                digest.update(f"{entity}{row.id}{row.number}".encode() + office_of(hub).body(desk, entity, row))
    return digest.hexdigest()


def test_the_view_is_the_same_in_one_step_or_in_many_whoever_looks_meanwhile(tmp_path: Path) -> None:
    found = set()
    for steps, looks in ((1, False), (10, True), (240, True)):
        hub = Hub(tmp_path / str(steps) / "sandbox", Config(seed=11, businesses=3))
        for _ in range(steps):
            hub.advance(minutes=14_400 // steps)
            if looks:
                office_of(hub).desk(hub.listings[0].business_id)
        found.add(fingerprint(hub))
        hub.close()
    assert len(found) == 1


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    first = open_ramp(tmp_path / "sandbox")
    first.hub.advance(days=3)
    first.hub.touch(0.05)
    first.token = first.fetch_token().json()["access_token"]
    first.hub.faults.order("ramp", "all", "drifting_pages", count=1)
    first.get("/bills", page_size="2", start=first.walk("/bills")[1]["id"])
    before = fingerprint(first.hub)
    first.hub.close()
    again = open_ramp(tmp_path / "sandbox")
    assert fingerprint(again.hub) == before
    again.hub.close()


def test_what_leaves_the_bank_for_bills_is_what_ramp_says_it_paid(ramp: RampClient) -> None:
    world = ramp.hub.world(ramp.business_id)
    card = world.chart["Mastercard"]
    returned = {event.parts[0][0] for event in world.reality if event.kind == "returned"}
    paid = [event for event in world.reality if event.kind == "paid_bill" and event.channel == "ramp"]
    said = [bill["payment"] for bill in ramp.walk("/bills") if bill["payment"]]
    standing = sum(event.amount for event in paid if event.number not in returned)
    assert standing > 0
    assert standing == sum(each["amount"]["amount"] for each in said if each["payment_method"] not in ("PAID_MANUALLY", "VENDOR_CREDIT"))
    pulled = sum(transfer["amount"]["amount"] for transfer in ramp.walk("/transfers"))
    for_card = sum(event.amount for event in world.reality if event.kind == "moved" and event.other_account == card)
    assert pulled == for_card + sum(event.amount for event in paid if event.account != card)


def test_one_pull_can_pay_several_vendors(ramp: RampClient) -> None:
    runs = Counter(event.at for event in ramp.hub.world(ramp.business_id).reality if event.kind == "paid_bill" and event.channel == "ramp")
    assert max(runs.values()) > 1
    assert len(ramp.walk("/transfers")) < sum(runs.values()) + 8


def test_a_bill_paid_by_card_is_also_the_card_transaction_it_names(ramp: RampClient) -> None:
    by_id = {each["id"]: each for each in ramp.walk("/transactions")}
    paid = [bill["payment"] for bill in ramp.walk("/bills") if bill["payment"] and bill["payment"]["payment_method"] == "CARD"]
    assert paid
    for payment in paid:
        [transaction] = payment["details"]["transaction_ids"]
        assert round(by_id[transaction]["amount"] * 100) >= payment["amount"]["amount"]


def test_a_linked_bill_names_the_ledgers_bill_and_later_edits_there_do_not_show_here(ramp: RampClient) -> None:
    world = ramp.hub.world(ramp.business_id)
    bills = ramp.walk("/bills") + ramp.walk("/bills", is_archived="true")
    linked = [bill for bill in bills if "remote_id" in bill]
    assert 0.5 < len(linked) / len(bills) < 0.9
    papers = {paper.bill: paper for paper in world.papers if isinstance(paper, BillReceived)}
    for bill in linked:
        paper = papers[int(bill["remote_id"])]
        assert bill["issued_at"][:10] == paper.on.isoformat()
        if bill["status"] == "OPEN" and share(world.business.seed, "mistyped", paper.bill) >= MISTYPED:
            assert bill["amount"]["amount"] == paper.amount


def test_names_are_spelled_in_other_ways_than_in_the_ledger(tmp_path: Path) -> None:
    client = open_ramp(tmp_path / "sandbox", businesses=8)
    pairs = [
        (client.hub.world(listing.business_id).vendors[party].name, vendor.name, vendor.legal)
        for listing in client.hub.listings
        for party, vendor in office_of(client.hub).desk(listing.business_id).vendors.items()
    ]
    same = sum(1 for ledger, ramp, _ in pairs if ledger == ramp)
    assert 0.3 < same / len(pairs) < 0.7
    assert any("d/b/a" in ramp for _, ramp, _ in pairs) and any(legal and " DBA " in legal for _, _, legal in pairs)
    client.hub.close()


def test_statements_follow_one_another_and_hold_what_was_cleared(ramp: RampClient) -> None:
    statements = ramp.walk("/statements")
    cents = {each["id"]: round(each["amount"] * 100) for each in ramp.walk("/transactions")}
    assert len(statements) > 1
    for before, after in pairwise(statements):
        assert (before["ending_balance"], before["end_date"]) == (after["opening_balance"], after["start_date"])
        assert after["preceding_statement_id"] == before["id"]
    for each in statements:
        used = [cents[line["id"]] for line in each["statement_lines"] if line["type"] == "CARD_TRANSACTION"]
        assert sum(used) == each["charges"]["amount"] - each["credits"]["amount"]


def test_the_truth_tells_every_served_version_once_and_who_is_who(ramp: RampClient) -> None:
    body = ramp.get("/vendors", page_size="100").content
    ramp.walk("/vendors")
    served = [row for row in sandbox_rails()["ramp"].served(ramp.hub) if row[2] == "vendors"]
    records = json.loads(body)["data"]
    assert [row[3] for row in served] == [record["id"] for record in records]
    assert {row[5] for row in served} == {hashlib.sha256(part).hexdigest() for part in _records(body)}
    named = {row[3]: row for row in sandbox_rails()["ramp"].truths["vendors"](ramp.hub) if row[0] == ramp.business_id}
    assert all(named[record["id"]][4] == record["name"] for record in records)
    ids = set(bill_ids(ramp.hub, ramp.business_id).values())
    assert ids == {bill["id"] for archived in ("true", "false") for bill in ramp.walk("/bills", is_archived=archived)}


class _Page(msgspec.Struct):
    data: list[msgspec.Raw]


def _records(body: bytes) -> list[bytes]:
    """The records of a page, byte for byte."""
    return [bytes(record) for record in msgspec.json.decode(body, type=_Page).data]


def test_the_truth_pairs_each_linked_bill_with_the_ledgers_and_knows_bills_of_one_side_only(ramp: RampClient) -> None:
    rows = pq.read_table(io.BytesIO(truth_table(ramp.hub, "bills"))).to_pylist()
    mine = [row for row in rows if row["business_id"] == ramp.business_id]
    pairs = {row["ramp_bill_id"]: row["qbo_bill_id"] for row in mine if row["ramp_bill_id"]}
    in_ledger = set(map(str, ramp.hub.world(ramp.business_id).docs["bill"]))
    linked = [bill for bill in ramp.walk("/bills") if bill.get("remote_id") in in_ledger]
    assert linked and all(pairs[bill["id"]] == bill["remote_id"] for bill in linked)
    assert len(pairs) == sum(1 for row in mine if row["ramp_bill_id"]), "no bill of Ramp's stands for two"
    assert any(row["ramp_bill_id"] is None for row in mine)
    assert any(row["qbo_bill_id"] is None for row in rows)


def test_a_payment_is_under_way_for_days_then_paid_and_only_then_in_the_ledger(tmp_path: Path) -> None:
    ramp = open_ramp(tmp_path / "sandbox")
    world = ramp.hub.world(ramp.business_id)
    seen: Counter[tuple[str, str]] = Counter()
    before: dict[str, str] = {}
    for _ in range(30):
        now = {bill["id"]: _execution(bill) for bill in ramp.walk("/bills")}
        seen.update((before[id], state) for id, state in now.items() if id in before and before[id] != state)
        for number, sent in world.remittances.items():
            assert number not in world.docs["bill_payment"]
            assert all(doc.balance > 0 or fate_of(world, number) == "paid_twice" for doc, _ in sent.settles)
        before = now
        ramp.hub.advance(minutes=720)
        ramp.token = ramp.fetch_token().json()["access_token"]
    assert seen["open", "under way"] and seen["under way", "paid"]
    ramp.hub.close()


def _execution(bill: dict[str, Any]) -> str:
    return "paid" if bill["status"] == "PAID" else "under way" if bill["payment"] else "open"
