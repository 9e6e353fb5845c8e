"""What a cycle asks Ramp for, and what it makes of lists without a change feed: hidden rows, edits, deletions, accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ingestion.rails.ramp.accounts import having_turn
from ingestion.rails.ramp.promise import RAMP
from tests.ingestion.ramp_vendor import HASTY_ACTION, NOT_FOUND, RampHome, Vendor, bill, opened, statuses, uuid, vendor

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RampHome]:
    held = Vendor(
        lists={
            "/bills": [
                bill(1),
                bill(2, status="PAID", paid_at="2026-02-20T00:00:00+00:00"),
                bill(3, archived_at="2026-02-03T00:00:00+00:00"),
            ],
            "/bills/drafts": [bill(4, status="DRAFT")],
            "/vendors": [vendor(1), vendor(2)],
            f"/vendors/{uuid(2, 1)}/accounts": [{"id": uuid(3, 1), "currency": "USD", "payment_method": "ACH"}],
            f"/vendors/{uuid(2, 2)}/accounts": [{"id": uuid(3, 2), "currency": "USD", "payment_method": "ACH"}],
            "/transactions": [
                {"id": uuid(4, 1), "amount": 90.0, "state": "CLEARED"},
                {"id": uuid(4, 2), "amount": 1.5, "state": "DECLINED"},
            ],
            "/transfers": [{"id": uuid(5, 1), "amount": {"amount": 500000, "currency_code": "USD"}, "status": "COMPLETED"}],
            "/reimbursements": [
                {
                    "id": uuid(6, 1),
                    "amount": 484.46,
                    "currency": "USD",
                    "direction": "BUSINESS_TO_USER",
                    "updated_at": "2026-02-01T00:00:00Z",
                },
                {"id": uuid(6, 2), "amount": 7, "currency": "USD", "direction": "USER_TO_BUSINESS", "updated_at": "2026-02-01T00:00:00Z"},
            ],
            "/statements": [{"id": uuid(7, 1), "statement_url": "https://s.test/1?sig=a"}],
            "/entities": [{"id": uuid(8, 1), "entity_name": "Acme"}],
        }
    )
    with opened(tmp_path, monkeypatch, held) as home:
        yield home


def test_a_first_sync_brings_all_that_the_defaults_hide_too(home: RampHome) -> None:
    report = home.sync()
    assert set(statuses(report).values()) == {("succeeded", None)}
    assert {record: payload["status"] for record, payload, _ in home.versions("bills")} == {
        uuid(1, 1): "OPEN", uuid(1, 2): "PAID", uuid(1, 3): "OPEN", uuid(1, 4): "DRAFT",
    }  # fmt: skip
    assert [payload["state"] for _, payload, _ in home.versions("transactions")] == ["CLEARED", "DECLINED"]
    assert [payload["direction"] for _, payload, _ in home.versions("reimbursements")] == ["BUSINESS_TO_USER", "USER_TO_BUSINESS"]
    assert [record for record, _, _ in home.versions("vendor_accounts")] == [f"{uuid(2, n)}/{uuid(3, n)}" for n in (1, 2)]
    assert home.rows("select record_id, payload from raw_ramp.balances") == [
        ("1", '{"available_card_limit": 2000000, "statement_balance": 4941.29}')
    ]
    assert home.rows("select distinct connection_id from raw_ramp.business") == [(uuid(9, 1),)]


def test_a_quiet_business_costs_six_requests_and_adds_nothing(home: RampHome) -> None:
    home.sync()
    report = home.sync()
    assert report.rows_new == 0
    assert sorted(home.vendor.paths()) == ["/bills", "/bills", "/bills", "/transactions", "/transfers", "/vendors"]
    assert report.outcomes[0].requests == RAMP.quiet_calls.per_cycle == 6
    skipped = {entity for entity, (status, _) in statuses(report).items() if status == "skipped"}
    assert skipped == {"business", "balances", "entities", "reimbursements", "statements", "vendor_accounts"}


def test_slow_lists_are_read_by_the_hour_or_the_day_and_at_once_when_a_person_asks(home: RampHome) -> None:
    home.sync()
    hourly = statuses(home.sync(after=HOUR))
    assert {entity for entity, (status, _) in hourly.items() if status == "skipped"} == {"business", "entities"}
    assert {"/bills/drafts", "/statements", "/business/balance"} <= set(home.vendor.paths())
    assert len(home.vendor.paths()) == RAMP.quiet_calls.per_cycle + RAMP.quiet_calls.per_hour
    assert statuses(home.sync(entities=["statements"])) == {"statements": ("skipped", None)}
    assert statuses(home.sync(entities=["statements"], delivery="webhook"))["statements"][0] == "succeeded", "a webhook tells of it"
    daily = home.sync(after=DAY)
    assert "skipped" not in {status for status, _ in statuses(daily).values()}
    asked = home.sync(after=timedelta(), strategy=HASTY_ACTION)
    assert "skipped" not in {status for status, _ in statuses(asked).values()}
    assert asked.rows_new == 0
    home.sync(after=timedelta(), strategy=HASTY_ACTION, entities=["vendor_accounts"])
    assert sum(path.endswith("/accounts") for path in home.vendor.paths()) == 2


def test_payment_approval_and_archiving_are_seen_by_the_next_cycle(home: RampHome) -> None:
    home.sync()
    first, second = home.vendor.lists["/bills"][:2]
    first.update(status="PAID", paid_at="2026-03-03T12:20:00+00:00")
    home.vendor.lists["/bills"].append(bill(5))
    second.update(archived_at="2026-03-03T12:20:00+00:00")
    assert home.sync().rows_new == 3
    latest = {record: (payload["status"], bool(payload["archived_at"])) for record, payload, _ in home.versions("bills")}
    assert latest[uuid(1, 1)] == ("PAID", False)
    assert latest[uuid(1, 2)] == ("PAID", True)
    assert uuid(1, 5) in latest


def test_signed_links_and_running_totals_are_no_change(home: RampHome) -> None:
    home.sync()
    home.vendor.lists["/bills"][0]["invoice_urls"] = ["https://receipts.test/1?sig=b"]
    home.vendor.lists["/statements"][0]["statement_url"] = "https://s.test/1?sig=b"
    home.vendor.lists["/vendors"][0]["total_spend_ytd"] = {"amount": 5, "currency_code": "USD"}
    assert home.sync(after=DAY).rows_new == 0


def test_accounts_are_read_of_changed_vendors_only(home: RampHome) -> None:
    home.sync()
    home.vendor.lists["/vendors"][1]["name"] = "Vendor 2 Inc"
    home.vendor.lists[f"/vendors/{uuid(2, 2)}/accounts"] = [{"id": uuid(3, 9), "currency": "USD", "payment_method": "ACH"}]
    home.sync(after=HOUR)
    assert [path for path in home.vendor.paths() if path.endswith("/accounts")] == [f"/vendors/{uuid(2, 2)}/accounts"]
    assert [(record, deleted) for record, _, deleted in home.versions("vendor_accounts")] == [
        (f"{uuid(2, 1)}/{uuid(3, 1)}", False),
        (f"{uuid(2, 2)}/{uuid(3, 2)}", False),
        (f"{uuid(2, 2)}/{uuid(3, 2)}", True),
        (f"{uuid(2, 2)}/{uuid(3, 9)}", False),
    ]
    home.sync(after=HOUR)
    assert [path for path in home.vendor.paths() if path.endswith("/accounts")] == []


def test_accounts_that_could_not_be_read_are_read_the_next_time(home: RampHome) -> None:
    home.sync()
    home.vendor.lists["/vendors"][0]["name"] = "Vendor 1 Inc"
    home.vendor.lists[f"/vendors/{uuid(2, 1)}/accounts"][0]["account_nickname"] = "new"
    home.vendor.odd = lambda request: httpx.Response(500) if request.url.path.endswith("/accounts") else None
    assert statuses(home.sync(after=HOUR))["vendor_accounts"] == ("failed", "server_error")
    home.vendor.odd = lambda request: None
    assert statuses(home.sync(after=HOUR))["vendor_accounts"] == ("succeeded", None)
    assert [payload.get("account_nickname") for _, payload, _ in home.versions("vendor_accounts")] == [None, "new", None]


def test_what_vanished_is_read_alone_and_kept_as_deleted_until_it_is_back(home: RampHome) -> None:
    home.sync()
    gone = home.vendor.lists["/bills"].pop(0)
    home.vendor.lists["/bills/drafts"].clear()
    home.vendor.lists["/transfers"].clear()
    assert home.sync().rows_new == 0, "an open bill that is not listed may have become anything"
    home.sync(after=DAY)
    assert [(record, deleted) for record, _, deleted in home.versions("bills") if deleted] == [(uuid(1, 1), True), (uuid(1, 4), True)]
    deletion = next(payload for _, payload, deleted in home.versions("transfers") if deleted)
    assert deletion["error_v2"]["error_code"] == "DEVELOPER_7002"
    assert home.sync(after=DAY).rows_new == 0, "a deletion is told once"
    home.vendor.lists["/bills"].insert(0, gone)
    assert home.sync().rows_new == 1
    assert home.sync(after=DAY).rows_new == 0
    assert [deleted for record, _, deleted in home.versions("bills") if record == uuid(1, 1)] == [False, True, False]


def test_a_record_that_no_list_shows_but_that_can_be_read_is_not_deleted(home: RampHome) -> None:
    home.sync()
    empty = {"data": [], "page": {"next": None}}
    home.vendor.odd = lambda request: httpx.Response(200, json=empty) if request.url.path.endswith("/transfers") else None
    assert home.sync(after=DAY).rows_new == 0
    assert [deleted for _, _, deleted in home.versions("transfers")] == [False]


def test_a_token_that_dies_during_a_walk_deletes_nothing(home: RampHome) -> None:
    home.sync()
    home.vendor.lists["/transfers"].clear()

    def dies(request: httpx.Request) -> httpx.Response | None:
        if "/transfers/" in request.url.path:
            home.vendor.tokens.clear()
            return NOT_FOUND()
        return None

    home.vendor.odd = dies
    before = len(home.vendor.token_forms)
    report = home.sync(after=DAY, entities=["transfers"])
    assert statuses(report)["transfers"] == ("failed", "page_gap")
    assert len(home.vendor.token_forms) > before
    assert [deleted for _, _, deleted in home.versions("transfers")] == [False]


def test_a_bank_account_that_changes_alone_is_seen_within_a_week(home: RampHome) -> None:
    """Nothing in a vendor's own record tells of it; each vendor has its turn once in seven days, whoever else changed."""
    home.sync()
    for number in (1, 2):
        home.vendor.lists[f"/vendors/{uuid(2, number)}/accounts"][0]["account_nickname"] = "moved"
    asked = []
    for _ in range(7):
        home.sync(after=DAY)
        asked += [path for path in home.vendor.paths() if path.endswith("/accounts")]
    assert sorted(asked) == [f"/vendors/{uuid(2, number)}/accounts" for number in (1, 2)]
    assert [payload.get("account_nickname") for _, payload, _ in home.versions("vendor_accounts")] == [None, "moved", None, "moved"]


def test_turns_that_were_missed_are_caught_up_with_once() -> None:
    vendors = [uuid(2, number) for number in range(60)]
    start = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert having_turn(vendors, start, start + HOUR) == set()
    days = [having_turn(vendors, start + day * DAY, start + (day + 1) * DAY) for day in range(7)]
    assert sorted(vendor for day in days for vendor in day) == sorted(vendors)
    assert having_turn(vendors, start, start + 3 * DAY) == days[0] | days[1] | days[2]
    assert having_turn(vendors, start, start + 40 * DAY) == set(vendors)
