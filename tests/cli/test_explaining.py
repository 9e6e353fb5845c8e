"""Every number of the published contract is explained by its records, or it is said why not; and what is asked wrongly is told so."""

from __future__ import annotations

import re

import pytest

from ingestion.errors import UsageError
from rowcol_assets.explaining.relations import NOT_EXPLAINED, OF_RUNWAY, RELATIONS, RUNWAY, find, why_not
from rowcol_assets.transform import read_manifest

NUMBER = re.compile(r"decimal|double|bigint|integer|hugeint", re.IGNORECASE)


def _numbers() -> dict[str, set[str]]:
    """The columns of every mart and experience that are numbers by its contract."""
    return {
        f"{node['schema']}.{node['name']}": {name for name, column in node["columns"].items() if NUMBER.match(column["data_type"])}
        for node in read_manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in ("marts", "experiences")
    }


def _is_explained(relation: str, column: str) -> bool:
    figures = RELATIONS[relation].figures if relation in RELATIONS else {}
    return column in figures or (relation in OF_RUNWAY and column in RELATIONS[RUNWAY].figures)


def test_every_number_that_is_published_is_explained_or_it_is_said_why_not() -> None:
    undecided = {
        f"{relation}.{column}"
        for relation, columns in _numbers().items()
        for column in columns
        if not _is_explained(relation, column) and not why_not(relation, column)
    }
    assert undecided == set()


def test_every_figure_and_every_reason_is_of_a_number_that_is_published() -> None:
    numbers = _numbers()
    assert {f"{name}.{column}" for name, one in RELATIONS.items() for column in set(one.figures) - numbers[name]} == {
        f"{RUNWAY}.covered_until"
    }
    assert {
        name for name in NOT_EXPLAINED if name not in numbers and name.rpartition(".")[2] not in numbers[name.rpartition(".")[0]]
    } == set()
    assert [
        name for name, one in RELATIONS.items() for figure in one.figures.values() if figure.records and figure.records not in one.queries
    ] == []
    assert [
        f"{name}.{term}"
        for name, one in RELATIONS.items()
        for figure in one.figures.values()
        for term in figure.terms
        if term not in one.figures
    ] == []


@pytest.mark.parametrize(
    ("metric", "found"),
    [
        ("ap_30", (RUNWAY, "ap_30")),
        ("portfolio.cash", (RUNWAY, "cash")),
        ("closing_p50_amount", ("marts.fct_cash_forecast", "closing_p50_amount")),
        ("marts.dim_vendor.balance_amount", ("marts.dim_vendor", "balance_amount")),
    ],
)
def test_a_figure_is_named_by_its_column_or_its_table_and_column(metric: str, found: tuple[str, str]) -> None:
    assert find(metric) == found


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("balance_amount", "several relations; say which: dim_vendor.balance_amount, dim_customer.balance_amount"),
        ("fct_service_level.probes", "it counts syncs, calls or publishes"),
        ("fct_bills.open_amount", "rowcol lineage shows their versions"),
        ("dim_business.max_input_age_minutes", "it counts syncs"),
        ("profit", "there is no figure 'profit' to explain; there are ap_30, "),
        ("nowhere.cash", "there is no figure 'nowhere.cash' to explain"),
    ],
)
def test_what_is_no_figure_is_told_so_with_those_that_are(metric: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        find(metric)
