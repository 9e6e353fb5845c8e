"""Signatures of the four vendors: recorded answers verify, and whatever was altered, late, unsigned or signed by others does not."""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.webhooks import Notice, Refused
from tests.receiver.signing import SECRET, PlaidKey, Signed, qbo, qbo_body, qbo_event, ramp, stripe, vectors

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
LEGACY = {
    "eventNotifications": [
        {
            "realmId": "310687",
            "dataChangeEvent": {
                "entities": [
                    {"id": "1234", "operation": "Create", "name": "BillPayment", "lastUpdated": "2025-09-08T20:52:31.657Z"},
                    {"id": "27", "operation": "Merge", "name": "Customer", "lastUpdated": "2025-09-08T12:52:31-0700", "deletedId": "9"},
                ]
            },
        },
        {"realmId": "310688", "dataChangeEvent": {"entities": [{"id": "1", "operation": "Void", "name": "Estimate"}]}},
    ]
}
RAMP_EVENT = json.dumps(
    {"id": "e-1", "type": "bills.paid", "created_at": "2026-06-30T12:00:00Z", "business_id": "b-1", "object": {"id": "o"}}
)
STRIPE_EVENT = json.dumps({"id": "evt_1", "object": "event", "type": "charge.dispute.created", "created": 1, "data": {"object": {}}})
PLAID_EVENT = json.dumps({"webhook_type": "TRANSACTIONS", "webhook_code": "SYNC_UPDATES_AVAILABLE", "item_id": "item-1"}, indent=2)
KEY = PlaidKey()


def verify(signed: Signed) -> list[Notice]:
    module = importlib.import_module(f"ingestion.rails.{signed.rail}.webhooks")
    found: list[Notice] = module.verify(signed.headers, signed.body, signed.secret, signed.now)
    return found


def refusal(signed: Signed) -> str:
    with pytest.raises(Refused) as caught:
        verify(signed)
    assert SECRET not in str(caught.value)
    return caught.value.kind


def recorded() -> list[Signed]:
    known = vectors()
    signed_at = datetime.fromtimestamp(1767225600, UTC)

    def of(rail: str, header: str, field: str, secret: object, now: datetime) -> Signed:
        return Signed(rail, {header: known[rail][field]}, known[rail]["body"].encode(), secret, now)

    jwk = known["plaid"]["jwk"]
    return [
        of("qbo", "intuit-signature", "intuit_signature", known["qbo"]["verifier"], NOON),
        of("ramp", "x-ramp-signature", "X-Ramp-Signature", known["ramp"]["secret"], NOON),
        of("plaid", "plaid-verification", "Plaid-Verification", {jwk["kid"]: jwk}, signed_at),
        of("stripe", "stripe-signature", "Stripe-Signature", known["stripe"]["secret"], signed_at),
    ]


def made() -> list[Signed]:
    return [
        qbo(qbo_body("310687"), NOON),
        qbo(json.dumps(LEGACY).encode(), NOON),
        ramp(RAMP_EVENT.encode(), NOON),
        stripe(STRIPE_EVENT.encode(), NOON),
        KEY.sign(PLAID_EVENT.encode(), NOON),
    ]


def test_every_recorded_answer_verifies_and_says_what_to_read() -> None:
    found = {signed.rail: verify(signed) for signed in recorded()}
    assert [notice.connection_id for notice in found["qbo"]] == ["9130001234567890"]
    assert found["qbo"][0].event_id == "evt-0001" and found["qbo"][0].entities == ("invoices", "customers", "accounts")
    assert found["ramp"][0].connection_id == "945c7d8f-6c35-4d63-9c1c-79e67c9cee73" and "bills" in found["ramp"][0].entities
    assert found["plaid"][0].connection_id == "wz666MBjYWTp2PDzzggYhM6oWWmBb" and "transactions" in found["plaid"][0].entities
    assert found["stripe"] == [Notice("", "evt_1Test", "invoice.paid", ("invoices", "invoice_lines", "invoice_payments", "events"))]


