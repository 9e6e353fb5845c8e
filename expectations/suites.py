"""What each built check expects of its frame: a declarative table of Great Expectations expectations.

One suite per check. A frame holds the records concerned, passing or not; a record fails the check when it fails any
expectation of the suite. Which records those are, and how the columns come about, is SQL (`quality.chk_<check>`);
limits come from the thresholds seed; nothing here imports Great Expectations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ColumnKind = Literal["text", "date", "integer", "boolean", "money"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit by its name in the thresholds seed; compared with a money column it is in major units there."""

    name: str
    is_money: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: the class's name in `great_expectations.expectations` and its arguments."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """The expectations of one check and the kinds of the columns they read."""

    check_id: str
    columns: Mapping[str, ColumnKind]
    expectations: tuple[Expectation, ...]

    @property
    def frame(self) -> str:
        """The relation that holds the records concerned."""
        return f"quality.chk_{self.check_id.lower()}"


def not_null(column: str) -> Expectation:
    """The column has a value in every record."""
    return Expectation("ExpectColumnValuesToNotBeNull", {"column": column})


def null(column: str) -> Expectation:
    """The column has no value in any record: it names the counterpart of something that should have none."""
    return Expectation("ExpectColumnValuesToBeNull", {"column": column})


def between(column: str, *, low: int | Threshold | None = None, high: int | Threshold | None = None, above: bool = False) -> Expectation:
    """Values that exist lie within the limits, which are allowed themselves unless `above`."""
    return Expectation("ExpectColumnValuesToBeBetween", {"column": column, "min_value": low, "max_value": high, "strict_min": above})


