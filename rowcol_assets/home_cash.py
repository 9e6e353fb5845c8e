"""Live cash in several currencies as one sum in home currency, by the rates that the ledger has.

The models convert likewise (`int_exchange_rates`), of each balance as of its own day; a live balance takes the newest rate. Reading
balances from the vendors is `ingestion.live`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import duckdb

from ingestion.errors import RowcolError
from ingestion.warehouse import has_relation

CENT = Decimal("0.01")


class NoHomeCash(RowcolError):
    """What is on the accounts is no sum that can be relied on."""


@dataclass(frozen=True, slots=True)
class HomeCash:
    """amount: at least so much in home currency. left_out: the currencies without a rate whose money is not in it."""

    amount: Decimal
    left_out: tuple[str, ...] = ()


def home_cash(warehouse: duckdb.DuckDBPyConnection, business_id: str, by_currency: Mapping[str, Decimal] | None) -> HomeCash:
    """The balances of a business by currency as one sum.

    What is held in a currency without a rate is left out, so that there is more rather than less. NoHomeCash where that cannot be
    said: an account without a readable amount, nothing but such currencies, or money owed in one, a home currency nobody knows.
    """
    if not by_currency:
        raise NoHomeCash(f"no account of {business_id} states what is on it")
    rates = _rates(warehouse, business_id)
    if not rates:
        raise NoHomeCash(f"the home currency of {business_id} is not known")
    left_out = sorted(set(by_currency) - rates.keys())
    owed = [currency for currency in left_out if by_currency[currency] < 0]
    if owed:
        raise NoHomeCash(f"an account in {owed[0]} is overdrawn, and the ledger has no rate of it")
    if len(left_out) == len(by_currency):
        raise NoHomeCash(f"there are accounts in {', '.join(left_out)} alone, and the ledger has no rate of it")
    amounts = [(amount * rates[currency]).quantize(CENT, ROUND_FLOOR) for currency, amount in by_currency.items() if currency in rates]
    return HomeCash(sum(amounts, Decimal(0)), tuple(left_out))


def _rates(warehouse: duckdb.DuckDBPyConnection, business_id: str) -> dict[str, Decimal]:
    """What one unit of a currency is worth in the home currency, by the newest rate; of the home currency itself, 1."""
    rates: dict[str, Decimal] = {}
    if has_relation(warehouse, "intermediate.int_exchange_rates"):
        query = """
            select currency, arg_max(exchange_rate, rate_date) from intermediate.int_exchange_rates where business_id = ? group by currency
        """
        rates |= dict(warehouse.execute(query, [business_id]).fetchall())
    if has_relation(warehouse, "marts.dim_business"):
        home = warehouse.execute("select home_currency from marts.dim_business where business_id = ?", [business_id]).fetchone()
        rates |= {home[0]: Decimal(1)} if home and home[0] else {}
    return rates