@pytest.mark.parametrize("number", range(4))
def test_every_altered_byte_of_a_recorded_answer_is_refused(number: int) -> None:
    signed = recorded()[number]
    for position in range(len(signed.body)):
        altered = bytearray(signed.body)
        altered[position] ^= 1
        assert refusal(signed.but(body=bytes(altered))) == "forged"
    assert refusal(signed.but(body=signed.body + b" ")) == refusal(signed.but(body=signed.body[:-1])) == "forged"


@pytest.mark.parametrize("number", range(5))
def test_what_was_signed_verifies_and_whoever_lacks_the_header_or_has_another_secret_is_refused(number: int) -> None:
    signed = made()[number]
    assert verify(signed)
    assert refusal(signed.but(headers={})) == "unsigned"
    assert refusal(signed.but(headers=dict.fromkeys(signed.headers, ""))) == "unsigned"
    other = {KEY.kid: PlaidKey().jwk} if signed.rail == "plaid" else SECRET + "x"
    assert refusal(signed.but(secret=other)) == "forged"


@pytest.mark.parametrize("number", range(5))
def test_every_altered_character_of_a_signature_is_refused(number: int) -> None:
    signed = made()[number]
    ((name, value),) = signed.headers.items()
    for position in range(len(value)):
        altered = value[:position] + ("A" if value[position] != "A" else "B") + value[position + 1 :]
        if signed.rail == "qbo" and position == len(value) - 2 and _decoded(altered) == _decoded(value):
            continue  # two spellings of the same bytes
        if signed.rail == "plaid" and altered.rpartition(".")[0] == value.rpartition(".")[0] and _decoded(altered) == _decoded(value):
            continue
        assert refusal(signed.but(headers={name: altered})) in ("forged", "unsigned", "stale")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rpartition(".")[2].replace("+", "-").replace("/", "_") + "==")


@pytest.mark.parametrize("number", [3, 4])
def test_five_minutes_is_how_long_a_signed_time_holds_and_a_late_clock_of_ours_loses_nothing(number: int) -> None:
    signed = made()[number]
    assert verify(signed.but(now=NOON + timedelta(seconds=300))) == verify(signed.but(now=NOON - timedelta(minutes=10)))
    assert refusal(signed.but(now=NOON + timedelta(seconds=301))) == "stale"


def test_both_envelopes_of_the_ledger_say_the_same_things() -> None:
    old = verify(qbo(json.dumps(LEGACY).encode(), NOON))
    assert [(notice.connection_id, notice.entities[:1], notice.kind) for notice in old] == [
        ("310687", ("bill_payments",), "BillPayment.Create"),
        ("310687", ("customers",), "Customer.Merge"),
        ("310688", (), "Estimate.Void"),
    ]
    assert len({notice.event_id for notice in old}) == 3
    assert old == verify(qbo(json.dumps(LEGACY, indent=1).encode(), NOON))
    new = verify(qbo(json.dumps([qbo_event("1", 1, "billpayment"), qbo_event("2", 2, "estimate")]).encode(), NOON))
    assert [(notice.connection_id, notice.entities[:1]) for notice in new] == [("1", ("bill_payments",)), ("2", ())]


def test_a_bill_payment_is_read_with_the_balances_it_moves() -> None:
    (notice,) = verify(qbo(qbo_body("1", entity="billpayment"), NOON))
    assert {"bills", "vendors", "accounts"} <= set(notice.entities)


def test_ramp_may_use_either_header_with_a_prefix_and_upper_case_is_no_signature() -> None:
    signed = ramp(RAMP_EVENT.encode(), NOON)
    value = signed.headers["x-ramp-signature"]
    for headers in ({"x-ramp-webhook-signature": value}, {"x-ramp-signature": f"sha256={value}"}):
        assert verify(signed.but(headers=headers)) == [Notice("b-1", "e-1", "bills.paid", ("bills", "transfers", "balances"))]
    assert refusal(signed.but(headers={"x-ramp-signature": value.upper()})) == "unsigned"


