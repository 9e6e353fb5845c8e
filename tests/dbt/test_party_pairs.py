"""How names are compared, through `rowcol evaluate vendors` and the graph under it: order, sides and strangers change nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ingestion.errors import UsageError
from ingestion.settings import Settings
from rowcol_assets.evaluation.parties import Name, compared_names
from rowcol_assets.evaluation.vendors import link_vendors, read_names

NAMES = (
    ("qbo", "Fall River Elec Coop Inc"), ("qbo", "Quickstop 24"), ("qbo", "Quickstop 25"), ("qbo", "Deutsche Bank AG"),
    ("ramp", "Fall River Electric Cooperative"), ("ramp", "Quickstop Twenty-Four LLC"), ("ramp", "Banco Santander Chile"),
    ("ramp", "Banco Santander Mexico"), ("qbo", "Van Der Bilt Corp"), ("ramp", "Vanderbilt"),
)  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


def _scores(settings: Settings, names: list[Name]) -> dict[frozenset[str], tuple[float, str, str | None]]:
    """By the two names of a pair: score, tier, vetoes."""
    text = {(name.side, str(name.number)): name.text for name in names}
    with compared_names(settings, names) as database:
        found = database.execute(
            "select left_rail, left_id, right_rail, right_id, name_score, tier, vetoes from intermediate.int_party_pairs"
        ).fetchall()
    return {frozenset((text[one, mine], text[two, theirs])): (score, tier, vetoes) for one, mine, two, theirs, score, tier, vetoes in found}


def test_neither_order_nor_side_nor_strangers_change_what_two_names_come_to(settings: Settings) -> None:
    names = [Name("a", side, number, text) for number, (side, text) in enumerate(NAMES)]
    known = _scores(settings, names)
    assert known[frozenset(("Fall River Elec Coop Inc", "Fall River Electric Cooperative"))][1] == "auto"
    assert known[frozenset(("Quickstop 24", "Quickstop Twenty-Four LLC"))][1] == "auto"
    assert known[frozenset(("Quickstop 24", "Quickstop 25"))][1:] == ("none", "number_differs")
    assert known[frozenset(("Banco Santander Chile", "Banco Santander Mexico"))][1:] == ("none", "country_differs")
    assert known[frozenset(("Van Der Bilt Corp", "Vanderbilt"))][1] == "auto"
    turned = [Name("a", {"qbo": "ramp", "ramp": "qbo"}[name.side], 100 - name.number, name.text) for name in reversed(names)]
    strangers = [Name("a", "qbo", 200 + number, f"Zephyr {word} Unlimited") for number, word in enumerate(("Anvil", "Quill", "Gadget"))]
    foreign = [Name("b", side, number, text) for number, (side, text) in enumerate(NAMES[:1])]
    assert {pair: said for pair, said in _scores(settings, [*turned, *strangers, *foreign]).items() if pair in known} == known


def test_a_list_is_linked_to_a_master_list_row_by_row(settings: Settings, tmp_path: Path) -> None:
    queries, master, out = (tmp_path / name for name in ("queries.csv", "master.csv", "out.csv"))
    asked = ["Florida Power & Light Company", "", 'He said "no", Inc.', "Nobody Known GmbH", "x" * 200_000, "Twin Oaks"]
    _csv(queries, [["note", "query_name"], *(["", name] for name in asked)])
    _csv(master, [["Vendor Name"], ["Florida Power & Light Co"], ["he said no"], ["Twin Oaks East"], ["Twin Oaks West"], [""]])
    assert link_vendors(settings, queries, master, out)[0] == len(asked)
    with out.open(newline="", encoding="utf-8") as file:
        answers = list(csv.DictReader(file))
    assert [one["query_name"] for one in answers] == asked
    assert [one["master_name"] for one in answers[:5]] == ["Florida Power & Light Co", "", "he said no", "", ""]
    assert [one["tier"] for one in answers[:5]] == ["auto", "none", "auto", "none", "none"]
    assert answers[5]["tier"] != "auto", "two are as good"


def test_what_is_no_list_of_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"query_name\n\xff\xfe\n")
    (tmp_path / "other.csv").write_text("id,amount\n1,2\n")
    for name, reason in (("missing.csv", "no file"), ("latin.csv", "UTF-8"), ("other.csv", "no column query_name")):
        with pytest.raises(UsageError, match=reason):
            read_names(tmp_path / name, "query_name")


def _csv(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
