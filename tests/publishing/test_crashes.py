"""Publishing under kill -9 and on a full disk: a reader always finds a whole generation, and leftovers go with the next try."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EIO, ENOSPC
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from ingestion.clock import fixed_clock
from ingestion.control.acts import acts
from ingestion.disk import full_disk
from rowcol_assets.history import history_path
from rowcol_assets.publishing import PublishError, open_published
from rowcol_assets.steps import publish_all
from tests.forked.processes import forking
from tests.publishing.published import generations, manifest, read
from tests.publishing.world import NOON, World, make_world


def publish_elsewhere(world: World, fail_at: str, amount: int) -> ForkServerProcess:
    publisher = forking().Process(target=_publish, args=(world.settings.home, fail_at, amount))
    publisher.start()
    return publisher


def _publish(home: Path, fail_at: str, amount: int) -> None:
    world = make_world(home, fail_at=fail_at or None)
    world.execute(f"update marts.fct_bills set open_amount = {amount}")
    world.publish()


def amounts(world: World, advisor: str) -> set[int]:
    with open_published(world.folder(advisor)) as connection:
        bills = {row[0] for row in connection.execute("select distinct open_amount::int from marts.fct_bills").fetchall()}
        assert connection.execute("select count(*) from experiences.portfolio").fetchall() == [(2,)]
    return bills


@contextmanager
def full_files() -> Iterator[None]:
    """No file can grow beyond a million bytes, which is what a full disk looks like to a single process."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_reader_never_sees_a_torn_generation_while_publishers_are_killed(world: World) -> None:
    world.execute("update marts.fct_bills set open_amount = 0")
    world.publish()
    seen = []
    for amount, fail_at in enumerate(["mid_publish", "", "before_swap", "", "mid_publish", "before_swap", ""], start=1):
        publisher = publish_elsewhere(world, fail_at, amount)
        reads = 0
        while publisher.is_alive() or reads == 0:
            found = amounts(world, "ann")
            assert len(found) == 1, "one generation, whole"
            seen.append(found.pop())
            reads += 1
            # Reading without a break would take a processor away from the publisher.
            time.sleep(0.005)
        assert publisher.exitcode == (-signal.SIGKILL if fail_at else 0)
    assert seen == sorted(seen), "never back to an older one"
    assert set(seen) | amounts(world, "ann") == {0, 2, 4, 7}
    assert amounts(world, "bob") == {7}


@pytest.mark.parametrize("fail_at", ["mid_publish", "before_swap"])
def test_after_a_kill_the_next_publish_finishes_and_clears_what_was_left(world: World, fail_at: str) -> None:
    world.publish()
    publisher = publish_elsewhere(world, fail_at, 5)
    publisher.join(60)
    assert publisher.exitcode == -signal.SIGKILL
    assert manifest(world, "ann")["generation"] == 1
    assert len(generations(world, "ann")) == 2
    world.publish()
    assert amounts(world, "ann") == {5}
    assert generations(world, "ann") == ["000001", world.folder("ann").resolve().name]
    assert sorted(path.name for path in world.settings.published_dir.iterdir()) == [".generations", "ann", "bob"]


def test_a_full_disk_leaves_the_former_generation_and_the_next_publish_works(world: World) -> None:
    world.publish()
    world.execute("insert into marts.fct_bills select 'acme', 'x' || i, md5(i::varchar), i, null, null, false, [] from range(200000) t(i)")
    with full_files(), pytest.raises(PublishError, match="not published, the former files stay: ann") as caught:
        world.publish()
    assert "\n" not in str(caught.value)
    assert (caught.value.report.unchanged, caught.value.report.withdrawn) == (("bob",), ())
    assert generations(world, "ann") == ["000001"]
    assert read(world, "ann", "select count(*) from marts.fct_bills") == [(6,)]
    assert [generation.advisor for generation in world.publish().changed] == ["ann"]
    assert read(world, "ann", "select count(*) from marts.fct_bills") == [(200_006,)]


def test_a_disk_that_fails_once_the_link_is_set_leaves_a_whole_generation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.execute("update marts.fct_bills set open_amount = 31")
    world.publish()
    world.execute("update marts.fct_bills set open_amount = 32")

    def broken(_folder: Path) -> None:
        raise OSError(EIO, "Input/output error")

    with monkeypatch.context() as patched, pytest.raises(PublishError):
        # Called last when the link has been replaced.
        patched.setattr(
            "rowcol_assets.publishing.layout.sync_dir", lambda folder: broken(folder) if folder == world.settings.published_dir else None
        )
        world.publish()
    assert amounts(world, "ann") == {32}
    world.publish()
    assert amounts(world, "ann") == {32}


