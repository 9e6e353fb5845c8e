"""The banks' view: it ties out with what happened, in whatever steps time moves, with delays, batches, pending rows and noise."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sandbox.plaid.feed import ANEW, POSTED
from sandbox.plaid.items import SLOTS
from sandbox.plaid.office import office_of
from sandbox.truth import truth_table
from sandbox.world.bankdays import bank_day, is_bank_day
from sandbox.world.payouts import arrives_on, credited_on
from tests.sandbox.plaid_client import Mirror, Plaid


@pytest.fixture
def plaid(tmp_path: Path) -> Iterator[Plaid]:
    opened = Plaid(tmp_path / "sandbox")
    yield opened
    opened.close()


def _posted(plaid: Plaid, business_id: str) -> list[Any]:
    """All movements that are posted or will be, of every account."""
    bank = office_of(plaid.hub).bank(business_id)
    return [
        change.movement
        for feed in bank.feeds.values()
        for change in (*feed.changes, *feed.coming)
        if change.stage == POSTED and change.key not in feed.cancelled and not change.key.endswith(ANEW)
    ]


@pytest.mark.parametrize("seed", [3, 7])
def test_the_bank_differs_from_the_ledger_by_what_the_ledger_lost_or_never_had(tmp_path: Path, seed: int) -> None:
    """Once all is presented: fees and interest nobody booked, entries somebody deleted or never made, money that never moved."""
    plaid = Plaid(tmp_path / "sandbox", seed=seed)
    for days in (0, 45):
        if days:
            plaid.hub.advance(days=days)
        for business_id in office_of(plaid.hub).businesses:
            world, bank = plaid.hub.world(business_id), office_of(plaid.hub).bank(business_id)
            moved = [0, 0, 0]
            for movement in _posted(plaid, business_id):
                moved[movement.slot] += movement.amount if movement.events else 0
            returned = {event.parts[0][0] for event in world.reality if event.kind == "returned"}
            expected = [world.accounts[world.chart[name]].balance for name in SLOTS]
            for event in world.reality:
                doc = world.docs[event.doc_kind].get(event.doc_id)
                name = world.accounts[event.account].name
                if name == "Petty Cash" and event.kind == "bought":
                    expected[0] -= event.amount
                elif name in SLOTS and (doc is None or doc.is_void) and not {event.number, event.kind} & {"returned", *returned}:
                    sign = 1 if event.kind in ("received", "paid_out") else -1
                    expected[SLOTS.index(name)] += sign * event.amount
            for mistake in world.mistakes:
                doc = world.docs[mistake.entity].get(mistake.id) if mistake.check in ("H33", "H36") else None
                if doc is not None:
                    expected[0] += doc.total if mistake.check == "H33" else -doc.total
            assert [bank.opening[slot] - moved[slot] for slot in range(3)] == expected
    plaid.close()


def test_balances_are_the_opening_balance_and_all_posted_rows(plaid: Plaid) -> None:
    mirror = Mirror(plaid)
    for days in (0, 1, 6, 30):
        if days:
            plaid.hub.advance(days=days)
        mirror.follow()
        opening = office_of(plaid.hub).bank(plaid.business_id).opening
        for item, token in zip(plaid.items, plaid.tokens, strict=True):
            accounts = plaid.get("/accounts/get", access_token=token)["accounts"]
            for slot, account in zip(item.slots, accounts, strict=True):
                rows = [row for row in mirror.rows.values() if row["account_id"] == account["account_id"]]
                posted = sum((Decimal(row["amount"]) for row in rows if not row["pending"]), Decimal(0))
                pending = sum((Decimal(row["amount"]) for row in rows if row["pending"]), Decimal(0))
                told = {name: Decimal(text) for name, text in account["balances"].items() if name in ("current", "available") and text}
                if account["type"] == "depository":
                    held = Decimal(opening[slot]) / 100 - posted
                    assert round(told.get("current", held), 2) == held
                    assert told.get("available", held) <= held
                else:
                    assert told["current"] == posted
                    assert told["available"] == Decimal(account["balances"]["limit"]) - posted - pending


def test_banks_tell_the_one_the_other_or_both_balances_and_fractions_of_a_cent(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "sandbox", businesses=12)
    seen: set[object] = set()
    for entry in plaid.hub.credentials(("plaid",)):
        token = entry["credentials"]["items"][0]["access_token"]
        for path in ("/accounts/get", "/accounts/balance/get"):
            for account in plaid.get(path, access_token=token)["accounts"]:
                current, available = account["balances"]["current"], account["balances"]["available"]
                assert current or available
                seen.add((path, bool(current), bool(available)))
                seen |= {"fraction"} if current and len(current.partition(".")[2]) > 2 else set()
    assert seen >= {("/accounts/get", True, False), ("/accounts/balance/get", False, True), ("/accounts/get", True, True), "fraction"}
    plaid.close()


def test_a_bank_takes_posted_rows_back_and_writes_them_anew(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "sandbox", businesses=2, index=1)
    mirror, taken_back = Mirror(plaid), []
    for _ in range(21):
        before = {id: row for id, row in mirror.rows.items() if not row["pending"]}
        mirror.follow()
        gone = [row for id, row in before.items() if id not in mirror.rows]
        fresh = [row for id, row in mirror.rows.items() if id not in before]
        taken_back += gone
        for row in gone:
            assert any((row["amount"], row["date"], row["name"]) == (again["amount"], again["date"], again["name"]) for again in fresh)
        plaid.hub.advance(days=2)
    assert taken_back
    matched = {row["plaid_transaction_id"] for row in pq.read_table(io.BytesIO(truth_table(plaid.hub, "bank_matches"))).to_pylist()}
    assert not matched & {row["transaction_id"] for row in taken_back}
    plaid.close()


@pytest.mark.parametrize("steps", [[10] * 6, [1] * 60, [60]])
def test_what_is_shown_does_not_depend_on_the_steps_time_moved_on_in(tmp_path: Path, steps: list[int]) -> None:
    plaid = Plaid(tmp_path / "sandbox", businesses=2)
    for days in steps:
        plaid.hub.advance(days=days)
        office_of(plaid.hub).bank(plaid.business_id)
    other = Plaid(tmp_path / "other", businesses=2)
    other.hub.advance(days=60)
    for mine, theirs in zip(plaid.items, other.items, strict=True):
        one, two = office_of(plaid.hub).feed(mine), office_of(other.hub).feed(theirs)
        assert one.changes == two.changes
        assert sorted(one.coming) == sorted(two.coming)
    plaid.close()
    other.close()


def test_a_client_that_follows_in_steps_ends_with_what_one_reads_at_once(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "sandbox", index=1)
    followed = Mirror(plaid)
    told: Counter[str] = Counter()
    for _ in range(40):
        told.update(followed.follow())
        plaid.hub.advance(days=1)
    followed.follow(count=3)
    fresh = Mirror(plaid)
    fresh.follow(count=7)
    assert fresh.rows == followed.rows
    assert min(told.values()) > 0
    plaid.close()


def test_checks_clear_days_later_and_banks_rest_on_weekends_and_holidays(plaid: Plaid) -> None:
    waits = []
    for business_id in office_of(plaid.hub).businesses:
        world = plaid.hub.world(business_id)
        for movement in _posted(plaid, business_id):
            assert is_bank_day(movement.on), movement
            if movement.words.check_number:
                waits.append((movement.on - world.reality[movement.events[0] - 1].on).days)
    assert min(waits) >= 2
    assert 4 <= max(waits) <= 13
    assert not is_bank_day(date(2026, 9, 7))
    assert not is_bank_day(date(2026, 5, 25))
    assert not is_bank_day(date(2026, 11, 26))
    assert bank_day(date(2026, 7, 2), 1) == date(2026, 7, 3)
    assert bank_day(date(2026, 12, 24), 1) == date(2026, 12, 28)


def test_payouts_arrive_net_of_fees(plaid: Plaid) -> None:
    seen = 0
    for business_id in office_of(plaid.hub).businesses:
        world, bank = plaid.hub.world(business_id), office_of(plaid.hub).bank(business_id)
        for event in (event for event in world.reality if event.kind == "paid_out"):
            movement = bank.movement_of(event.number)
            assert movement is not None
            is_held = credited_on(world, event) != arrives_on(world, event)
            assert -movement.amount == event.amount == sum(cents for _, cents in event.parts) - event.fee
            assert timedelta(days=1) <= movement.on - event.on <= timedelta(days=11 + 11 * is_held)
            seen += 1
    assert seen > 20


def test_one_debit_pays_several_bills_of_one_run_on_ramp(plaid: Plaid) -> None:
    groups = [movement for movement in _posted(plaid, plaid.business_id) if len(movement.events) > 1]
    reality = plaid.hub.world(plaid.business_id).reality
    assert groups
    for movement in groups:
        events = [reality[number - 1] for number in movement.events]
        assert {(event.kind, event.channel, event.at) for event in events} == {("paid_bill", "ramp", events[0].at)}
        assert movement.amount == sum(event.amount for event in events)


def test_a_pending_row_is_removed_when_its_posted_row_names_it(plaid: Plaid) -> None:
    mirror, named, gone = Mirror(plaid), set(), set()
    for _ in range(70):
        before = {id for id, row in mirror.rows.items() if row["pending"]}
        mirror.follow()
        gone |= before - set(mirror.rows)
        named |= {row["pending_transaction_id"] for row in mirror.rows.values()}
        plaid.hub.advance(days=1)
    assert gone
    assert gone & named


def test_the_bank_writes_what_nobody_booked_and_some_of_it_twice(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "sandbox", businesses=6)
    fees: Counter[tuple[str, str, int]] = Counter()
    for business_id in office_of(plaid.hub).businesses:
        for movement in _posted(plaid, business_id):
            if not movement.events:
                fees[business_id, movement.words.name, movement.amount * 10**6 + movement.on.toordinal()] += 1
    names = {name for _, name, _ in fees}
    assert {"MONTHLY SERVICE FEE", "INTEREST PAYMENT", "INCOMING WIRE FEE"} <= names
    assert 2 in fees.values()
    plaid.close()


def test_merchants_are_written_as_card_networks_and_banks_write_them(tmp_path: Path) -> None:
    plaid = Plaid(tmp_path / "sandbox", businesses=8)
    names: set[str] = set()
    for business_id in office_of(plaid.hub).businesses:
        names |= {movement.words.name for movement in _posted(plaid, business_id)}
    for mark in ("SQ *", "PAYPAL *", "CHECK", "STRIPE TRANSFER", " DBA ", "#", ".COM", "PAYROLL", "IRS USATAXPYMT", "RAMP STATEMENT"):
        assert any(mark in name for name in names), mark
    assert max(len(name.removeprefix("RAMP BILLPAY ")) for name in names) <= 40
    plaid.close()
