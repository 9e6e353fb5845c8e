"""The versions of the guardrail's policy as the seed has them: which count, which are refused and why, and that the log tells of both.

A line that cannot be read must neither stop every client's figures nor loosen anything, so it is left out and named, and the version
before it stays in force. The models read the same seed by the same rules (`int_policy_versions`). What the guardrail makes of a
version is `guardrail` and the models.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import sqlalchemy as sa

from ingestion.control.acts import Act, acts, note
from ingestion.control.store import ControlStore
from rowcol_assets.transform import PROJECT_DIR

POLICY_PATH = PROJECT_DIR / "seeds" / "guardrail_policy.csv"
# What the log calls a version.
ENTITY = "guardrail_policy"
# What a number in the file may look like, and what it is.
NUMBERS = {
    "min_buffer_days": (re.compile(r"[0-9]{1,4}"), "number of days"),
    "min_cash_amount": (re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?"), "amount of money"),
    "max_cash_age_minutes": (re.compile(r"[0-9]{1,6}"), "number of minutes"),
    "payroll_horizon_days": (re.compile(r"[0-9]{1,4}"), "number of days"),
}
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Version:
    """One line of the seed. refused: why it does not count; None where it does. said: the line's own words. name: no other line's."""

    name: str
    said: dict[str, str]
    refused: str | None

    @property
    def effective_from(self) -> date:
        """The first day of a version that counts."""
        return date.fromisoformat(self.said["effective_from"])

    @property
    def floors(self) -> tuple[int, Decimal]:
        """Least buffer in days and least cash of a version that counts."""
        return int(self.said["min_buffer_days"]), Decimal(self.said["min_cash_amount"])


def read_policy(path: Path = POLICY_PATH) -> list[Version]:
    """All versions in the file, in its order."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(file)]
    found: list[Version] = []
    # A line that is refused as a double takes its name and day all the same, as in the model.
    whole: list[dict[str, str]] = []
    for number, line in enumerate(lines, start=2):
        reason = _unreadable(line)
        if reason is None:
            reason = _doubled(line, whole)
            whole.append(line)
        name = line.get("policy_version") or f"line {number}"
        found.append(Version(f"{name} (line {number})" if name in {one.name for one in found} else name, line, reason))
    return found


def in_force(versions: Sequence[Version], day: date) -> Version | None:
    """The newest version that counts on a day; None where there is none."""
    counted = [version for version in versions if version.refused is None and version.effective_from <= day]
    return max(counted, key=lambda version: version.effective_from, default=None)


def note_policy(store: ControlStore, versions: Sequence[Version], at: datetime) -> list[Version]:
    """Keeps for the log what is new of the versions, refused or not, once; returns those that are."""
    noted = sa.select(acts.c.record_id, acts.c.details).where(acts.c.entity == ENTITY).order_by(acts.c.act_no)
    with store.database.exclusive(ENTITY) as transaction:
        former = {row.record_id: msgspec.json.decode(row.details) for row in transaction.execute(noted)}
        new = [version for version in versions if former.get(version.name) != _told(version)]
        for version in new:
            reason = "a version of the guardrail's policy" if version.refused is None else f"refused: {version.refused}"
            action = "updated" if version.name in former else "created"
            note(transaction, Act(ENTITY, version.name, action, _told(version), reason, at, client=POLICY_PATH.name))
    return new


def _told(version: Version) -> dict[str, str]:
    return version.said | ({"refused": version.refused} if version.refused else {})


def _unreadable(line: dict[str, str]) -> str | None:
    """What is wrong with a line by itself."""
    if not line.get("policy_version"):
        return "it has no name"
    day = line.get("effective_from", "")
    if not day:
        return "it has no effective date"
    if not DAY.fullmatch(day) or not _is_date(day):
        return "its effective date is no date (YYYY-MM-DD)"
    for name, (form, meaning) in NUMBERS.items():
        if not form.fullmatch(line.get(name, "")):
            return f"{name} is no {meaning}"
    return None


def _doubled(line: dict[str, str], before: Sequence[dict[str, str]]) -> str | None:
    if any(other["policy_version"] == line["policy_version"] for other in before):
        return "a version before it has its name"
    if any(other["effective_from"] == line["effective_from"] for other in before):
        return "a version before it counts from the same day"
    return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
