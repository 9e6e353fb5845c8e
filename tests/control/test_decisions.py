"""Decisions: what each kind is about, who may make them, that each is undone once, and a bulk within a day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.control import ControlStore
from ingestion.control.arrivals_schema import decisions
from ingestion.control.decision_subjects import subject_of
from ingestion.control.decisions import Decided, NotAllowed, OtherContent, may_act, put_decisions
from ingestion.control.verdicts import Unjudged, note_admitted, note_refusal, standing_approvals, waiting_approvals
from ingestion.errors import UsageError
from ingestion.settings import Settings
from tests.control.conftest import connect

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
PAIR = {"left_rail": "qbo", "left_id": "58", "right_rail": "plaid", "right_id": "AMZN MKTP: 2K4"}
SIDES = {"left_rail": "plaid", "left_entity": "transactions", "left_id": "t", "right_rail": "qbo", "right_entity": "bills", "right_id": "1"}
BILL = {"vendor_id": "58", "amount": "12.50", "bill_date": "2026-08-01", "due_date": "2026-08-31"}
FIXED = {"entity": "bills", "record_id": "17", "fields": {"due_date": "2026-08-01"}}


def put(
    store: ControlStore, kind: str, subject: dict[str, Any], *, advisor: str = "ann", key: str = "tap", reason: str | None = None
) -> Decided:
    (made,) = put_all(store, kind, [subject], advisor=advisor, key=key, reason=reason)
    return made


def put_all(
    store: ControlStore,
    kind: str,
    subjects: list[dict[str, Any]],
    *,
    advisor: str = "ann",
    key: str = "tap",
    reason: str | None = None,
    at: datetime = NOON,
) -> list[Decided]:
    with store.database.write() as transaction:
        return put_decisions(
            transaction, business_id="acme", advisor_id=advisor, idempotency_key=key, kind=kind, subjects=subjects, reason=reason,
            client="command line", at=at,
        )  # fmt: skip


@pytest.fixture
def acme(settings: Settings, store: ControlStore) -> ControlStore:
    connect(settings, store)
    for advisor, role in (("zoe", "owner"), ("ann", "staff"), ("eve", "view_only")):
        store.grant(advisor, "acme", role, NOON)  # type: ignore[arg-type]
    return store


def test_a_subject_is_completed_and_kept_in_one_form() -> None:
    assert subject_of("approve", {"bill": "17"}) == {"bill": "17", "rail": "qbo"}
    assert subject_of("same", PAIR) == PAIR | {"party": "vendor"}
    assert subject_of("confirm-match", SIDES) == SIDES
    assert subject_of("correct", FIXED) == FIXED | {"rail": "qbo"}


@pytest.mark.parametrize(
    ("kind", "subject", "message"),
    [
        ("pay", {}, "no decision of that kind"),
        ("approve", {}, "missing required field `bill`"),
        ("approve", {"bill": ""}, "length >= 1"),
        ("approve", {"bill": "1", "note": "x"}, "unknown field `note`"),
        ("approve", {"bill": "1", "amount": "1e5"}, "matching regex"),
        ("approve", {"bill": "1", "amount": "١٢٣"}, "matching regex"),
        ("enter-bill", BILL | {"amount": "١٢٣"}, "matching regex"),
        ("enter-bill", BILL | {"amount": "12.50\n"}, "matching regex"),
        ("hold", {"bill": "1", "rail": "xero"}, "xero"),
        ("same", PAIR | {"right_rail": "qbo", "right_id": "58"}, "both sides are the same vendor"),
        ("same", PAIR | {"left_id": "a\x00b"}, "matching regex"),
        ("confirm-match", SIDES | {"left_entity": "bills"}, "plaid has no entity"),
        ("reject-match", SIDES | {"left_rail": "qbo", "left_entity": "bills"}, "of two rails"),
        ("undo", {}, "a decision or a bulk, one of the two"),
        ("undo", {"decision_id": "d", "bulk_id": "b"}, "a decision or a bulk, one of the two"),
        ("settle", {"conflict": "c"}, "by the rail that is right or by a value"),
        ("settle", {"conflict": "c", "rail": "qbo", "value": "1"}, "one of the two"),
        ("settle", {"conflict": "c", "rail": "xero"}, "xero"),
        ("correct", FIXED | {"fields": {}}, "at least one field"),
        ("correct", FIXED | {"fields": {"total_amount": "1"}}, "cannot be corrected; what can: due_date, vendor_id"),
        ("correct", FIXED | {"fields": {"due_date": "1 August"}}, "not a date"),
        ("correct", FIXED | {"fields": {"due_date": "20260801"}}, "not a date"),
        ("correct", FIXED | {"fields": {"due_date": "2026-W31-6"}}, "not a date"),
        ("correct", FIXED | {"fields": {"due_date": "0026-08-01"}}, "not a date"),
        ("correct", FIXED | {"fields": {"due_date": "2026-08-32"}}, "not a date"),
        ("correct", FIXED | {"rail": "ramp"}, "corrected as the ledger has it, qbo, not ramp"),
    ],
)
def test_a_subject_that_is_none_of_its_kind_is_refused_in_words(kind: str, subject: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        subject_of(kind, subject)


def test_who_may_act_decides_and_nobody_else(acme: ControlStore) -> None:
    with acme.database.read() as transaction:
        assert may_act(transaction, "acme") == [("zoe", "owner"), ("ann", "staff")]
    for advisor in ("eve", "bob"):
        with pytest.raises(NotAllowed, match=f"{advisor} may not act for acme"):
            put(acme, "hold", {"bill": "1"}, advisor=advisor)
    with pytest.raises(UsageError, match="the reason"):
        put(acme, "hold", {"bill": "1"}, reason="x" * 3000)
    assert put(acme, "hold", {"bill": "1"}, reason="broken").is_new


def test_a_decision_is_undone_once_and_an_undo_never(acme: ControlStore) -> None:
    made = put(acme, "same", PAIR)
    undone = put(acme, "undo", {"decision_id": made.decision_id}, advisor="zoe", key="undo")
    assert undone.is_new
    assert not put(acme, "undo", {"decision_id": made.decision_id}, advisor="zoe", key="undo").is_new, "the same key is the same undo"
    for named, message in (
        (made, "was undone before"),
        (undone, "cannot be undone"),
        (Decided("nope", is_new=False), "has no decision nope"),
    ):
        with pytest.raises(UsageError, match=message):
            put(acme, "undo", {"decision_id": named.decision_id}, key="another")


def flags(count: int) -> list[dict[str, Any]]:
    return [{"flag_id": f"f{number}"} for number in range(count)]


def test_a_hundred_are_decided_at_once_under_one_key_all_or_none(acme: ControlStore) -> None:
    made = put_all(acme, "resolve-flag", flags(100))
    assert {(one.is_new, one.bulk_id is None) for one in made} == {(True, False)}
    assert len({one.bulk_id for one in made}) == 1 and len({one.decision_id for one in made}) == 100
    again = put_all(acme, "resolve-flag", [one | {"facts_hash": "x"} for one in flags(100)])
    assert [(one.decision_id, one.is_new) for one in again] == [(one.decision_id, False) for one in made], "it is the same tap"
    for other in (flags(99), flags(1)):
        with pytest.raises(OtherContent):
            put_all(acme, "resolve-flag", other)
    with pytest.raises(UsageError, match="1 to 100 are decided at once, not 101"):
        put_all(acme, "resolve-flag", flags(101), key="too many")
    with pytest.raises(UsageError, match="named twice"):
        put_all(acme, "hold", [{"bill": "1"}, {"bill": "1", "rail": "qbo"}], key="twice")
    with pytest.raises(UsageError, match="missing required field"):
        put_all(acme, "hold", [{"bill": "2"}, {}], key="half")
    assert put(acme, "hold", {"bill": "2"}, key="half").is_new, "nothing of the half was kept"


def test_a_bulk_is_undone_as_a_whole_for_a_day_and_then_one_by_one(acme: ControlStore) -> None:
    made = put_all(acme, "resolve-flag", flags(3))
    bulk = {"bulk_id": made[0].bulk_id}
    put(acme, "undo", {"decision_id": made[0].decision_id}, key="one")
    day = timedelta(hours=24)
    with pytest.raises(UsageError, match="was decided on 2026-06-30 at 12:00 UTC: it is undone within 24 hours"):
        put_all(acme, "undo", [bulk], key="late", at=NOON + day + timedelta(seconds=1))
    assert put_all(acme, "undo", [bulk], key="whole", at=NOON + day)[0].is_new
    with pytest.raises(UsageError, match=r"bulk .* was undone before"):
        put_all(acme, "undo", [bulk], key="again")
    with pytest.raises(UsageError, match=r"decision .* was undone before"):
        put(acme, "undo", {"decision_id": made[1].decision_id}, key="member")
    with pytest.raises(UsageError, match="has no bulk nope"):
        put(acme, "undo", {"bulk_id": "nope"}, key="nope")


def test_an_approval_waits_until_it_is_admitted_or_refused_once(acme: ControlStore) -> None:
    one, two, three = put_all(acme, "approve", [{"bill": bill} for bill in "123"])
    put(acme, "approve", {"bill": "4", "guardrail": "cash 5"}, key="judged before")

    def waiting() -> list[Unjudged]:
        with acme.database.read() as transaction:
            return waiting_approvals(transaction)

    assert [(each.decision_id, each.subject["bill"]) for each in waiting()] == [
        (one.decision_id, "1"),
        (two.decision_id, "2"),
        (three.decision_id, "3"),
    ]
    put(acme, "undo", {"decision_id": two.decision_id}, key="changed my mind")
    assert [each.subject["bill"] for each in waiting()] == ["1", "3"], "what was taken back is not judged"
    told = {"kind": "approve", "answer": "held"}
    for _ in range(2):
        with acme.database.write() as transaction:
            for each in waiting_approvals(transaction)[:1]:
                note_admitted(transaction, each, "cash 9", NOON)
        with acme.database.write() as transaction:
            note_refusal(
                transaction, business_id="acme", advisor_id="ann", subject=told, client="", at=NOON, decision_id=three.decision_id
            )  # fmt: skip
    assert waiting() == []
    with acme.database.read() as transaction:
        kept = transaction.execute(sa.select(decisions.c.kind, decisions.c.subject).order_by(decisions.c.decision_no)).all()[5:]
    assert [(row.kind, json.loads(row.subject)["decision_id"]) for row in kept] == [
        ("admitted", one.decision_id),
        ("refused", three.decision_id),
    ]
    with pytest.raises(UsageError, match="is no decision"), acme.database.read() as transaction:
        (told_of,) = transaction.execute(sa.select(decisions.c.decision_id).filter_by(kind="refused")).scalars()
        put(acme, "undo", {"decision_id": told_of}, key="refusal")


def test_an_approval_stands_once_judged_until_it_is_undone_or_held(acme: ControlStore) -> None:
    def standing() -> list[str]:
        with acme.database.read() as transaction:
            assert standing_approvals(transaction, "cog") == []
            return [bill for _, bill in standing_approvals(transaction, "acme")]

    judged = put(acme, "approve", {"bill": "1", "guardrail": "cash 5"}, key="judged before")
    put(acme, "approve", {"bill": "2", "guardrail": "cash 5"}, key="also before")
    bulk = put_all(acme, "approve", [{"bill": bill} for bill in "34"], key="over HTTP")
    assert standing() == ["1", "2"], "nobody has judged the others"
    with acme.database.write() as transaction:
        for each in waiting_approvals(transaction):
            note_admitted(transaction, each, "cash 4", NOON)
    assert standing() == ["1", "2", "3", "4"]
    put(acme, "hold", {"bill": "2"}, key="wait")
    put(acme, "undo", {"decision_id": judged.decision_id}, key="changed my mind")
    assert standing() == ["3", "4"]
    put(acme, "undo", {"bulk_id": bulk[0].bulk_id}, key="all of them")
    assert standing() == []
