"""Live balances in several currencies as one sum: by the newest rate, less rather than more, or none where that cannot be said."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from rowcol_assets.home_cash import HomeCash, NoHomeCash, home_cash


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    """Acme counts in dollars and has two rates of the euro; bolt, of the pound."""
    made = duckdb.connect()
    for schema in ("marts", "intermediate"):
        made.execute(f"create schema {schema}")
    made.execute("create table marts.dim_business as select unnest(['acme', 'bolt']) as business_id, 'USD' as home_currency")
    made.execute(
        "create table intermediate.int_exchange_rates (business_id text, currency text, rate_date date, exchange_rate decimal(18, 8))"
    )
    made.execute("""insert into intermediate.int_exchange_rates values
        ('acme', 'EUR', '2026-06-02', 1.11111111), ('acme', 'EUR', '2026-05-01', 2), ('bolt', 'GBP', '2026-06-01', 1.3)""")
    return made


@pytest.mark.parametrize(
    ("balances", "cash"),
    [
        ({"USD": "500.25"}, HomeCash(Decimal("500.25"))),
        ({"USD": "100", "EUR": "10"}, HomeCash(Decimal("111.11"))),
        ({"USD": "100", "EUR": "-10"}, HomeCash(Decimal("88.88"))),
        ({"EUR": "10"}, HomeCash(Decimal("11.11"))),
        ({"USD": "100", "GBP": "9000", "CHF": "0"}, HomeCash(Decimal(100), ("CHF", "GBP"))),
    ],
)
def test_what_has_a_rate_is_added_and_what_is_held_without_one_is_left_out_and_named(
    warehouse: duckdb.DuckDBPyConnection, balances: dict[str, str], cash: HomeCash
) -> None:
    assert home_cash(warehouse, "acme", {currency: Decimal(amount) for currency, amount in balances.items()}) == cash


@pytest.mark.parametrize(
    ("balances", "said"),
    [
        (None, "no account of acme states what is on it"),
        ({}, "no account of acme states what is on it"),
        ({"GBP": "9000"}, "accounts in GBP alone, and the ledger has no rate"),
        ({"USD": "100", "GBP": "-0.01"}, "an account in GBP is overdrawn, and the ledger has no rate of it"),
    ],
)
def test_what_cannot_be_relied_on_is_no_sum(warehouse: duckdb.DuckDBPyConnection, balances: dict[str, str] | None, said: str) -> None:
    with pytest.raises(NoHomeCash, match=said):
        home_cash(warehouse, "acme", None if balances is None else {name: Decimal(amount) for name, amount in balances.items()})


def test_a_business_whose_home_currency_nobody_knows_is_told_as_that(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("insert into marts.dim_business values ('cog', null)")
    with pytest.raises(NoHomeCash, match="the home currency of cog is not known"):
        home_cash(warehouse, "cog", {"USD": Decimal(100)})
