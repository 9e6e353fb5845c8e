"""Every page for people: what it names exists, what it lists is whole, and it names no place outside the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingestion.settings import Settings
from ingestion.strategies import STRATEGIES
from tests.docs.documents import ROOT, code, documents, links, table
from tests.docs.inventory import commands, make_targets, settings, wrong_command, wrong_path, wrong_relation

PAGE = pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.relative_to(ROOT)))

# Read by tests alone, and by the dbt profile.
OTHER_SETTINGS = {"ROWCOL_REFERENCE_DATA", "ROWCOL_DBT_WAREHOUSE"}
# Who may be named: the vendor's own API, and names that are reserved for examples.
HOSTS = re.compile(r"(127\.0\.0\.1|localhost|[a-z.]+\.intuit\.com|([a-z-]+\.)+example)")
HOST_LIKE = re.compile(r"(?:https?://[^\s)`|\"]+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|dev|ai)\b)")
MACHINE_PATH = re.compile(r"(?<![\w.<>…/])/(?:home|root|work|workspace|tmp|mnt|srv|opt|Users|var)(?:/|\b)")


@PAGE
def test_what_a_page_names_as_code_exists(page: Path) -> None:
    named = code(page.read_text())
    checks = (wrong_path, wrong_command, wrong_relation)
    assert [reason for span in named for check in checks if (reason := check(span))] == []


@PAGE
def test_links_lead_to_files_of_the_project(page: Path) -> None:
    broken = [target for target in links(page.read_text()) if not (page.parent / target).resolve().is_relative_to(ROOT)]
    broken += [target for target in links(page.read_text()) if not (page.parent / target).exists()]
    assert broken == []


@PAGE
def test_settings_are_spelt_as_they_are_read(page: Path) -> None:
    assert set(re.findall(r"ROWCOL_[A-Z_]+", page.read_text())) - settings() - OTHER_SETTINGS == set()


@PAGE
def test_a_page_names_no_host_but_the_vendors_and_no_place_of_one_machine(page: Path) -> None:
    text = page.read_text()
    hosts = {re.sub(r"^https?://", "", found).split("/")[0].split(":")[0].split("@")[-1] for found in HOST_LIKE.findall(text)}
    assert {host for host in hosts if not HOSTS.fullmatch(host)} == set()
    assert MACHINE_PATH.findall(text) == []


def test_every_setting_is_explained_twice() -> None:
    for page, headings in (("README.md", ("setting", "meaning", "unless set")), ("docs/operating.md", ("setting", "say"))):
        rows = table((ROOT / page).read_text(), *headings)
        assert {name for row in rows for name in re.findall(r"ROWCOL_\w+", row[0])} == settings()


def test_defaults_of_settings_are_as_told() -> None:
    told = {
        name: row[2] for row in table((ROOT / "README.md").read_text(), "setting", "meaning", "unless set") for name in row[0].split(", ")
    }
    assert told["`ROWCOL_HOME`"] == f"`{Settings.model_fields['home'].default}`"
    assert told["`ROWCOL_DUCKDB_MEMORY`"].startswith(str(Settings.model_fields["duckdb_memory"].default))


def test_every_command_is_explained() -> None:
    spans = code((ROOT / "docs" / "operating.md").read_text()) + code((ROOT / "sandbox" / "README.md").read_text())
    groups = {command.partition(" ")[0] for command in commands() if " " in command}
    told = {" ".join(words[:2]) if words[0] in groups else words[0] for span in spans if (words := span.removeprefix("rowcol ").split())}
    told |= {f"sandbox {span}" for span in spans}
    assert set(commands()) - groups - told == set()


def test_every_make_target_for_people_is_in_the_help() -> None:
    helped = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test", "ui", "bench", "soak"} <= helped <= make_targets()


def test_strategies_are_told_as_they_are() -> None:
    """Attempts and growth of waits are fixed from outside: a change of one is a change of a promise."""
    told = {name: (one.max_attempts, one.backoff_factor, one.run_priority) for name, one in STRATEGIES.items()}
    assert told == {"data_fetch": (3, 1.5, 0), "user_action": (3, 2.0, 10), "bulk_operation": (2, 3.0, -10)}
    text = (ROOT / "docs" / "operating.md").read_text()
    assert "`data_fetch` (3 attempts, waits growing by 1.5), `user_action` (3, by 2), `bulk_operation` (2, by 3)" in text


def test_every_test_file_is_listed_once_and_every_one_listed_exists() -> None:
    rows = table((ROOT / "tests" / "README.md").read_text(), "file", "pins down")
    listed = [row[0].strip("`") for row in rows]
    there = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py"))
    assert sorted(listed) == there
    assert [name for name, told in rows if len(told) < 20] == []
