"""What goes wrong between the rails: each kind happens at its rate, and the truth tells it while it shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sandbox.hub import Hub
from sandbox.rails import sandbox_rails
from sandbox.state import ORIGIN, Config
from sandbox.world.identity import business_at
from sandbox.world.life import Life
from sandbox.world.mistakes import vendor_without_terms
from sandbox.world.oracle import standing_mistakes
from sandbox.world.remitting import drawn_after, fate_of

DAY = 86_400


def test_every_kind_shows_on_some_day_among_six_businesses(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "sandbox", Config(seed=8, businesses=6))
    standing: Counter[str] = Counter()
    for _ in range(3):
        for rail in ("ramp", "plaid", "stripe"):
            standing.update(row[2] for row in sandbox_rails()[rail].truths["mistakes"](hub) if row[6])
        for listing in hub.listings:
            found = standing_mistakes(hub.world(listing.business_id))
            standing.update(mistake.check for mistake, is_standing in found if is_standing)
        hub.advance(days=7)
    hub.close()
    assert {"H16", "H22", "H24", "H25", "H26", "H27", "H28", "H30", "H31", "H32", "H33", "H36"} <= set(standing)


def test_payments_on_their_way_are_booked_fail_go_twice_or_are_forgotten_and_going_twice_shows_until_they_arrive() -> None:
    fates: Counter[str] = Counter()
    shown: Counter[bool] = Counter()
    for index in range(4):
        life = Life(business_at(7, index), ORIGIN, 1.0)
        for day in range(60):
            life.live_until(ORIGIN + day * DAY)
            shown.update(is_standing for mistake, is_standing in standing_mistakes(life.world) if mistake.check == "H29")
        world = life.world
        sent = [event for event in world.reality if event.kind == "paid_bill" and event.account == world.chart["Checking"]]
        for event in (event for event in sent if event.channel == "ramp"):
            fates[fate_of(world, event.doc_id)] += 1
            fates["late"] += drawn_after(world, event.doc_id) > 1
        for number, remittance in world.remittances.items():
            assert number not in world.docs["bill_payment"]
            assert fate_of(world, number) == "paid_twice" or all((doc.kind, doc.id) in world.promised for doc, _ in remittance.settles)
    assert set(fates) == {"booked", "failed", "paid_twice", "forgotten", "late"}
    assert 0.88 < fates["booked"] / (fates.total() - fates["late"]) < 0.97
    assert shown[True] and shown[False]


def test_a_new_vendor_is_not_called_as_one_that_was_retired() -> None:
    """It would have that one's address, too, and nobody could tell that the two are not one."""
    world = Life(business_at(8, 0), ORIGIN, 1.0).world
    for _ in range(40):
        vendor_without_terms(world)
        newest = world.vendors[max(world.vendors)]
        newest.name = f"{newest.name} (deleted)"
    assert max(Counter(vendor.name for vendor in world.vendors.values()).values()) == 1
