"""The catalogue is whole: 45 checks, each complete, with a suite, a frame and limits that exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from expectations import catalogue
from expectations.suites import SUITES, SUITES_BY_CHECK, Threshold
from ingestion.errors import RowcolError
from ingestion.registry import RAILS

ENTRIES = catalogue.load()
DBT = catalogue.SEEDS.parent
FUTURE_RAILS = {"ramp", "plaid", "stripe"}
WEIGHTS = {"C": Decimal("4"), "H": Decimal("2"), "M": Decimal("1"), "L": Decimal("0.5")}


def test_the_catalogue_holds_h01_to_h45_in_order() -> None:
    assert [entry.check_id for entry in ENTRIES] == [f"H{number:02}" for number in range(1, 46)]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.check_id)
def test_every_row_is_complete(entry: catalogue.CatalogueEntry) -> None:
    assert entry.name and entry.description.endswith(".") and entry.what_to_do.endswith(".")
    assert entry.weight == WEIGHTS[entry.severity]
    assert entry.dimension in {"completeness", "accuracy", "consistency", "timeliness", "validity"}
    assert entry.blocks_kind in {"record", "needs_data", ""}
    assert entry.is_blocking == bool(entry.blocks_kind)
    assert entry.impact_rule in {"none", "fixed_days", "amount_over_burn", "amount_over_unit"}
    assert (entry.impact_value is not None) == (entry.impact_rule in {"fixed_days", "amount_over_unit"})
    assert (entry.impact_cap_days is not None) == (entry.impact_rule == "amount_over_unit")
    assert {*entry.rails_all, *entry.rails_any} <= {*RAILS, *FUTURE_RAILS}


def test_a_word_resolves_what_blocks_nothing_or_is_a_suspicion_and_no_fact_that_blocks() -> None:
    assert {entry.check_id for entry in ENTRIES if entry.is_blocking and entry.is_resolvable} == {"H15", "H22"}
    assert all(entry.is_resolvable for entry in ENTRIES if not entry.is_blocking)


def test_rules_that_say_the_same_as_a_check_are_the_guardrails_own() -> None:
    rules = {line.split(",")[0] for line in (catalogue.SEEDS / "guardrail_rules.csv").read_text().splitlines()[1:]}
    assert {rule for entry in ENTRIES for rule in entry.same_rules} <= rules
    assert all(entry.is_blocking for entry in ENTRIES if entry.same_rules)


def test_every_check_has_a_suite_and_a_frame() -> None:
    built = {entry.check_id for entry in ENTRIES} | {one.check_id for one in catalogue.load_source_checks()}
    assert set(SUITES_BY_CHECK) == built
    assert len(SUITES) == len(SUITES_BY_CHECK)
    frames = {path.stem for path in (DBT / "models" / "quality").rglob("chk_*.sql")} - {"chk_applicability"}
    assert frames == {f"chk_{check_id.lower()}" for check_id in built}


def test_checks_of_raw_records_are_two_a_rail_and_only_undocumented_values_are_a_notice() -> None:
    checks = {one.check_id: (one.rail, one.is_notice) for one in catalogue.load_source_checks()}
    rails = ("ramp", "plaid", "stripe")
    assert checks == {f"{rail}_{kind}": (rail, kind == "values") for rail in rails for kind in ("records", "values")}
    assert all(one.description.endswith(".") for one in catalogue.load_source_checks())


def test_every_limit_a_suite_or_a_frame_names_is_in_the_thresholds_seed_and_every_row_of_it_is_used() -> None:
    named = {
        (suite.check_id, argument.name)
        for suite in SUITES
        for expectation in suite.expectations
        for argument in expectation.arguments.values()
        if isinstance(argument, Threshold)
    }
    sql = "\n".join(path.read_text() for path in (DBT / "models").rglob("*.sql"))
    named |= set(re.findall(r"hygiene_threshold\('(H\d\d)', '(\w+)'\)", sql))
    assert named == set(catalogue.load_thresholds())


def test_a_missing_seed_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RowcolError, match=r"hygiene_catalogue\.csv cannot be read"):
        catalogue.load(tmp_path)


def test_reading_the_catalogue_imports_neither_great_expectations_nor_dagster() -> None:
    code = "import sys, expectations.catalogue, expectations.run; print(sorted({'great_expectations', 'dagster'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_severity_and_blocking_are_those_of_the_domain_decisions() -> None:
    if "ROWCOL_REFERENCE_DATA" not in os.environ:
        pytest.skip("ROWCOL_REFERENCE_DATA is not set: the domain decisions are not here")
    text = (Path(os.environ["ROWCOL_REFERENCE_DATA"]) / "domain.md").read_text()
    decided = re.findall(r"^\| (H\d\d) \| [^|]+ \| ([^|]+) \| (yes|no|needs_data) \|", text, re.MULTILINE)
    kinds = {"yes": "record", "no": "", "needs_data": "needs_data"}
    assert len(decided) == len(ENTRIES)
    for entry, (check_id, severity, blocks) in zip(ENTRIES, decided, strict=True):
        assert (entry.check_id, entry.severity, entry.blocks_kind) == (check_id, severity[0], kinds[blocks])
