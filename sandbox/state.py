"""What the sandbox must remember: its configuration, the operations that moved its world, tokens, faults and switches.

Lies under `<home>/sandbox/`: `sandbox.json` (configuration, replaced by rename) and `journal.jsonl` (append-only).
Everything else is a function of these two: a world is generated from the seed and the operations, never stored.
The record of what was sent is `sandbox.served`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.errors import RowcolError, UsageError

MAX_BUSINESSES = 1000
# A Tuesday morning in every American zone, behind it 230 simulated days that cross one daylight-saving change.
ORIGIN = int(datetime(2026, 9, 22, 16, 0, tzinfo=UTC).timestamp())

# Entries of the journal after which the vendors may have something to tell.
TELLING = frozenset({"operation", "bank_login"})

DEFAULT_OPTIONS: dict[str, Any] = {
    "strict_refresh": False,  # every refresh token is good for one use only
    "cdc_horizon": "fault",  # or "clip": silently answer 30 days
    "retry_after": False,  # send Retry-After with a 429, which the vendor does not document
    "throttle_status": 429,  # or 403, as captures of 2016 show
    "slow_seconds": 5.0,  # how long the fault `slow` holds an answer back
    "ramp_stale_start": "error",  # or "empty": a page behind a record that has left the list
    "ramp_slow_is_504": False,  # the fault `slow` ends pages of more than 50 rows in a gateway's 504
    "webhooks_to": "",  # where webhooks go that no API call directs, for example http://127.0.0.1:3010; empty: nowhere
    "webhook_envelope": "cloudevents",  # or "notifications", as QuickBooks sent before
    "webhook_duplicates": 0.0,  # the share of webhooks that come once more after they were taken
    "webhook_disorder": False,  # webhooks of one moment come in any order
    "webhook_wait_share": 0.001,  # how much of the vendor's waits between attempts is really waited
    "plaid_keys_ended": 0,  # how many of Plaid's webhook keys have ended; the next one signs
    "unofficial_currency": False,  # Plaid tells accounts and transactions in a currency that ISO does not know
    "ramp_signature_header": "X-Ramp-Signature",  # or "X-Ramp-Webhook-Signature", as the guide of 2025 calls it
    "stripe_secret_roll": False,  # webhooks are signed with the secret of before as well, as while one is rolled
    "staged_history": False,  # a bank login's first answers hold nothing, then a month, then all, as minutes pass
}


@dataclass(frozen=True, slots=True)
class Config:
    """What `serve` was told. recorded: a folder of recorded companies instead of generated ones."""

    seed: int = 1
    businesses: int = 20
    scale: float = 1.0
    recorded: str | None = None
    port: int = 0


@dataclass(slots=True)
class Grant:
    """The consent of one company: the n-th refresh token is current, the one before it lives 24 hours longer.

    generation: how often it was given; scope: what it covers where the vendor keeps that, None for all.
    """

    n: int = 0
    generation: int = 0
    rotated_at: int = 0
    used_at: int = 0
    revoked: bool = False
    scope: str | None = None


@dataclass(slots=True)
class FaultRule:
    """One fault on request. business: an id or `all`; left: how often it still fires, None for ever; after: how often not yet."""

    number: int
    rail: str
    business: str
    kind: str
    rate: float = 1.0
    left: int | None = None
    after: int = 0


@dataclass
class Memory:
    """The fold of the journal."""

    origin: int = ORIGIN
    now: int = ORIGIN
    operations: list[dict[str, Any]] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)
    faults: dict[int, FaultRule] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_OPTIONS))
    # What changed about bank logins, by their number; see sandbox.plaid.office.
    bank_logins: dict[int, dict[str, Any]] = field(default_factory=dict)
    # The reports that were sent, by realm and name: the hash of each, and when it first went out.
    reports: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    # Subscriptions of Ramp's webhooks by their ids; see sandbox.ramp.subscriptions.
    ramp_webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def is_listened_to(self) -> bool:
        """Whether anybody has said where webhooks are to go."""
        is_told = bool(self.options["webhooks_to"] or self.ramp_webhooks)
        return is_told or any(login.get("webhook") for login in self.bank_logins.values())


class State:
    """Memory plus its files. Each change is one write of one line before the answer leaves, so kill -9 loses nothing answered."""

    def __init__(self, folder: Path, config: Config) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        self._lock = _lock(folder / "lock")
        try:
            self.config = _settle(folder / "sandbox.json", config)
        except RowcolError:
            os.close(self._lock)
            raise
        self.memory = Memory()
        # Called before the world changes, for those who tell of changes.
        self.listeners: list[Callable[[], None]] = []
        journal = folder / "journal.jsonl"
        for line in _whole_lines(journal):
            self._fold(json.loads(line))
        self._journal = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def remember(self, entry_type: str, **what: Any) -> None:
        """Writes one line to the journal and folds it into the memory."""
        if entry_type in TELLING:
            for listener in self.listeners:
                listener()
        entry = {"entry_type": entry_type, **what}
        os.write(self._journal, json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._fold(entry)

    def grant_of(self, realm: str) -> Grant:
        """The token state of a company; a company that never refreshed has the first value, issued at the origin."""
        return self.memory.grants.get(realm) or Grant(rotated_at=self.memory.origin, used_at=self.memory.origin)

    def set_port(self, port: int) -> None:
        """Keeps the port for the commands that talk to this sandbox."""
        self.config = replace(self.config, port=port)
        _write(self.folder / "sandbox.json", asdict(self.config))

    def close(self) -> None:
        os.close(self._journal)
        os.close(self._lock)

    def _fold(self, entry: dict[str, Any]) -> None:
        memory, kind = self.memory, entry["entry_type"]
        what = {key: value for key, value in entry.items() if key != "entry_type"}
        if kind == "operation":
            memory.operations.append(what)
            memory.now = max(memory.now, what["at"])
        elif kind == "recorded_clock":
            memory.origin = memory.now = what["at"]
        elif kind == "grant":
            realm = what.pop("realm")
            memory.grants[realm] = Grant(**what)
        elif kind == "fault":
            rule = FaultRule(**what)
            memory.faults[rule.number] = rule
        elif kind == "fault_fired":
            spent = memory.faults.get(what["number"])
            if spent is not None and spent.left is not None:
                spent.left -= 1
                if spent.left <= 0:
                    del memory.faults[spent.number]
        elif kind == "fault_held":
            held = memory.faults.get(what["number"])
            if held is not None:
                held.after -= 1
        elif kind == "faults_cleared":
            for number in what["numbers"]:
                memory.faults.pop(number, None)
        elif kind == "options":
            memory.options.update(what)
        elif kind == "report":
            memory.reports.setdefault((what["realm"], what["name"]), {}).setdefault(what["sha256"], what["at"])
        elif kind == "ramp_webhook":
            memory.ramp_webhooks[what.pop("id")] = what
        elif kind == "ramp_webhook_ended":
            memory.ramp_webhooks.pop(what["id"], None)
        elif kind == "bank_login":
            memory.bank_logins.setdefault(what.pop("number"), {}).update(what)


def stored_config(folder: Path) -> Config | None:
    """The configuration kept under `folder`, or None when no sandbox ever ran there."""
    try:
        return Config(**json.loads((folder / "sandbox.json").read_text()))
    except FileNotFoundError:
        return None


def _settle(path: Path, wanted: Config) -> Config:
    """Checks `wanted` against what the folder already stands for and stores it."""
    if not 1 <= wanted.businesses <= MAX_BUSINESSES:
        raise UsageError(f"the sandbox has 1 to {MAX_BUSINESSES} businesses, not {wanted.businesses}")
    if not 0.1 <= wanted.scale <= 100:
        raise UsageError(f"--scale is between 0.1 and 100, not {wanted.scale:g}")
    kept = stored_config(path.parent)
    if kept and (kept.seed, kept.scale, kept.recorded) != (wanted.seed, wanted.scale, wanted.recorded):
        raise UsageError(
            f"this home's sandbox was started with seed {kept.seed}, scale {kept.scale:g} and "
            f"{'recordings of ' + kept.recorded if kept.recorded else 'generated businesses'}: use these, or another ROWCOL_HOME"
        )
    _write(path, asdict(wanted))
    return wanted


def _write(path: Path, content: dict[str, Any]) -> None:
    beside = path.with_suffix(".tmp")
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(content))
    beside.replace(path)


def _whole_lines(path: Path) -> Iterable[bytes]:
    """The journal's complete lines; a last line torn by a power cut was never answered and is cut off."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return whole.splitlines()


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise RowcolError(f"another process already runs the sandbox of {path.parent}") from None
    return descriptor
