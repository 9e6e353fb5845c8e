"""Decisions: what each kind is about, who may make them, and that each is undone once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ingestion.control import ControlStore
from ingestion.control.decision_subjects import subject_of
from ingestion.control.decisions import Decided, NotAllowed, may_act, put_decision
from ingestion.errors import UsageError
from ingestion.settings import Settings
from tests.control.conftest import connect

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
PAIR = {"left_rail": "qbo", "left_id": "58", "right_rail": "plaid", "right_id": "AMZN MKTP: 2K4"}
SIDES = {"left_rail": "plaid", "left_entity": "transactions", "left_id": "t", "right_rail": "qbo", "right_entity": "bills", "right_id": "1"}
FIXED = {"entity": "bills", "record_id": "17", "fields": {"due_date": "2026-08-01"}}


def put(
    store: ControlStore, kind: str, subject: dict[str, Any], *, advisor: str = "ann", key: str = "tap", reason: str | None = None
) -> Decided:
    with store.database.write() as transaction:
        return put_decision(
            transaction, business_id="acme", advisor_id=advisor, idempotency_key=key, kind=kind, subject=subject, reason=reason,
            client="command line", at=NOON,
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
        ("hold", {"bill": "1", "rail": "xero"}, "xero"),
        ("same", PAIR | {"right_rail": "qbo", "right_id": "58"}, "both sides are the same vendor"),
        ("same", PAIR | {"left_id": "a\x00b"}, "matching regex"),
        ("confirm-match", SIDES | {"left_entity": "bills"}, "plaid has no entity"),
        ("reject-match", SIDES | {"left_rail": "qbo", "left_entity": "bills"}, "of two rails"),
        ("settle", {"conflict": "c"}, "by the rail that is right or by a value"),
        ("settle", {"conflict": "c", "rail": "qbo", "value": "1"}, "one of the two"),
        ("settle", {"conflict": "c", "rail": "xero"}, "xero"),
        ("correct", FIXED | {"fields": {}}, "at least one field"),
        ("correct", FIXED | {"fields": {"total_amount": "1"}}, "cannot be corrected; what can: due_date, vendor_id"),
        ("correct", FIXED | {"fields": {"due_date": "1 August"}}, "not a date"),
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
