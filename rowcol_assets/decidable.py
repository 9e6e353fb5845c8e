"""What a decision names, looked up in the warehouse: a typing error must not become a verdict on nobody.

A bill that is paid or void is nobody either, and a flag that is not open, or was last looked at more than a day ago. The command line
looks before it stores; the receiver waits for no warehouse, and the next run looks for it (`settling`). The shapes of subjects are in
`ingestion.control.decision_subjects`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from ingestion.control.decision_subjects import is_day
from ingestion.control.entered_bills import USER
from ingestion.control.verdicts import ENTERED
from ingestion.errors import RowcolError
from ingestion.settings import Settings
from ingestion.warehouse import has_relation, open_warehouse
from rowcol_assets.entering import can_judge, why_unfit

PARTY_MAPS = {"vendor": ("marts.vendor_map", "rail_vendor_id"), "customer": ("marts.customer_map", "rail_customer_id")}
PARTY_FIELDS = {"vendor_id": "vendors", "customer_id": "customers"}
AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,2})?")
# Of these nothing is left to decide.
SETTLED = ("paid", "voided", "deleted", "replaced")
OLDEST_FLAG = timedelta(hours=24)
SIDES = ("left_rail", "left_entity", "left_id", "right_rail", "right_entity", "right_id")


class Unfit(RowcolError):
    """What a decision names is not there, or nothing is left to decide on it."""


def check_exists(
    settings: Settings,
    business_id: str,
    kind: str,
    subjects: list[dict[str, Any]],
    now: datetime,
    entered: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Unfit names the first thing that the business does not have or that is settled; WarehouseBusy when the warehouse stays held.

    entered: the bills that were entered before and stand, which one of kind enter-bill is held against.
    """
    with open_warehouse(settings, "decision") as warehouse:
        for subject in subjects:
            check_one(warehouse, business_id, kind, subject, now)
            if kind == ENTERED:
                if not can_judge(warehouse, business_id):
                    raise Unfit(f"the vendors of {business_id} are not known yet: rowcol run")
                if reason := why_unfit(warehouse, business_id, subject, now, entered):
                    raise Unfit(reason)


def is_built(warehouse: duckdb.DuckDBPyConnection, business_id: str) -> bool:
    """Whether a cycle has built the business; before that nothing can be said of what it has."""
    if not has_relation(warehouse, "marts.dim_business"):
        return False
    return warehouse.execute("select 1 from marts.dim_business where business_id = ?", [business_id]).fetchone() is not None


def not_built(business_id: str) -> str:
    """The sentence that says so."""
    return f"no cycle has built {business_id} yet: rowcol run"


def check_one(warehouse: duckdb.DuckDBPyConnection, business_id: str, kind: str, subject: Mapping[str, Any], at: datetime) -> None:
    """The same of one subject of a decision made at `at`, save of bills that are entered; RowcolError also of a value that cannot be."""
    for what, relation, key in _named(subject):
        if not _is_there(warehouse, business_id, relation, key):
            raise Unfit(f"{business_id} has no {what}" if is_built(warehouse, business_id) else not_built(business_id))
    if "conflict" in subject:
        _check_settlement(warehouse, business_id, subject)
    if "bill" in subject:
        _check_open(warehouse, business_id, subject)
    if kind == "resolve-flag":
        _check_flag(warehouse, business_id, subject["flag_id"], at)


