"""A try to read a published file finds what a reader would: a missing link, a broken file, other rows than promised."""

from __future__ import annotations

from datetime import timedelta

from rowcol_assets.publishing.probing import EVERY, probe_files, probe_if_due
from tests.publishing.world import NOON, World


def test_each_file_is_read_through_its_link_and_what_fails_is_told(world: World) -> None:
    assert probe_files(world.settings, world.store, NOON) == {}, "nobody has a file yet"
    world.publish()
    assert probe_files(world.settings, world.store, NOON) == {"ann": None, "bob": None}
    (world.folder("ann") / "manifest.json").write_text("{}")
    database = world.folder("bob").resolve() / "rowcol_bi.duckdb"
    database.write_bytes(database.read_bytes()[:5000])
    told = probe_files(world.settings, world.store, NOON)
    assert told["ann"] == "it does not hold the rows its manifest names"
    assert told["bob"] and str(database) in told["bob"]
    world.folder("ann").unlink()
    database.unlink()
    told = probe_files(world.settings, world.store, NOON)
    assert told["ann"] == "the link leads nowhere" and told["bob"] == f"nothing is published at {database.parent}"


def test_between_cycles_files_are_tried_every_few_minutes(world: World) -> None:
    assert not probe_if_due(world.settings, world.store, NOON), "nothing was published"
    world.publish()
    probe_files(world.settings, world.store, NOON)
    assert not probe_if_due(world.settings, world.store, NOON + EVERY - timedelta(seconds=1))
    assert probe_if_due(world.settings, world.store, NOON + EVERY)
    assert not probe_if_due(world.settings, world.store, NOON + EVERY)
