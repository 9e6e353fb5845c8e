"""Leases: one fetcher per connection, across processes, and none kept by the dead."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from ingestion.control import ControlStore, open_store
from ingestion.control.leases import held_leases
from ingestion.settings import Settings
from tests.control.conftest import connect
from tests.forked.processes import at_once

HOLDER = """
import sys
from ingestion.control import open_store
from ingestion.settings import Settings
store = open_store(Settings(home=sys.argv[1], control_url=sys.argv[2] or None, _env_file=None))
leases = store.lease(store.connections("qbo"), "the other fetch", 3600)
print(len(leases.granted), flush=True)
sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_has_it(settings: Settings, store: ControlStore) -> None:
    acme, bolt = connect(settings, store), connect(settings, store, "bolt", "2")
    with store.lease([acme], "rowcol sync", 60) as first:
        assert first.granted == [acme]
        with store.lease([acme, bolt], "rowcol run", 60) as second:
            assert second.granted == [bolt]
            ((refused, why),) = second.refused
            assert refused == acme
            assert why.startswith("rowcol sync (process ")
        assert [lease["business_id"] for lease in held_leases(store.database)] == ["acme"]
    with store.lease([acme, bolt], "rowcol run", 60) as third:
        assert third.granted == [acme, bolt]


def test_asking_twice_for_one_connection_grants_it_once(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    with store.lease([acme, acme], "rowcol run", 60) as leases:
        assert leases.granted == [acme]
        assert len(leases.refused) == 1


def test_who_is_patient_gets_what_becomes_free_and_blocks_nobody_while_waiting(settings: Settings, store: ControlStore) -> None:
    acme, bolt = connect(settings, store), connect(settings, store, "bolt", "2")
    with store.lease([acme], "bulk load", 1.0), store.lease([acme, bolt], "a person's", 60, patience_seconds=30) as patient:
        assert patient.granted == [acme, bolt]
        with store.lease([bolt], "another person's", 60, patience_seconds=0.3) as given_up:
            assert [connection for connection, _ in given_up.refused] == [bolt]


def test_an_expired_lease_is_taken_over_and_its_holder_learns_so(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    with store.lease([acme], "slow", 0) as slow, store.lease([acme], "quick", 60) as quick:
        assert quick.granted == [acme]
        assert slow.renew() == [acme]
        assert slow.granted == []
        assert quick.renew() == []


def test_giving_back_does_not_end_the_lease_that_took_over(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    slow = store.lease([acme], "slow", 0)
    with store.lease([acme], "quick", 60):
        slow.release()
        assert [lease["holder"] for lease in held_leases(store.database)] == ["quick"]


def test_a_lease_of_a_killed_process_is_free_at_once(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    command = [sys.executable, "-c", HOLDER, str(settings.home), settings.control_url or ""]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        with store.lease([acme], "rowcol run", 60) as leases:
            assert leases.granted == []
            assert f"the other fetch (process {other.pid} on" in leases.refused[0][1]
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    with store.lease([acme], "rowcol run", 60) as leases:
        assert leases.granted == [acme]


def grab(home: Path, url: str | None, barrier: object) -> list[str]:
    with open_store(Settings(home=home, control_url=url, _env_file=None)) as store:
        wanted = store.connections("qbo")
        barrier.wait(60)  # type: ignore[attr-defined]
        leases = store.lease(wanted, "racer", 60)
        barrier.wait(60)  # type: ignore[attr-defined]
        return [each.business_id for each in leases.granted]


def test_four_processes_racing_share_no_connection(settings: Settings, store: ControlStore) -> None:
    wanted = {connect(settings, store, f"b{number}", str(number)).business_id for number in range(12)}
    granted = [business for each in at_once(4, grab, settings.home, settings.control_url) for business in each]
    assert sorted(granted) == sorted(wanted)