def with_facts(settings: Settings, business_id: str, subjects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Subjects of flags with what is observed now, which the decision is about."""
    with open_warehouse(settings, "decision") as warehouse:
        facts = facts_of(warehouse, business_id, subjects)
    return [one | {"facts_hash": facts[one["flag_id"]]} for one in subjects]


def facts_of(warehouse: duckdb.DuckDBPyConnection, business_id: str, subjects: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is observed now of each flag that these subjects name."""
    query = "select flag_id, facts_hash from marts.fct_hygiene_flag where business_id = ? and list_contains(?, flag_id)"
    return dict(warehouse.execute(query, [business_id, [one["flag_id"] for one in subjects]]).fetchall())


def sides_of_match(settings: Settings, business_id: str, match_id: str) -> list[dict[str, str]]:
    """The two records of a match by its id, of a bundle those of each member; RowcolError when the business has none of that id."""
    with open_warehouse(settings, "decision") as warehouse:
        if has_relation(warehouse, "marts.fct_match"):
            query = f"select {', '.join(SIDES)} from marts.fct_match where business_id = ? and match_id = ? order by member_no"
            rows = warehouse.execute(query, [business_id, match_id]).fetchall()
            if rows:
                return [dict(zip(SIDES, row, strict=True)) for row in rows]
    raise RowcolError(f"{business_id} has no match {match_id}")


def _named(subject: Mapping[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
    """What the subject names: in words, in which relation, by which columns."""
    if "bill" in subject:
        return [_record(subject["rail"], "bills", subject["bill"])]
    if "party" in subject:
        relation, column = PARTY_MAPS[subject["party"]]
        return [
            (f"{subject['party']} {subject[f'{side}_id']} on {subject[f'{side}_rail']}", relation,
             {"rail": subject[f"{side}_rail"], column: subject[f"{side}_id"]})
            for side in ("left", "right")
        ]  # fmt: skip
    if "left_entity" in subject:
        return [_record(subject[f"{side}_rail"], subject[f"{side}_entity"], subject[f"{side}_id"]) for side in ("left", "right")]
    if "fields" in subject:
        parties = [_record(subject["rail"], PARTY_FIELDS[name], value) for name, value in subject["fields"].items() if name in PARTY_FIELDS]
        return [_record(subject["rail"], subject["entity"], subject["record_id"]), *parties]
    if "conflict" in subject:
        return [(f"conflict {subject['conflict']}", "marts.fct_conflict", {"conflict_id": subject["conflict"]})]
    if "flag_id" in subject:
        return [(f"flag {subject['flag_id']}", "marts.fct_hygiene_flag", {"flag_id": subject["flag_id"]})]
    return []


def _check_settlement(warehouse: duckdb.DuckDBPyConnection, business_id: str, subject: Mapping[str, Any]) -> None:
    """A rail must be one of the two that disagree, a value of money an amount, and one of a date a day."""
    query = (
        "select field, winner_rail, loser_rail, winner_amount is not null from marts.fct_conflict where business_id = ? and conflict_id = ?"
    )
    (field, *rails, is_money) = warehouse.execute(query, [business_id, subject["conflict"]]).fetchall()[0]
    if subject.get("rail", rails[0]) not in rails:
        raise RowcolError(f"conflict {subject['conflict']} is between {rails[0]} and {rails[1]}")
    if "value" in subject and is_money and not AMOUNT.fullmatch(subject["value"]):
        raise RowcolError(f"{field} is an amount of money, such as 125.00")
    if "value" in subject and field.endswith("_date") and not is_day(subject["value"]):
        raise RowcolError(f"{field} is a date: YYYY-MM-DD")


def _check_open(warehouse: duckdb.DuckDBPyConnection, business_id: str, subject: Mapping[str, Any]) -> None:
    if not has_relation(warehouse, "marts.fct_bills"):
        return
    query = "select effective_status from marts.fct_bills where business_id = ? and rail = ? and record_id = ?"
    found = warehouse.execute(query, [business_id, subject["rail"], subject["bill"]]).fetchone()
    if found is not None and found[0] in SETTLED:
        raise Unfit(f"bill {subject['bill']} of {business_id} is {found[0]}: there is nothing to decide")


def _check_flag(warehouse: duckdb.DuckDBPyConnection, business_id: str, flag_id: str, now: datetime) -> None:
    query = "select status, checked_at from marts.fct_hygiene_flag where business_id = ? and flag_id = ?"
    status, checked_at = warehouse.execute(query, [business_id, flag_id]).fetchall()[0]
    if status != "open":
        raise Unfit(f"flag {flag_id} of {business_id} is not open, it is {status}")
    if now - checked_at.replace(tzinfo=UTC) > OLDEST_FLAG:
        raise Unfit(f"flag {flag_id} of {business_id} was last looked at on {checked_at:%Y-%m-%d at %H:%M} UTC: rowcol run")


def _record(rail: str, entity: str, record_id: str) -> tuple[str, str, dict[str, str]]:
    if rail == USER:
        return f"entered bill {record_id}", "marts.fct_bills", {"rail": rail, "record_id": record_id}
    return f"{entity} {record_id} on {rail}", f"raw_{rail}.{entity}", {"record_id": record_id}


def _is_there(warehouse: duckdb.DuckDBPyConnection, business_id: str, relation: str, key: Mapping[str, str]) -> bool:
    if not has_relation(warehouse, relation):
        return False
    wanted = " and ".join(f"{column} = ?" for column in key)
    query = f"select 1 from {relation} where business_id = ? and {wanted} limit 1"
    return warehouse.execute(query, [business_id, *key.values()]).fetchone() is not None
