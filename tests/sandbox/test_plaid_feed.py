"""/transactions/sync as the vendor keeps it: cursors, pages, net changes, staged history, mutation, and whose cursor it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from sandbox.plaid.office import office_of
from tests.sandbox.plaid_client import DAYS, Mirror, Plaid

SYNC = "/transactions/sync"


@pytest.fixture
def plaid(tmp_path: Path) -> Iterator[Plaid]:
    opened = Plaid(tmp_path / "sandbox")
    yield opened
    opened.close()


def test_pages_of_any_size_tell_the_same_in_the_same_order(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    whole, end = plaid.update(token)
    for count in (1, 7, 100):
        rows, cursor = plaid.update(token, count=count)
        assert (rows, cursor) == (whole, end)
    assert len(whole["added"]) > 200
    assert whole["modified"] == whole["removed"] == []
    assert len({row["transaction_id"] for row in whole["added"]}) == len(whole["added"])


def test_an_update_without_news_is_one_empty_page_and_keeps_the_place(plaid: Plaid) -> None:
    _, cursor = plaid.update(plaid.tokens[0])
    page = plaid.sync(plaid.tokens[0], cursor)
    assert (page["added"], page["modified"], page["removed"], page["has_more"]) == ([], [], [], False)
    assert page["next_cursor"] == cursor
    assert len(cursor) <= 256


def test_the_first_call_settles_how_far_back_an_item_tells(plaid: Plaid) -> None:
    token, other = plaid.tokens
    today = date(2026, 9, 22)
    rows = plaid.get(SYNC, access_token=token, count=500)["added"]
    assert min(date.fromisoformat(row["date"]) for row in rows) >= today - timedelta(days=90)
    again, _ = plaid.update(token)
    assert again["added"] == rows
    longer, _ = plaid.update(other)
    assert min(date.fromisoformat(row["date"]) for row in longer["added"]) < today - timedelta(days=150)


def test_staged_history_is_nothing_then_a_month_then_all(plaid: Plaid) -> None:
    plaid.hub.set_options({"staged_history": True})
    token = plaid.tokens[0]
    first = plaid.sync(token)
    assert (first["transactions_update_status"], first["next_cursor"], first["added"], first["has_more"]) == ("NOT_READY", "", [], False)
    plaid.hub.advance(minutes=3)
    page = plaid.sync(token)
    assert page["transactions_update_status"] == "INITIAL_UPDATE_COMPLETE"
    assert min(row["date"] for row in page["added"]) >= "2026-08-23"
    plaid.hub.advance(minutes=15)
    rest, _ = plaid.update(token, page["next_cursor"], count=50)
    assert plaid.sync(token)["transactions_update_status"] == "HISTORICAL_UPDATE_COMPLETE"
    whole, _ = plaid.update(token)
    ids = [row["transaction_id"] for row in (*page["added"], *rest["added"])]
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["transaction_id"] for row in whole["added"]}


def test_a_restart_of_the_sandbox_forgets_no_stage_and_no_cursor(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "sandbox")
    token = plaid.tokens[0]
    plaid.get(SYNC, access_token=token, count=500)
    rows, cursor = plaid.update(token)
    plaid.close()
    again = Plaid(tmp_path / "sandbox")
    assert again.update(token) == (rows, cursor)
    assert again.sync(token, cursor)["added"] == []
    again.close()


def test_what_changes_while_paging_stops_the_update_and_a_restart_gets_through(plaid: Plaid) -> None:
    token = plaid.tokens[1]
    while True:
        count = len(plaid.update(token)[0]["added"]) - 1
        first = plaid.sync(token, count=count)
        if any(row["pending"] for row in first["added"]):
            break
        plaid.hub.advance(days=1)
    assert first["has_more"]
    plaid.hub.advance(days=7)
    going_on = {"access_token": token, "cursor": first["next_cursor"], "count": count}
    assert plaid.problem(SYNC, **going_on) == (400, "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION")
    rows, cursor = plaid.update(token)
    assert not any(row["pending"] and row in first["added"] for row in rows["added"])
    assert plaid.sync(token, cursor)["added"] == []


def test_new_rows_while_paging_wait_for_the_next_update(plaid: Plaid) -> None:
    token = plaid.tokens[0]
    first = plaid.sync(token, count=100)
    before = len(plaid.update(token)[0]["added"])
    plaid.hub.advance(days=1)
    rest, cursor = plaid.update(token, first["next_cursor"])
    assert len(rest["added"]) == before - 100
    assert plaid.sync(token, cursor)["added"]


def test_rows_that_came_and_went_between_two_cursors_are_not_told(plaid: Plaid) -> None:
    feed_stages = {change.stage for change in office_of(plaid.hub).feed(plaid.items[1]).changes}
    assert len(feed_stages) >= 3
    fresh = Mirror(plaid)
    told = fresh.follow()
    assert (told["modified"], told["removed"]) == (0, 0)


@pytest.mark.parametrize("cursor", ["garbage", "bm90IG9uZQ==", "=" * 40])
def test_a_cursor_that_is_none_is_refused_as_the_vendor_does(plaid: Plaid, cursor: str) -> None:
    assert plaid.problem(SYNC, access_token=plaid.tokens[0], cursor=cursor) == (400, "INVALID_FIELD")


def test_a_cursor_of_another_item_or_business_is_refused(plaid: Plaid) -> None:
    _, cursor = plaid.update(plaid.tokens[0])
    answer = plaid.post(SYNC, access_token=plaid.tokens[1], cursor=cursor)
    assert (answer.status_code, "cursor" in answer.json()["error_message"]) == (400, True)


@pytest.mark.parametrize(
    "fields", [{"count": 0}, {"count": 501}, {"count": "5"}, {"options": {"days_requested": 731}}, {"options": [1]}, {"cursor": 5}]
)
def test_fields_out_of_range_are_refused(plaid: Plaid, fields: dict[str, object]) -> None:
    assert plaid.problem(SYNC, access_token=plaid.tokens[0], **fields) == (400, "INVALID_FIELD")


def test_the_text_as_the_bank_sent_it_comes_when_asked_for(plaid: Plaid) -> None:
    options = {**DAYS, "include_original_description": True}
    rows = plaid.get(SYNC, access_token=plaid.tokens[0], count=5, options=options)["added"]
    assert all(row["original_description"] for row in rows)
    assert "original_description" not in plaid.sync(plaid.tokens[0], count=5)["added"][0]
