"""What Stripe's refusals come to, what is tried again, how fast it is asked."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from ingestion.fetching import RailError
from tests.ingestion.stripe_vendor import NOW, Account, Refuse, error


def times(count: int, answer: Callable[[], httpx.Response], path: str = "/v1/payouts") -> Refuse:
    """Answers the first `count` requests for `path` with `answer`."""
    left = [count]

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.startswith(path) or left[0] == 0:
            return None
        left[0] -= 1
        return answer()

    return refuse


def limited(**headers: str) -> httpx.Response:
    return error(429, "rate_limit", headers={name.replace("_", "-"): value for name, value in headers.items()})


PASSING: dict[str, Callable[[], httpx.Response]] = {
    "limit": limited,
    "limit with its reason": lambda: limited(Stripe_Rate_Limited_Reason="endpoint-rate"),
    "limit that says when": lambda: limited(Retry_After="0"),
    "lock": lambda: error(429, "lock_timeout"),
    "server": lambda: error(500),
    "conflict": lambda: error(409),
    "dependency": lambda: error(424),
    "refused but worth it": lambda: error(400, headers={"Stripe-Should-Retry": "true"}),
    "html": lambda: httpx.Response(200, content=b"<html>"),
    "torn": lambda: httpx.Response(200, content=b'{"object":"list","data":[{"id":"po'),
    "not UTF-8": lambda: httpx.Response(200, content=b'{"data":[{"id":"po_\xff"}],"has_more":false}'),
    "more of nothing": lambda: httpx.Response(200, json={"data": [], "has_more": True}),
    "without its rows": lambda: httpx.Response(200, json={"data": [], "has_more": False}),
}


@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_costs_an_attempt_and_nothing_else(kind: str) -> None:
    account = Account()
    account.vendor.add("payouts", "po_1")
    account.vendor.refuse = times(1, PASSING[kind])
    assert account.fetch("payouts")["payouts"].status == "succeeded"
    assert account.kept.ids("payouts") == ["po_1"]
    assert account.traffic.throttled == (kind.startswith("limit") or kind == "lock")


LASTING: dict[str, tuple[Callable[[], httpx.Response], str, int]] = {
    "limit": (lambda: limited(Stripe_Rate_Limited_Reason="global-rate"), "throttled", 3),
    "limit not worth waiting for": (lambda: limited(Stripe_Should_Retry="false"), "throttled", 1),
    "server": (lambda: error(503), "server_error", 3),
    "bad parameter": (lambda: error(400), "refused", 1),
    "no permission": (lambda: error(403), "scope_missing", 1),
    "torn": (lambda: httpx.Response(200, content=b"{"), "malformed_page", 3),
}


@pytest.mark.parametrize("kind", LASTING)
def test_a_lasting_fault_of_one_list_is_that_entitys_alone_and_moves_no_mark(kind: str) -> None:
    answer, error_kind, attempts = LASTING[kind]
    account = Account()
    account.vendor.refuse = times(-1, answer)
    reports = account.fetch("payouts", "charges")
    assert (reports["payouts"].status, reports["payouts"].error_kind, reports["payouts"].watermark) == ("failed", error_kind, None)
    assert reports["charges"].status == "succeeded"
    assert account.vendor.paths().count("/payouts") == attempts
    assert "sk_test" not in str(reports["payouts"].error)
    assert [page.entity for page in account.pages] == (["payouts"] if kind == "torn" else [])


def test_a_page_lost_in_mid_walk_is_partial_and_what_came_before_it_stays() -> None:
    account = Account()
    for number in range(150):
        account.vendor.add("payouts", f"po_{number}")
    account.vendor.refuse = lambda request: httpx.Response(200, content=b"{") if "starting_after" in request.url.params else None
    report = account.fetch("payouts")["payouts"]
    assert (report.status, report.rows_seen, report.watermark) == ("partial", 100, None)
    assert len(account.kept.ids("payouts")) == 100


def test_rows_served_twice_do_not_take_a_walk_back() -> None:
    account = Account()
    for number in range(350):
        account.vendor.add("payouts", f"po_{number}", created=NOW - number)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != "/v1/payouts":
            return None
        account.vendor.refuse = lambda request: None
        page = account.vendor.answer(request).json()
        account.vendor.refuse = refuse
        return httpx.Response(200, json={**page, "data": [*page["data"], *page["data"][:5]]})

    account.vendor.refuse = refuse
    assert account.fetch("payouts")["payouts"].status == "succeeded"
    assert len(set(account.kept.ids("payouts"))) == 350


def test_a_list_that_announces_more_and_serves_none_is_not_believed() -> None:
    account = Account()
    for number in range(150):
        account.vendor.add("payouts", f"po_{number}")
    nothing = httpx.Response(200, json={"data": [], "has_more": False})
    account.vendor.refuse = lambda request: nothing if "starting_after" in request.url.params else None
    report = account.fetch("payouts")["payouts"]
    assert (report.status, report.error_kind, report.watermark) == ("partial", "page_gap", None)


def test_a_list_that_seemed_empty_is_read_whole_the_next_day() -> None:
    account = Account()
    account.vendor.add("payouts", "po_1", created=NOW - 400 * 86_400)
    account.vendor.refuse = times(2, lambda: httpx.Response(200, json={"data": [], "has_more": False}))
    account.fetch()
    assert account.kept.ids("payouts") == []
    account.fetch(count_check=True)
    assert account.kept.ids("payouts") == ["po_1"]


def test_a_read_that_fails_keeps_the_mark_so_that_the_event_is_acted_on_later() -> None:
    account = Account()
    payout = account.vendor.add("payouts", "po_1", status="paid")
    account.fetch()
    account.vendor.happen("evt_1", "payout.failed", payout)
    account.vendor.refuse = lambda request: error(500) if request.url.path == "/v1/payouts/po_1" else None
    assert account.fetch()["payouts"].error_kind == "server_error"
    account.vendor.refuse = lambda request: None
    account.fetch()
    assert "/payouts/po_1" in account.vendor.paths()


@pytest.mark.parametrize(("entity", "path"), [("events", "/v1/events"), ("balance_transactions", "/v1/balance_transactions")])
def test_a_list_without_the_newest_that_is_known_of_it_is_not_believed(entity: str, path: str) -> None:
    account = Account()
    payout = account.vendor.add("payouts", "po_1")
    account.vendor.add("balance_transactions", "txn_1", status="available", available_on=1)
    account.vendor.happen("evt_1", "payout.paid", payout)
    account.fetch()
    account.vendor.add("balance_transactions", "txn_2", status="available", available_on=1)
    account.vendor.refuse = times(-1, lambda: httpx.Response(200, json={"data": [], "has_more": False}), path)
    report = account.fetch()[entity]
    assert (report.status, report.error_kind) == ("failed", "page_gap")


def test_a_feed_that_cannot_be_read_to_its_end_moves_nothing() -> None:
    account = Account()
    payout = account.vendor.add("payouts", "po_1")
    account.fetch()
    for number in range(150):
        account.vendor.happen(f"evt_{number}", "payout.updated", payout)
    account.vendor.refuse = lambda request: httpx.Response(200, content=b"{") if "starting_after" in request.url.params else None
    reports = account.fetch()
    assert {reports[name].error_kind for name in ("events", "payouts", "customers")} == {"malformed_page"}
    assert {reports[name].status for name in ("accounts", "balances", "balance_transactions")} == {"succeeded"}
    assert [page.entity for page in account.pages] == ["events"]
    account.vendor.refuse = lambda request: None
    assert {report.status for report in account.fetch().values()} == {"succeeded"}
    assert "/payouts/po_1" in account.vendor.paths()


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(401, None, "disconnected"), (403, "account_invalid", "forbidden"), (503, None, "server_error")]
)
def test_what_is_said_of_the_account_ends_its_fetch(status: int, code: str | None, kind: str) -> None:
    account = Account()
    account.vendor.refuse = lambda request: error(status, code)
    with pytest.raises(RailError) as refused:
        account.fetch()
    assert refused.value.kind == kind
    assert "sk_test" not in str(refused.value)


def test_a_key_revoked_in_mid_walk_ends_the_fetch() -> None:
    account = Account()
    account.vendor.refuse = lambda request: error(401) if request.url.path == "/v1/charges" else None
    with pytest.raises(RailError) as refused:
        account.fetch()
    assert refused.value.kind == "disconnected"


def test_no_answer_at_all_is_unreachable() -> None:
    def refuse(request: httpx.Request) -> None:
        raise httpx.ConnectError("no")

    account = Account()
    account.vendor.refuse = refuse
    with pytest.raises(RailError) as refused:
        account.fetch()
    assert (refused.value.kind, account.traffic.requests) == ("unreachable", 6)
