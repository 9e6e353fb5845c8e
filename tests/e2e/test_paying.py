"""Paying in the product: what the guardrail says beforehand, approvals on the balance that the vendor states now, and refusals."""

from __future__ import annotations

import json
from decimal import Decimal

from tests.e2e.machine import Machine

BILLS = "select record_id, home_open_amount, cash_after from marts.fct_guardrail where business_id = '{}' and answer = '{}' order by 2, 1"


def test_bills_are_approved_on_live_cash_above_the_floors_and_refused_otherwise(later_copy: Machine) -> None:
    answers = dict(later_copy.query("select answer, min(business_id) from marts.fct_guardrail group by answer"))
    rich = answers["approved"]
    poor = next(business for business in later_copy.businesses if not later_copy.query(BILLS.format(business, "approved")))
    (first, first_amount, after_first), (second, second_amount, _), *_ = later_copy.query(BILLS.format(rich, "approved"))

    said = json.loads(later_copy.succeed("what-if", rich, "--pay", first, second, "--json"), parse_float=Decimal)
    assert (said["answer"], said["rule_hits"], said["total_amount"]) == ("approved", [], first_amount + second_amount)
    assert said["cash_after"] == after_first - second_amount

    (made,) = json.loads(later_copy.succeed("decide", "approve", rich, first, "--json", "--key", "tap"))
    # The sandbox's clock stands, so the vendor states what the last cycle read.
    assert made["subject"]["guardrail"].startswith(f"cash {after_first}, buffer ")
    again = json.loads(later_copy.succeed("decide", "approve", rich, first, "--json", "--key", "tap"))
    assert [(one["decision_id"], one["is_new"]) for one in again] == [(made["decision_id"], False)]

    def refused(business: str, bill: str) -> str:
        done = later_copy.rowcol("decide", "approve", business, bill)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        return done.stderr

    (held, *_), *_ = later_copy.query(BILLS.format(poor, "held"))
    assert "not approved, held: " in refused(poor, held)
    (unknown, *_), *_ = later_copy.query(BILLS.format(rich, "needs_data"))
    assert f"not approved, needs_data: no_due_date (bill {unknown}), hygiene_h01 (bill {unknown})" in refused(rich, unknown)
    ((paid,),) = later_copy.query(
        f"select min(record_id) from marts.fct_bills where business_id = '{rich}' and effective_status = 'paid' and not is_deleted"
    )
    assert f"bill {paid} of {rich} is paid" in refused(rich, paid)
    later_copy.sandbox.post("fault", rail="qbo", business=rich, kind="server_error")
    assert "not approved, needs_data: no live balance: " in refused(rich, second)
