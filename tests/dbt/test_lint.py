"""What the SQL linter is given of a template: each reading of it, and none twice."""

from __future__ import annotations

import pytest
from sqlfluff.core import FluffConfig
from sqlfluff.core.templaters import JinjaTemplater

from tests import lint_sql

IN_A_MACRO = "{% macro one(known) %}{% if known %}select 1{% else %}select 2{% endif %}{% endmacro %}{{ one(true) }}\n"
IN_THE_FILE = "select {% if known %}1{% else %}2{% endif %}\n"


def readings(template: str) -> list[str]:
    config = FluffConfig(overrides={"dialect": "duckdb"})
    return [rendered.templated_str for rendered, _ in lint_sql._distinct(JinjaTemplater(), in_str=template, fname="a.sql", config=config)]


@pytest.mark.parametrize("template", [IN_A_MACRO, IN_THE_FILE], ids=["branches in a macro", "branches in the file"])
def test_both_branches_are_linted_and_nothing_twice(template: str) -> None:
    assert sorted(readings(template)) == ["select 1\n", "select 2\n"]


def test_the_linter_itself_reads_a_file_twice_whose_branches_lie_in_a_macro() -> None:
    """Where it does so no more, `lint_sql` has nothing left to pass over."""
    config = FluffConfig(overrides={"dialect": "duckdb"})
    found = lint_sql._render(JinjaTemplater(), in_str=IN_A_MACRO, fname="a.sql", config=config)
    assert len([rendered for rendered, _ in found]) > 2
