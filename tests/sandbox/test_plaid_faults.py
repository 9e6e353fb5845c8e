"""Faults of the Plaid rail: each does what it says, to whom it was told, and leaves the next answer as it should be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingestion.errors import UsageError
from sandbox.plaid.limits import PER_MINUTE
from tests.sandbox.plaid_client import DAYS, Plaid

SYNC = "/transactions/sync"


@pytest.fixture
def plaid(tmp_path: Path) -> Iterator[Plaid]:
    opened = Plaid(tmp_path / "sandbox")
    yield opened
    opened.close()


def strike(plaid: Plaid, kind: str, count: int = 1, business: str = "all") -> None:
    plaid.hub.faults.order("plaid", business, kind, count=count)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 429, "TRANSACTIONS_SYNC_LIMIT"),
        ("server_error", 500, "INTERNAL_SERVER_ERROR"),
        ("dead_token", 400, "INVALID_ACCESS_TOKEN"),
        ("item_login_required", 400, "ITEM_LOGIN_REQUIRED"),
        ("institution_down", 400, "INSTITUTION_DOWN"),
        ("scope_missing", 400, "ACCESS_NOT_GRANTED"),
    ],
)
def test_errors_come_as_the_vendor_words_them_and_once(plaid: Plaid, kind: str, status: int, code: str) -> None:
    strike(plaid, kind)
    answer = plaid.post(SYNC, access_token=plaid.tokens[0])
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert "retry-after" not in answer.headers
    assert plaid.post(SYNC, access_token=plaid.tokens[0]).status_code == 200


def test_a_missing_grant_leaves_accounts_alone(plaid: Plaid) -> None:
    strike(plaid, "scope_missing")
    assert plaid.post("/accounts/get", access_token=plaid.tokens[0]).status_code == 200
    assert plaid.problem(SYNC, access_token=plaid.tokens[0]) == (400, "ACCESS_NOT_GRANTED")


def test_the_item_itself_tells_that_a_login_is_required(plaid: Plaid) -> None:
    strike(plaid, "item_login_required")
    item = plaid.get("/item/get", access_token=plaid.tokens[0])["item"]
    assert item["error"]["error_code"] == "ITEM_LOGIN_REQUIRED"
    assert plaid.get("/item/get", access_token=plaid.tokens[0])["item"]["error"] is None


def test_an_edge_speaks_html(plaid: Plaid) -> None:
    strike(plaid, "html_error")
    answer = plaid.post(SYNC, access_token=plaid.tokens[0])
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (502, "text/html")


def test_torn_and_undecodable_bodies_are_no_json(plaid: Plaid) -> None:
    for kind in ("torn_json", "bad_utf8"):
        strike(plaid, kind)
        answer = plaid.post(SYNC, access_token=plaid.tokens[0], count=5)
        assert answer.status_code == 200
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(answer.content.decode())


def test_a_slow_answer_is_held_back(plaid: Plaid) -> None:
    plaid.hub.set_options({"slow_seconds": 0.2})
    strike(plaid, "slow")
    begun = time.perf_counter()
    plaid.get("/item/get", access_token=plaid.tokens[0])
    assert time.perf_counter() - begun >= 0.2


def test_drifting_pages_strike_in_mid_update_only(plaid: Plaid) -> None:
    strike(plaid, "drifting_pages")
    token = plaid.tokens[0]
    first = plaid.sync(token, count=50)
    assert first["has_more"]
    going_on = {"access_token": token, "cursor": first["next_cursor"], "count": 50}
    assert plaid.problem(SYNC, **going_on) == (400, "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION")
    rows, _ = plaid.update(token, count=50)
    assert len(rows["added"]) == len(plaid.sync(token)["added"])


def test_a_lost_cursor_strikes_only_who_has_one(plaid: Plaid) -> None:
    strike(plaid, "cursor_gone")
    _, cursor = plaid.update(plaid.tokens[0])
    answer = plaid.post(SYNC, access_token=plaid.tokens[0], cursor=cursor)
    assert (answer.status_code, answer.json()["error_message"]) == (400, "cursor not associated with access_token")
    assert plaid.sync(plaid.tokens[0], cursor)["added"] == []


def test_duplicate_rows_stand_twice_in_one_page(plaid: Plaid) -> None:
    strike(plaid, "duplicate_rows")
    ids = [row["transaction_id"] for row in plaid.sync(plaid.tokens[0], count=100)["added"]]
    assert len(ids) == 105
    assert len(set(ids)) == 100


def test_an_empty_page_says_that_there_is_more_and_loses_nothing(plaid: Plaid) -> None:
    whole, _ = plaid.update(plaid.tokens[0])
    strike(plaid, "empty_page")
    page = plaid.sync(plaid.tokens[0])
    assert (page["added"], page["has_more"]) == ([], True)
    rest, _ = plaid.update(plaid.tokens[0], page["next_cursor"])
    assert rest == whole


def test_schema_drift_changes_types_and_fields_but_no_digit(plaid: Plaid) -> None:
    plain = plaid.sync(plaid.tokens[0])["added"]
    strike(plaid, "schema_drift")
    answer = plaid.post(SYNC, access_token=plaid.tokens[0], count=500, options=DAYS).json()["added"]
    for row, before in zip(answer, plain, strict=True):
        assert (row["amount"], "payment_meta" in row, row["release_tag"]["wave"]) == (before["amount"], False, 2)


def test_a_fault_strikes_the_business_it_was_told_and_no_other(plaid: Plaid) -> None:
    strike(plaid, "server_error", count=50, business=plaid.business_id)
    entries = plaid.hub.credentials(("plaid",))
    other = next(entry["credentials"]["items"] for entry in entries if entry["business_id"] != plaid.business_id)
    assert plaid.post("/item/get", access_token=other[0]["access_token"]).status_code == 200
    assert plaid.post("/item/get", access_token=plaid.tokens[0]).status_code == 500
    asked: dict[str, Any] = {"institution_id": "ins_109508", "country_codes": ["US"]}
    assert plaid.post("/institutions/get_by_id", **asked).status_code == 200


@pytest.mark.parametrize("kind", ["fault_in_200", "late_commit"])
def test_what_does_not_happen_on_plaid_is_wrong_use(plaid: Plaid, kind: str) -> None:
    with pytest.raises(UsageError, match="does not happen on rail"):
        strike(plaid, kind)


def test_limits_count_by_item_and_are_told_without_a_time_to_wait(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "limited", limits=True)
    first, second = plaid.tokens
    for path in ("/accounts/get", "/accounts/balance/get", "/item/get"):
        most = PER_MINUTE[path][0]
        assert most is not None
        statuses = [plaid.post(path, access_token=first).status_code for _ in range(most + 2)]
        assert statuses == [200] * most + [429] * 2
        assert plaid.post(path, access_token=second).status_code == 200
    answer = plaid.post("/accounts/balance/get", access_token=first)
    assert (answer.json()["error_code"], "retry-after" in answer.headers) == ("BALANCE_LIMIT", False)
    plaid.close()
