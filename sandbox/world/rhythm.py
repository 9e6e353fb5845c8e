"""How often a business buys, sells and pays, and how much: rates per working day derived from its size and health."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.world.identity import Business
from sandbox.world.people import COMMON_VENDORS

HISTORY_DAYS = 230
_WORKING_DAYS = 164
_WORKING_DAYS_A_MONTH = 21.4
# Records that do not depend on the day's business: chart, terms, items, vendors, payroll, deposits, card payments.
_FIXED_RECORDS = 265


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Documents per working day and their mean amounts in cents."""

    bills: float
    invoices: float
    purchases: float
    sales: float
    bill_cents: float
    invoice_cents: float
    purchase_cents: float
    sale_cents: float
    payroll_cents: int


def rhythm_of(business: Business, share: float) -> Rhythm:
    """The rhythm of a business. share: below 1 thins the documents out, amounts growing so that the money stays."""
    bills, invoices, purchases, sales = business.industry.mix
    records = business.records - _FIXED_RECORDS - business.records * 0.06
    per_document = bills * 1.75 + invoices * 1.85 + purchases + sales
    a_day = max(1.2, records / per_document / _WORKING_DAYS) * share
    monthly = len(COMMON_VENDORS) / _WORKING_DAYS_A_MONTH
    bills_a_day = max(0.25 * share, bills * a_day - monthly)
    walk_in = 0.78 if business.industry.customers == "walk-in" else 0.03
    revenue = business.monthly_cents / _WORKING_DAYS_A_MONTH
    spending = revenue * business.cost_ratio
    payroll = 0.26 if business.health == "short" else 0.38
    fixed = sum(fraction for _, _, fraction, _ in COMMON_VENDORS)
    rest = max(0.08, 1 - payroll * 1.1 - fixed / business.cost_ratio) * spending
    return Rhythm(
        bills=bills_a_day,
        invoices=invoices * a_day,
        purchases=purchases * a_day,
        sales=sales * a_day,
        bill_cents=rest * 0.7 / bills_a_day,
        invoice_cents=revenue * (1 - walk_in) / (invoices * a_day),
        purchase_cents=rest * 0.3 / (purchases * a_day),
        sale_cents=revenue * walk_in / (sales * a_day),
        payroll_cents=int(spending * payroll * _WORKING_DAYS_A_MONTH * 12 / 26),
    )
