"""The chain of custody of a bill in plain words, from the sealed files of a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rowcol_assets.audit.story import custody_story
from tests.audit.logs import Place, append, event

RAMP_BILL = {"id": "r1", "status": "OPEN", "approval_status": "PENDING", "amount": {"amount": 30000, "currency_code": "USD"}}
SENT = {
    "payment": {"payment_method": "ACH", "payment_date": "2026-09-22T00:00:00+00:00", "amount": {"amount": 30000, "currency_code": "USD"}}
}
CORRECTED = {"entity": "bills", "record_id": "7", "rail": "qbo", "fields": {"due_date": "2026-10-15"}}
PAYMENT = {
    "TxnDate": "2026-09-22",
    "TotalAmt": 300,
    "CurrencyRef": {"value": "USD"},
    "Line": [{"LinkedTxn": [{"TxnId": "7", "TxnType": "Bill"}]}],
}


def _match(pair: str, left: str, right: str) -> dict[str, str]:
    named = [f"{side}_{part}" for side in ("left", "right") for part in ("rail", "entity", "id")]
    return {"pair": pair, **dict(zip(named, [*left.split("/"), *right.split("/")], strict=True))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    told: list[tuple[str | None, str, str, dict[str, Any]]] = [
        (
            None,
            "decisions",
            "e0",
            {"kind": "enter-bill", "subject": {"vendor_id": "1", "amount": "300", "bill_date": "2026-09-01", "due_date": "2026-09-30"}},
        ),
        (None, "decisions", "v9", {"kind": "refused", "subject": {"decision_id": "e9", "said": "no vendor", "subject": {}}}),
        (None, "bills", "e0", {"currency": "KWD"}),
        ("qbo", "bills", "7", {"Id": "7"}),
        (None, "matches", "m0", _match("entered_bill", "user/bills/e0", "qbo/bills/7")),
        ("ramp", "bills", "r1", RAMP_BILL),
        ("ramp", "bills", "r1", RAMP_BILL | {"memo": "says nothing new"}),
        (None, "matches", "m1", _match("bill", "ramp/bills/r1", "qbo/bills/7")),
        (None, "decisions", "d0", {"kind": "approve", "subject": '{"rail":"qbo","bill":"7"}'}),
        (
            None,
            "decisions",
            "v0",
            {"kind": "refused", "subject": {"decision_id": "d0", "said": "held", "subject": {"rail": "qbo", "bill": "7"}}},
        ),
        (None, "decisions", "d1", {"kind": "approve", "subject": '{"rail":"ramp","bill":"r1"}'}),
        (None, "decisions", "v1", {"kind": "admitted", "subject": {"decision_id": "d1", "guardrail": "cash 5"}}),
        (None, "decisions", "d2", {"kind": "approve", "subject": '{"rail":"qbo","bill":"8"}', "bulk_id": "k0"}),
        (None, "decisions", "d3", {"kind": "hold", "subject": '{"rail":"qbo","bill":"7"}', "bulk_id": "k1"}),
        (None, "decisions", "c0", {"kind": "correct", "subject": CORRECTED, "bulk_id": None}),
        (None, "decisions", "u0", {"kind": "undo", "subject": '{"decision_id":"c0"}'}),
        (None, "decisions", "u1", {"kind": "undo", "subject": '{"bulk_id":"k0"}'}),
        (None, "decisions", "u2", {"kind": "undo", "subject": '{"bulk_id":"k1"}'}),
        (None, "decisions", "u3", {"kind": "undo", "subject": '{"decision_id":"d3"}'}),
        ("ramp", "bills", "r1", RAMP_BILL | SENT | {"approval_status": "APPROVED"}),
        ("qbo", "bill_payments", "17", PAYMENT | {"Line": [{"LinkedTxn": [{"TxnId": "71", "TxnType": "Bill"}]}]}),
        ("qbo", "bill_payments", "9", PAYMENT),
        ("plaid", "transactions", "t1", {"amount": 300.0, "iso_currency_code": "USD", "date": "2026-09-23", "name": "RAMP"}),
        ("plaid", "transactions", "t2", {"amount": 5, "date": "2026-09-23"}),
        (None, "matches", "m2", _match("bank_ramp", "ramp/bills/r1", "plaid/transactions/t1")),
    ]
    place = Place(tmp_path_factory.mktemp("story"))
    events = []
    for business in ("acme", "bolt"):
        for number, (rail, entity, record, snapshot) in enumerate(told):
            values = {"rail": rail, "entity": entity, "record_id": record, "snapshot": json.dumps(snapshot), "reason": "as agreed"}
            events.append(event(business, number, **values) | {"observed_at": event(business, number)["occurred_at"], "actor_id": "ann"})
    # The other business knows these records, and nothing that ties them together.
    append(place.open(), [one for one in events if one["business_id"] == "acme" or one["entity"] in ("bills", "transactions")])
    return place.folder


def test_a_bill_is_told_from_its_approval_to_the_books(folder: Path) -> None:
    story = [(step.stage, step.who, step.what, step.record) for step in custody_story(folder, "acme", "bills", "7")]
    assert story == [
        ("enter", "ann", "entered: 300.000 KWD, dated 2026-09-01, due 2026-09-30", "decisions/e0"),
        ("approve", "ramp", "waiting for approval", "ramp/bills/r1"),
        ("approve", "ann", "approval asked for: as agreed", "decisions/d0"),
        ("approve", "ann", "refused: held", "decisions/v0"),
        ("approve", "ann", "approval asked for: as agreed", "decisions/d1"),
        ("approve", "ann", "approved, the guardrail said: cash 5", "decisions/v1"),
        ("approve", "ann", "held: as agreed", "decisions/d3"),
        ("correct", "ann", "corrected to due_date 2026-10-15: as agreed", "decisions/c0"),
        ("correct", "ann", 'taken back, "corrected to due_date 2026-10-15: as agreed": as agreed', "decisions/u0"),
        ("approve", "ann", 'taken back, "held: as agreed": as agreed', "decisions/u2"),
        ("approve", "ramp", "approved", "ramp/bills/r1"),
        ("execute", "ramp", "on its way with 300.00 USD by ACH, sent 2026-09-22", "ramp/bills/r1"),
        ("record", "qbo", "in the books as a payment of 300.00 USD dated 2026-09-22", "qbo/bill_payments/9"),
        ("verify", "plaid", "posted 2026-09-23: 300.00 USD, RAMP", "plaid/transactions/t1"),
    ]


def test_a_bill_that_was_refused_says_why(folder: Path) -> None:
    told = [(step.stage, step.what, step.record) for step in custody_story(folder, "acme", "bills", "e9")]
    assert told == [("enter", "refused: no vendor", "decisions/v9")]


@pytest.mark.parametrize(("entity", "record"), [("bill_payments", "9"), ("ramp/bills", "r1"), ("bills", "e0")])
def test_it_is_the_same_story_by_the_payment_and_by_the_services_own_name(entity: str, record: str, folder: Path) -> None:
    assert custody_story(folder, "acme", entity, record) == custody_story(folder, "acme", "bills", "7")


def test_another_business_and_another_kind_of_record_have_no_part_in_it(folder: Path, tmp_path: Path) -> None:
    assert custody_story(folder, "bolt", "bills", "7") == []
    assert custody_story(folder, "acme", "vendors", "7") == []
    assert custody_story(tmp_path, "acme", "bills", "7") == []
