"""A bill that a person enters, in the product: logged and counted once whatever dies, then taken over by the ledger's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.homes import pass_days
from tests.e2e.machine import Machine

# What the ledger will have in three days and does not have yet, of a vendor that it has and in its own currency.
COMING = """select business_id, record_id, vendor_id, document_number, total_amount::varchar, txn_date::varchar, due_date::varchar
    from marts.fct_bills
    where rail = 'qbo' and is_open and created_at > ? and due_date >= txn_date and currency = home_currency and document_number is not null
        and corrected_fields is null and total_amount = open_amount
    order by 1, 2"""


# Five cycles: what becomes of an entered bill is in tests/dbt/test_entered_bills.py and tests/cli/test_entering.py too.
@pytest.mark.soak
def test_an_entered_bill_is_logged_and_counted_once_and_gives_way_to_the_ledgers(copy: Machine, later: Path) -> None:
    undisturbed = Machine(later, copy.sandbox)
    now = copy.now().replace(tzinfo=None).isoformat(" ")
    coming = undisturbed.query(COMING.replace("?", f"timestamp '{now}'"))
    known = set(copy.query("select business_id, record_id from staging.stg_qbo__vendors where not is_deleted"))
    business, booked, vendor, number, amount, billed, due = next(row for row in coming if (row[0], row[2]) in known)
    told = [f"{name}={value}" for name, value in [
        ("vendor_id", vendor), ("amount", amount), ("bill_date", billed), ("due_date", due), ("document_number", number),
    ]]  # fmt: skip
    before = _figures(copy, business)
    (made,) = json.loads(copy.succeed("decide", "enter-bill", business, *told, "--reason", "told by phone", "--json"))
    entered = made["decision_id"]

    for point in ("mid_log", "after_log"):
        copy.die(point, "run")
    copy.succeed("run")
    events = f"""select entity, action, actor_type, reason from audit.transaction_log
        where business_id = '{business}' and (record_id = '{entered}' or snapshot like '%{entered}%') order by seq"""
    taken_down = [
        ("bills", "created", "advisor", "entered by a person, and the ledger does not have it"),
        ("decisions", "created", "advisor", "admitted"),
        ("decisions", "created", "advisor", "told by phone"),
    ]
    assert sorted(copy.query(events)) == taken_down, "neither the record nor its event is lost or doubled"
    state = f"select status, is_open, entered_by, ledger_bill_id from marts.fct_bills where rail = 'user' and record_id = '{entered}'"
    assert copy.query(state) == [("open", True, made["advisor_id"], None)]
    assert _figures(copy, business) == (before[0] + _cents(amount), before[1] + _cents(amount))
    refused = copy.rowcol("decide", "approve", business, f"user:{entered}")
    assert refused.returncode == 1 and f"not approved, needs_data: not_in_ledger (bill {entered})" in refused.stderr
    behind = json.loads(copy.succeed("explain", business, "ap_open", "--json"))
    assert [one["rail"] for one in behind["records"] if one["record_id"] == entered] == ["user"]

    pass_days(copy)
    copy.succeed("run")
    assert copy.query(state) == [("replaced", False, made["advisor_id"], booked)]
    assert _figures(copy, business) == _figures(undisturbed, business), "counted once, as if nobody had entered it"
    logged = [event for event in copy.query(events) if event not in taken_down]
    assert ("matches", "created", "model", "matched by reference") in logged
    assert ("bills", "updated", "model", f"the ledger has it: bill {booked}") in logged
    assert "told by phone" in copy.succeed("history", business, "decisions", entered)
    story = copy.succeed("history", business, "bills", booked)
    assert "Chain of custody" in story and "enter" in story
    refused = copy.rowcol("history", business, "bill", booked)
    assert refused.returncode == 1 and f"tells of no bill of {business}; it tells of accounts, " in refused.stderr
    versions = json.loads(copy.succeed("lineage", "marts.fct_bills", business, "user", entered, "--json"))["versions"]
    assert {(one["entity"], one["record_id"]) for one in versions} >= {("decisions", entered), ("bills", booked), ("vendors", vendor)}
    copy.succeed("verify-log")


def _figures(made: Machine, business: str) -> tuple[Any, Any]:
    """What is open, in cents: by the aging's bills, and by the runway."""
    aged = f"select sum(open_amount) * 100 from marts.fct_ap_aging where business_id = '{business}' and document_type = 'bill'"
    owed = f"select ap_open * 100 from marts.fct_runway_daily where business_id = '{business}' order by as_of_date desc limit 1"
    ((first,),), ((second,),) = made.query(aged), made.query(owed)
    return int(first), int(second)


def _cents(amount: str) -> int:
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))
