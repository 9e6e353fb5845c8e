"""The simulated books balance, before and after anything that can happen to them."""

from __future__ import annotations

import pytest

from sandbox.state import ORIGIN
from sandbox.world.books import unapplied
from sandbox.world.identity import business_at
from sandbox.world.life import Life
from sandbox.world.model import World

DAY = 86_400


def lives() -> list[Life]:
    return [Life(business_at(seed, index), ORIGIN, 1.0) for seed, index in ((1, 0), (1, 1), (2, 4), (3, 7))]


def assert_balanced(world: World) -> None:
    docs = {kind: list(held.values()) for kind, held in world.docs.items()}
    payable = sum(doc.balance for doc in docs["bill"]) - sum(doc.balance for doc in docs["vendor_credit"])
    free = sum(unapplied(doc) for doc in docs["payment"] if not doc.is_void)
    receivable = sum(doc.balance for doc in docs["invoice"]) - sum(doc.balance for doc in docs["credit_memo"]) - free
    assert sum(account.balance for account in world.accounts.values()) == 0
    assert payable == -world.accounts[world.chart["ap"]].balance
    assert receivable == world.accounts[world.chart["ar"]].balance
    for doc in docs["bill"] + docs["invoice"]:
        assert doc.balance == doc.total - sum(link.amount for link in doc.links)
    for vendor in world.vendors.values():
        owed = sum(doc.balance for doc in docs["bill"] if doc.party == vendor.id)
        assert vendor.balance == owed - sum(doc.balance for doc in docs["vendor_credit"] if doc.party == vendor.id)
    for customer in world.customers.values():
        owed = sum(doc.balance for doc in docs["invoice"] if doc.party == customer.id)
        owed -= sum(doc.balance for doc in docs["credit_memo"] if doc.party == customer.id)
        owed -= sum(unapplied(doc) for doc in docs["payment"] if doc.party == customer.id and not doc.is_void)
        assert customer.balance == owed


def test_accounts_parties_and_documents_agree_through_history_months_and_touches() -> None:
    for life in lives():
        assert_balanced(life.world)
        for step in range(1, 7):
            life.live_until(ORIGIN + step * 15 * DAY)
            assert_balanced(life.world)
        life.touch(0.5, 1)
        assert_balanced(life.world)


def test_links_stand_at_both_ends_with_the_same_amount() -> None:
    for life in lives():
        life.live_until(ORIGIN + 40 * DAY)
        for held in life.world.docs.values():
            for doc in held.values():
                for link in doc.links:
                    other = life.world.docs[link.kind][link.id]
                    assert any((back.kind, back.id, back.amount) == (doc.kind, doc.id, link.amount) for back in other.links), (doc, other)


def test_a_change_of_balance_moves_the_stamp_and_leaves_the_token() -> None:
    life = lives()[0]
    paid = [bill for bill in life.world.docs["bill"].values() if bill.links and bill.token == 0]
    assert paid
    assert all(bill.updated > bill.created for bill in paid)


def test_history_is_long_and_the_last_balances_are_todays() -> None:
    for life in lives():
        days = [day for day, *_ in life.world.balances]
        assert (days[-1] - days[0]).days >= 180
        assert days == sorted(set(days))


def test_everything_people_do_happens_somewhere() -> None:
    life = lives()[0]
    life.live_until(ORIGIN + 120 * DAY)
    world = life.world
    assert all(world.docs[kind] for kind in world.docs), {kind: len(held) for kind, held in world.docs.items()}
    assert any(doc.is_void for doc in world.docs["bill"].values()) or any(doc.is_void for doc in world.docs["invoice"].values())
    assert {doc.method for doc in world.docs["bill_payment"].values()} == {"check", "card"}
    assert any(unapplied(doc) > 0 for doc in world.docs["payment"].values())


@pytest.mark.parametrize("health", ["short", "tight", "sound", "rich"])
def test_health_shows_in_the_cash_at_the_first_instant(health: str) -> None:
    from sandbox.world.life import CASH_DAYS, balances_now

    business = next(one for one in (business_at(5, index) for index in range(60)) if one.health == health)
    cash, _, _ = balances_now(Life(business, ORIGIN, 1.0).world)
    days_of_spending = cash / (business.monthly_cents * business.cost_ratio / 30)
    least, most = CASH_DAYS[business.health]
    assert least - 0.1 <= days_of_spending <= most + 0.1
