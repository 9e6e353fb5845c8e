"""What a webhook, an advisor's wish and a decision wait for while a bulk load runs: acknowledged, stored, in raw, in the published file.

The real parts, as `rowcol ui` starts them: the receiver's process, and Dagster's daemon whose sensors turn what arrived into
runs. A few businesses are there already; a bulk load (`rowcol sync --strategy bulk_operation`) brings many new ones meanwhile.
Everything that arrives is about the former. Requests are sent by processes of their own (`hail`), and the same requests to
a server that does nothing tell what of the time is the sender's and the machine's.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.control.api_tokens import new_token
from ingestion.control.arrivals_schema import sync_requests, webhook_inbox
from ingestion.control.leases import held_leases
from ingestion.control.store import ControlStore, open_store
from ingestion.settings import Settings
from rowcol_assets.publishing.reader import open_published
from sandbox.server import Running, start
from tests.benchmarks.hail import Fallen, bare_server, hail, request
from tests.benchmarks.homes import ADVISOR, ALL_RAILS, PACES, Pace, command, connect, connected_home, started
from tests.benchmarks.results import Result, bounded, percentile
from tests.receiver.signing import qbo, qbo_event

OLD, NEW, SCALE = 10, 80, 4.0
AT_ONCE, WEBHOOKS, WISHES = 50, 2000, 400
WISHES_AT_ONCE = 2
# Two kinds of arrival in turn, until the bulk load ends or there are enough of each; then the last of them are waited for.
BETWEEN_SECONDS, MOST_OF_A_KIND = 6.0, 20
PATIENCE_SECONDS = 300.0
# The vendors' servers stand elsewhere: here they work behind the receiver, and before what asks them.
NICENESS = 5
ACKNOWLEDGED_MS, STORED_MS, DECIDED_MS, RAW_SECONDS, PUBLISHED_SECONDS = 100, 50, 300, 60, 120
RECEIVER = re.compile(r"The receiver is at http://127\.0\.0\.1:(\d+)")
Say = Callable[[str], None]


@dataclass
class Arrival:
    """One webhook or wish.

    known_at: the sandbox's time of the change it is about; key: its row in the control store, which is an earlier wish's where one
    about the same still waits; so what was read before sent_at, by the machine's clock, does not count.
    """

    kind: str
    business: str
    key: str
    known_at: datetime
    sent: float = field(default_factory=time.monotonic)
    sent_at: datetime = field(default_factory=wall_clock)
    raw: float | None = None
    published: float | None = None


def measure(folder: Path, say: Say) -> list[Result]:
    """Once per pace, each in a home of its own."""
    results = []
    with start(folder / "world", seed=8, businesses=OLD + NEW, scale=SCALE, niceness=NICENESS) as running:
        say(f"the sandbox is ready with {sum(running.warm().values()):,} records")
        for number, pace in enumerate(PACES):
            results += _measure(folder / f"home{number}", running, pace, say)
    return results


def _measure(folder: Path, running: Running, pace: Pace, say: Say) -> list[Result]:
    PACES[0].set(running)
    settings = connected_home(folder, running, ALL_RAILS, OLD)
    say(f"{OLD} businesses modelled in {command(settings, 'run', pace=PACES[0]).seconds:.0f} s")
    business_ids = [entry["business_id"] for entry in running.credentials]
    connect(settings, running, ALL_RAILS, business_ids[OLD:])
    pace.set(running)
    with open_store(settings) as store, _served(settings, pace) as port, bare_server() as bare:
        token = new_token(store.database, ADVISOR)
        bulk = started(settings, "sync", "--strategy", "bulk_operation", *_named(business_ids[OLD:]), pace=pace)
        _wait(lambda: bool(held_leases(store.database)) or bulk.poll() is not None)
        begun = time.monotonic()
        webhooks = [_webhook(running, f"hail-{number}", number % OLD) for number in range(WEBHOOKS)]
        acknowledged, own = hail(port, AT_ONCE, webhooks), hail(bare, AT_ONCE, webhooks)
        wishes = [_wish(token, business_ids[number % OLD]) for number in range(WISHES)]
        stored, own_of_wishes = hail(port, WISHES_AT_ONCE, wishes), hail(bare, WISHES_AT_ONCE, wishes)
        taps = [_decision(token, business_ids[number % OLD], number) for number in range(WISHES)]
        decided, own_of_taps = hail(port, WISHES_AT_ONCE, taps), hail(bare, WISHES_AT_ONCE, taps)
        told = f"{acknowledged.statuses} webhooks, {stored.statuses} wishes, {decided.statuses} decisions"
        say(f"{pace.name}: {told}, in {time.monotonic() - begun:.1f} s of a bulk load")
        arrivals = _arrive(settings, store, running, port, token, bulk)
        bulk_seconds = time.monotonic() - begun
        bulk.communicate()
    say(f"{pace.name}: {len(arrivals)} arrivals during a bulk load of {bulk_seconds:.0f} s")
    return [
        _milliseconds(f"webhook acknowledged, {AT_ONCE} at a time, p99", acknowledged, own, "200", ACKNOWLEDGED_MS, pace),
        _milliseconds(f"wish stored, {WISHES_AT_ONCE} at a time, p99", stored, own_of_wishes, "202", STORED_MS, pace),
        _milliseconds(f"decision stored, {WISHES_AT_ONCE} at a time, p99", decided, own_of_taps, "201", DECIDED_MS, pace),
        *(row for kind in ("webhook", "wish") for row in _waited(kind, arrivals, pace)),
    ]


def _arrive(settings: Settings, store: ControlStore, running: Running, port: int, token: str, bulk: subprocess.Popen[str]) -> list[Arrival]:
    """Has things arrive while the bulk load runs, and follows each until it is published."""
    arrivals: list[Arrival] = []
    following = 0.0
    deadline = float("inf")
    while time.monotonic() < deadline:
        may_come = bulk.poll() is None and len(arrivals) < 2 * MOST_OF_A_KIND
        if not may_come:
            deadline = min(deadline, time.monotonic() + PATIENCE_SECONDS)
        elif time.monotonic() >= following:
            arrivals.append(_send(running, port, token, len(arrivals)))
            following = time.monotonic() + BETWEEN_SECONDS
        _look(settings, store, arrivals)
        # Another sync may have read and published what a wish waits for, before the wish's own has read anything.
        if not may_come and all(one.raw and one.published for one in arrivals):
            break
        time.sleep(0.25)
    return arrivals


def _send(running: Running, port: int, token: str, number: int) -> Arrival:
    """Something changes at every vendor, and one business's ledger says so, or its advisor asks for it."""
    known_at = datetime.fromisoformat(running.post("touch", share=0.01)["now"])
    index = number // 2 % OLD
    business = running.credentials[index]["business_id"]
    if number % 2:
        answer = httpx.post(
            f"http://127.0.0.1:{port}/sync",
            json={"business": business, "rail": "qbo", "entities": ["bills"]},
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        )
        return Arrival("wish", business, answer.raise_for_status().json()["requests"][0]["request_id"], known_at)
    signed = _signed(running, f"arrival-{number}", index)
    httpx.post(
        f"http://127.0.0.1:{port}/webhooks/qbo", content=signed[1], headers=signed[0], trust_env=False, timeout=30
    ).raise_for_status()
    return Arrival("webhook", business, f"arrival-{number}", known_at)


