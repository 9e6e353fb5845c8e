"""The command line as a person or a program meets it: exit codes, one-sentence errors, JSON, quick start, quiet pipes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion.clock import wall_clock
from ingestion.control.facts import QuarantinedPage
from ingestion.control.store import open_store
from ingestion.settings import Settings
from rowcol_assets.cli.main import COMMANDS, GROUPS
from tests import forked
from tests.publishing.world import make_world

START = [sys.executable, "-c", "from rowcol_assets.cli.main import main; main()"]
CREDENTIALS = {"client_id": "client-1", "client_secret": "very-secret-value", "realm_id": "1001", "refresh_token": "refresh-token-0"}
# Groups explain themselves per command, and these take nothing that would need an example.
WITHOUT_CHOICES = (*GROUPS, "quickstart", "rotate-key")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def rowcol(home: Path, *arguments: str, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return _run([*forked.command(), *arguments], home, given, environment)


def _run(command: list[str], home: Path, given: str | None, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROWCOL_")}
    variables = {**clean, "ROWCOL_HOME": str(home), "NO_COLOR": "1", **environment}
    return subprocess.run(command, input=given, capture_output=True, text=True, env=variables, cwd=home.parent, check=False)


def onboard(home: Path, business: str = "acme", *options: str, **change: str) -> subprocess.CompletedProcess[str]:
    given = json.dumps({**CREDENTIALS, **change})
    # The vendor's own address stands in for one that cannot be asked.
    return rowcol(home, "onboard", business, "--rail", "qbo", "--credentials", "-", "--no-check", *options, given=given)


def listed(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert result.returncode == 0, result.stderr
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


@pytest.mark.parametrize("name", [*COMMANDS, *GROUPS])
def test_every_command_explains_itself(home: Path, name: str) -> None:
    result = rowcol(home, name, "--help")
    assert result.returncode == 0
    assert f"rowcol {name}" in result.stdout
    if name not in WITHOUT_CHOICES:
        assert "Examples:" in result.stdout


def test_the_command_is_there_at_once(home: Path) -> None:
    """It computes a few times what importing the library of its command line does: a ratio, because both are as slow as the
    machine is at the moment. It was 2.8 times, and importing Dagster alone 9.3 times.
    """
    command, library = [], []
    for _ in range(5):
        command.append(_computed(lambda: _run([*START, "--help"], home, None, {})))
        library.append(_computed(lambda: subprocess.run([sys.executable, "-c", "import typer, rich.console"], check=True)))
    assert 0 < min(command) < 5 * min(library)


def _computed(run: Callable[[], object]) -> float:
    """Seconds of CPU that a child process takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("onboard", "acme", "--rail"),
        ("onboard", "acme"),
        ("onboard", "ACME", "--rail", "qbo", "--credentials", "-"),
        ("onboard", "acme", "--rail", "fax", "--credentials", "-"),
        ("onboard", "acme", "--rail", "qbo", "--credentials", "/nowhere.json"),
        ("onboard", "acme", "--rail", "qbo", "--credentials", "-", "--base-url", "http://example.com"),
        ("onboard", "acme", "--csv", "x.csv"),
        ("grant", "ann", "nobody"),
        ("grant", "ann", "acme", "--role", "emperor"),
        ("connect", "acme", "--rail", "qbo"),
        ("connect", "acme", "--rail", "qbo", "--paste"),
        ("connect", "acme", "--rail", "qbo", "--base-url", "https://x.example"),
        ("connect", "acme", "--rail", "stripe", "--app", "-"),
        ("disconnect", "acme", "--rail", "qbo"),
        ("pause",),
        ("pause", "--rail", "fax"),
        ("settings", "acme", "--timezone", "America/New_York"),
        ("settings", "acme", "--payroll", "a lot"),
        ("settings", "acme", "--currency", "DOLLAR"),
        ("portfolio", "nobody"),
        ("portfolio", "../../etc"),
    ],
)
def test_wrong_use_exits_2_without_a_traceback(home: Path, arguments: tuple[str, ...]) -> None:
    result = rowcol(home, *arguments, given=json.dumps(CREDENTIALS))
    assert result.returncode == 2, result.stderr
    assert result.stderr
    assert "Traceback" not in result.stderr
    assert "very-secret" not in result.stdout + result.stderr


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


