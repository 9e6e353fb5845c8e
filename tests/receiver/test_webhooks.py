"""Webhooks over HTTP: genuine ones are stored once before they are acknowledged, whoever and whatever else is turned away."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from ingestion.control import open_store
from ingestion.control.arrivals_schema import refused_webhooks
from ingestion.control.inbox import dead_letters, replay_dead_letter
from ingestion.control.onboarding import onboard
from ingestion.control.refusals import refusals_since
from ingestion.control.subscriptions import await_challenge, challenge_of, settle
from ingestion.errors import UsageError
from ingestion.removing import disconnect
from ingestion.settings import Settings
from rowcol_assets.rail_findings import refusal_findings
from tests.receiver.conftest import NOON, REALM, Served, connect_all, serving
from tests.receiver.signing import SECRET, PlaidKey, Signed, qbo, qbo_body, qbo_event, ramp, stripe

RAMP_BODY = json.dumps({"id": "e-1", "type": "bills.paid", "created_at": "2026-06-30T12:00:00Z", "business_id": "b-1"}).encode()
PLAID_BODY = json.dumps({"webhook_type": "TRANSACTIONS", "webhook_code": "SYNC_UPDATES_AVAILABLE", "item_id": "item-1"}).encode()


def stripe_body(number: int = 1, account: str | None = None) -> bytes:
    event = {"id": f"evt_{number}", "object": "event", "type": "invoice.paid", **({"account": account} if account else {})}
    return json.dumps(event).encode()


def test_each_rails_event_is_stored_once_for_its_business_with_what_to_read(served: Served, plaid_key: PlaidKey) -> None:
    deliveries = [
        qbo(qbo_body(REALM), NOON),
        ramp(RAMP_BODY, NOON),
        plaid_key.sign(PLAID_BODY, NOON),
        stripe(stripe_body(account="acct_1"), NOON),
    ]
    for _ in range(2):
        assert [served.deliver(signed).status_code for signed in deliveries] == [200] * 4
    rows = served.inbox()
    assert [(row.rail, row.business_id, row.state) for row in rows] == [
        (rail, "acme", "pending") for rail in ("qbo", "ramp", "plaid", "stripe")
    ]
    assert [row.entities for row in rows] == [
        "invoices,customers,accounts", "bills,transfers,balances", "transactions,accounts,balances", "invoices,events",
    ]  # fmt: skip
    assert all(row.body is None for row in rows)
    assert plaid_key.asked == [("https://plaid.test", "key-1")]  # type: ignore[attr-defined]


def test_the_same_event_again_is_acknowledged_and_adds_nothing(served: Served) -> None:
    signed = qbo(qbo_body(REALM, [1, 2]), NOON)
    assert served.deliver(signed).json() == {"accepted": 2, "known": 0}
    assert served.deliver(signed).json() == {"accepted": 0, "known": 2}
    assert served.deliver(qbo(qbo_body(REALM, [3, 2, 1]), NOON)).json() == {"accepted": 1, "known": 2}
    assert len(served.inbox()) == 3


def test_fifty_deliveries_of_the_same_event_at_once_are_one_row(served: Served) -> None:
    signed = qbo(qbo_body(REALM), NOON)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(served.deliver, [signed] * 50))
    assert [answer.status_code for answer in answers] == [200] * 50
    assert sum(answer.json()["accepted"] for answer in answers) == len(served.inbox()) == 1


@pytest.mark.parametrize("rail", ["qbo", "ramp", "stripe", "plaid"])
def test_forged_unsigned_and_late_deliveries_never_reach_the_inbox(local: Served, plaid_key: PlaidKey, rail: str) -> None:
    genuine = {
        "qbo": qbo(qbo_body(REALM), NOON),
        "ramp": ramp(RAMP_BODY, NOON),
        "stripe": stripe(stripe_body(account="acct_1"), NOON),
        "plaid": plaid_key.sign(PLAID_BODY, NOON),
    }[rail]
    refused = [genuine.but(headers={}), genuine.but(body=genuine.body + b" "), genuine.but(body=b""), genuine.but(body=b"\xff" * 100)]
    if rail == "plaid":
        refused.append(PlaidKey().sign(PLAID_BODY, NOON))
    if rail in ("plaid", "stripe"):
        local.clock[0] = NOON + timedelta(minutes=6)
        refused.append(genuine)
    assert [local.deliver(signed).status_code for signed in refused] == [401] * len(refused)
    assert local.inbox() == []


def test_a_fast_clock_refuses_genuine_deliveries_and_doctor_says_so(local: Served, plaid_key: PlaidKey) -> None:
    local.clock[0] = NOON + timedelta(minutes=10)
    genuine = {"stripe": stripe(stripe_body(account="acct_1"), NOON), "plaid": plaid_key.sign(PLAID_BODY, NOON)}
    assert [local.deliver(signed).status_code for signed in genuine.values()] == [401, 401]
    found = {finding.subject: finding for finding in refusal_findings(local.store)}
    assert found.keys() == genuine.keys()
    assert all("clock" in finding.what_to_do and finding.severity == "warning" for finding in found.values())
    # Intuit signs no time, so its deliveries still arrive; the others' tables are read by schedule.
    assert local.deliver(qbo(qbo_body(REALM), NOON)).status_code == 200


def test_what_anybody_can_send_costs_a_row_a_day_and_is_told_only_while_nothing_genuine_comes(
    rails: None, sqlite_settings: Settings
) -> None:
    with open_store(sqlite_settings) as store:
        connect_all(sqlite_settings, store)
        with serving(sqlite_settings, store) as served:
            forged = ramp(RAMP_BODY, NOON, "not-the-secret")
            assert {served.deliver(forged).status_code for _ in range(20)} == {401}
            assert refusals_since(store.database, date(1, 1, 1)) == {("ramp", "forged"): 1}, "the first at once, no write for each"
        assert refusals_since(store.database, date(1, 1, 1)) == {("ramp", "forged"): 20}
        with store.database.read() as transaction:
            assert transaction.execute(sa.select(sa.func.count()).select_from(refused_webhooks)).scalar_one() == 1
        (finding,) = refusal_findings(store)
        assert (finding.subject, finding.problem[:3]) == ("ramp", "20 ") and "secret" in finding.what_to_do
        with serving(sqlite_settings, store) as served:
            assert served.deliver(ramp(RAMP_BODY, NOON)).status_code == 200
        assert list(refusal_findings(store)) == []


def test_a_client_who_knows_its_own_secret_cannot_speak_for_another(local: Served) -> None:
    mixed = json.dumps([qbo_event("9130003"), qbo_event(REALM)]).encode()
    for signed in (
        qbo(qbo_body(REALM), NOON, "another-apps-secret"),
        qbo(mixed, NOON, "another-apps-secret"),
        stripe(stripe_body(account="acct_1"), NOON, "bolts-own-secret"),
    ):
        assert local.deliver(signed).status_code == 401
    assert local.inbox() == []


def test_an_event_without_an_account_belongs_to_the_connection_whose_secret_signed_it(local: Served) -> None:
    assert local.deliver(stripe(stripe_body(1), NOON, "bolts-own-secret")).status_code == 200
    assert local.deliver(stripe(stripe_body(2), NOON, SECRET)).status_code == 200
    assert [(row.business_id, row.connection_id) for row in local.inbox()] == [("bolt", "acct_2"), ("acme", "acct_1")]


def test_one_delivery_for_several_companies_of_an_app_reaches_each(local: Served) -> None:
    body = json.dumps([qbo_event(REALM), qbo_event("9130002"), qbo_event("9130002", 2, "estimate")]).encode()
    assert local.deliver(qbo(body, NOON)).json() == {"accepted": 3, "known": 0}
    assert [(row.business_id, row.state) for row in local.inbox()] == [("acme", "pending"), ("bolt", "pending"), ("bolt", "ignored")]


def test_a_company_nobody_onboarded_is_acknowledged_kept_aside_and_replayed_once_it_is(local: Served) -> None:
    assert local.deliver(qbo(qbo_body("777"), NOON)).json() == {"accepted": 1, "known": 0}
    (letter,) = dead_letters(local.store.database)
    assert letter["connection_id"] == "777" and "no business is connected" in letter["reason"]
    with pytest.raises(UsageError, match="still unknown"):
        replay_dead_letter(local.store.database, letter["inbox_no"])
    credentials = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "realm_id": "777", "webhook_verifier": SECRET}
    onboard(local.settings, local.store, "dune", "qbo", credentials)
    disconnect(local.store, "dune", "qbo", at_vendor=False)
    with pytest.raises(UsageError, match="or was removed"):
        replay_dead_letter(local.store.database, letter["inbox_no"])
    onboard(local.settings, local.store, "dune", "qbo", credentials)
    assert replay_dead_letter(local.store.database, letter["inbox_no"]) == "dune"
    assert [(row.business_id, row.state, row.reason) for row in local.inbox()] == [("dune", "pending", None)]
    with pytest.raises(UsageError, match="no dead letter"):
        replay_dead_letter(local.store.database, letter["inbox_no"])


@pytest.mark.parametrize("body", [b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"\xff\xfe", b'{"something": "else"}'])
def test_a_genuine_body_nobody_can_read_is_acknowledged_and_kept_once(local: Served, body: bytes) -> None:
    for _ in range(2):
        assert local.deliver(qbo(body, NOON)).status_code == 200
    (row,) = local.inbox()
    assert (row.state, row.kind, bytes(row.body)) == ("dead", "unreadable", body)
    with pytest.raises(UsageError, match="could not be read"):
        replay_dead_letter(local.store.database, row.inbox_no)


def test_a_secret_changed_by_onboarding_again_counts_within_a_second(local: Served) -> None:
    assert local.deliver(qbo(qbo_body(REALM), NOON)).status_code == 200
    fresh = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "realm_id": REALM, "webhook_verifier": "fresh-secret"}
    onboard(local.settings, local.store, "acme", "qbo", fresh)
    pause = threading.Event()
    for _ in range(100):
        if local.deliver(qbo(qbo_body(REALM, 2), NOON, "fresh-secret")).status_code == 200:
            break
        pause.wait(0.05)
    assert [row.event_id for row in local.inbox()] == [f"evt-{REALM}-1", f"evt-{REALM}-2"]
    assert local.deliver(qbo(qbo_body(REALM, 3), NOON)).status_code == 401


def test_plaid_is_not_asked_for_each_key_somebody_invents(local: Served, plaid_key: PlaidKey) -> None:
    answers = [local.deliver(PlaidKey(f"invented-{number}").sign(PLAID_BODY, NOON)).status_code for number in range(20)]
    assert len(plaid_key.asked) <= 3  # type: ignore[attr-defined]
    assert set(answers) <= {401, 503}


def test_an_unknown_rail_or_method_is_turned_away(local: Served) -> None:
    assert local.post("/webhooks/xero", content=b"{}").status_code == 404
    assert local.post("/healthz").status_code == 405


def raw(served: Served, head: str, *parts: bytes) -> bytes:
    """What the receiver answers to bytes as they are, until it closes or has answered."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as wire:
        wire.sendall(f"POST /webhooks/qbo HTTP/1.1\r\nHost: here\r\n{head}\r\n\r\n".encode())
        try:
            for part in parts:
                wire.sendall(part)
        except OSError:
            pass
        return wire.recv(4096)


