"""Customers who pay in a currency of their own: without decimals (JPY) and with three (KWD).

The account's money is US dollars all the same: what is charged becomes dollars in its balance transaction, at a rate that
never moves and is a whole number of the currency's minor units per cent, so that no sum is off by a rounding. A version's
state holds cents; what goes on the wire is multiplied here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.stripe.book import Book

HOME = "usd"
# Every fifth business has customers abroad; of those this share in each currency.
ABROAD_EVERY, ABROAD_SHARE = 5, 0.25


@dataclass(frozen=True, slots=True)
class Currency:
    """minor_per_cent: minor units for a US cent. rate: dollars for one of its major units, as a balance transaction tells it."""

    minor_per_cent: int
    rate: float


# 200 yen to the dollar; a dinar to the dollar, whose last digit is always 0, as card networks have it.
CURRENCIES = {HOME: Currency(1, 1.0), "jpy": Currency(2, 0.005), "kwd": Currency(10, 1.0)}
_AMOUNTS = frozenset(
    {
        "amount", "amount_captured", "amount_capturable", "amount_discount", "amount_due", "amount_excluding_tax", "amount_overpaid",
        "amount_paid", "amount_received", "amount_refunded", "amount_remaining", "amount_requested", "amount_shipping",
        "ending_balance", "post_payment_credit_notes_amount", "pre_payment_credit_notes_amount", "starting_balance", "subtotal",
        "subtotal_excluding_tax", "tax", "taxable_amount", "total", "total_excluding_tax", "unit_amount", "unit_amount_decimal",
        "unit_amount_excluding_tax",
    }
)  # fmt: skip


def currency_of(book: Book, customer: int) -> str:
    """The currency a customer of the ledger pays in."""
    if book.world.business.index % ABROAD_EVERY != 1:
        return HOME
    draw = book.chance("currency", customer)
    return "jpy" if draw < ABROAD_SHARE else "kwd" if draw < 2 * ABROAD_SHARE else HOME


def presented(state: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """An object's fields with its amounts in the currency it is in. What is rendered already stays as it is."""
    code = state.get("currency", HOME)
    if code == HOME or code not in CURRENCIES:
        return fields
    times = CURRENCIES[code].minor_per_cent
    return {name: _times(name, value, times, code) for name, value in fields.items()}


def _times(name: str, value: Any, times: int, code: str) -> Any:
    if isinstance(value, dict):
        return {inner: _times(inner, held, times, code) for inner, held in value.items()}
    if isinstance(value, list):
        return [_times(name, held, times, code) for held in value]
    if name == "currency":
        return code
    if name not in _AMOUNTS or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value * times
    return str(int(value) * times) if isinstance(value, str) else value
