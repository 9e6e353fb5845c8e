"""The vendor's throttles: ten a second, five hundred a minute, ten at once, forty batches a minute, per company."""

from __future__ import annotations

import httpx
import pytest

from sandbox.qbo import limits
from sandbox.qbo.limits import Limits, ThrottledError
from sandbox.serving import ByPort, application
from tests.sandbox.conftest import InProcess, Ledger, OpenSandbox


class Watch:
    """Stands in for the machine's monotonic clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(limits, "time", watch)
    return watch


def admitted(guard: Limits, realm: str, is_batch: bool = False) -> bool:
    try:
        with guard.admitted(realm, is_batch):
            return True
    except ThrottledError:
        return False


def test_the_eleventh_request_of_a_second_waits_for_the_next(watch: Watch) -> None:
    guard = Limits(is_on=True)
    assert [admitted(guard, "1") for _ in range(11)] == [True] * 10 + [False]
    assert admitted(guard, "2")
    watch.now += 1
    assert admitted(guard, "1")


def test_the_501st_of_a_minute_is_refused_and_refusals_do_not_count(watch: Watch) -> None:
    guard = Limits(is_on=True)
    for _ in range(50):
        assert all(admitted(guard, "1") for _ in range(10))
        watch.now += 1
    assert not any(admitted(guard, "1") for _ in range(20))
    watch.now += 11
    assert admitted(guard, "1")


def test_no_more_than_ten_run_at_once(watch: Watch) -> None:
    guard = Limits(is_on=True)
    running = []
    for _ in range(10):
        context = guard.admitted("1")
        context.__enter__()
        running.append(context)
    watch.now += 5
    assert not admitted(guard, "1")
    running.pop().__exit__(None, None, None)
    assert admitted(guard, "1")


def test_batches_have_a_count_of_their_own(watch: Watch) -> None:
    guard = Limits(is_on=True)
    for _ in range(40):
        assert admitted(guard, "1", is_batch=True)
        watch.now += 0.2
    assert not admitted(guard, "1", is_batch=True)
    assert admitted(guard, "1")


def test_switched_off_they_admit_everything() -> None:
    guard = Limits(is_on=False)
    assert all(admitted(guard, "1") for _ in range(2000))


def test_over_the_wire_the_eleventh_gets_a_throttle_fault(open_sandbox: OpenSandbox, watch: Watch) -> None:
    ledger = open_sandbox(limits=True)
    answers = [ledger.query("select * from Term") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].json()["Fault"]["Error"][0]["code"] == "3001"


def test_the_pace_of_every_rail_can_be_set_while_it_is_served(ledger: Ledger) -> None:
    told: list[tuple[int, bool]] = []
    app = application(ledger.hub, set_pace=lambda latency_ms, limits: told.append((latency_ms, limits)))
    http = httpx.Client(transport=InProcess(app), base_url="http://sandbox")
    assert http.post("/sandbox/pace", json={"latency_ms": 300, "limits": True}).json() == {"latency_ms": 300, "limits": True}
    assert http.post("/sandbox/pace", json={"latency_ms": -1, "limits": True}).status_code == 400
    assert told == [(300, True)]

    doors = ByPort(ledger.hub, 8470, latency_ms=0, limits=False)
    before = dict(doors.applications)
    doors.set_pace(1, limits=True)
    assert list(before) == list(doors.applications) == [8470, 8471, 8472, 8473]
    assert not set(before.values()) & set(doors.applications.values())
