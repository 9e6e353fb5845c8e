"""Ramp's answers as bytes: records stay verbatim with both kinds of money, nothing malformed passes, hashes see what counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingestion.answers import MalformedPage
from ingestion.rails.ramp.gone import tombstone
from ingestion.rails.ramp.marks import Mark, parse_mark
from ingestion.rails.ramp.wire import Form, error_code, read_object, split_page

SPENT = b'{"id": "t1",  "amount": 90.0, "original_transaction_amount": {"amount":9000,"currency_code":"EUR"}, "x": "\\u0000\xe2\x80\xae"}'
FORM = Form("created_at", frozenset({"invoice_urls"}))


def page(*records: bytes, following: bytes = b"null") -> bytes:
    return b'{"data": [' + b", ".join(records) + b'], "page": {"next": ' + following + b"}}"


def digest(record: bytes) -> str:
    return split_page(page(record), FORM).records[0].content_hash


def test_a_record_keeps_every_byte_it_was_served_with() -> None:
    found = split_page(page(SPENT, following=b'"https://r.test/x?start=t1"'), Form())
    assert ([one.payload for one in found.records], found.next_url) == ([SPENT], "https://r.test/x?start=t1")


@pytest.mark.parametrize("end", [b'{"data":[]}', b'{"data":[],"page":null}', b'{"data":[],"page":{}}', page()])
def test_a_last_page_says_so_in_several_ways(end: bytes) -> None:
    assert split_page(end, Form()).next_url is None


@pytest.mark.parametrize(
    ("served", "stamp"),
    [
        (b'"2024-05-12T01:37:27+00:00"', datetime(2024, 5, 12, 1, 37, 27, tzinfo=UTC)),
        (b'"2024-05-12T01:37:27.298Z"', datetime(2024, 5, 12, 1, 37, 27, 298_000, tzinfo=UTC)),
        (b'"2024-05-12T01:37:27"', datetime(2024, 5, 12, 1, 37, 27, tzinfo=UTC)),
        (b'"2023-08-20T:00:00+00:00"', None),
        (b"1715477847", None),
        (b'{"at": 1}', None),
    ],
)
def test_a_time_in_another_spelling_never_costs_the_record(served: bytes, stamp: datetime | None) -> None:
    assert split_page(page(b'{"id":"b1","created_at":' + served + b"}"), FORM).records[0].stamp == stamp


def test_links_signed_anew_are_no_change_and_a_last_digit_is_one() -> None:
    known = b'{"id":"b1","amount":12345678901234567.01,"invoice_urls":["https://r.test/1?sig=a"]}'
    assert digest(known) == digest(known.replace(b"sig=a", b"sig=b"))
    assert digest(known) != digest(known.replace(b"67.01", b"67.02"))
    assert digest(known) != digest(known.replace(b'"amount":', b'"amount2":'))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(page(SPENT)[:-20], id="torn"),
        pytest.param(b"<html>504</html>", id="html"),
        pytest.param(page(SPENT.replace(b"90.0", b"NaN")), id="not a number"),
        pytest.param(page(SPENT.replace(b"\xe2\x80\xae", b"\xff\xfe")), id="not UTF-8"),
        pytest.param(page(SPENT.replace(b'"t1"', b"1")), id="id is a number"),
        pytest.param(page(SPENT.replace(b'"t1"', b'""')), id="id is empty"),
        pytest.param(page(b'{"amount": 1}'), id="record without id"),
        pytest.param(b'{"data": {"id": "t1"}}', id="object instead of list"),
        pytest.param(page(SPENT, following=b"7"), id="next is no address"),
        pytest.param(b"{}", id="no answer at all"),
        pytest.param(b'{"data":' + b"[" * 100_000, id="deep nesting"),
    ],
)
def test_what_cannot_be_split_is_refused_without_showing_content(body: bytes) -> None:
    with pytest.raises(MalformedPage) as refused:
        split_page(body, Form())
    assert "original_transaction_amount" not in str(refused.value)


def test_an_object_without_an_id_gets_the_one_it_is_known_by() -> None:
    record = read_object(b' {"card_limit": 2000000, "statement_balance": 4941.290}\n', Form(), "1")
    assert (record.record_id, record.payload) == ("1", b'{"card_limit": 2000000, "statement_balance": 4941.290}')
    with pytest.raises(MalformedPage):
        read_object(b"{}", Form(), "1")


def test_errors_are_told_from_records() -> None:
    assert error_code(b'{"error_v2": {"error_code": "DEVELOPER_7002"}, "error": {}}') == "DEVELOPER_7002"
    assert error_code(page(SPENT)) is None
    assert error_code(b'{"error_v2": 7}') is None
    assert error_code(b"<html>") is None
    assert error_code(b'{"error_v2": ' + b"[" * 100_000) is None


def test_one_deletion_is_not_told_twice_though_the_vendor_numbers_its_answers() -> None:
    told = [tombstone("b1", b'{"error_v2":{"error_id":"%d"}}' % number) for number in (1, 2)]
    assert told[0].content_hash == told[1].content_hash
    assert told[0].payload != told[1].payload


def test_a_watermark_is_read_as_it_was_written_and_garbage_is_none() -> None:
    mark = Mark(datetime(2026, 3, 3, 12, 15, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
    assert parse_mark(mark.text()) == mark
    assert [parse_mark(text) for text in (None, "", "2026-03-03T00:00:00Z", "a/b", "2026-03-03T00:00:00Z/x")] == [None] * 5
