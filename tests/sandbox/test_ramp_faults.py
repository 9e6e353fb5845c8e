"""Faults on Ramp: each kind does what it says, as often as it was told, to whom it was told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.errors import UsageError
from sandbox.ramp.office import office_of
from tests.sandbox.ramp_client import RampClient, open_ramp


@pytest.fixture
def ramp(tmp_path: Path) -> Iterator[RampClient]:
    client = open_ramp(tmp_path / "sandbox")
    yield client
    client.hub.close()


def strike(client: RampClient, kind: str, count: int | None = 1) -> None:
    client.hub.faults.order("ramp", client.business_id, kind, count=count)


def test_throttle_and_server_errors_strike_once_and_only_this_business(ramp: RampClient) -> None:
    other = RampClient(ramp.hub, ramp.http, 1)
    for kind in ("throttle", "server_error", "html_error"):
        strike(ramp, kind)
    assert other.get("/bills").status_code == 200
    found = [ramp.get("/bills") for _ in range(4)]
    assert [answer.status_code for answer in found] == [429, 500, 503, 200]
    assert "retry-after" not in found[0].headers and found[2].headers["content-type"].startswith("text/html")


def test_torn_and_undecodable_bodies_count_as_not_sent(ramp: RampClient) -> None:
    strike(ramp, "torn_json")
    with pytest.raises(json.JSONDecodeError):
        ramp.get("/bills").json()
    strike(ramp, "bad_utf8")
    with pytest.raises(UnicodeDecodeError):
        ramp.get("/bills").content.decode()
    assert list(office_of(ramp.hub).sent()) == []
    assert len(ramp.get("/bills", page_size="9").json()["data"]) == len(list(office_of(ramp.hub).sent())) == 9


def test_a_dead_token_fails_calls_and_the_token_endpoint(tmp_path: Path) -> None:
    for index, status in ((0, 401), (3, 404)):
        client = open_ramp(tmp_path / str(index) / "sandbox", index=index)
        strike(client, "dead_token", count=None)
        assert client.get("/bills").json()["error_v2"]["error_code"] == "DEVELOPER_7002"
        assert client.fetch_token().status_code == status
        client.hub.faults.order("ramp", "all", "clear")
        assert client.get("/bills").status_code == 200
        client.hub.close()


def test_missing_scopes_show_in_new_tokens_and_in_calls_with_old_ones(ramp: RampClient) -> None:
    strike(ramp, "scope_missing", count=None)
    assert ramp.get("/statements").status_code == 403 and ramp.get("/bills").status_code == 200
    told = ramp.fetch_token().json()["scope"].split()
    assert "statements:read" not in told and "reimbursements:read" not in told and "bills:read" in told


def test_a_drifting_walk_loses_the_record_its_page_was_to_begin_behind(ramp: RampClient) -> None:
    first = ramp.get("/bills", page_size="10").json()
    strike(ramp, "drifting_pages")
    assert ramp.get(first["page"]["next"]).status_code == 422
    archived = ramp.walk("/bills", is_archived="true")
    assert first["data"][-1]["id"] in {bill["id"] for bill in archived}
    assert first["data"][-1]["id"] not in {bill["id"] for bill in ramp.walk("/bills")}


def test_duplicates_and_empty_pages(ramp: RampClient) -> None:
    strike(ramp, "duplicate_rows")
    assert ramp.get("/business").status_code == 200, "no list, so the fault waits"
    rows = [bill["id"] for bill in ramp.get("/bills", page_size="50").json()["data"]]
    assert len(rows) > len(set(rows)) == 50
    strike(ramp, "empty_page")
    assert ramp.get("/bills").json() == {"data": [], "page": {"next": None}}
    assert ramp.get("/bills").json()["data"]


def test_drift_of_the_schema_keeps_every_digit(ramp: RampClient) -> None:
    plain = ramp.get("/transactions", page_size="5").json()["data"]
    strike(ramp, "schema_drift")
    drifted = ramp.get("/transactions", page_size="5").json()["data"]
    assert [float(each["amount"]) for each in drifted] == [each["amount"] for each in plain]
    assert all(isinstance(each["amount"], str) and "memo" not in each and each["status_summary"]["wave"] == 2 for each in drifted)
    assert len(list(office_of(ramp.hub).sent())) == 10, "both shapes of the five were sent"


def test_a_slow_page_is_late_or_a_gateways_504(ramp: RampClient) -> None:
    ramp.hub.set_options({"slow_seconds": 0.01})
    strike(ramp, "slow", count=3)
    assert ramp.get("/bills", page_size="100").status_code == 200
    ramp.hub.set_options({"ramp_slow_is_504": True})
    assert [ramp.get("/bills", page_size=size).status_code for size in ("100", "50")] == [504, 200]


def test_faults_of_other_rails_do_not_exist_here(ramp: RampClient) -> None:
    with pytest.raises(UsageError, match="fault_in_200"):
        strike(ramp, "fault_in_200")