def _look(settings: Settings, store: ControlStore, arrivals: list[Arrival]) -> None:
    """Notes what has come through since the last look; a row of the control store says that the rows have landed."""
    now = time.monotonic()
    waiting = [one for one in arrivals if one.raw is None]
    if waiting:
        with store.database.read() as transaction:
            read: dict[str, datetime] = {}
            for table, key in ((webhook_inbox, webhook_inbox.c.event_id), (sync_requests, sync_requests.c.request_id)):
                rows = transaction.execute(sa.select(key, table.c.fetched_at).where(table.c.fetched_at.is_not(None)))
                read |= dict(rows.tuples().all())
        for one in waiting:
            if one.key in read and read[one.key] >= one.sent_at:
                one.raw = now
    unpublished = [one for one in arrivals if one.published is None]
    if unpublished:
        shown = _shown(settings)
        for one in unpublished:
            if one.business in shown and shown[one.business] >= one.known_at:
                one.published = now


def _shown(settings: Settings) -> dict[str, datetime]:
    """By business, up to when its bills have been read according to the published file."""
    query = "select business_id, epoch(last_success_at) from marts.fct_rail_freshness where rail = 'qbo' and entity = 'bills'"
    with open_published(settings.published_dir / ADVISOR) as file:
        rows = file.execute(query).fetchall()
    return {business: datetime.fromtimestamp(at, UTC) for business, at in rows if at is not None}


