"""Alerts: what an operator should know, one JSON line each in `alerts.jsonl` of the home, newest last.

Written by sensors and by the command line when a run fails or a connection breaks; `rowcol status` shows the last
one. Texts are those meant for people, so no secret and no client value is in them. The time is the machine's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingestion.clock import utc_text, wall_clock
from ingestion.files import exclusive, write_atomic
from ingestion.settings import Settings

KEPT_LINES = 1000
MESSAGE_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Alert:
    """kind: run_failed, connection_broken, connection_failing, connection_recovered or consent_ending.

    subject: the run's id, or business/rail/connection.
    """

    at: str
    kind: str
    subject: str
    message: str


def alert(settings: Settings, kind: str, subject: str, message: str) -> Alert:
    """Appends an alert and returns it; the message is cut to one line of 500 characters."""
    told = Alert(utc_text(wall_clock()), kind, subject, " ".join(message.split())[:MESSAGE_LENGTH])
    path = alerts_path(settings)
    with exclusive(path.with_suffix(".lock")):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, msgspec.json.encode(told) + b"\n")
        finally:
            os.close(descriptor)
    return told


def last_alert(settings: Settings) -> Alert | None:
    """The newest alert; None when there was none. A line that a crash cut short is passed over."""
    for line in reversed(_lines(alerts_path(settings))):
        try:
            return msgspec.json.decode(line, type=Alert)
        except msgspec.MsgspecError:
            continue
    return None


def trim_alerts(settings: Settings) -> None:
    """Keeps the newest 1,000."""
    path = alerts_path(settings)
    with exclusive(path.with_suffix(".lock")):
        lines = _lines(path)
        if len(lines) > KEPT_LINES:
            write_atomic(path, b"\n".join(lines[-KEPT_LINES:]) + b"\n")


def alerts_path(settings: Settings) -> Path:
    """Where the alerts lie."""
    return settings.home / "alerts.jsonl"


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []
