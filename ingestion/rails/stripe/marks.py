"""Up to where a connection's entity has been read, as the text that is kept as its watermark.

The change log keeps the text; what it means is known here alone.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

# Events that are known to have been acted on are not acted on again; more than these are, which costs reads and no truth.
SEEN_EVENTS = 500


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of an entity's last complete reading.

    read_at: our time of it. events_to: created of the newest event then known (0: none), by the vendor's clock, so that
    ours being off loses nothing. newest: created of the newest object a walk saw. pending_from, pending_until: of the
    balance transactions not yet available, the oldest's created and when the next is due (0: none). balance: the content
    hash of the balance before its transactions were read. seen: short hashes of the events in the stretch read again.
    """

    read_at: str
    events_to: int = 0
    newest: int = 0
    pending_from: int = 0
    pending_until: int = 0
    balance: str = ""
    seen: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """`read_at` as an instant."""
        return datetime.fromisoformat(self.read_at)

    def text(self) -> str:
        """The mark as it is kept."""
        return msgspec.json.encode(self).decode()


def mark_from(text: str | None) -> Mark | None:
    """The mark a text stands for; None for no text."""
    return msgspec.json.decode(text, type=Mark) if text else None


def event_key(event_id: str) -> str:
    """The short hash by which an event is recognised."""
    return hashlib.blake2b(event_id.encode(), digest_size=6).hexdigest()