def test_stripe_counts_any_v1_and_no_other_scheme() -> None:
    signed = stripe(STRIPE_EVENT.encode(), NOON)
    at, _, right = signed.headers["stripe-signature"].partition(",v1=")
    assert verify(signed.but(headers={"stripe-signature": f"{at},v1={'0' * 64},v1={right},v0=x"}))
    for value in (f"{at},v0={right}", f"{at}", f"v1={right}", f"{at},{at},v1={right}", f"t=x,v1={right}", f"t={'9' * 400},v1={right}"):
        assert refusal(signed.but(headers={"stripe-signature": value})) == "unsigned"


def test_stripe_names_the_connected_account_and_what_a_dispute_touches() -> None:
    event = json.dumps({**json.loads(STRIPE_EVENT), "account": "acct_1"}).encode()
    (notice,) = verify(stripe(event, NOON))
    assert notice.connection_id == "acct_1" and set(notice.entities) >= {"disputes", "events"}
    (subscription,) = verify(stripe(STRIPE_EVENT.replace("charge.dispute.created", "customer.subscription.deleted").encode(), NOON))
    assert subscription.entities == ()


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384"])
def test_plaid_signs_with_one_algorithm_whatever_the_token_says(algorithm: str) -> None:
    key: Any = {"none": None, "HS256": KEY.jwk["x"]}.get(algorithm)
    if algorithm == "ES384":
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP384R1())
    signed = KEY.sign(PLAID_EVENT.encode(), NOON)
    claims = jwt.decode(signed.headers["plaid-verification"], options={"verify_signature": False})
    token = jwt.encode(claims, key, algorithm, headers={"kid": KEY.kid})
    assert refusal(signed.but(headers={"plaid-verification": token})) == "forged"


def test_a_plaid_key_that_ended_or_is_not_plaids_or_a_token_without_its_claims_is_refused() -> None:
    signed = KEY.sign(PLAID_EVENT.encode(), NOON)
    assert refusal(signed.but(secret={KEY.kid: {**KEY.jwk, "expired_at": 1}})) == "forged"
    assert refusal(signed.but(secret={})) == "forged"
    assert refusal(KEY.sign(PLAID_EVENT.encode(), NOON, iat="soon")) == "forged"
    assert refusal(KEY.sign(PLAID_EVENT.encode(), NOON, request_body_sha256=None)) == "forged"
    assert refusal(signed.but(headers={"plaid-verification": "a" * 5000})) == "unsigned"


def test_the_same_plaid_token_is_the_same_event_and_a_repetition_signed_anew_is_another() -> None:
    first, later = KEY.sign(PLAID_EVENT.encode(), NOON), KEY.sign(PLAID_EVENT.encode(), NOON + timedelta(seconds=30))
    assert verify(first) == verify(first)
    assert verify(first)[0].event_id != verify(later)[0].event_id


@pytest.mark.parametrize(
    "body", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"\xff\xfe", b"", b"null", b"{}"]
)
def test_a_genuine_body_that_is_nothing_the_vendor_sends_is_unreadable_however_deep(body: bytes) -> None:
    for signed in (qbo(body, NOON), ramp(body, NOON), stripe(body, NOON), KEY.sign(body, NOON)):
        assert refusal(signed) == "unreadable"


@given(body=st.binary(max_size=200), value=st.text(max_size=120))
def test_no_header_or_body_ends_in_anything_but_a_refusal(body: bytes, value: str) -> None:
    for signed in (qbo(body, NOON), ramp(body, NOON), stripe(body, NOON), KEY.sign(body, NOON)):
        for headers in (signed.headers, dict.fromkeys(signed.headers, value)):
            with contextlib.suppress(Refused):
                assert verify(signed.but(headers=headers)) == []