def test_a_client_that_is_withdrawn_is_gone_though_publishing_fails(world: World) -> None:
    """A full disk for one advisor, and a table nobody can query for all of them: only files that show too much go."""
    world.publish()
    world.execute("insert into marts.fct_bills select 'acme', 'x' || i, md5(i::varchar), i, null, null, false, [] from range(200000) t(i)")
    world.store.revoke("ann", "bolt", NOON)
    with full_files(), pytest.raises(PublishError, match="taken away for what they show of clients granted no more: ann") as caught:
        world.publish()
    assert (caught.value.report.withdrawn, caught.value.report.unchanged) == (("ann",), ("bob",))
    assert sorted(path.name for path in world.settings.published_dir.rglob("*") if "ann" in path.parts) == []
    told = sa.select(acts.c.record_id, acts.c.reason).where(acts.c.action == "deleted")
    with world.store.database.read() as transaction:
        assert [tuple(row) for row in transaction.execute(told)] == [
            ("ann", "publishing failed, and the former files show clients granted no more")
        ]
    world.publish()
    assert read(world, "ann", "select distinct business_id from marts.fct_bills") == [("acme",)]

    world.store.revoke("bob", "cog", NOON)
    world.execute("alter table marts.fct_bills rename to fct_gone")
    with pytest.raises(duckdb.Error, match="fct_bills"):
        world.publish()
    assert not world.folder("bob").is_symlink()
    assert read(world, "ann", "select distinct business_id from marts.fct_bills") == [("acme",)]


@pytest.mark.parametrize(
    ("broken", "told", "left"),
    [
        (("overwrite",), "they are removed, since they cannot be overwritten: FOLDER/.README.md (No space left on device)", ["000002"]),
        (
            ("overwrite", "remove"),
            "they can neither be overwritten nor removed and still show clients granted no more: "
            "FOLDER/.README.md (No space left on device), FOLDER (No space left on device)",
            ["000001", "000002"],
        ),
    ],
)
def test_former_files_that_cannot_be_cleared_away_are_told_beside_what_is_published(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...], told: str, left: list[str]
) -> None:
    def refused(path: Path, *_: object) -> None:
        raise OSError(ENOSPC, "No space left on device", str(path))

    world.publish()
    world.store.revoke("ann", "bolt", NOON)
    monkeypatch.setattr(Path, "hardlink_to", refused)
    if "remove" in broken:
        monkeypatch.setattr("rowcol_assets.publishing.layout.shutil.rmtree", refused)
    with pytest.raises(PublishError) as caught:
        world.publish()
    folder = world.settings.published_dir / ".generations" / "ann" / "000001"
    said = f"published, but not all former files are cleared away: ann ({told})".replace("FOLDER", str(folder))
    assert str(caught.value) == said
    assert [generation.advisor for generation in caught.value.report.changed] == ["ann"]
    assert read(world, "ann", "select distinct business_id from marts.fct_bills") == [("acme",)]
    assert generations(world, "ann") == left


@pytest.mark.skipif(os.getuid() != 0, reason="a full file system is made with mount, which needs root")
def test_a_full_file_system_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(disk)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small file system")
    try:
        world = make_world(tmp_path / "home")
        world.settings.published_dir.symlink_to(disk)
        world.add("acme")
        world.grant("ann", "acme")
        world.publish()
        world.execute(
            "insert into marts.fct_bills select 'acme', 'x' || i, md5(i::varchar), i, null, null, false, [] from range(200000) t(i)"
        )
        with pytest.raises(PublishError, match="not published, the former files stay: ann"):
            world.publish()
        assert read(world, "ann", "select count(*) from marts.fct_bills") == [(3,)]
        assert generations(world, "ann") == ["000001"]
        world.store.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_damaged_manifest_is_published_anew(world: World) -> None:
    world.publish()
    (world.folder("ann") / "manifest.json").write_text("{")
    assert [generation.advisor for generation in world.publish().changed] == ["ann"]
    assert manifest(world, "ann")["generation"] == 2


def test_a_full_disk_while_the_history_is_kept_leaves_the_former_one_and_is_told_as_what_it_is(world: World) -> None:
    def cycle() -> None:
        publish_all(world.settings, world.store, NOON, "run", fixed_clock(NOON))

    world.execute("create table marts.fct_hygiene_score as select 'acme' as business_id, '1' as hygiene_score")
    cycle()
    kept = history_path(world.settings, "marts", "fct_hygiene_score")
    former = kept.read_bytes()
    world.execute("insert into marts.fct_hygiene_score select 'b' || i, md5(i::varchar) from range(200000) t(i)")
    with full_files(), pytest.raises(duckdb.IOException) as caught:
        cycle()
    assert (full_disk(caught.value) or "").startswith("the disk takes nothing more (File too large)")
    assert kept.read_bytes() == former
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    cycle()
    assert len(kept.read_bytes()) > len(former)
