"""How far an entity of a Ramp business has been read: the text of its watermark, and what is due by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.clock import utc_text
from ingestion.periods import in_another

# Cycles do not start to the second, and a walk should not slip by one more of them each day.
EARLY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Mark:
    """When the last complete reading began, and the last one of all records."""

    read_at: datetime
    walked_at: datetime

    def text(self) -> str:
        """The watermark: both times, RFC 3339, apart by a slash."""
        return f"{utc_text(self.read_at)}/{utc_text(self.walked_at)}"

    def has_passed(self, now: datetime, every: timedelta) -> bool:
        """Whether everything is to be read again, `every` after the last time."""
        return now - self.walked_at >= every - EARLY

    def is_of_earlier(self, now: datetime, every: timedelta) -> bool:
        """Whether `now` lies in another hour (or day: `every`) than the last reading; without any state of its own."""
        return in_another(every, self.read_at, now)


def parse_mark(text: str | None) -> Mark | None:
    """The mark a watermark stands for; None before the first complete reading, or if it is not one."""
    try:
        read_at, walked_at = (datetime.fromisoformat(part) for part in (text or "").split("/"))
    except ValueError:
        return None
    return Mark(read_at, walked_at)
