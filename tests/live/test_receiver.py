"""Live answers over HTTP: whose token, which grants, and that nobody learns whether somebody else's business exists."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ingestion.control.api_tokens import new_token
from tests.live.homes import LiveHome
from tests.receiver.conftest import Served, serving

pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture
def served(home: LiveHome) -> Iterator[Served]:
    with serving(home.settings, home.store, clock=home.clock) as running:
        yield running


def headers(home: LiveHome, advisor: str, business: str, role: str = "view_only") -> dict[str, str]:
    home.store.grant(advisor, business, role, home.clock())  # type: ignore[arg-type]
    return {"authorization": f"Bearer {new_token(home.store.database, advisor)}"}


def get(served: Served, path: str, told: dict[str, str]) -> httpx.Response:
    return httpx.get(f"{served.url}/live/{path}", headers=told, trust_env=False, timeout=30)


def test_an_advisor_reads_the_granted_business_live_and_cached(home: LiveHome, served: Served) -> None:
    ann = headers(home, "ann", home.business)
    first, second = get(served, f"{home.business}/balances?strict=1", ann), get(served, f"{home.business}/balances", ann)
    assert (first.status_code, first.json()["served_from"], second.json()["served_from"]) == (200, "live", "cache")
    assert set(first.json()) == {"value", "as_of", "age_seconds", "served_from", "degraded", "reason"}
    assert second.json()["value"] == first.json()["value"]
    assert isinstance(first.json()["value"]["accounts"][0]["current_amount"], int | float), (
        "amounts are numbers, as the command prints them"
    )
    bill = get(served, f"{home.business}/bill/1", ann)
    assert (bill.status_code, bill.json()["value"]["record_id"]) == (200, "1")


def test_a_business_of_others_and_one_that_does_not_exist_are_answered_alike(home: LiveHome, served: Served) -> None:
    eve = headers(home, "eve", home.other)
    for what in ("balances", "bill/1", "payslips", "bill"):
        theirs, nobodys = get(served, f"{home.business}/{what}", eve), get(served, f"nobody-at-all/{what}", eve)
        assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content) == (403, theirs.content)
    assert get(served, f"{home.business}/balances", {}).status_code == 401
    home.store.revoke("eve", home.other, home.clock())
    assert get(served, f"{home.other}/balances", eve).status_code == 403


def test_permissions_show_the_callers_own_grant_unless_they_own_the_business(home: LiveHome, served: Served) -> None:
    ann, olga = headers(home, "ann", home.business), headers(home, "olga", home.business, "owner")
    names = [
        [row["advisor_id"] for row in get(served, f"{home.business}/permissions", told).json()["value"]["advisors"]] for told in (ann, olga)
    ]
    assert names[0] == ["ann"] and {"ann", "olga"} <= set(names[1])


def test_what_cannot_be_answered_says_so_with_a_status_of_its_own(home: LiveHome, served: Served) -> None:
    ann = headers(home, "ann", home.business)
    assert get(served, f"{home.business}/bill/99999999", ann).status_code == 404
    for wrong in ("payslips", "bill", "balances/17", "balances?strict=maybe"):
        answer = get(served, f"{home.business}/{wrong}", ann)
        assert (answer.status_code, set(answer.json())) == (422, {"error"}), wrong
    home.fault("html_error", "qbo")
    answer = get(served, f"{home.business}/invoice/1?strict=1", ann)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.json() == {"error": "QuickBooks Online could not be read: the vendor answered 503"}
