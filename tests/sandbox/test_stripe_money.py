"""Stripe's money follows from the world's to the cent, and is the same in whatever steps time moved on."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.hub import Hub
from sandbox.stripe.book import Book
from sandbox.stripe.currencies import CURRENCIES
from sandbox.stripe.office import office_of
from sandbox.stripe.shapes import body_of
from sandbox.stripe.table import NEW, OLD
from sandbox.world.payouts import arrives_on, business_days_after
from sandbox.world.reality import stripe_fee
from tests.sandbox.stripe_account import Account, open_hub

INDEXES = range(6)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = open_hub(Path(tmp_path_factory.mktemp("money")), businesses=len(INDEXES))
    yield hub
    hub.close()


@pytest.fixture(scope="module", params=INDEXES)
def account(hub: Hub, request: pytest.FixtureRequest) -> Account:
    return Account(hub, request.param)


def test_each_card_payment_of_the_world_is_one_charge_less_its_fee(account: Account) -> None:
    received = [event for event in account.hub.world(account.business_id).reality if (event.kind, event.channel) == ("received", "stripe")]
    charges = {row["id"]: row for row in account.walk("/charges")}
    moved = {row["id"]: row for row in account.walk("/balance_transactions")}
    assert received
    for event in received:
        charge = charges[account.book.charge_of[event.number]]
        entry = moved[charge["balance_transaction"]]
        presented = event.amount * CURRENCIES[charge["currency"]].minor_per_cent
        assert (charge["amount"], charge["created"], charge["status"]) == (presented, event.at, "succeeded")
        assert (entry["amount"], entry["fee"], entry["net"]) == (event.amount, stripe_fee(event.amount), event.amount - entry["fee"])
        assert entry["source"] == charge["id"]
    others = [row for row in charges.values() if row["id"] not in account.book.charge_of.values()]
    assert all(row["status"] == "failed" or row["payment_intent"] for row in others)


def test_money_without_and_with_three_decimals_is_charged_and_becomes_dollars(hub: Hub) -> None:
    account = Account(hub, 1)
    moved = {row["id"]: row for row in account.walk("/balance_transactions")}
    minor_units = {"usd": 100, "jpy": 1, "kwd": 1000}
    seen: Counter[str] = Counter()
    for charge in account.walk("/charges"):
        entry = moved.get(charge["balance_transaction"])
        if entry and charge["currency"] != "usd":
            seen[charge["currency"]] += 1
            assert entry["currency"] == "usd"
            assert charge["amount"] * 100 * entry["exchange_rate"] == pytest.approx(entry["amount"] * minor_units[charge["currency"]])
            assert charge["currency"] != "kwd" or charge["amount"] % 10 == 0
    assert min(seen["jpy"], seen["kwd"]) > 0
    payments = account.walk("/invoice_payments")
    for invoice in account.walk("/invoices"):
        lines = account.walk(f"/invoices/{invoice['id']}/lines")
        taxes = sum(tax["amount"] for tax in invoice["total_taxes"])
        assert sum(line["amount"] for line in lines) + taxes == invoice["total"]
        same = {invoice["currency"], *(row["currency"] for row in payments if row["invoice"] == invoice["id"])}
        assert {line["currency"] for line in lines} | same == {invoice["currency"]}


def test_a_payout_is_its_charges_less_fees_and_its_list_adds_up_to_nothing(account: Account) -> None:
    world = account.hub.world(account.business_id)
    payouts = {row["id"]: row for row in account.walk("/payouts")}
    for event in (event for event in world.reality if event.kind == "paid_out"):
        payout = payouts[account.book.payout_of[event.number]]
        assert payout["amount"] == event.amount == sum(world.reality[part - 1].amount for part, _ in event.parts) - event.fee
        assert sum(row["net"] for row in account.walk("/balance_transactions", payout=payout["id"])) == 0
        assert datetime.fromtimestamp(payout["arrival_date"], UTC).date() <= arrives_on(world, event)
    assert account.error("/balance_transactions", payout="po_none")[0] == 400


def test_the_balance_is_what_its_transactions_add_up_to(account: Account) -> None:
    rows, balance = account.walk("/balance_transactions"), account.page("/balance")
    for name, status in (("available", "available"), ("pending", "pending")):
        assert balance[name][0]["amount"] == sum(row["net"] for row in rows if row["status"] == status)
    assert all(
        row["net"] == row["amount"] - row["fee"] == row["amount"] - sum(part["amount"] for part in row["fee_details"]) for row in rows
    )


def test_charged_money_is_pending_for_two_working_days(account: Account) -> None:
    zone = account.hub.world(account.business_id).zone
    charged = account.walk("/balance_transactions", type="charge")
    assert charged
    for row in charged:
        day = business_days_after(datetime.fromtimestamp(row["created"], zone).date(), 2)
        assert row["available_on"] == datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        assert row["status"] == ("available" if row["available_on"] <= account.hub.now else "pending")


def test_an_invoice_is_paid_by_what_its_payments_say(account: Account) -> None:
    payments, invoices = account.walk("/invoice_payments"), account.walk("/invoices")
    assert payments and invoices
    for invoice in invoices:
        mine = [row for row in payments if row["invoice"] == invoice["id"]]
        assert sum(row["amount_paid"] or 0 for row in mine if row["status"] == "paid") == invoice["amount_paid"]
        assert invoice["amount_due"] == invoice["amount_paid"] + invoice["amount_remaining"]
        assert invoice["total"] == invoice["amount_due"] + invoice["pre_payment_credit_notes_amount"]
        assert (invoice["status"] == "paid") == (invoice["amount_remaining"] == 0)
        assert sum(row["status"] == "open" for row in mine) == (invoice["status"] in ("open", "uncollectible"))


def test_what_is_given_back_or_called_back_leaves_the_balance_as_it_was(hub: Hub) -> None:
    hub.advance(days=20)
    seen: set[str] = set()
    for index in INDEXES:
        account = Account(hub, index)
        moved = {row["id"]: row for row in account.walk("/balance_transactions")}
        for charge in account.walk("/charges"):
            back = account.walk(f"/charges/{charge['id']}/refunds")
            assert sum(row["amount"] for row in back if row["status"] != "failed") == charge["amount_refunded"]
            seen |= {f"refund {row['status']}" for row in back}
            if charge["refunded"]:
                mine = [row[name] for row in back for name in ("balance_transaction", "failure_balance_transaction") if name in row]
                assert sum(moved[id]["net"] for id in mine) == -moved[charge["balance_transaction"]]["net"]
        for dispute in account.walk("/disputes"):
            seen.add(dispute["status"])
            net = sum(row["net"] for row in moved.values() if row["source"] == dispute["id"])
            if dispute["status"] in ("won", "warning_closed"):
                assert net == sum(row["net"] for row in dispute["balance_transactions"]) == 0
            if dispute["status"] == "lost":
                assert net == -next(row["net"] for row in moved.values() if row["source"] == dispute["charge"])
    assert {"refund succeeded", "refund failed", "won", "lost", "warning_closed"} <= seen


def test_some_payouts_come_back_and_are_paid_out_again(hub: Hub) -> None:
    hub.advance(days=40)
    failed = 0
    for index in INDEXES:
        account = Account(hub, index)
        payouts = account.walk("/payouts")
        moved = {row["id"]: row for row in account.walk("/balance_transactions")}
        for payout in (row for row in payouts if row["status"] == "failed"):
            failed += 1
            back = moved[payout["failure_balance_transaction"]]
            assert (back["type"], back["net"], payout["failure_code"]) == ("payout_failure", payout["amount"], "account_closed")
            assert any(row["amount"] == payout["amount"] and row["created"] > back["created"] for row in payouts)
    assert failed
    assert {row["status"] for row in account.walk("/payouts")} >= {"paid"}


def test_time_in_one_step_or_in_ten_makes_the_same_versions(tmp_path: Path) -> None:
    once, often = (open_hub(tmp_path / name) for name in ("once", "often"))
    once.advance(days=10)
    for _ in range(10):
        often.advance(days=1)
        Account(often).page("/events")
    for index in range(3):
        assert fingerprint(Account(once, index).book) == fingerprint(Account(often, index).book)


def test_another_process_tells_the_same_after_touches_and_late_edits(tmp_path: Path) -> None:
    first = open_hub(tmp_path)
    account = Account(first)
    first.touch(0.3)
    first.faults.order("stripe", "all", "late_commit", count=2)
    for _ in range(3):
        account.page("/customers")
        first.advance(minutes=7)
    before = fingerprint(account.book)
    first.close()
    again = open_hub(tmp_path)
    assert fingerprint(Account(again).book) == before
    again.close()


def test_a_ledger_invoice_removed_at_an_instant_already_reached_stands_in_the_same_place_ever_after(tmp_path: Path) -> None:
    first = open_hub(tmp_path)
    account = Account(first)
    world = first.world(account.business_id)
    first.touch(0.3)
    account.page("/customers")
    while world.billing[-1].kind != "withdrawn" or world.billing[-1].told < 0:
        first.state.remember("operation", operation="remove", at=first.now, realm=first.listings[1].realm, document="invoice")
        account.page("/invoices")
        first.state.remember("operation", operation="stripe_late", at=first.now, realm=first.listings[1].realm)
        account.page("/customers")
    before = fingerprint(account.book)
    first.close()
    again = open_hub(tmp_path)
    assert fingerprint(Account(again).book) == before
    again.close()


def fingerprint(book: Book) -> str:
    digest = hashlib.sha256()
    for name, table in book.tables.items():
        for version in table.versions:
            bodies = body_of(book, name, version, OLD) + body_of(book, name, version, NEW)
            digest.update(f"{name} {version.id} {version.number} {version.at} {version.deleted}".encode() + bodies)
    return digest.hexdigest()


def test_an_account_of_another_hub_is_another_office(hub: Hub, tmp_path: Path) -> None:
    other = open_hub(tmp_path, seed=8)
    assert not set(office_of(other).accounts) & set(office_of(hub).accounts)
    other.close()
