"""Stripe's answers as bytes: records stay verbatim, amounts are never numbers here, nothing malformed passes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingestion.answers import MalformedPage
from ingestion.rails.stripe.client import endpoint_of
from ingestion.rails.stripe.feed import ids_of, touch_of
from ingestion.rails.stripe.promise import STRIPE
from ingestion.rails.stripe.wire import lines_of, pending_since, read_balance, read_object, refusal_of, split_list

CHARGE = b'{"id": "ch_1",  "amount": 12345678901234567890, "created":1790000000, "x": "\\u0000\xe2\x80\xae", "fx": 1e2}'


def page(*records: bytes, more: bytes = b"false") -> bytes:
    return b'{"object":"list","data":[' + b",".join(records) + b'],"has_more":' + more + b"}"


def event(kind: str, about: dict[str, object], **data: object) -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "created": 7, "livemode": False, "data": {"object": about, **data}}).encode()


def test_a_record_keeps_every_byte_it_was_served_with() -> None:
    found = split_list(page(CHARGE, more=b"true"))
    assert [record.payload for record in found.records] == [CHARGE]
    assert (found.records[0].record_id, found.records[0].created, found.has_more) == ("ch_1", 1_790_000_000, True)


def test_a_signed_address_does_not_make_a_version() -> None:
    volatile = next(one.volatile_fields for one in STRIPE.entities if one.name == "charges")
    served = [b'{"id":"ch_1","amount":%d,"receipt_url":"https://x/%d"}' % pair for pair in ((1, 1), (1, 2), (2, 2))]
    first, again, changed = [read_object(body, volatile).content_hash for body in served]
    assert first == again != changed


def test_a_deleted_customer_is_a_deletion_that_is_the_same_however_it_is_told() -> None:
    told = [read_object(b'{"id":"cus_1","object":"customer","deleted":true%s}' % more) for more in (b"", b',"n":1')]
    assert [record.is_deleted for record in told] == [True, True]
    assert told[0].content_hash == told[1].content_hash


def test_the_balance_has_no_id_and_says_whether_it_is_real_money() -> None:
    record, is_live = read_balance(b'{"object":"balance","livemode":true,"available":[]}')
    assert (record.record_id, record.created, is_live) == ("1", None, True)


def test_lines_take_the_time_of_their_invoice() -> None:
    body = b'{"id":"in_1","created":5,"lines":{"data":[{"id":"il_1","amount":3}],"has_more":true}}'
    found = lines_of(read_object(body))
    assert [(line.record_id, line.created, line.payload) for line in found.records] == [("il_1", 5, b'{"id":"il_1","amount":3}')]
    assert found.has_more


def test_pending_transactions_are_known_by_the_oldest_and_the_next_due() -> None:
    rows = [(9, 30, "pending"), (5, 40, "pending"), (1, 2, "available")]
    body = page(*(b'{"id":"txn_%d","created":%d,"available_on":%d,"status":"%s"}' % (at, at, due, how.encode()) for at, due, how in rows))
    assert pending_since(split_list(body).records) == (5, 30)
    assert pending_since(split_list(page(b'{"id":"txn_1"}')).records) is None


@pytest.mark.parametrize(
    ("body", "touched"),
    [
        (event("invoice.paid", {"object": "invoice", "id": "in_1"}), {("invoice", "in_1"), ("payments_of", "in_1")}),
        (event("invoice.upcoming", {"object": "invoice", "id": "upcoming_in_1"}), set()),
        (event("charge.refunded", {"object": "charge", "id": "ch_1"}), {("charge", "ch_1"), ("refunds_of", "ch_1")}),
        (event("refund.updated", {"object": "refund", "id": "re_1", "charge": "ch_1"}), {("refund", "re_1"), ("charge", "ch_1")}),
        (event("x", {"object": "dispute", "id": "dp_1", "charge": {"id": "ch_1"}}), {("dispute", "dp_1"), ("charge", "ch_1")}),
        (event("x", {"object": "credit_note", "id": "cn_1", "invoice": "in_1"}), {("credit_note", "cn_1"), ("invoice", "in_1")}),
        (event("invoiceitem.created", {"object": "invoiceitem", "id": "ii_1", "invoice": None}), {("invoiceitem", "ii_1")}),
        (event("balance.available", {"object": "balance"}), set()),
        (event("odd", {"object": 5, "id": "x"}), set()),
    ],
)  # fmt: skip
def test_events_touch_their_object_and_what_changes_with_it(body: bytes, touched: set[tuple[str, str]]) -> None:
    assert touch_of(read_object(body)).objects == touched


def test_lines_that_were_taken_off_are_in_the_event() -> None:
    before = {"lines": {"data": [{"id": "il_1", "amount": 3}]}}
    touch = touch_of(read_object(event("invoice.updated", {"object": "invoice", "id": "in_1"}, previous_attributes=before)))
    assert touch.lines_before == {"in_1": {"il_1": b'{"id": "il_1", "amount": 3}'}}
    assert ids_of([touch], "invoice") == {"in_1": 7}


def test_an_endpoint_is_a_path_without_ids() -> None:
    assert [endpoint_of(path) for path in ("/charges", "/charges/ch_1", "/invoices/in_1/lines")] == [
        "charges",
        "charges/{id}",
        "invoices/{id}/lines",
    ]


def test_a_refusal_is_read_and_garbage_refuses_nothing_in_particular() -> None:
    body = b'{"error":{"type":"invalid_request_error","code":"resource_missing","param":"starting_after","message":"m"}}'
    assert refusal_of(body).code == "resource_missing"
    for garbage in (b"<html>", b"[]", b'{"error":"x"}', b"\xff", b'{"x":' + b"[" * 100_000):
        assert refusal_of(garbage).code == ""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(page(CHARGE)[:-20], id="torn"),
        pytest.param(b"<html><body>503</body></html>", id="html"),
        pytest.param(page(CHARGE.replace(b"1e2", b"NaN")), id="not a number"),
        pytest.param(page(CHARGE).replace(b"\xe2\x80\xae", b"\xff\xfe"), id="not UTF-8"),
        pytest.param(page(CHARGE.replace(b'"ch_1"', b"7")), id="id is a number"),
        pytest.param(page(CHARGE.replace(b"ch_1", b"")), id="empty id"),
        pytest.param(page(CHARGE.replace(b"1790000000", b"17900000000000000")), id="time beyond all years"),
        pytest.param(page(CHARGE.replace(b"1790000000", b'"yesterday"')), id="time is a word"),
        pytest.param(page(b'{"amount":1}'), id="record without id"),
        pytest.param(b'{"data":{"id":"ch_1"},"has_more":false}', id="object instead of list"),
        pytest.param(b'{"data":[]}', id="without has_more"),
        pytest.param(page(CHARGE[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), id="deep nesting"),
    ],
)
def test_what_cannot_be_split_is_refused_without_showing_content(body: bytes) -> None:
    with pytest.raises(MalformedPage) as refused:
        split_list(body)
    assert "amount" not in str(refused.value)


def test_every_recorded_object_is_kept_as_it_is() -> None:
    folder = os.environ.get("ROWCOL_REFERENCE_DATA")
    if not folder:
        pytest.skip("ROWCOL_REFERENCE_DATA names no folder with recorded objects")
    by_object = {one.vendor_name: one for one in STRIPE.entities}
    seen = set()
    for path in sorted((Path(folder) / "rails" / "data" / "stripe" / "examples").glob("*.json")):
        body = path.read_bytes().strip()
        name = json.loads(body)["object"]
        if name in by_object and name != "balance":
            assert read_object(body, by_object[name].volatile_fields).payload == body
            seen.add(name)
    assert seen == set(by_object) - {"balance"}
