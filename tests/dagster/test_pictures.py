"""Tables and figures of marts in Dagster's UI: counts, shares and days as the marts have them, and nothing of a client."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from rowcol_assets.pictures import PICTURES, draw

MARTS = """
create schema marts;
create table marts.fct_runway_daily (business_id varchar, as_of_date date, runway_days decimal(18, 2));
insert into marts.fct_runway_daily values
    ('acme', '2026-06-29', 3), ('acme', '2026-06-30', 10), ('cogwheel', '2026-06-30', 30), ('dynamo', '2026-06-30', 6.99),
    ('zebra', '2026-06-30', null);
create table marts.fct_rail_freshness (rail varchar, freshness_state varchar);
insert into marts.fct_rail_freshness values ('qbo', 'fresh'), ('qbo', 'fresh'), ('qbo', 'stale'), ('ramp', 'disabled'), ('plaid', 'fresh');
create table marts.fct_match (business_id varchar, match_id varchar, pair varchar, tier varchar);
insert into marts.fct_match values
    ('acme', 'm', 'bank_payment', 'auto'), ('acme', 'm', 'bank_payment', 'auto'), ('cogwheel', 'm', 'bank_payment', 'auto');
create table marts.fct_bank_closure (rail varchar, transaction_count bigint, matched_count bigint);
insert into marts.fct_bank_closure values ('plaid', 6, 5), ('plaid', 2, 1);
create table marts.fct_hygiene_flag (flag_id varchar, business_id varchar, severity varchar, status varchar);
insert into marts.fct_hygiene_flag values ('1', 'acme', 'C', 'open'), ('2', 'acme', 'L', 'open'), ('3', 'cogwheel', 'C', 'resolved');
"""


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(MARTS)
        yield connection


def test_each_picture_counts_what_the_mart_has(warehouse: duckdb.DuckDBPyConnection) -> None:
    drawn = draw(warehouse, list(PICTURES))
    assert {relation[1]: dict(picture.figures) for relation, picture in drawn.items()} == {
        "fct_runway_daily": {"median_runway_days": 10.0, "businesses_under_30_days": 2, "businesses_without_runway": 1},
        "fct_rail_freshness": {"share_fresh": 0.75, "stale": 1},
        "fct_match": {"matches": 2},
        "fct_bank_closure": {"share_matched": 0.75},
        "fct_hygiene_flag": {"open_flags": 2, "open_critical_flags": 1, "businesses_with_critical_flags": 1},
    }
    assert drawn["marts", "fct_runway_daily"].table.splitlines() == [
        "| runway | count |  |",
        "| --- | ---: | --- |",
        f"| under 7 days | 1 | {'█' * 24} |",
        f"| 7 to 30 | 1 | {'█' * 24} |",
        f"| 30 to 90 | 1 | {'█' * 24} |",
        "| 90 and more | 0 |  |",
        f"| not known | 1 | {'█' * 24} |",
    ]
    assert f"| plaid | matched | 6 | {'█' * 24} |\n| plaid | not matched | 2 | {'█' * 8} |" in drawn["marts", "fct_bank_closure"].table
    assert not any(client in picture.table for picture in drawn.values() for client in ("acme", "cogwheel", "dynamo", "zebra"))


def test_what_was_not_built_is_not_drawn_and_what_is_empty_says_so(warehouse: duckdb.DuckDBPyConnection) -> None:
    for _, name in PICTURES:
        warehouse.execute(f"delete from marts.{name}")
    drawn = draw(warehouse, [("marts", "fct_match"), ("marts", "fct_bank_closure"), ("marts", "dim_vendor")])
    assert {relation[1]: dict(picture.figures) for relation, picture in drawn.items()} == {
        "fct_match": {"matches": 0},
        "fct_bank_closure": {},
    }
    assert drawn["marts", "fct_match"].table == "| pair | tier | count |  |\n| --- | --- | ---: | --- |"