def test_a_body_announced_too_large_is_refused_before_any_of_it_is_sent(local: Served) -> None:
    assert raw(local, f"Content-Length: {50 << 20}").startswith(b"HTTP/1.1 413")


def test_a_chunked_body_is_counted_and_refused_as_soon_as_it_is_too_large(local: Served) -> None:
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    assert raw(local, "Transfer-Encoding: chunked", *[chunk] * 17).startswith(b"HTTP/1.1 413")


def test_a_compressed_body_is_refused_unread(local: Served) -> None:
    bomb = gzip.compress(b"[" * 50_000_000)
    signed = qbo(bomb, NOON)
    answer = local.deliver(signed.but(headers={**signed.headers, "content-encoding": "gzip"}))
    assert answer.status_code == 415
    assert local.inbox() == []


def test_a_body_that_trickles_in_is_given_up_and_others_are_served_meanwhile(local: Served) -> None:
    with socket.create_connection(("127.0.0.1", local.port), timeout=20) as slow:
        slow.sendall(b"POST /webhooks/qbo HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n[")
        assert local.deliver(qbo(qbo_body(REALM), NOON)).status_code == 200
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_no_secret_and_nothing_sent_is_logged_or_answered(local: Served, caplog: pytest.LogCaptureFixture, plaid_key: PlaidKey) -> None:
    marked = b'[{"id":"needle-in-body"}]'
    deliveries = [
        Signed("qbo", {"intuit-signature": "needle-in-header"}, marked, None, NOON),
        Signed("stripe", {"stripe-signature": "t=1,v1=needle-in-header"}, marked, None, NOON),
        Signed("plaid", {"plaid-verification": "needle-in-header"}, marked, None, NOON),
        qbo(marked, NOON),
    ]
    with caplog.at_level(logging.DEBUG):
        answers = "".join(local.deliver(signed).text for signed in deliveries)
        answers += local.post("/sync", content=b"{}", headers={"authorization": "Bearer needle-in-header"}).text
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("rowcol"))
    assert "401" in logged
    for text in (answers, logged):
        assert "needle" not in text and SECRET not in text


