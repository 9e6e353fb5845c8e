"""Which figures can be explained, by relation: a row's columns with their formulas and the queries that find its records; and of every
other number that is published, why it is not explained this way (`tests/cli/test_explaining.py` has each decided on).

How an answer is put together is in `explain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingestion.errors import UsageError
from rowcol_assets.explaining import customers, figures, forecast, records, sums
from rowcol_assets.explaining.figures import Figure

RUNWAY = "marts.fct_runway_daily"


@dataclass(frozen=True)
class Explained:
    """A relation's figures. keys: what tells a business's rows apart. queries: they read the row that is asked for as `asked`."""

    keys: tuple[str, ...]
    figures: Mapping[str, Figure]
    queries: Mapping[str, str]


RELATIONS: dict[str, Explained] = {
    # Its rows are days, of which the newest is meant unless told; its queries take the business and the day.
    RUNWAY: Explained((), figures.FIGURES, records.QUERIES),
    forecast.RELATION: Explained(forecast.KEYS, forecast.FIGURES, forecast.QUERIES),
    customers.INSIGHTS: Explained(customers.KEYS, customers.FIGURES, customers.QUERIES),
    customers.QUEUE: Explained(customers.KEYS, customers.QUEUE_FIGURES, customers.QUERIES),
    sums.VENDOR: Explained(("vendor_id",), sums.BALANCE_FIGURES, sums.BALANCE_QUERIES[sums.VENDOR]),
    sums.CUSTOMER: Explained(("customer_id",), sums.BALANCE_FIGURES, sums.BALANCE_QUERIES[sums.CUSTOMER]),
    sums.CLOSURE: Explained(("account_id", "posted_date"), sums.CLOSURE_FIGURES, sums.CLOSURE_QUERIES),
    sums.PAYOUT: Explained(("payout_id",), sums.PAYOUT_FIGURES, sums.PAYOUT_QUERIES),
    sums.TIE_OUT: Explained(("side",), sums.TIE_OUT_FIGURES, sums.TIE_OUT_QUERIES),
    sums.DIGEST: Explained((), sums.DIGEST_FIGURES, sums.DIGEST_QUERIES),
}

# Relations that repeat the runway's figures under their names.
OF_RUNWAY = (
    "experiences.portfolio",
    "experiences.digest",
    "marts.fct_variance_weekly",
    "marts.fct_runway_history",
    "marts.fct_hygiene_score",
)

# Numbers that no records add up to, by relation or column: what they are instead, and where that is seen.
_ONE_RECORD = "its row is one record, or the few it names; rowcol lineage shows their versions"
_OTHER_DAY = "it is a figure of the runway on another day; explain that with --as-of"
_OF_A_BILL = "it is worked out from the bill and the runway's figures in the same row; explain those"
_OF_SYNCS = "it counts syncs, calls or publishes, no records of the business"
_OF_THE_PAST = "it measures past days, no records of today; docs/decisions.md says how"
_SETTING = "it is a setting, a term or a rank, no sum"
NOT_EXPLAINED: dict[str, str] = {
    **dict.fromkeys(
        ("marts.fct_bills", "marts.fct_invoices", "marts.fct_ap_aging", "marts.fct_ar_aging", "marts.fct_payment_ready_bills",
         "marts.fct_overdue_invoices", "marts.fct_cash", "marts.fct_payout_lines", "marts.fct_match", "marts.fct_exception",
         "marts.fct_conflict", "marts.fct_double_payment", "marts.fct_custody_chain", "marts.fct_hygiene_flag", "experiences.hygiene_tray",
         "marts.fct_runway_items", "marts.fct_aging_tie_out_parties", "marts.bill_map", "marts.vendor_map", "marts.customer_map"),
        _ONE_RECORD,
    ),
    **dict.fromkeys(("marts.fct_guardrail", "experiences.decision_console"), _OF_A_BILL),
    **dict.fromkeys(
        ("marts.fct_api_health", "marts.fct_rail_freshness", "marts.fct_connection_health", "marts.fct_service_level",
         "marts.dim_business.max_input_age_minutes", "marts.fct_cash_forecast.max_input_age_minutes"),
        _OF_SYNCS,
    ),
    **dict.fromkeys(("marts.fct_forecast_accuracy", "marts.fct_guardrail_backtest"), _OF_THE_PAST),
    **dict.fromkeys(("marts.fct_variance_weekly", "marts.fct_runway_history"), _OTHER_DAY),
    "marts.fct_runway_bridge": "it is a part of why the runway moved; explain runway_days with --from",
    "marts.fct_hygiene_score": "it weighs the open flags; explain hygiene_score, which shows them",
    **dict.fromkeys(
        ("marts.fct_runway_daily.warning_days", "marts.fct_cash_forecast.week_number", "marts.dim_business",
         "marts.dim_vendor.terms_due_days",
         "marts.dim_customer.terms_due_days", "experiences.collections_queue.queue_rank"),
        _SETTING,
    ),
}  # fmt: skip


def find(metric: str) -> tuple[str, str]:
    """The relation and the column that `metric` names: a column, or `table.column` where several have it; the runway's first.

    UsageError says why a number is not explained, in which relations a name stands, or which names there are.
    """
    table, _, column = metric.rpartition(".")
    if column in figures.FIGURES and (not table or any(_is(name, table) for name in (RUNWAY, *OF_RUNWAY))):
        return RUNWAY, column
    found = [name for name, one in RELATIONS.items() if column in one.figures and _is(name, table)]
    if len(found) == 1:
        return found[0], column
    if found:
        raise UsageError(f"{column} is a figure of several relations; say which: {', '.join(f'{_short(name)}.{column}' for name in found)}")
    named = {".".join(name.split(".")[:2]) for name in NOT_EXPLAINED}
    for relation in sorted(named) if table else ():
        if _is(relation, table) and (reason := why_not(relation, column)):
            raise UsageError(f"{metric} has no records to explain it by: {reason}")
    raise UsageError(f"there is no figure {metric!r} to explain; {_known()}")


def why_not(relation: str, column: str) -> str | None:
    """Why a number is not explained by records, if that is said of it."""
    return NOT_EXPLAINED.get(f"{relation}.{column}") or NOT_EXPLAINED.get(relation)


def _known() -> str:
    told = [f"{_short(name)} has {', '.join(sorted(one.figures))}" for name, one in RELATIONS.items() if name != RUNWAY]
    return "; ".join([f"there are {', '.join(sorted(figures.FIGURES))}", *told])


def _short(relation: str) -> str:
    return relation.split(".")[1]


def _is(relation: str, table: str) -> bool:
    return not table or table in (relation, _short(relation))
