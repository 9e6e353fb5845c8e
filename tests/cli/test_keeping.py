"""The commands that keep a home: businesses connected, access granted and ended, keys, kept pages, and what status and budget show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingestion.clock import wall_clock
from ingestion.control.facts import QuarantinedPage
from ingestion.control.store import open_store
from ingestion.settings import Settings
from tests.cli.commands import CREDENTIALS, listed, onboard, rowcol


@pytest.mark.parametrize("given", ["", "{torn", "[1]", '{"client_id": "very-secret-value"}'])
def test_unusable_credentials_exit_2_and_are_not_repeated(home: Path, given: str) -> None:
    result = rowcol(home, "onboard", "acme", "--rail", "qbo", "--credentials", "-", given=given)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "very-secret" not in result.stderr


def test_onboarding_shows_in_status_as_table_and_json(home: Path) -> None:
    assert onboard(home, "acme", "--name", "Acme Ltd", "--firm", "Harbor").stdout == "acme is connected to qbo as 1001\n"
    assert onboard(home).stdout == "acme has new credentials for qbo as 1001\n"
    assert "healthy" in rowcol(home, "status").stdout
    (row,) = listed(rowcol(home, "status", "--json"))
    expected = {"business_id": "acme", "connection_id": "1001", "rail": "qbo", "state": "healthy", "consecutive_failures": 0}
    expected["freshness_state"] = "never_synced"
    assert expected.items() <= row.items()
    assert row["entities"] == []
    pace = {"minutes": 15, "connections": 1, "why": "the month's calls suffice"}
    assert (row["poll_minutes"], row["poll_reason"]) == (pace["minutes"], pace["why"])
    budget = next(one for one in listed(rowcol(home, "budget", "--json")) if one["rail"] == "qbo")
    assert (budget["used"], budget["cap"], budget["paces"]) == (0, 500_000, [pace])
    assert budget["for_hundred"] < budget["cap"]


def test_a_csv_with_a_bad_line_lands_the_good_ones_and_exits_1(home: Path, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps(CREDENTIALS))
    (tmp_path / "clients.csv").write_text("business_id,rail,credentials\nacme,qbo,good.json\nbolt,qbo,bad.json\n")
    result = rowcol(home, "onboard", "--csv", str(tmp_path / "clients.csv"), "--no-check")
    assert (result.returncode, result.stdout) == (1, "1 of 2 connected\n")
    assert result.stderr.startswith("line 3: credentials file ")
    assert [row["business_id"] for row in listed(rowcol(home, "status", "--json"))] == ["acme"]


def test_granting_and_revoking_say_what_changed(home: Path) -> None:
    onboard(home)
    said = [rowcol(home, "grant", "ann", "acme", *more) for more in ((), (), ("--role", "owner"), ("--revoke",), ("--revoke",))]
    assert [result.returncode for result in said] == [0] * 5
    assert [result.stderr for result in said] == ["ann is a new advisor: nobody was known by that name\n", "", "", "", ""]
    assert [result.stdout.split(";")[0].strip() for result in said] == [
        "ann can read acme as staff",
        "ann already is staff of acme",
        "ann can read acme as owner",
        "ann can no longer read acme",
        "ann had no access to acme",
    ]


def test_a_program_is_told_what_was_granted_with_the_token_in_it(home: Path) -> None:
    onboard(home)
    (given,) = listed(rowcol(home, "grant", "ann", "acme", "--token", "--json"))
    assert given.pop("token")
    assert given == {"advisor_id": "ann", "business_id": "acme", "role": "staff", "is_changed": True, "is_new_advisor": True}
    (taken,) = listed(rowcol(home, "grant", "ann", "acme", "--token", "--revoke", "--json"))
    expected = {"advisor_id": "ann", "business_id": "acme", "role": None, "is_changed": True, "is_new_advisor": False, "tokens_ended": 1}
    assert taken == expected


def test_a_misspelt_name_is_wrong_use_unless_it_is_said_to_be_a_new_advisors(home: Path) -> None:
    onboard(home)
    rowcol(home, "grant", "ann", "acme")
    for arguments in (("ann", "acmee", "--revoke"), ("anna", "acme", "--revoke"), ("anna", "acme"), ("ann", "acme", "--new", "--revoke")):
        assert rowcol(home, "grant", *arguments).returncode == 2
    assert rowcol(home, "grant", "anna", "acme", "--new").returncode == 0


def test_the_key_can_be_changed(home: Path) -> None:
    onboard(home)
    result = rowcol(home, "rotate-key")
    assert result.stdout == "2 stored secrets are under the new key\n"


def test_kept_pages_are_listed_shown_and_read_again(home: Path) -> None:
    onboard(home)
    readable, torn = b'{"QueryResponse":{"Term":[{"Id":"7","MetaData":{"LastUpdatedTime":"2026-05-01T10:00:00-07:00"}}]}}', b'{"Quer\xff'
    with open_store(Settings(home=home, _env_file=None)) as store:
        (connection,) = store.connections("qbo")
        for body in (readable, torn):
            page = QuarantinedPage(**connection.key, entity="terms", sync_id="s", reason="why", body=body, quarantined_at=wall_clock())
            store.quarantine(page)
    pages = {row["byte_count"]: row["quarantine_id"] for row in listed(rowcol(home, "quarantine", "list", "--json"))}
    assert set(pages) == {len(readable), len(torn)}
    assert '{"Quer\\xff' in rowcol(home, "quarantine", "show", pages[len(torn)]).stdout
    replayed = rowcol(home, "quarantine", "replay", "--all", "--json")
    assert (replayed.returncode, "1 of 2 pages could not be read again" in replayed.stderr) == (1, True)
    told = {row["quarantine_id"]: (row["rows_new"], row["error"]) for row in json.loads(replayed.stdout)}
    assert told[pages[len(readable)]] == (1, None) and "not UTF-8" in told[pages[len(torn)]][1]
    assert [row["quarantine_id"] for row in listed(rowcol(home, "quarantine", "list", "--json"))] == [pages[len(torn)]]
    assert rowcol(home, "quarantine", "replay").returncode == rowcol(home, "quarantine", "show", "nothing").returncode == 2


def test_caps_are_read_by_rail(home: Path) -> None:
    result = rowcol(home, "budget", "--json", ROWCOL_MONTHLY_CALLS="plaid=200000, stripe=300000")
    assert {row["rail"]: row["cap"] for row in listed(result)} == {"qbo": 500_000, "ramp": None, "plaid": 200_000, "stripe": 300_000}