def test_a_challenge_is_kept_and_given_back_while_somebody_waits_for_it(served: Served) -> None:
    key = {"business_id": "acme", "rail": "ramp", "connection_id": "b-1"}

    def challenged(**fields: str) -> tuple[int, str | None, str | None]:
        body = json.dumps({"id": "e-9", "type": "webhooks.verification", "challenge": "ramp_challenge_1", **fields}).encode()
        answer = served.deliver(ramp(body, NOON, "a secret that is told at the same time"))
        return answer.status_code, answer.json().get("challenge"), challenge_of(served.store.database, key)

    assert challenged(business_id="b-1") == (401, None, None), "nobody waits"
    await_challenge(served.store.database, key, "https://hooks.example.com/webhooks/ramp")
    assert challenged(business_id="b-2") == (401, None, None)
    assert challenged(business_id="b-1") == (200, "ramp_challenge_1", "ramp_challenge_1")
    assert challenged(challenge="ramp_challenge_2") == (200, "ramp_challenge_2", "ramp_challenge_2"), "the vendor names nobody"
    settle(served.store.database, key, "subscription-1")
    assert challenged(business_id="b-1") == (401, None, None)
    assert served.inbox() == []


def test_plaids_announcement_of_an_end_is_kept_for_its_connection_by_either_name(served: Served, plaid_key: PlaidKey) -> None:
    def told(code: str, **fields: str) -> datetime | None:
        body = json.dumps({"webhook_type": "ITEM", "webhook_code": code, "item_id": "item-1", **fields}).encode()
        assert served.deliver(plaid_key.sign(body, NOON)).status_code == 200
        (connection,) = served.store.connections("plaid")
        return connection.disconnects_at

    assert told("NEW_ACCOUNTS_AVAILABLE", disconnect_time="2026-07-07T12:00:00Z") is None
    assert told("PENDING_DISCONNECT", disconnect_time="2026-07-07T12:00:00.766Z") == datetime(2026, 7, 7, 12, 0, 0, 766000, UTC)
    assert told("PENDING_EXPIRATION", consent_expiration_time="2026-07-06T12:00:00Z") == datetime(2026, 7, 6, 12, tzinfo=UTC)
    assert told("LOGIN_REPAIRED") is None