def test_portfolio_reads_the_only_published_file_or_the_named_one_or_the_warehouse(home: Path) -> None:
    world = make_world(home)
    world.add("acme", "bolt", "cog")
    assert rowcol(home, "portfolio", "ann").returncode == 2
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "--json"))] == ["acme", "bolt", "cog"]
    world.grant("ann", "acme", "bolt")
    world.publish()
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "--json"))] == ["acme", "bolt"]
    world.grant("bob", "cog")
    world.publish()
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "bob", "--json"))] == ["cog"]
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "--json"))] == ["acme", "bolt", "cog"]
    refused = rowcol(home, "digest")
    assert refused.returncode == 2 and refused.stderr.startswith("rowcol: whose digest?")
    world.store.close()


def test_portfolio_json_keeps_amounts_exact_and_instants_in_utc(home: Path) -> None:
    world = make_world(home)
    world.add("acme")
    world.grant("ann", "acme")
    world.execute("update experiences.portfolio set cash = 9007199254740993.10")
    world.publish()
    text = rowcol(home, "portfolio", "ann", "--json").stdout
    assert '"cash": 9007199254740993.10' in text
    assert json.loads(text)[0]["published_at"] == "2026-06-30T12:00:00Z"
    world.store.close()


def test_portfolio_names_what_is_held_and_shows_names_as_they_are(home: Path) -> None:
    world = make_world(home)
    world.add("acme")
    world.grant("ann", "acme")
    world.execute("update experiences.portfolio set business_name = '[red]Acme[/red]'")
    world.publish()
    world.hold("acme", "the ledger is off")
    world.publish()
    shown = rowcol(home, "portfolio", "ann").stdout
    assert "[red]Acme[/red] is held at its last good state: the ledger is off" in shown
    assert "1,000.50" in shown
    digest = rowcol(home, "digest").stdout
    assert digest.startswith("# Digest for ann, 30 June 2026\n") and "## \\[red\\]Acme\\[/red\\]: not known" in digest
    world.store.close()


def test_a_warehouse_held_by_another_exits_3_and_names_it(home: Path) -> None:
    world = make_world(home)
    patience = "import ingestion.warehouse as w; w.open_warehouse.__wrapped__.__defaults__ = (0.2,)"
    script = f"{patience}; {START[-1]}"
    with world.warehouse():
        result = subprocess.run(
            [sys.executable, "-c", script, "portfolio"],
            env={**os.environ, "ROWCOL_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert json.loads(rowcol(home, "status", "--json").stdout) == []
    assert result.returncode == 3
    assert f"held by process {os.getpid()} (test" in result.stderr
    world.store.close()


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


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("NOW", "yesterday", ""),
        ("MONTHLY_CALLS", "qbo=1,plaid", "plaid: "),
        ("MONTHLY_CALLS", "plaid=0", "plaid: "),
        ("RECEIVER_URL", "http://hooks.example.com", "Value error, it is plain http to hooks.example.com"),
    ],
)
def test_a_setting_that_cannot_be_read_is_wrong_use(home: Path, setting: str, value: str, told: str) -> None:
    result = rowcol(home, "status", **{f"ROWCOL_{setting}": value})
    assert result.returncode == 2
    assert result.stderr.startswith(f"rowcol: ROWCOL_{setting}: {told}")


def test_caps_are_read_by_rail(home: Path) -> None:
    result = rowcol(home, "budget", "--json", ROWCOL_MONTHLY_CALLS="plaid=200000, stripe=300000")
    assert {row["rail"]: row["cap"] for row in listed(result)} == {"qbo": 500_000, "ramp": None, "plaid": 200_000, "stripe": 300_000}


def test_an_unexpected_error_is_one_sentence_and_its_traceback_is_for_debug(home: Path) -> None:
    broken = "import ingestion.settings as s; s.load_settings = lambda: 1 / 0; from rowcol_assets.cli.main import main; main()"
    results = [
        subprocess.run([sys.executable, "-c", broken, "status", *more], capture_output=True, text=True, check=False)
        for more in ((), ("--debug",))
    ]
    assert [result.returncode for result in results] == [1, 1]
    assert results[0].stderr == "rowcol: stopped by an unexpected ZeroDivisionError; the same command with --debug shows where\n"
    assert "Traceback" in results[1].stderr


def test_a_reader_that_stops_early_leaves_no_noise(home: Path) -> None:
    onboard(home)
    process = subprocess.Popen(
        [*START, "status", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "ROWCOL_HOME": str(home)}
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(60) == 1
