"""Sync requests and decisions over HTTP: whose token, which grants, once per key, and in flight only once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.control.api_tokens import new_token, revoke_tokens
from ingestion.control.arrivals_schema import api_tokens, decisions, sync_requests
from ingestion.errors import UsageError
from ingestion.removing import disconnect
from tests.receiver.conftest import NOON, Served

ORDER = {"business": "acme", "rail": "qbo", "entities": ["bills"]}
DECISION = {"business": "acme", "kind": "approve", "subject": {"bill": "17", "amount": "12.50"}, "reason": "due tomorrow"}


def rows(served: Served, table: sa.Table) -> list[Any]:
    with served.store.database.read() as transaction:
        return list(transaction.execute(sa.select(table)).all())


def test_a_sync_request_is_one_row_per_entity_and_joins_the_one_in_flight(served: Served) -> None:
    ann, bob = served.token("ann", "staff"), served.token("bob", "owner")
    (first,) = served.post("/sync", json=ORDER, headers=ann).json()["requests"]
    again = served.post("/sync", json={**ORDER, "entities": ["bills", "vendors"]}, headers=bob)
    assert again.status_code == 202
    joined, other = again.json()["requests"]
    assert (joined["request_id"], joined["joined"], first["joined"]) == (first["request_id"], True, False)
    assert (other["entity"], other["joined"]) == ("vendors", False)
    assert sorted((row.entity, row.asked_count, row.requested_by) for row in rows(served, sync_requests)) == [
        ("bills", 2, "ann"), ("vendors", 1, "bob"),
    ]  # fmt: skip
    (whole,) = served.post("/sync", json={"business": "acme", "rail": "qbo"}, headers=ann).json()["requests"]
    assert whole["entity"] == "*"


def test_fifty_requests_at_once_for_the_same_are_one(served: Served) -> None:
    ann = served.token("ann", "staff")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: served.post("/sync", json=ORDER, headers=ann), range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["requests"][0]["request_id"] for answer in answers}) == 1
    assert [row.asked_count for row in rows(served, sync_requests)] == [50]


def test_how_a_request_stands_is_told_to_advisors_of_its_business_alone(local: Served) -> None:
    import httpx

    ann, eve = local.token("ann", "staff"), local.token("eve", "staff", "bolt")
    (asked,) = local.post("/sync", json=ORDER, headers=ann).json()["requests"]
    address = f"{local.url}/sync/{asked['request_id']}"
    assert httpx.get(address, headers=ann, trust_env=False).json()["state"] == "pending"
    assert httpx.get(address, headers=eve, trust_env=False).status_code == 404
    assert httpx.get(address, trust_env=False).status_code == 401


@pytest.mark.parametrize(("role", "status"), [("owner", 202), ("admin", 202), ("staff", 202), ("view_only", 403), (None, 403)])
def test_who_may_act_is_the_grant_of_that_moment(served: Served, role: str | None, status: int) -> None:
    ann = served.token("ann", role)
    assert served.post("/sync", json=ORDER, headers=ann).status_code == status
    made = served.post("/decisions", json=DECISION, headers={**ann, "idempotency-key": "k"}).status_code
    assert made == {202: 201, 403: 403}[status]
    assert served.post("/sync", json={**ORDER, "business": "bolt"}, headers=ann).status_code == 403
    assert served.post("/sync", json={**ORDER, "business": "nobody"}, headers=ann).status_code == 403


def test_access_ends_with_the_grant_and_with_the_token_at_once(local: Served) -> None:
    ann, bob = local.token("ann", "staff"), local.token("bob", "staff")
    assert local.post("/sync", json=ORDER, headers=ann).status_code == 202
    local.store.revoke("ann", "acme", NOON)
    assert local.post("/sync", json=ORDER, headers=ann).status_code == 403
    assert revoke_tokens(local.store.database, "bob") == 1
    assert local.post("/sync", json=ORDER, headers=bob).status_code == 401


def test_no_token_or_a_wrong_one_is_refused_whatever_it_looks_like(local: Served) -> None:
    right = local.token("ann", "staff")["authorization"]
    cut = [right[:-1], right + "x", right.replace("Bearer", "Basic"), right.replace("rowcol_", "rowcol_0")]
    wrong = ["", "Bearer", "Bearer x", *cut, "Bearer " + "x" * 5000]
    for value in wrong:
        answer = local.post("/sync", json=ORDER, headers={"authorization": value})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), value
    assert rows(local, sync_requests) == []


def test_a_token_is_kept_as_a_hash_and_only_for_advisors_somebody_granted_something(local: Served) -> None:
    token = local.token("ann", "staff")["authorization"].removeprefix("Bearer ")
    stored = "".join(str(value) for row in rows(local, api_tokens) for value in row)
    assert token.rpartition("_")[2] not in stored and token.split("_")[1] in stored
    with pytest.raises(UsageError, match="no advisor 'zoe'"):
        new_token(local.store.database, "zoe")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b'{"business": "acme", "rail": "xero"}', 422),
        (b'{"business": "acme", "rail": "qbo", "entities": ["payslips"]}', 422),
        (b'{"business": "acme", "rail": "qbo", "entity": "bills"}', 422),
        (b'{"business": "acme"}', 422),
        (b'{"business": "acme", "rail": "qbo", "entities": "bills"}', 422),
        (b" " * 70_000, 413),
    ],
    ids=["text", "rail", "entity", "field", "missing", "type", "large"],
)
def test_an_order_that_cannot_be_meant_is_refused_with_its_reason(local: Served, body: bytes, status: int) -> None:
    answer = local.post("/sync", content=body, headers=local.token("ann", "staff"))
    assert (answer.status_code, set(answer.json())) == (status, {"error"})
    assert rows(local, sync_requests) == []


def test_a_rail_the_business_is_not_connected_to_is_named(local: Served) -> None:
    answer = local.post("/sync", json={"business": "bolt", "rail": "ramp"}, headers=local.token("ann", "staff", "bolt"))
    assert (answer.status_code, answer.json()) == (422, {"error": "bolt is not connected to ramp"})
    disconnect(local.store, "bolt", "qbo", at_vendor=False)
    answer = local.post("/sync", json={"business": "bolt", "rail": "qbo"}, headers=local.token("ann", "staff", "bolt"))
    assert (answer.status_code, answer.json()) == (422, {"error": "bolt is not connected to qbo"}), "nobody would ever read it"


def test_a_decision_is_stored_once_per_key_and_never_changed(served: Served) -> None:
    ann = {**served.token("ann", "staff"), "idempotency-key": "tap-1"}
    first = served.post("/decisions", json=DECISION, headers=ann)
    reordered = {"reason": "due tomorrow", "subject": {"amount": "12.50", "bill": "17"}, "kind": "approve", "business": "acme"}
    again = served.post("/decisions", json=reordered, headers=ann)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["decision_id"] == again.json()["decision_id"]
    assert served.post("/decisions", json={**DECISION, "kind": "hold"}, headers=ann).status_code == 409
    (row,) = rows(served, decisions)
    assert (row.kind, row.subject, row.advisor_id, row.decided_at) == (
        "approve",
        '{"amount":"12.50","bill":"17","rail":"qbo"}',
        "ann",
        NOON,
    )
    assert served.post("/decisions", json=DECISION, headers={**ann, "idempotency-key": "tap-2"}).status_code == 201


def test_the_same_decision_sent_fifty_times_at_once_is_one(served: Served) -> None:
    ann = {**served.token("ann", "staff"), "idempotency-key": "tap-1"}
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: served.post("/decisions", json=DECISION, headers=ann).status_code, range(50)))
    assert sorted(answers) == [200] * 49 + [201]
    assert len(rows(served, decisions)) == 1


def test_a_decision_without_a_key_or_of_an_unknown_kind_is_refused(local: Served) -> None:
    ann = local.token("ann", "staff")
    assert local.post("/decisions", json=DECISION, headers=ann).status_code == 400
    refused: tuple[dict[str, Any], ...] = (
        {"kind": "pay"},
        {"subject": []},
        {"subject": {}},
        {"subject": {"bill": "17", "rail": "xero"}},
        {"reason": "nul \x00"},
        {"reason": "x" * 3000},
    )
    for bad in refused:
        answer = local.post("/decisions", json={**DECISION, **bad}, headers={**ann, "idempotency-key": "k"})
        assert answer.status_code == 422, bad
    deep = b'{"business":"acme","kind":"hold","subject":{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}}"
    assert local.post("/decisions", content=deep, headers={**ann, "idempotency-key": "k"}).status_code == 400
    assert rows(local, decisions) == []


def test_an_entered_bill_is_stored_and_one_that_cannot_be_meant_is_refused_and_kept_once(served: Served) -> None:
    ann, eve = ({**served.token(name, role), "idempotency-key": "tap"} for name, role in (("ann", "staff"), ("eve", "view_only")))
    day = NOON.date().isoformat()
    subject = {"vendor_id": "58", "amount": "120.50", "bill_date": day, "due_date": day}
    order = {"business": "acme", "kind": "enter-bill", "subject": subject, "reason": "told by phone"}
    assert [served.post("/decisions", json=order, headers=ann).status_code for _ in range(2)] == [201, 200]
    bad = {**order, "subject": {**subject, "amount": "-120.50"}}
    assert served.post("/decisions", json=bad, headers=eve).status_code == 403
    for _ in range(2):
        answer = served.post("/decisions", json=bad, headers={**ann, "idempotency-key": "tap-2"})
        assert (answer.status_code, answer.json()) == (422, {"error": "the amount of a bill is more than nothing, not -120.50"})
    assert served.post("/decisions", json={**order, "business": "bolt"}, headers=ann).status_code == 403
    entered, refused = rows(served, decisions)
    assert (entered.kind, json.loads(entered.subject), entered.reason) == ("enter-bill", subject, "told by phone")
    assert (refused.kind, refused.advisor_id, json.loads(refused.subject)["subject"]) == ("refused", "ann", bad["subject"])


def test_a_bulk_is_one_answer_and_the_guardrails_word_is_not_the_senders(served: Served) -> None:
    ann = {**served.token("ann", "staff"), "idempotency-key": "bulk"}
    flags = {"business": "acme", "kind": "resolve-flag", "subjects": [{"flag_id": f"f{number}"} for number in range(100)]}
    first, again = (served.post("/decisions", json=flags, headers=ann) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() | {"is_new": False} == again.json()
    assert len(set(first.json()["decision_ids"])) == len(rows(served, decisions)) == 100
    undo = {"business": "acme", "kind": "undo", "subject": {"bulk_id": first.json()["bulk_id"]}}
    assert served.post("/decisions", json=undo, headers={**ann, "idempotency-key": "undo"}).status_code == 201
    refused: tuple[dict[str, Any], ...] = (
        {**flags, "subjects": [*flags["subjects"], {"flag_id": "f100"}]},
        {**flags, "subjects": []},
        {**flags, "subject": {"flag_id": "f0"}},
        {**flags, "subjects": [{"flag_id": "f0"}, {"flag": "f1"}]},
        {"business": "acme", "kind": "hold"},
        {**DECISION, "subject": {"bill": "17", "guardrail": "cash 1000000"}},
    )
    for bad in refused:
        answer = served.post("/decisions", json=bad, headers={**ann, "idempotency-key": "bad"})
        assert answer.status_code == 422, bad
    assert len(rows(served, decisions)) == 101
