"""What holds for every command: exit codes, one-sentence errors, help, start-up time, settings that cannot be read, pipes that close."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rowcol_assets.cli.main import COMMANDS, GROUPS
from tests.cli.commands import CREDENTIALS, START, onboard, rowcol, run_command
from tests.publishing.world import make_world

# Groups explain themselves per command, and these take nothing that would need an example.
WITHOUT_CHOICES = (*GROUPS, "quickstart", "rotate-key")


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
        command.append(_computed(lambda: run_command([*START, "--help"], home, None, {})))
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
