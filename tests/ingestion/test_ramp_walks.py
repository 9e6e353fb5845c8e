"""Walks of Ramp's lists: slow and torn pages, lists that change, lead in circles or elsewhere, and what counts as deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.ingestion.ramp_vendor import NOT_FOUND, URL, RampHome, Vendor, at, bill, error, opened, statuses, uuid

DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RampHome]:
    with opened(tmp_path, monkeypatch, Vendor(lists={"/bills": [bill(number) for number in range(1, 251)]})) as home:
        yield home


def bills(home: RampHome) -> list[str]:
    return [record for record, _, deleted in home.versions("bills") if not deleted]


def test_a_page_too_slow_is_asked_for_in_smaller_ones(home: RampHome) -> None:
    def slow(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(504) if int(request.url.params.get("page_size", 0)) > 30 else None

    home.vendor.odd = slow
    assert not home.sync().failed
    assert len(bills(home)) == 250
    sizes = [request.url.params["page_size"] for request in home.vendor.asked if "/v1/bills" in request.url.path]
    assert sizes[:4] == ["100", "50", "25", "25"]


@pytest.mark.parametrize("answer", [NOT_FOUND, lambda: error(422, "DEVELOPER_7001"), None], ids=["404", "422", "empty"])
def test_a_walk_goes_on_when_the_record_a_page_starts_behind_is_gone(home: RampHome, answer: Callable[[], httpx.Response] | None) -> None:
    empty = httpx.Response(200, json={"data": [], "page": {"next": None}})

    def stale(request: httpx.Request) -> httpx.Response | None:
        if request.url.params.get("start") != uuid(1, 100):
            return None
        return answer() if answer else empty

    home.vendor.odd = stale
    assert not home.sync().failed
    assert len(bills(home)) == 250


def test_a_list_whose_end_is_never_reached_is_not_taken_for_whole(home: RampHome) -> None:
    home.sync()

    def stale(request: httpx.Request) -> httpx.Response | None:
        return NOT_FOUND() if "start" in request.url.params and request.url.path.endswith("/bills") else None

    home.vendor.odd = stale
    assert statuses(home.sync(after=DAY))["bills"] == ("partial", "page_gap")
    assert len(bills(home)) == 250


@pytest.mark.parametrize("next_url", ["https://elsewhere.test/developer/v1/bills?start=x", "http://localhost/developer/v1/bills", "::"])
def test_a_token_is_sent_nowhere_but_to_the_vendor(home: RampHome, next_url: str) -> None:
    home.vendor.odd = at("/v1/bills", lambda: httpx.Response(200, json={"data": [bill(1)], "page": {"next": next_url}}))
    assert statuses(home.sync())["bills"][1] == "malformed_page"
    assert {request.url.host for request in home.vendor.asked} == {httpx.URL(URL).host}


def test_a_list_that_leads_in_circles_ends(home: RampHome) -> None:
    home.vendor.odd = at(
        "/v1/bills", lambda: httpx.Response(200, json={"data": [bill(1)], "page": {"next": f"{URL}/developer/v1/bills?start=x"}})
    )
    assert statuses(home.sync())["bills"] == ("partial", "page_gap")


def test_a_torn_page_is_kept_aside_and_what_came_before_it_lands(home: RampHome) -> None:
    def torn(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, content=b'{"data":[{"id":"x') if request.url.params.get("start") == uuid(1, 100) else None

    home.vendor.odd = torn
    told = statuses(home.sync())
    assert told.pop("bills") == ("partial", "malformed_page")
    assert set(told.values()) == {("succeeded", None)}
    assert len(bills(home)) == 100
    assert [path.read_bytes() for path in home.settings.quarantine_dir.rglob("*") if path.is_file()] == [b'{"data":[{"id":"x']
    home.vendor.odd = lambda request: None
    assert not home.sync().failed
    assert len(bills(home)) == 250


def test_a_deletion_needs_the_vendors_own_words(home: RampHome) -> None:
    home.sync()
    del home.vendor.lists["/bills"][0]
    home.vendor.odd = at(uuid(1, 1), lambda: httpx.Response(404, content=b"<html>not here</html>"))
    assert statuses(home.sync(after=DAY))["bills"] == ("partial", "refused")
    assert len(bills(home)) == 250


def test_a_record_read_alone_must_be_the_one_asked_for(home: RampHome) -> None:
    home.sync()
    del home.vendor.lists["/bills"][0]
    home.vendor.odd = at(uuid(1, 1), lambda: httpx.Response(200, json=bill(2, memo="another's")))
    assert statuses(home.sync(after=DAY))["bills"] == ("partial", "malformed_page")
    assert all("another's" not in str(payload) for _, payload, _ in home.versions("bills"))
