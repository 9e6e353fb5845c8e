"""Readers as BI tools are: each kind reads each generation, and what is granted or revoked shows with the next publish."""

from __future__ import annotations

from tests.publishing.bi import READERS, reading
from tests.publishing.world import NOON, World


def test_each_kind_of_reader_sees_what_is_granted_with_the_next_publish_and_nothing_revoked(world: World) -> None:
    folder = world.folder("ann")
    world.publish()
    for granted in (("acme", "bolt"), ("acme", "bolt", "cog"), ("bolt", "cog"), ("acme", "bolt")):
        for name in ("acme", "bolt", "cog"):
            if name in granted:
                world.store.grant("ann", name, "staff", NOON)
            else:
                world.store.revoke("ann", name, NOON)
        world.publish()
        # New readers: one that still has a former generation open may go on reading it.
        assert {kind: next(look(folder)) for kind, look in READERS.items()} == {kind: {granted} for kind in READERS}


def test_four_kinds_of_readers_meet_no_error_while_grants_come_and_go(world: World) -> None:
    world.publish()
    with reading(world.folder("ann")) as seen:
        for turn in range(10):
            if turn % 2:
                world.store.revoke("ann", "cog", NOON)
            else:
                world.grant("ann", "cog")
            world.execute(f"update marts.fct_bills set open_amount = {turn}")
            world.publish()
    assert {kind: each.wrong for kind, each in seen.items()} == {kind: [] for kind in READERS}
    assert all(each.reads > 0 for each in seen.values())
    assert {found for each in seen.values() for found in each.businesses} <= {("acme", "bolt"), ("acme", "bolt", "cog")}
