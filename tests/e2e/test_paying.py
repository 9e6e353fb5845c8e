"""Paying in the product: what the guardrail says beforehand, approvals on the balance that the vendor states now, and refusals; and of
approvals that came over HTTP, what the next run makes of them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ingestion.control.arrivals_schema import decisions
from ingestion.control.decisions import put_decisions
from ingestion.control.store import open_store
from rowcol_assets.settling import Settled, settle_approvals, settle_words
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
    assert made["subject"]["guardrail"].startswith(f"cash {after_first:,} USD, buffer ")
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
    _judged_by_the_next_run(later_copy, rich, str(made["advisor_id"]), [second, unknown, paid])
    _say_of_flags(later_copy, rich, str(made["advisor_id"]))
    later_copy.sandbox.post("fault", rail="qbo", business=rich, kind="server_error")
    assert "not approved, needs_data: no live balance: " in refused(rich, second)


def _judged_by_the_next_run(made: Machine, business: str, advisor: str, bills: list[str]) -> None:
    """Two approvals as the receiver stores them: of one bill that may be paid, and of all `bills` at once, of which some may not."""
    good, *bad = bills
    with open_store(made.settings) as store:

        def ask(key: str, *named: str) -> list[str]:
            with store.database.write() as transaction:
                stored = put_decisions(
                    transaction, business_id=business, advisor_id=advisor, idempotency_key=key, kind="approve",
                    subjects=[{"bill": bill} for bill in named], reason=None, client="10.0.0.7", at=made.now(),
                )  # fmt: skip
            return [one.decision_id for one in stored]

        (alone,) = ask("alone", good)
        together = ask("together", good, *bad)
        assert settle_approvals(made.settings, store) == Settled(admitted=1, refused=3)
        assert settle_approvals(made.settings, store) == Settled(), "each is judged once"
        with store.database.read() as transaction:
            rows = transaction.execute(sa.select(decisions).where(decisions.c.kind.in_(("admitted", "refused"))))
            told = {subject.get("decision_id"): (row.kind, subject) for row in rows if (subject := json.loads(row.subject))}
    assert told[alone][0] == "admitted" and told[alone][1]["guardrail"].startswith("cash ")
    assert {told[one][0] for one in together} == {"refused"}, "what was asked for at once is one payment run"
    assert "there is nothing to pay" in told[together[0]][1]["said"]


# What a word does to a flag is asked of the models in tests/expectations/test_flag_history.py; here by a whole cycle after it.
@pytest.mark.soak
def test_words_on_flags_are_judged_by_what_was_seen_and_logged_with_what_they_lack(later_copy: Machine) -> None:
    business = later_copy.businesses[0]
    flag, ids = _say_of_flags(later_copy, business, "ann")
    later_copy.succeed("run")
    standing = "select decision_id, is_standing from staging.stg_control__decisions where kind = 'resolve-flag' order by decision_no"
    assert later_copy.query(standing) == list(zip(ids, (True, False, False), strict=True))
    assert later_copy.query(f"select resolved_by from marts.fct_hygiene_flag where flag_id = '{flag}'") == [("ann",)]
    logged = "select snapshot ->> '$.subject' from audit.transaction_log where entity = 'decisions' and (snapshot ->> '$.kind') = 'refused'"
    told = [json.loads(subject) for (subject,) in later_copy.query(logged)]
    # Both are refused at one instant, and within an instant the log goes by the decisions' ids, which are drawn at random.
    rules = {one["decision_id"]: one["rules"] for one in told if one["kind"] == "resolve-flag"}
    assert rules == {ids[1]: ["facts_changed"], ids[2]: ["unfit"]}


def _say_of_flags(made: Machine, business: str, advisor: str) -> tuple[str, list[str]]:
    """Words on flags as the receiver stores them: about what the last run has observed, about something else, and about no flag.

    The flag, and the decisions' ids.
    """
    open_flags = f"select flag_id, facts_hash from marts.fct_hygiene_flag where business_id = '{business}' and status = 'open'"
    (flag, facts), *_ = made.query(f"{open_flags} and is_resolvable order by all")
    asked = [{"flag_id": flag, "facts_hash": facts}, {"flag_id": flag, "facts_hash": "other"}, {"flag_id": "nobodys", "facts_hash": facts}]
    with open_store(made.settings) as store:
        ids = []
        for number, subject in enumerate(asked):
            with store.database.write() as transaction:
                stored = put_decisions(
                    transaction, business_id=business, advisor_id=advisor, idempotency_key=f"word {number}", kind="resolve-flag",
                    subjects=[subject], reason="seen", client="10.0.0.7", at=made.now(),
                )  # fmt: skip
            ids += [one.decision_id for one in stored]
        assert [settle_words(made.settings, store), settle_words(made.settings, store)] == [2, 0], "each is judged once"
    return flag, ids
