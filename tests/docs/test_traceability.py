"""The traceability page: every requirement once, nothing claimed without a test, nothing named that does not exist."""

from __future__ import annotations

import re

import pytest

from tests.docs.documents import ROOT, table
from tests.docs.inventory import dbt_nodes, relations, wrong_command, wrong_path, wrong_relation

REQUIREMENTS = 143

ROWS = table((ROOT / "docs" / "traceability.md").read_text(), "#", "requirement", "code", "proof", "status")
ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])


def test_every_requirement_has_one_row() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, REQUIREMENTS + 1)]


def test_the_page_begins_with_every_row_that_is_fulfilled_in_part() -> None:
    introduction = (ROOT / "docs" / "traceability.md").read_text().partition("| # |")[0]
    assert set(re.findall(r"\((\d+)\)", introduction)) == {row[0] for row in ROWS if row[4].startswith("in part")}


@ROW
def test_a_row_names_only_what_exists(row: list[str]) -> None:
    _, requirement, code, proof, _ = row
    assert requirement and "`" not in requirement
    for cell in (code, proof):
        assert re.sub(r"`[^`]+`", "", cell).strip() == "", "names stand as code, nothing else does"
        assert [reason for named in re.findall(r"`([^`]+)`", cell) if (reason := _wrong(named))] == []


@ROW
def test_a_row_claims_what_a_test_proves_and_says_what_brings_the_rest(row: list[str]) -> None:
    number, _, code, proof, status = row
    state, _, rest = status.partition(": ")
    assert state in ("fulfilled", "fulfilled; not meant", "in part"), number
    assert rest == "" if state == "fulfilled" else len(rest.split()) >= 3, "what is not there is said in words"
    assert code
    assert any("::" in named for named in re.findall(r"`([^`]+)`", proof)), "a proof is a test or a benchmark"


def test_proofs_are_tests_or_benchmarks() -> None:
    proofs = {named for row in ROWS for named in re.findall(r"`([^`]+)`", row[3]) if "::" in named}
    assert {
        named for named in proofs if not re.match(r"tests/.+/test_\w+\.py::test_\w+$|tests/benchmarks/\w+\.py::measure(_\w+)?$", named)
    } == set()


def _wrong(named: str) -> str | None:
    """Why a name in the columns of code and proof is wrong; unlike in prose, each must be one we know."""
    if named.startswith(("rowcol ", "make ")):
        return wrong_command(named)
    if "/" in named:
        return wrong_path(named)
    if named.rpartition(".")[0] in relations() or named in relations():
        return wrong_relation(named)
    return None if named in dbt_nodes() or (ROOT / named).is_file() else f"nothing is called {named}"
