"""Who gets the warehouse's writer lock: whoever waits before a bulk load that wants it again at once, and that one in the end."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingestion.errors import WarehouseBusy
from ingestion.settings import Settings
from ingestion.strategies import BULK_OPERATION
from ingestion.warehouse import writer_lock

# Takes the lock as often as told, and says each time that it has it, and since when; asks again as soon as it has let go.
BULK = """if True:
    import sys, time
    from pathlib import Path
    from ingestion.settings import Settings
    from ingestion.strategies import BULK_OPERATION
    from ingestion.warehouse import writer_lock
    BULK_OPERATION.give_way()
    settings = Settings(home=Path(sys.argv[1]), _env_file=None)
    for _ in range(int(sys.argv[2])):
        with writer_lock(settings, "bulk", float(sys.argv[3])):
            print("has it", time.time(), flush=True)
            time.sleep(float(sys.argv[4]))
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", _env_file=None)


def bulk(settings: Settings, times: int, patience: float, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BULK, str(settings.home), str(times), str(patience), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("niceness", [0, BULK_OPERATION.niceness], ids=["a person", "another bulk load"])
def test_who_waits_for_a_bulk_load_waits_for_one_turn_and_not_for_all(
    settings: Settings, niceness: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpriority", lambda *_: niceness)
    with bulk(settings, 40, 60, 0.5) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("has it")
        # By then who begins to wait is seen to.
        waits_from = time.time() + 2
        with writer_lock(settings, "another"):
            had_at = time.time()
            process.kill()
        turns = [float(line.split()[-1]) for line in process.stdout]
    assert [at for at in turns if waits_from < at < had_at] == []


def test_a_bulk_load_that_others_keep_coming_before_has_its_turn_in_the_second_half_of_its_patience(settings: Settings) -> None:
    waits = """if True:
        import fcntl, os, sys, time
        descriptor = os.open(sys.argv[1], os.O_RDWR)
        fcntl.lockf(descriptor, fcntl.LOCK_SH, 1, (1 << 20) + 20)
        print("waits", flush=True)
        time.sleep(60)
    """
    with writer_lock(settings, "the file is made"):
        pass
    with subprocess.Popen([sys.executable, "-c", waits, str(settings.lock_path)], stdout=subprocess.PIPE, text=True) as another:
        assert another.stdout is not None
        assert another.stdout.readline() == "waits\n"
        with bulk(settings, 1, 2, 0) as process:
            assert process.communicate()[0].startswith("has it")
        assert process.returncode == 0
        another.kill()


def test_who_waits_for_it_keeps_nobody_from_a_rail(settings: Settings) -> None:
    """A bulk load lets others go before it here, and a webhook's sync of the same rail waited with it: 27 s for half a second's work."""
    reads = """if True:
        import sys
        from pathlib import Path
        from ingestion.control.store import open_store
        from ingestion.known import Marks
        from ingestion.registry import RAILS
        from ingestion.settings import Settings
        settings = Settings(home=Path(sys.argv[1]), duckdb_threads=1, _env_file=None)
        with open_store(settings) as store:
            print("begins", flush=True)
            Marks(settings, store.database, RAILS["qbo"]).read()
    """
    with writer_lock(settings, "a person"):
        process = subprocess.Popen([sys.executable, "-c", reads, str(settings.home)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        with settings.lock_path.open("r+") as file:
            deadline = time.monotonic() + 30
            while not is_waited_for(file.fileno()):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        rail = settings.dlt_dir / "qbo.lock"
        if rail.exists():
            with rail.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert process.wait(60) == 0
    process.stdout.close()


def is_waited_for(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 40, 1 << 20)
    except OSError:
        return True
    fcntl.lockf(descriptor, fcntl.LOCK_UN, 40, 1 << 20)
    return False


def test_who_gives_up_names_the_holder(settings: Settings) -> None:
    with bulk(settings, 1, 60, 60) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("has it")
        with (
            pytest.raises(WarehouseBusy, match=rf"process {process.pid} \(bulk, since .*waited 0.2 s"),
            writer_lock(settings, "a person", 0.2),
        ):
            pass
        process.kill()


def test_threads_of_one_process_wait_together_for_another_one(settings: Settings) -> None:
    """One after the other, the four rails of a run gave up after four minutes."""

    def gives_up(_: int) -> float:
        with pytest.raises(WarehouseBusy, match="waited 1 s"), writer_lock(settings, "a rail", 1):
            pass
        return time.monotonic()

    with bulk(settings, 1, 60, 60) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("has it")
        began = time.monotonic()
        with ThreadPoolExecutor(4) as threads:
            ended = list(threads.map(gives_up, range(4)))
        assert min(ended) - began >= 1
        assert max(ended) - began < 3, "one after the other it is four"
        process.kill()


def test_who_begins_to_wait_later_waits_as_long(settings: Settings) -> None:
    with bulk(settings, 1, 60, 60) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("has it")
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(WarehouseBusy), writer_lock(settings, "a person", 0.5):
                pass
            assert time.monotonic() - began >= 0.5
        process.kill()
    with writer_lock(settings, "a person", 0.5):
        pass
