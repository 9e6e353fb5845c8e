"""`rowcol live` as a person and a program meet it: the envelope, the table, exit codes, one sentence when it fails."""

from __future__ import annotations

import json
import subprocess

import pytest

from ingestion.settings import child_environment
from tests import forked
from tests.live.homes import LiveHome

pytestmark = pytest.mark.xdist_group("live")


def rowcol(home: LiveHome, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*forked.command(), "live", *arguments]
    return subprocess.run(command, env=child_environment(home.settings), capture_output=True, text=True, check=False)


def test_the_answer_is_one_object_and_the_table_says_from_where_and_how_old(home: LiveHome) -> None:
    told = rowcol(home, "bill", home.business, "1", "--strict", "--json")
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout)
    assert list(answer) == ["value", "as_of", "age_seconds", "served_from", "degraded", "reason"]
    assert (answer["served_from"], answer["degraded"], answer["value"]["record_id"]) == ("live", False, "1")
    shown = rowcol(home, "bill", home.business, "1")
    assert "Documents of" in shown.stdout and f"bill 1 is {answer['value']['effective_status']}" in shown.stdout
    assert "from cache, as of" in shown.stdout


def test_an_attempt_that_was_made_again_says_nothing_among_the_answer(home: LiveHome) -> None:
    home.fault("server_error", "stripe", count=1)
    told = rowcol(home, "balances", home.business, "--strict", "--json")
    assert (told.returncode, told.stderr, json.loads(told.stdout)["served_from"]) == (0, "", "live")


def test_a_failure_is_one_sentence_and_its_exit_code(home: LiveHome) -> None:
    home.fault("dead_token", "stripe")
    for arguments, code, message in (
        (("bill", home.business, "99999999"), 1, f"{home.business} has no bill 99999999"),
        (("balances", home.business, "--strict"), 1, "Stripe could not be read: "),
        (("bill", home.business), 2, "which bill?"),
        (("balances", "nobody"), 2, "there is no business 'nobody'"),
    ):
        done = rowcol(home, *arguments)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.startswith(f"rowcol: {message}") and done.stderr.count("\n") == 1, done.stderr
    home.fault("clear", "stripe")
    home.sync("stripe")
