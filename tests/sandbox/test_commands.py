"""`rowcol sandbox …`: with the sandbox running and without, and what it says when it is used wrongly."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ingestion.control.intake import check_credentials
from ingestion.registry import RAILS
from ingestion.settings import load_settings
from rowcol_assets.cli.sandbox import app
from sandbox.hub import Hub
from sandbox.server import start
from sandbox.state import Config
from sandbox.truth import SCHEMAS


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ROWCOL_HOME", str(tmp_path / "home"))
    load_settings.cache_clear()
    yield tmp_path / "home"
    load_settings.cache_clear()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_time_moves_whether_or_not_it_is_served(home: Path) -> None:
    with start(home, seed=2, businesses=2):
        assert "2026-09-23T16:00:00Z" in run("advance", "--days", "1").output
    assert json.loads(run("advance", "--minutes", "30", "--json").output)["now"] == "2026-09-23T16:30:00Z"
    with start(home, seed=2, businesses=2):
        assert "2026-09-24T16:30:00Z" in run("advance", "--days", "1").output


def test_a_touch_moves_the_clock_by_a_minute(home: Path) -> None:
    Hub(home / "sandbox", Config(seed=2, businesses=1)).close()
    assert "5.00% of all transactions edited; it is 2026-09-22T16:01:00Z" in run("touch", "--share", "0.05").output


def test_credentials_are_what_onboarding_takes_and_for_their_owner_alone(home: Path, tmp_path: Path) -> None:
    Hub(home / "sandbox", Config(seed=2, businesses=4)).close()
    assert run("credentials", "--out", str(tmp_path / "out")).exit_code == 0
    with (tmp_path / "out" / "businesses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["business_id", "rail", "credentials", "base_url", "auth_url", "name", "timezone", "firm"]
    assert len({row["firm"] for row in rows}) == 3
    assert {row["rail"] for row in rows} == set(RAILS), "one file per business and rail"
    assert len(rows) == 4 * len(RAILS)
    for row in rows:
        file_of = tmp_path / "out" / row["credentials"]
        form = RAILS[row["rail"]].credentials
        check_credentials(row["rail"], form, told := json.loads(file_of.read_text()))
        assert set(told) <= {*form.required, *form.optional}
        assert file_of.stat().st_mode & 0o777 == 0o600


def test_truth_writes_a_file_per_table(home: Path, tmp_path: Path) -> None:
    Hub(home / "sandbox", Config(seed=2, businesses=1)).close()
    assert run("truth", "--out", str(tmp_path / "truth")).exit_code == 0
    assert {path.stem for path in (tmp_path / "truth").glob("*.parquet")} == set(SCHEMAS)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("fault", "qbo", "all", "meteor"), 2, "no fault"),
        (("fault", "fax", "all", "throttle"), 2, "no rail"),
        (("fault", "qbo", "nobody", "throttle"), 2, "no business"),
        (("serve", "--limits", "maybe"), 2, "on or off"),
        (("serve", "--businesses", "5000", "--port", "0"), 2, "1 to 1000"),
        (("serve", "--seed", "99", "--port", "0"), 2, "seed 2"),
        (("serve", "--port", "99999"), 2, "not a port"),
    ],
)
def test_wrong_use_is_one_sentence(home: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    Hub(home / "sandbox", Config(seed=2, businesses=1)).close()
    failed = run(*arguments).exception
    assert getattr(failed, "exit_code", None) == code
    assert words in str(failed)


def test_a_fault_that_would_never_strike_is_refused_whether_or_not_it_is_served(home: Path) -> None:
    asked = ("fault", "qbo", "all", "throttle", "--rate", "0")
    with start(home, seed=2, businesses=1):
        served = run(*asked).exception
    for failed in (served, run(*asked).exception):
        assert getattr(failed, "exit_code", None) == 2
        assert "rate is above 0" in str(failed)


def test_a_folder_of_no_recordings_leaves_the_home_without_a_sandbox(home: Path, tmp_path: Path) -> None:
    failed = run("serve", "--recorded", str(tmp_path / "nowhere"), "--port", "0").exception
    assert "is no folder of recorded companies" in str(failed)
    Hub(home / "sandbox", Config(seed=2, businesses=1)).close()
    assert run("advance", "--minutes", "1").exit_code == 0


def test_a_home_without_a_sandbox_says_how_to_start_one(home: Path) -> None:
    failed = run("advance", "--days", "1").exception
    assert getattr(failed, "exit_code", None) == 1
    assert "rowcol sandbox serve" in str(failed)
