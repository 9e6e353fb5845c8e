"""Whether a bill that a person entered can be taken down: its vendor is the business's, and neither the ledger nor anybody has it yet.

What its words alone show is `ingestion.control.entered_bills`. From the command line it is judged before it is stored (`decidable`),
and whatever was stored is judged once by the next run (`settling`), since only a run knows what the ledger says by then. What
becomes of it afterwards, day by day, is the model `int_entered_bills`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from ingestion.changelog.delta import version_order
from ingestion.control.decisions import known_decision
from ingestion.control.entered_bills import decimals_of, unfit_by_itself
from ingestion.control.store import ControlStore
from ingestion.control.verdicts import standing_entered
from ingestion.registry import LEDGER, RAILS
from ingestion.warehouse import has_relation


def entered_before(store: ControlStore, business_id: str, advisor_id: str, key: str | None) -> list[dict[str, Any]] | None:
    """The bills that were entered before and stand; None where one is stored under this key, which is judged no second time."""
    with store.database.read() as transaction:
        if key is not None and known_decision(transaction, business_id, advisor_id, key):
            return None
        return [one.subject for one in standing_entered(transaction, business_id)]


def can_judge(warehouse: duckdb.DuckDBPyConnection, business_id: str) -> bool:
    """Whether a run has told the business's currency and vendors; before that nobody can say who is meant."""
    needed = ("marts.dim_business", "marts.vendor_map", "marts.fct_bills", f"raw_{LEDGER}.vendors")
    if not all(has_relation(warehouse, relation) for relation in needed):
        return False
    return warehouse.execute("select 1 from marts.dim_business where business_id = ?", [business_id]).fetchone() is not None


def why_unfit(
    warehouse: duckdb.DuckDBPyConnection,
    business_id: str,
    subject: Mapping[str, Any],
    decided_at: datetime,
    others: Sequence[Mapping[str, Any]] = (),
) -> str | None:
    """Why a bill that was entered at that instant cannot be taken down; None when nothing speaks against it.

    others: the bills of the business that were entered before it and stand. To be asked where `can_judge` says so.
    """
    reason = unfit_by_itself(subject, decided_at)
    if reason:
        return reason
    found = warehouse.execute("select home_currency from marts.dim_business where business_id = ?", [business_id]).fetchone()
    assert found is not None, "can_judge"
    (currency,) = found
    vendors = _vendors(warehouse, business_id, subject)
    return (
        _of_currency(warehouse, business_id, currency, subject)
        or _of_vendor(business_id, currency, subject, vendors)
        or _of_ledger(warehouse, business_id, subject, list(vendors), decided_at)
        or _of_others(warehouse, business_id, subject, vendors, others)
    )


def _of_currency(warehouse: duckdb.DuckDBPyConnection, business_id: str, currency: str | None, subject: Mapping[str, Any]) -> str | None:
    if currency is None:
        return f"the home currency of {business_id} is not known"
    found = warehouse.execute("select iso_exponent from seeds.currency_exponents where currency = ?", [currency]).fetchone()
    if found is not None and decimals_of(Decimal(subject["amount"])) > found[0]:
        return f"{subject['amount']} has more decimals than {currency}, which has {found[0]}"
    return None


def _vendors(warehouse: duckdb.DuckDBPyConnection, business_id: str, subject: Mapping[str, Any]) -> dict[str, str | None]:
    """The ledger's vendors that are meant, by id, with their currency: the newest version of each that was not deleted.

    A key may be older than the vendor's present one: each was some member's own.
    """
    meant = "record_id = $vendor"
    if "vendor_key" in subject:
        meant = f"""record_id in (
            select members.rail_vendor_id
            from marts.vendor_map as named
            inner join marts.vendor_map as members on named.business_id = members.business_id and named.vendor_key = members.vendor_key
            where named.business_id = $business and named.own_vendor_key = $vendor and members.rail = '{LEDGER}'
        )"""
    rows = warehouse.execute(
        f"""
        select record_id, payload ->> '$.CurrencyRef.value'
        from raw_{LEDGER}.vendors
        where business_id = $business and {meant}
        qualify row_number() over (partition by record_id order by {version_order(RAILS[LEDGER].versioned)} desc) = 1 and not is_deleted
        """,
        {"business": business_id, "vendor": subject.get("vendor_key") or subject["vendor_id"]},
    ).fetchall()
    return dict(rows)


def _of_vendor(business_id: str, currency: str, subject: Mapping[str, Any], vendors: Mapping[str, str | None]) -> str | None:
    named = subject.get("vendor_key") or subject["vendor_id"]
    if not vendors:
        return f"{business_id} has no vendor {named} in the ledger"
    foreign = {told for told in vendors.values() if told is not None and told != currency}
    if foreign:
        return f"vendor {named} bills in {', '.join(sorted(foreign))}, and what is entered is in {currency}"
    return None


def _of_ledger(
    warehouse: duckdb.DuckDBPyConnection, business_id: str, subject: Mapping[str, Any], vendors: Sequence[str], decided_at: datetime
) -> str | None:
    """What the ledger had when the bill was entered: the same number, or the same date where no number tells the two apart.

    What came into it since then is no reason: by that the ledger has caught up.
    """
    rows = warehouse.execute(
        f"""
        select record_id, txn_date, document_number
        from marts.fct_bills
        where
            business_id = $business and rail = '{LEDGER}' and list_contains($vendors::varchar[], vendor_id)
            and not is_deleted and not is_voided and total_amount = $amount::decimal(18, 2)
            and coalesce(created_at <= timezone('UTC', $at::timestamptz), true)
        order by 2, 1
        """,
        {"business": business_id, "vendors": list(vendors), "amount": subject["amount"], "at": decided_at},
    ).fetchall()
    for record_id, billed, number in rows:
        if _is_same(subject, date.fromisoformat(subject["bill_date"]), number, billed):
            return f"the ledger has it: bill {record_id} of {billed}"
    return None


def _of_others(
    warehouse: duckdb.DuckDBPyConnection,
    business_id: str,
    subject: Mapping[str, Any],
    vendors: Mapping[str, str | None],
    others: Sequence[Mapping[str, Any]],
) -> str | None:
    """What was entered before, likewise."""
    amount, day = Decimal(subject["amount"]), date.fromisoformat(subject["bill_date"])
    for other in others:
        billed = date.fromisoformat(other["bill_date"])
        is_like = amount == Decimal(other["amount"]) and _is_same(subject, day, other.get("document_number"), billed)
        if is_like and _vendors(warehouse, business_id, other).keys() & vendors:
            return f"a bill of {billed} over {other['amount']} of that vendor was entered before"
    return None


def _is_same(subject: Mapping[str, Any], day: date, number: str | None, billed: date | None) -> bool:
    """Whether two bills of one vendor and amount are one: by their numbers, or by their dates where a number is missing."""
    numbers = _comparable(subject.get("document_number")), _comparable(number)
    return numbers[0] == numbers[1] if None not in numbers else day == billed


def _comparable(number: str | None) -> str | None:
    """A document number as the models compare it (macro `comparable_reference`)."""
    return re.sub("[^A-Z0-9]", "", (number or "").upper()).lstrip("0") or None
