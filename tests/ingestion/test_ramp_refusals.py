"""What Ramp can do to a sync: tokens that end or are refused, scopes that lack, limits, errors of all kinds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from ingestion.errors import UsageError
from tests.ingestion.ramp_vendor import SCOPES, RampHome, Vendor, at, bill, error, opened, statuses, vendor

DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RampHome]:
    held = Vendor(lists={"/bills": [bill(number) for number in range(1, 251)], "/vendors": [vendor(1)]})
    with opened(tmp_path, monkeypatch, held) as home:
        yield home


def bills(home: RampHome) -> list[str]:
    return [record for record, _, deleted in home.versions("bills") if not deleted]


def test_client_credentials_are_exchanged_again_when_the_token_ends(home: RampHome) -> None:
    home.sync()
    forms = home.vendor.token_forms
    assert forms[-1] == {"grant_type": "client_credentials", "scope": SCOPES}
    before = len(forms)
    home.sync()
    assert len(forms) == before, "a token lives for ten days"
    home.sync(after=timedelta(days=10))
    assert len(forms) == before + 1
    token = home.store.token(home.store.connections("ramp")[0])
    assert (token.access_token, token.refresh_token, token.scope) == (f"ramp_tok_{before + 1}", None, SCOPES)


def test_a_refresh_token_that_rotates_is_kept_before_the_access_token_is_used(home: RampHome) -> None:
    home.vendor.rotates = True
    home.connect(refresh_token="handed-in")
    assert home.vendor.token_forms[-1] == {"grant_type": "refresh_token", "refresh_token": "handed-in"}
    newest = f"refresh-{len(home.vendor.token_forms)}"
    kept: list[str | None] = []
    connection = home.store.connections("ramp")[0]

    def looks(request: httpx.Request) -> None:
        kept.append(home.store.token(connection).refresh_token)

    home.vendor.odd = looks
    assert not home.sync(entities=["transfers"]).failed
    assert home.vendor.token_forms[-1]["refresh_token"] == newest
    assert kept == [f"refresh-{len(home.vendor.token_forms)}"] * 2, "asked twice, since an empty list is confirmed"


def test_a_token_the_vendor_forgot_is_renewed_and_refused_credentials_disconnect(home: RampHome, monkeypatch: pytest.MonkeyPatch) -> None:
    home.sync()
    home.vendor.tokens.clear()
    assert not home.sync().failed
    home.vendor.tokens.clear()
    monkeypatch.setattr("ingestion.rails.ramp.oauth.post_form", lambda *sent: (401, {"error": "invalid_client"}))
    assert set(statuses(home.sync()).values()) == {("failed", "disconnected")}
    assert home.store.connections("ramp")[0].state == "disconnected"


def test_a_missing_scope_costs_its_entities_only_and_is_noticed_when_granted(home: RampHome) -> None:
    home.vendor.granted = SCOPES.replace("bills:read ", "")
    told = statuses(home.sync())
    assert told.pop("bills") == ("failed", "scope_missing")
    assert set(told.values()) == {("succeeded", None)}
    assert not [path for path in home.vendor.paths() if path.startswith("/bills")]
    home.vendor.granted = SCOPES
    assert not home.sync().failed
    assert len(bills(home)) == 250


def test_a_token_without_any_scope_is_not_an_empty_business(home: RampHome) -> None:
    home.vendor.granted = ""
    assert set(statuses(home.sync()).values()) == {("failed", "scope_missing")}


@pytest.mark.parametrize(("code", "kind"), [("DEVELOPER_7100", "scope_missing"), ("DEVELOPER_7999", "forbidden")])
def test_a_refused_list_is_never_an_empty_one(home: RampHome, code: str, kind: str) -> None:
    home.sync()
    home.vendor.odd = at("/bills", lambda: error(403, code))
    assert statuses(home.sync(after=DAY))["bills"] == ("failed", kind)
    assert not [record for record, _, deleted in home.versions("bills") if deleted]


def test_credentials_that_may_not_tell_whose_they_are_are_refused_by_onboarding(home: RampHome) -> None:
    home.vendor.odd = at("/business", lambda: error(403, "DEVELOPER_7100"))
    with pytest.raises(UsageError, match="business:read"):
        home.connect()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_refusal_is_retried(home: RampHome, status: int) -> None:
    home.vendor.odd = at("/v1/bills", lambda: httpx.Response(status, content=b"<html>"), times=1)
    report = home.sync()
    assert not report.failed
    assert (report.outcomes[0].retries, report.outcomes[0].throttled) == (1, int(status == 429))
    assert len(bills(home)) == 250


def test_a_vendor_that_is_down_fails_the_connection_though_slow_lists_were_not_due(home: RampHome) -> None:
    home.sync()
    home.vendor.odd = lambda request: httpx.Response(500)
    for state in ("degraded", "degraded", "failing"):
        report = home.sync()
        assert (report.outcomes[0].status, home.store.connections("ramp")[0].state) == ("failed", state)
    assert {status for status, _ in statuses(report).values()} == {"failed", "skipped"}


def test_an_error_that_comes_with_status_200_is_no_page(home: RampHome) -> None:
    home.vendor.odd = at("/v1/bills", lambda: error(200, "DEVELOPER_7999"))
    assert statuses(home.sync())["bills"] == ("failed", "fault")
