"""The kept history as it stood at an instant: days that were closed, spans that had no end yet, states of rows that change in place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import Settings
from rowcol_assets.history import keep_history
from rowcol_assets.history_as_known import fill_gaps, restore_as_known
from rowcol_assets.history_changes import TOKENS, keep_changes, states_as_known

MARTS = """
create schema marts;
create table marts.fct_runway_daily (business_id varchar, as_of_date date, cash integer, computed_at timestamp, synced_at timestamp);
create table marts.fct_cash (business_id varchar, as_of_date date, balance_amount integer);
create table marts.fct_runway_items (business_id varchar, record_id varchar, valid_from_date date, valid_to_date date);
create table marts.fct_connection_health (business_id varchar, rail varchar, connection_id varchar, token_expires_at timestamp,
    last_attempt_at timestamp);
"""


def at(day: int, hour: int = 9, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", _env_file=None)


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute(MARTS)
    return made


def test_days_and_spans_are_those_that_were_known_then(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        """insert into marts.fct_runway_daily values
            ('acme', '2026-06-01', 10, '2026-06-01 09:00', '2026-06-01 08:59'),
            ('acme', '2026-06-02', 20, '2026-06-02 17:00', '2026-06-02 17:01'),
            ('acme', '2026-06-08', 30, '2026-06-08 09:00', null);
        insert into marts.fct_cash values ('acme', '2026-06-01', 10), ('acme', '2026-06-02', 20), ('acme', '2026-06-08', 30);
        insert into marts.fct_runway_items values
            ('acme', 'first', '2026-06-01', '2026-06-01'), ('acme', 'first', '2026-06-02', '2026-06-07'),
            ('acme', 'first', '2026-06-08', null), ('acme', 'standing', '2026-06-01', null)"""
    )
    keep_history(home, warehouse)
    first, second = ("first", date(2026, 6, 1)), ("first", date(2026, 6, 2))
    standing = ("standing", date(2026, 6, 1), None)
    one_day = [10], [10], [(*first, None), standing]
    assert _restored(home, at(1, 8)) == ([], [], [])
    assert _restored(home, at(1)) == one_day
    assert _restored(home, at(2, 9)) == one_day, "a later cycle of that day is not known yet"
    assert _restored(home, at(2, 17)) == one_day, "it was not done yet"
    assert _restored(home, at(2, 18)) == ([10, 20], [10, 20], [(*first, date(2026, 6, 1)), (*second, None), standing])
    assert _restored(home, at(30)) == (
        [10, 20, 30],
        [10, 20, 30],
        [(*first, date(2026, 6, 1)), (*second, date(2026, 6, 7)), ("first", date(2026, 6, 8), None), standing],
    )
    assert _restored(home, at(30), date(2026, 6, 2)) == one_day, "days before the one that is valued"


def test_a_state_is_known_from_the_cycle_that_kept_it_until_the_next(home: Settings, warehouse: duckdb.DuckDBPyConnection) -> None:
    def tokens(known_at: datetime) -> dict[str, int | None]:
        """The year in which each connection's token was known to end."""
        states = states_as_known(home, TOKENS, known_at)
        rows = warehouse.execute(f"select connection_id, year(token_expires_at) from ({states})").fetchall() if states else []
        return dict(rows)

    assert tokens(at(1)) == {}
    warehouse.execute(
        "insert into marts.fct_connection_health values ('acme', 'qbo', 'a', null, null), ('acme', 'qbo', 'b', '2027-01-01', null)"
    )
    keep_changes(home, warehouse, at(1), at(1))
    [kept] = (home.home / "history" / "changes").rglob("*.parquet")
    former = kept.read_bytes()
    keep_changes(home, warehouse, at(2), at(2))
    assert kept.read_bytes() == former, "nothing differs"
    learnt = "token_expires_at = '2028-01-01', last_attempt_at = '2026-06-03 10:00'"
    warehouse.execute(f"update marts.fct_connection_health set {learnt} where connection_id = 'a'")
    keep_changes(home, warehouse, at(3), at(3, 11))
    warehouse.execute("delete from marts.fct_connection_health where connection_id = 'b'")
    keep_changes(home, warehouse, at(4), at(4))
    keep_changes(home, warehouse, at(3, month=7), at(3, month=7))
    warehouse.execute("insert into marts.fct_connection_health values ('acme', 'qbo', 'b', '2029-01-01', null)")
    for year in (2030, 2031):
        warehouse.execute(f"update marts.fct_connection_health set token_expires_at = '{year}-01-01' where connection_id = 'b'")
        keep_changes(home, warehouse, at(4, month=7), at(4, month=7))
    assert tokens(at(1, 8)) == {}
    assert tokens(at(1)) == tokens(at(3)) == {"a": None, "b": 2027}
    assert tokens(at(3, 10)) == {"a": 2028, "b": 2027}, "the cycle's sync had it before the cycle had its figures"
    assert tokens(at(4)) == tokens(at(1, month=7)) == tokens(at(3, month=7)) == {"a": 2028}
    assert tokens(at(4, month=7)) == tokens(at(1, month=9)) == {"a": 2028, "b": 2031}, "of two cycles at an instant the later one"

    warehouse.execute("create schema raw_control")
    warehouse.execute(
        "create table raw_control.connections as select * replace (null::timestamptz as token_expires_at) from marts.fct_connection_health"
    )
    fill_gaps(warehouse, home, at(3, 10))
    ends = warehouse.execute("select connection_id, epoch(token_expires_at) from raw_control.connections order by 1").fetchall()
    assert ends == [("a", datetime(2028, 1, 1, tzinfo=UTC).timestamp()), ("b", datetime(2027, 1, 1, tzinfo=UTC).timestamp())]


def _restored(home: Settings, known_at: datetime, as_of: date | None = None) -> tuple[list[Any], list[Any], list[Any]]:
    replay = duckdb.connect()
    restore_as_known(replay, home, known_at, as_of)
    return (
        [cash for (cash,) in replay.execute("select cash from marts.fct_runway_daily order by as_of_date").fetchall()],
        [balance for (balance,) in replay.execute("select balance_amount from marts.fct_cash order by as_of_date").fetchall()],
        replay.execute("select * exclude (business_id) from marts.fct_runway_items order by record_id, valid_from_date").fetchall(),
    )
