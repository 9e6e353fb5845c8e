"""Plaid's answers as bytes: records stay verbatim, errors are told by their codes, nothing malformed passes."""

from __future__ import annotations

import pytest

from ingestion.answers import MalformedPage, Transient
from ingestion.fetching import RailError
from ingestion.rails.plaid.complaints import CursorGone, Mutated, judge
from ingestion.rails.plaid.wire import Step, read_institution, read_item, read_step, split_accounts, split_sync

POSTED = b'{"transaction_id": "New",  "amount": 23631.9805, "pending_transaction_id":"new", "name": "\\u0000\xe2\x80\xae"}'
REMOVED = b'{"transaction_id":"new", "account_id": "a"}'


def page(added: bytes = POSTED, removed: bytes = REMOVED, tail: bytes = b'"next_cursor": "c+/=", "has_more": false') -> bytes:
    return b'{"added": [' + added + b'], "modified": [], "removed": [' + removed + b"], " + tail + b', "request_id": "r"}'


def accounts(*served: bytes) -> bytes:
    return b'{"accounts": [' + b",".join(served) + b'], "item": {"item_id": "i", "institution_id": null}, "request_id": "r"}'


def test_a_transaction_keeps_every_byte_and_ids_that_differ_in_case_are_two() -> None:
    records = split_sync(page())
    assert [(one.record_id, one.payload, one.is_deleted) for one in records] == [("New", POSTED, False), ("new", REMOVED, True)]
    assert read_step(page()) == Step("c+/=", False, "")


def test_every_way_of_telling_a_deletion_is_the_same_state() -> None:
    one, other = (split_sync(page(removed=removed))[-1] for removed in (REMOVED, b'{"transaction_id": "new"}'))
    assert one.content_hash == other.content_hash


def test_an_account_is_told_apart_from_what_is_on_it() -> None:
    before, after = (
        split_accounts(accounts(b'{"account_id": "a", "name": "Checking", "balances": {"current": ' + held + b"}}")).accounts[0]
        for held in (b"1.10", b"1.1000")
    )
    assert before.record.content_hash == after.record.content_hash
    assert (before.balances.payload, after.balances.payload) == (b'{"current": 1.10}', b'{"current": 1.1000}')
    assert before.balances.content_hash != after.balances.content_hash


def test_an_item_says_its_own_error_without_being_one() -> None:
    body = b'{"item": {"item_id": "i", "institution_id": "ins_3", "error": {"error_type": "ITEM_ERROR", "error_code": "ITEM_LOCKED"}}}'
    item = read_item(judge(200, body, 1))
    assert (item.record.record_id, item.institution_id, item.error_code) == ("i", "ins_3", "ITEM_LOCKED")
    assert read_institution(b'{"institution": {"institution_id": "ins_3"}}').payload == b'{"institution_id": "ins_3"}'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(page()[:-20], id="torn"),
        pytest.param(b"<html><body>503</body></html>", id="html"),
        pytest.param(page(POSTED.replace(b"23631.9805", b"NaN")), id="not a number"),
        pytest.param(page(POSTED.replace(b"\xe2\x80\xae", b"\xff\xfe")), id="not UTF-8"),
        pytest.param(page(POSTED.replace(b'"New"', b"7")), id="id is a number"),
        pytest.param(page(b'{"amount": 1}'), id="record without id"),
        pytest.param(page(removed=b'{"account_id": "a"}'), id="removal without id"),
        pytest.param(page(removed=b'"new"'), id="removal is text"),
        pytest.param(page(tail=b'"next_cursor": "", "has_more": true'), id="more without a cursor"),
        pytest.param(page(tail=b'"next_cursor": null, "has_more": false'), id="no cursor"),
        pytest.param(b"{}", id="no answer at all"),
        pytest.param(page(b'{"transaction_id": "d", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), id="deep nesting"),
    ],
)
def test_what_cannot_be_split_is_refused_without_showing_content(body: bytes) -> None:
    with pytest.raises(MalformedPage) as refused:
        read_step(body)
    assert "amount" not in str(refused.value)


@pytest.mark.parametrize("body", [accounts(), accounts(b'{"account_id": "a", "balances": null}'), accounts(b'{"account_id": "a"}')])
def test_no_account_at_all_is_no_answer_and_never_the_end_of_all(body: bytes) -> None:
    with pytest.raises(MalformedPage):
        split_accounts(body)


@pytest.mark.parametrize(
    ("status", "code", "kind", "raised", "means"),
    [
        (400, "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION", "TRANSACTIONS_ERROR", Mutated, None),
        (400, "INVALID_CURSOR", "INVALID_REQUEST", CursorGone, "cursor_gone"),
        (429, "ITEM_GET_LIMIT", "RATE_LIMIT_EXCEEDED", Transient, "throttled"),
        (400, "ITEM_GET_LIMIT", "RATE_LIMIT_EXCEEDED", Transient, "throttled"),
        (503, "PLANNED_MAINTENANCE", "API_ERROR", Transient, "server_error"),
        (400, "INSTITUTION_NOT_RESPONDING", "INSTITUTION_ERROR", Transient, "bank_unavailable"),
        (400, "INSTITUTION_NO_LONGER_SUPPORTED", "INSTITUTION_ERROR", RailError, "disconnected"),
        (400, "ITEM_LOGIN_REQUIRED", "ITEM_ERROR", RailError, "disconnected"),
        (400, "ITEM_NOT_FOUND", "INVALID_INPUT", RailError, "disconnected"),
        (400, "PRODUCT_NOT_READY", "ITEM_ERROR", RailError, "not_ready"),
        (400, "INVALID_API_KEYS", "INVALID_INPUT", RailError, "forbidden"),
        (400, "UNKNOWN_FIELDS", "INVALID_REQUEST", RailError, "refused"),
    ],
)
def test_an_error_is_judged_by_its_code(status: int, code: str, kind: str, raised: type[Exception], means: str | None) -> None:
    body = f'{{"error_type": "{kind}", "error_code": "{code}", "error_message": "no", "request_id": "r"}}'.encode()
    with pytest.raises(raised) as refused:
        judge(status, body, 60)
    error = refused.value.error if isinstance(refused.value, Transient) else refused.value
    assert getattr(error, "kind", None) == means


def test_a_code_that_is_none_is_not_repeated_to_people() -> None:
    with pytest.raises(RailError, match="no code"):
        judge(400, b'{"error_code": "access-production-1234", "error_type": "X"}', 60)
    for garbage in (b'{"error_code": "\xff"}', b'{"error_code": ' + b"[" * 100_000):
        with pytest.raises(RailError, match="no code"):
            judge(400, garbage, 60)