def _milliseconds(name: str, fallen: Fallen, own: Fallen, status: str, most: int, pace: Pace) -> Result:
    value, floor = percentile(fallen.milliseconds, 0.99), percentile(own.milliseconds, 0.99)
    told = f"{name}, during a bulk load, {pace.name}"
    answered = set(fallen.statuses) == {status}
    return bounded(told, value, "ms", most, has_target=not pace.limits, baseline=floor, holds=answered)


def _waited(kind: str, arrivals: list[Arrival], pace: Pace) -> Iterator[Result]:
    mine = [one for one in arrivals if one.kind == kind]
    for what, most in (("raw", RAW_SECONDS), ("published", PUBLISHED_SECONDS)):
        ends: list[float | None] = [getattr(one, what) for one in mine]
        seconds = [(end or float("inf")) - one.sent for end, one in zip(ends, mine, strict=True)]
        worst = percentile(seconds, 0.95) if seconds else float("inf")
        name = f"{kind} to {what}, p95 of {len(mine)} during a bulk load, {pace.name}"
        yield bounded(name, worst, "s", most, has_target=not pace.limits, holds=worst < float("inf"))


def _webhook(running: Running, event_id: str, index: int) -> bytes:
    headers, body = _signed(running, event_id, index)
    return request("/webhooks/qbo", headers, body)


def _signed(running: Running, event_id: str, index: int) -> tuple[dict[str, str], bytes]:
    credentials = running.credentials[index]["credentials"]
    event = {**qbo_event(credentials["realm_id"], entity="bill"), "id": event_id}
    signed = qbo(json.dumps([event]).encode(), datetime.now(UTC), credentials["webhook_verifier"])
    return signed.headers, signed.body


def _wish(token: str, business: str) -> bytes:
    body = json.dumps({"business": business, "rail": "qbo", "entities": ["bills"]}).encode()
    return request("/sync", {"authorization": f"Bearer {token}"}, body)


def _decision(token: str, business: str, number: int) -> bytes:
    body = json.dumps({"business": business, "kind": "hold", "subject": {"bill": str(number)}}).encode()
    return request("/decisions", {"authorization": f"Bearer {token}", "idempotency-key": f"tap-{number}"}, body)


def _named(businesses: list[str]) -> list[str]:
    return [part for business in businesses for part in ("--business", business)]


@contextmanager
def _served(settings: Settings, pace: Pace) -> Iterator[int]:
    """`rowcol ui` over a home for the time of the context; gives the receiver's port."""
    process = started(settings, "ui", "--port", "0", pace=pace)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := RECEIVER.search(line):
                yield int(found[1])
                break
        else:
            raise RuntimeError("rowcol ui did not start")
    finally:
        process.terminate()
        process.communicate()


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError("the bulk load did not begin")
        time.sleep(0.05)
