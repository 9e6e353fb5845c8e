"""The figures of a business's runway by name: how each is made of others, and which records the ones that are sums add up.

Nothing is computed here: values are those of `marts.fct_runway_daily`. How records are found is in `records`; what else is explained,
in `relations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# Why the walk of `covered_until` finds no day: it looks a year ahead (`seeds.runway_policy.walk_days`).
COVERED_FOR_A_YEAR = "covered_for_a_year"


@dataclass(frozen=True)
class Figure:
    """How a column comes about. terms: other columns of its relation. records: a name of its relation's queries.

    come_to: what its records add up to it by; none where they weigh, or only the oldest or the middle one counts.
    without_end: why it is NULL though cash is known.
    """

    formula: str
    terms: tuple[str, ...] = ()
    records: str | None = None
    come_to: Literal["sum", "count", "none"] = "sum"
    without_end: str | None = None


FIGURES: dict[str, Figure] = {
    "runway_days": Figure(
        "(spendable + ar_expected - ap_30) / gross_burn, not below 0; (cash + ar_open - ap_open) / (ap_open / 30) on short history",
        ("spendable", "ar_expected", "ap_30", "gross_burn"),
    ),
    "runway_days_bills": Figure("(cash + ar_open - ap_open) / (ap_open / 30), not below 0", ("cash", "ar_open", "ap_open")),
    "runway_days_net": Figure("spendable / net_burn, not below 0", ("spendable", "net_burn")),
    "optimised_days": Figure(
        "runway_days + (a share of overdue_ap_amount + a share of overdue_ar_amount) / gross_burn",
        ("runway_days", "overdue_ap_amount", "overdue_ar_amount", "gross_burn"),
    ),
    "runway_days_low": Figure(
        "runway_days less the age of the oldest critical input in days and the days that unmatched_downside_amount stands for, not below 0",
        ("runway_days", "max_input_age_minutes", "unmatched_downside_amount"),
    ),
    "runway_days_high": Figure(
        "runway_days and the age of the oldest critical input in days and the days of unmatched_upside_amount beyond shortfall_amount",
        ("runway_days", "max_input_age_minutes", "unmatched_upside_amount", "shortfall_amount"),
    ),
    "unmatched_downside_amount": Figure(
        "by the bank's cash: what the books paid and the bank has not, and what the bank alone received, up to ar_expected; "
        "by the books' cash: what the bank alone paid and the books alone received",
        records="unmatched",
        come_to="none",
    ),
    "unmatched_upside_amount": Figure(
        "by the bank's cash: what the books received and the bank has not, and what the bank alone paid, up to ap_30; "
        "by the books' cash: what the bank alone received and the books alone paid",
        records="unmatched",
        come_to="none",
    ),
    "buffer_days": Figure("spendable / gross_burn, not below 0", ("spendable", "gross_burn")),
    "shortfall_amount": Figure("-(spendable + ar_expected - ap_30) where that is negative", ("spendable", "ar_expected", "ap_30")),
    "covered_until": Figure(
        "the first day on which cash, with its records until then, is below 0: bills when due, receipts when expected (due is that day), "
        "payrolls, and spending without a date at the pace of the last 90 days",
        ("cash",),
        records="walk",
        come_to="none",
        without_end=COVERED_FOR_A_YEAR,
    ),
    "cash": Figure("sum of the balances of the accounts that count as cash", records="cash"),
    "cash_gap": Figure("the ledger's book balances less the bank's", records="cash_gap"),
    "reserved": Figure("sum of the reserves that are active", records="reserved"),
    "spendable": Figure("cash - reserved", ("cash", "reserved")),
    "outflow_90": Figure("what went out in the last 90 days", records="outflow"),
    "inflow_90": Figure("what came in over the last 90 days", records="inflow"),
    "observed_days": Figure("days since the first transaction, 90 at most"),
    "gross_burn": Figure("outflow_90 / observed_days", ("outflow_90", "observed_days")),
    "net_burn": Figure("(outflow_90 - inflow_90) / observed_days, not below 0", ("outflow_90", "inflow_90", "observed_days")),
    "ap_30": Figure("what is open of bills due within 30 days, overdue ones and those without due date too", records="ap_30"),
    "ap_open": Figure("what is open of all bills", records="ap_open"),
    "overdue_ap_amount": Figure("what is open of bills past due", records="overdue_ap"),
    "ar_expected": Figure("what is open of invoices at most 90 days past due", records="ar_expected"),
    "ar_open": Figure("what is open of all invoices", records="ar_open"),
    "ar_credits": Figure("what customers have paid or been credited and nobody has applied to an invoice", records="ar_credits"),
    "overdue_ar_amount": Figure("what is open of invoices past due", records="overdue_ar"),
    "hygiene_score": Figure("100 less what the open flags weigh", records="flags", come_to="none"),
    "max_input_age_minutes": Figure("age of the oldest critical entity since its last successful sync", records="inputs", come_to="none"),
}


# What a figure with decimals measures when it is no money, as a word of its name.
_NO_MONEY = {"days", "score"}


def is_money(name: str) -> bool:
    """Tells whether a figure with decimals is an amount, in the currency of its row."""
    return _NO_MONEY.isdisjoint(name.split("_"))


BILLS_TERMS = FIGURES["runway_days_bills"].terms


def terms_of(figures: Mapping[str, Figure], name: str, basis: str | None) -> tuple[str, ...]:
    """The figures that `name` is made of; the headline's depend on the formula that counted (runway_basis)."""
    return BILLS_TERMS if name == "runway_days" and basis == "bills" else figures[name].terms


def behind(figures: Mapping[str, Figure], name: str, basis: str | None = None) -> list[str]:
    """All figures that `name` comes down to, itself first, each once."""
    return list(dict.fromkeys([name, *(one for term in terms_of(figures, name, basis) for one in behind(figures, term, basis))]))
