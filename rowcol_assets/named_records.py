"""Which records of the rails a row of a mart names, by its columns: a declaration that the lineage follows.

A column counts wherever it stands, unless its mart means something else by it (`OF_MART`). What names no record is listed too, so
that a new column has to be decided on (`tests/cli/test_named_records.py`). How versions are found is in `lineage`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.control.entered_bills import USER
from ingestion.registry import LEDGER, RAILS


@dataclass(frozen=True, slots=True)
class Name:
    """A column that holds a record's id; its rail and its raw table are told by a column of that name, or are these themselves.

    only: the column and the value that a row must have for it to be meant.
    """

    column: str
    rail: str
    entity: str
    only: tuple[str, str] | None = None


NAMES = (
    *(Name(f"{side}_id", f"{side}_rail", f"{side}_entity") for side in ("left", "right", "winner", "loser")),
    *(Name(f"{place}_payment_id", f"{place}_rail", f"{place}_entity") for place in ("first", "second")),
    Name("ledger_id", LEDGER, "ledger_entity"),
    Name("second_ledger_id", LEDGER, "second_ledger_entity"),
    Name("ledger_receipt_id", LEDGER, "ledger_receipt_entity"),
    Name("ledger_invoice_id", LEDGER, "invoices"),
    Name("ledger_bill_id", LEDGER, "bills"),
    Name("qbo_bill_id", LEDGER, "bills"),
    Name("bill_id", "rail", "bills"),
    Name("other_bill_id", "rail", "bills"),
    Name("ramp_bill_id", "ramp", "bills"),
    Name("execute_record_id", "ramp", "bills"),
    Name("approve_record_id", "ramp", "bills"),
    Name("record_record_id", LEDGER, "bill_payments"),
    *(
        Name(column, "plaid", "transactions")
        for column in ("verify_record_id", "bank_transaction_id", *(f"{which}_transaction_id" for which in ("first", "second", "returned")))
    ),
    Name("stripe_invoice_id", "stripe", "invoices"),
    Name("payout_id", "stripe", "payouts"),
    Name("balance_transaction_id", "stripe", "balance_transactions"),
    Name("charge_id", "stripe", "charges"),
    Name("bank_account_id", "plaid", "accounts"),
    Name("vendor_id", LEDGER, "vendors"),
    Name("customer_id", LEDGER, "customers"),
    Name("parent_id", LEDGER, "customers"),
    Name("terms_id", LEDGER, "terms"),
    Name("account_id", "rail", "accounts"),
    Name("category_account_id", LEDGER, "accounts"),
    Name("rail_vendor_id", "rail", "vendors"),
    Name("linked_rail_vendor_id", "linked_rail", "vendors"),
    Name("rail_customer_id", "rail", "customers"),
    Name("linked_rail_customer_id", "linked_rail", "customers"),
)  # fmt: skip

# Columns that mean something else in one mart. Of an object of Stripe's the id tells what it is: it is in one of these tables alone.
OF_MART = {
    "marts.fct_ap_aging": (Name("party_id", LEDGER, "vendors"),),
    "marts.fct_ar_aging": (Name("party_id", LEDGER, "customers"),),
    "marts.fct_aging_tie_out_parties": (
        Name("party_id", LEDGER, "vendors", only=("side", "payable")),
        Name("party_id", LEDGER, "customers", only=("side", "receivable")),
    ),
    "marts.fct_payout_recon": (Name("account_id", "stripe", "accounts"),),
    "marts.fct_payout_lines": (
        Name("customer_id", "stripe", "customers"),
        Name("invoice_id", "stripe", "invoices"),
        *(Name("source_id", "stripe", entity) for entity in ("charges", "refunds", "disputes", "payouts")),
    ),
}

# Decisions of people that a row rests on, which the control store keeps.
DECISIONS = ("decision_id", "approve_record_id")

# Ids of other things: of the platform's own rows, of tenants and people, of versions (whose record is named beside).
NO_RECORDS = frozenset(
    ("business_id", "firm_id", "connection_id", "check_id", "flag_id", "match_id", "exception_id", "conflict_id", "custody_id", "risk_id",
     "run_id", "has_tax_id", "approve_event_id", "change_id", "bill_change_id", "ramp_change_id", "stripe_change_id", "execute_change_id",
     "verify_change_id", "record_change_id", "first_change_id", "second_change_id")
)  # fmt: skip


def names_of(relation: str) -> tuple[Name, ...]:
    """What the columns of a relation name, its own meaning first."""
    own = OF_MART.get(relation, ())
    meant = {name.column for name in own}
    return (*own, *(name for name in NAMES if name.column not in meant))


def named_records(relation: str, row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The records that a row names beside its own, each once: rail, raw table, id."""
    found = []
    for name in names_of(relation):
        rail, entity = (row.get(told) if told in row or told.endswith(("rail", "entity")) else told for told in (name.rail, name.entity))
        is_meant = name.only is None or row.get(name.only[0]) == name.only[1]
        if is_meant and rail in RAILS and entity and row.get(name.column):
            found.append((rail, entity, str(row[name.column])))
    return list(dict.fromkeys(found))


def named_decisions(row: Mapping[str, Any]) -> list[str]:
    """The decisions that a row rests on: of people's records the one by which they were entered, first."""
    own = [row.get("record_id")] if row.get("rail") == USER else []
    sides = [row.get(f"{side}_id") for side in ("left", "right") if row.get(f"{side}_rail") == USER]
    return list(dict.fromkeys(str(one) for one in (*own, *sides, *(row.get(column) for column in DECISIONS)) if one))