def in_set(column: str, *values: str | bool) -> Expectation:
    """Values that exist are among `values`."""
    return Expectation("ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)})


def at_least(column: str, other: str) -> Expectation:
    """Where both exist, `column` is not below `other`."""
    arguments = {"column_A": column, "column_B": other, "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return Expectation("ExpectColumnPairValuesAToBeGreaterThanB", arguments)


def equal(column: str, other: str) -> Expectation:
    """Where both exist, both columns are the same."""
    arguments = {"column_A": column, "column_B": other, "ignore_row_if": "either_value_is_missing"}
    return Expectation("ExpectColumnPairValuesToBeEqual", arguments)


def unique_together(*columns: str) -> Expectation:
    """No two records share all of these columns; records that lack one of them are left alone."""
    return Expectation("ExpectCompoundColumnsToBeUnique", {"column_list": list(columns), "ignore_row_if": "any_value_is_missing"})


def records_suite(rail: str) -> Suite:
    """What is expected of a rail's raw records, whichever entity they are of."""
    counts = ("rejected_amounts", "rejected_dates", "wrong_signs", "missing_references")
    return Suite(
        f"{rail}_records",
        {"has_key": "boolean", "is_currency_known": "boolean", **dict.fromkeys(counts, "integer")},
        (in_set("has_key", True), in_set("is_currency_known", True), *(between(count, high=0) for count in counts)),
    )


def values_suite(rail: str) -> Suite:
    """What is expected of the statuses and kinds of a rail's raw records."""
    return Suite(f"{rail}_values", {"undocumented_values": "integer"}, (between("undocumented_values", high=0),))


HYGIENE_SUITES: tuple[Suite, ...] = (
    Suite("H01", {"due_date": "date"}, (not_null("due_date"),)),
    Suite("H02", {"vendor_id": "text", "known_vendor_id": "text"}, (not_null("vendor_id"), not_null("known_vendor_id"))),
    Suite("H03", {"total_amount": "money"}, (not_null("total_amount"), between("total_amount", low=0, above=True))),
    Suite(
        "H04",
        {"total_amount": "money", "open_amount": "money"},
        (at_least("total_amount", "open_amount"), between("open_amount", low=0)),
    ),
    Suite("H05", {"txn_date": "date", "due_date": "date"}, (at_least("due_date", "txn_date"),)),
    Suite("H06", {"days_ahead": "integer"}, (between("days_ahead", high=Threshold("max_days_ahead")),)),
    Suite("H07", {"days_past_due": "integer"}, (between("days_past_due", high=Threshold("max_days_overdue")),)),
    Suite("H08", {"customer_id": "text"}, (not_null("customer_id"),)),
    Suite("H09", {"due_date": "date"}, (not_null("due_date"),)),
    Suite("H10", {"days_past_due": "integer"}, (between("days_past_due", high=Threshold("max_days_overdue")),)),
    Suite("H11", {"open_amount": "money"}, (between("open_amount", high=Threshold("max_open_amount", is_money=True)),)),
    Suite("H12", {"uncategorised_lines": "integer"}, (between("uncategorised_lines", high=0),)),
    Suite("H13", {"terms_id": "text"}, (not_null("terms_id"),)),
    Suite("H14", {"has_tax_id": "boolean"}, (not_null("has_tax_id"), in_set("has_tax_id", True))),
    Suite("H15", {"duplicate_of": "text"}, (null("duplicate_of"),)),
    Suite("H16", {"unlinked_bill_id": "text"}, (null("unlinked_bill_id"),)),
    Suite("H17", {"business_id": "text", "rail": "text", "vendor_key": "text"}, (unique_together("business_id", "rail", "vendor_key"),)),
    Suite("H18", {"ledger_vendor_id": "text"}, (not_null("ledger_vendor_id"),)),
    Suite("H19", {"payee_id": "text"}, (not_null("payee_id"),)),
    Suite("H20", {"parent_account_lines": "integer"}, (between("parent_account_lines", high=0),)),
    Suite("H21", {"account_id": "text", "usual_account_id": "text"}, (equal("account_id", "usual_account_id"),)),
    Suite(
        "H22",
        {"total_amount": "money", "large_amount": "money", "has_new_account": "boolean"},
        (at_least("large_amount", "total_amount"), in_set("has_new_account", False)),
    ),
    Suite("H23", {"balance_amount": "money"}, (between("balance_amount", low=Threshold("min_balance", is_money=True)),)),
    Suite("H24", {"gap_amount": "money", "allowed_amount": "money"}, (at_least("allowed_amount", "gap_amount"),)),
    Suite("H25", {"bank_days_unbooked": "integer"}, (between("bank_days_unbooked", high=Threshold("max_bank_days")),)),
    Suite("H26", {"days_unexplained": "integer"}, (between("days_unexplained", high=Threshold("max_days")),)),
    Suite("H27", {"minutes_unrecorded": "integer"}, (between("minutes_unrecorded", high=Threshold("max_minutes")),)),
    Suite("H28", {"bank_days_undebited": "integer"}, (between("bank_days_undebited", high=Threshold("max_bank_days")),)),
    Suite("H29", {"paid_by": "text"}, (null("paid_by"),)),
    Suite(
        "H30",
        {"ledger_amount": "money", "paying_amount": "money", "ledger_vendor": "text", "paying_vendor": "text"},
        (equal("ledger_amount", "paying_amount"), equal("ledger_vendor", "paying_vendor")),
    ),
    Suite("H31", {"bank_transaction_id": "text"}, (not_null("bank_transaction_id"),)),
    Suite("H32", {"payout_id": "text"}, (not_null("payout_id"),)),
    Suite("H33", {"days_without_money": "integer"}, (between("days_without_money", high=Threshold("max_days")),)),
    Suite("H34", {"is_ambiguous": "boolean"}, (in_set("is_ambiguous", False),)),
    Suite("H35", {"gap_amount": "money", "allowed_amount": "money"}, (at_least("allowed_amount", "gap_amount"),)),
    Suite("H36", {"booked_before": "text"}, (null("booked_before"),)),
    Suite("H37", {"is_payroll_known": "boolean"}, (not_null("is_payroll_known"), in_set("is_payroll_known", True))),
    Suite(
        "H38",
        {"sync_age_minutes": "integer", "max_sync_age_minutes": "integer"},
        (not_null("sync_age_minutes"), at_least("max_sync_age_minutes", "sync_age_minutes")),
    ),
    Suite(
        "H39",
        {"connection_state": "text", "minutes_to_token_end": "integer"},
        (in_set("connection_state", "healthy", "degraded"), between("minutes_to_token_end", low=Threshold("min_token_minutes"))),
    ),
    Suite(
        "H40",
        {"last_outcome": "text", "quarantined_pages": "integer", "unexplained_records": "integer", "has_fallen": "boolean"},
        (
            in_set("last_outcome", "succeeded", "failed", "skipped"),
            between("quarantined_pages", high=0),
            between("unexplained_records", high=Threshold("max_unexplained_records")),
            in_set("has_fallen", False),
        ),
    ),
    Suite("H41", {"aging_amount": "money", "ledger_amount": "money"}, (not_null("ledger_amount"), equal("aging_amount", "ledger_amount"))),
    Suite("H42", {"is_open_here": "boolean"}, (not_null("is_open_here"), in_set("is_open_here", False))),
    Suite("H43", {"has_rate": "boolean"}, (not_null("has_rate"), in_set("has_rate", True))),
    Suite("H44", {"days_pending": "integer"}, (between("days_pending", high=Threshold("max_days_pending")),)),
    Suite("H45", {"uncategorised_amount": "money", "allowed_amount": "money"}, (at_least("allowed_amount", "uncategorised_amount"),)),
)
# Of the ledger's records the catalogue's own checks tell; these rails have few checks there.
SOURCE_SUITES: tuple[Suite, ...] = (
    records_suite("ramp"),
    values_suite("ramp"),
    records_suite("plaid"),
    values_suite("plaid"),
    records_suite("stripe"),
    values_suite("stripe"),
)

SUITES = (*HYGIENE_SUITES, *SOURCE_SUITES)

SUITES_BY_CHECK: dict[str, Suite] = {suite.check_id: suite for suite in SUITES}
