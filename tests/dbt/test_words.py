"""An amount in words has the decimals of its currency, the same wherever it is said."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import duckdb
import pytest
from jinja2 import Environment

from ingestion.currencies import exponents, shown_amount
from tests.dbt.project import PROJECT

AMOUNTS = [Decimal(text) for text in ("600.000", "0.005", "-0.005", "1234567.895", "0", "12.5")]


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("600.000", "EUR", "600.00 EUR"),
        ("600", "EUR", "600.00 EUR"),
        ("1600.00", "JPY", "1,600 JPY"),
        ("600.5", "KWD", "600.500 KWD"),
        ("600.000", "eur", "600.00 eur"),
        ("600.000", None, "600.00"),
        ("600.000", "???", "600.00 ???"),
    ],
)
def test_an_amount_is_said_in_the_decimals_of_its_currency(amount: str, currency: str | None, said: str) -> None:
    assert shown_amount(Decimal(amount), currency) == said


def test_the_models_say_it_as_the_commands_do_in_every_currency() -> None:
    words = Environment(autoescape=False).from_string((PROJECT / "macros" / "words.sql").read_text()).module
    said = words.shown_amount("amount", "currency")  # type: ignore[attr-defined]
    cases = list(product(AMOUNTS, [*exponents()["iso"], None]))
    with duckdb.connect() as connection:
        connection.execute("create table told (number integer, amount decimal(18, 3), currency varchar)")
        connection.executemany("insert into told values (?, ?, ?)", [(number, *case) for number, case in enumerate(cases)])
        found = [text for (text,) in connection.execute(f"select {said} from told order by number").fetchall()]
        assert connection.execute(f"select {said} from (select null::decimal(18, 2) as amount, 'USD' as currency)").fetchone() == (
            "no amount USD",
        )
    assert found == [shown_amount(amount, currency).replace(",", "") for amount, currency in cases]
