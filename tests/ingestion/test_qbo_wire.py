"""QuickBooks answers as bytes: records stay verbatim, faults of both spellings are seen, nothing malformed passes."""

from __future__ import annotations

import pytest

from ingestion.answers import MalformedPage
from ingestion.rails.qbo.wire import fault_of, split_batch, split_changes, split_query

BILL = b'{"Id": "7",  "TotalAmt": 1e2, "MetaData": {"LastUpdatedTime": "2026-03-08T01:59:59-08:00"}, "x": "\\u0000\xe2\x80\xae"}'
TOMBSTONE = b'{"domain":"QBO","status":"Deleted","Id":"9","MetaData":{"LastUpdatedTime":"2026-03-08T03:00:01-07:00"}}'


def page(*records: bytes) -> bytes:
    return b'{"QueryResponse":{"Bill":[' + b",".join(records) + b'],"startPosition":1},"time":"2026-03-08T10:00:00.123Z"}'


def test_a_record_keeps_every_byte_it_was_served_with() -> None:
    records, served_at = split_query(page(BILL), "Bill")
    assert [record.payload for record in records] == [BILL]
    assert (records[0].record_id, records[0].is_deleted, served_at) == ("7", False, "2026-03-08T10:00:00.123Z")


def test_stamps_on_both_sides_of_a_clock_change_compare_as_instants() -> None:
    records, _ = split_query(page(BILL, TOMBSTONE), "Bill")
    assert (records[1].updated_at - records[0].updated_at).total_seconds() == 2


def test_an_absent_entity_is_an_empty_page() -> None:
    assert split_query(b'{"QueryResponse":{},"time":"2026-03-08T10:00:00Z"}', "Bill") == ([], "2026-03-08T10:00:00Z")


def test_changes_are_told_apart_by_entity_and_tombstones_are_deletions() -> None:
    body = (
        b'{"CDCResponse":[{"QueryResponse":[{"Bill":[' + BILL + b"," + TOMBSTONE + b'],"startPosition":1,"maxResults":2},{},'
        b'{"Vendor":[{"Id":"7","MetaData":{"LastUpdatedTime":"2026-03-01T00:00:00Z"}}]}]}],"time":"2026-03-08T10:00:00Z"}'
    )
    found, _ = split_changes(body, frozenset({"Bill", "Vendor"}))
    assert {name: [(one.record_id, one.is_deleted) for one in records] for name, records in found.items()} == {
        "Bill": [("7", False), ("9", True)],
        "Vendor": [("7", False)],
    }


def test_a_batch_item_that_is_a_fault_leaves_the_others() -> None:
    body = (
        b'{"BatchItemResponse":[{"bId":"bills","QueryResponse":{"Bill":[' + BILL + b']}},{"bId":"items","Fault":{"Error":[]}}],"time":"t"}'
    )
    pages, _ = split_batch(body, {"bills": "Bill", "items": "Item"})
    assert {name: len(records) for name, records in pages.items()} == {"bills": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"Fault":{"Error":[{"Message":"m","code":"3001"}],"type":"SERVICE"},"time":"t"}', "3001"),
        (b'{"warnings":null,"intuitObject":null,"fault":{"error":[{"message":"m","code":"003200"}],"type":"AUTHENTICATION"}}', "3200"),
    ],
)
def test_faults_are_seen_in_both_spellings(body: bytes, code: str) -> None:
    fault = fault_of(body)
    assert fault is not None
    assert fault.code == code


@pytest.mark.parametrize("body", [b'{"Fault":"\xff"}', b'{"fault":7}', b'{"Fault":' + b"[" * 100_000, b'{"Fault":{"Error":[]}}'])
def test_garbage_is_no_fault_in_particular(body: bytes) -> None:
    assert fault_of(body) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(page(BILL)[:-20], id="torn"),
        pytest.param(b"<html><body>503</body></html>", id="html"),
        pytest.param(page(BILL.replace(b"1e2", b"NaN")), id="not a number"),
        pytest.param(page(BILL).replace(b"\xe2\x80\xae", b"\xff\xfe"), id="not UTF-8"),
        pytest.param(page(BILL.replace(b'"7"', b"7")), id="id is a number"),
        pytest.param(page(BILL.replace(b"-08:00", b"")), id="stamp without offset"),
        pytest.param(page(b'{"TotalAmt":1}'), id="record without id"),
        pytest.param(b'{"QueryResponse":{"Bill":{"Id":"7"}}}', id="object instead of list"),
        pytest.param(b"{}", id="no answer at all"),
        pytest.param(page(BILL[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), id="deep nesting"),
    ],
)
def test_what_cannot_be_split_is_refused_without_showing_content(body: bytes) -> None:
    with pytest.raises(MalformedPage) as refused:
        split_query(body, "Bill")
    assert "TotalAmt" not in str(refused.value)
