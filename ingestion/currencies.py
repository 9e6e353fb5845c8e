"""Of how many decimals each currency is, and an amount as a person reads it in them.

The models have both from the same seed and the macro `shown_amount`.
"""

from __future__ import annotations

import csv
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal

# The seed from which the models take the same exponents.
EXPONENTS_PATH = Path(__file__).parents[1] / "dbt_project" / "seeds" / "currency_exponents.csv"


@lru_cache(maxsize=1)
def exponents() -> dict[Literal["iso", "stripe"], dict[str, int]]:
    """By whose word (ISO 4217, or Stripe where it sends others) and by currency: how many decimals the major unit has."""
    with EXPONENTS_PATH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        "iso": {row["currency"]: int(row["iso_exponent"]) for row in rows if row["iso_exponent"]},
        "stripe": {row["currency"]: int(row["stripe_exponent"]) for row in rows if row["stripe_exponent"]},
    }


def shown_amount(amount: Decimal, currency: str | None) -> str:
    """12,345.60 USD, 12,346 JPY, 12,345.600 KWD: rounded half up to the currency's decimals, two where it is not known."""
    decimals = min(exponents()["iso"].get((currency or "").upper(), 2), 3)
    # Added to, a zero has no sign.
    exact = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0
    return f"{exact:,}{f' {currency}' if currency else ''}"
