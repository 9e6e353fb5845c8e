"""The vocabulary of webhooks: what a signed event says, how one is refused, and the helpers every verifier needs.

A rail's verifier is the pure function `verify` in `ingestion/rails/<rail>/webhooks.py`; `Verifier` says what such a
module holds. What becomes of an event is in `ingestion.control.inbox`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec

SIGNED_FOR = timedelta(minutes=5)

# Ids and words as all four vendors write them; anything else would end in a database that refuses it.
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern="^[ -~]+$")]

RefusalKind = Literal["unsigned", "forged", "stale", "unreadable"]
T = TypeVar("T")


class Refused(Exception):
    """A webhook is not accepted, in words without secrets or content.

    kind: unsigned (no usable signature header), forged (it does not fit), stale (it was signed too long ago), unreadable (it
    is genuine, but not what the vendor describes).
    """

    def __init__(self, kind: RefusalKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Notice:
    """One event a vendor signed. connection_id: "" where the vendor leaves it to the secret; kind: the vendor's own word.

    entities: the raw tables to read again because of it; none when nothing we keep is concerned. ends_at: when the vendor says
    that it will disconnect; is_repaired: that it will not any more.
    """

    connection_id: str
    event_id: str
    kind: str
    entities: tuple[str, ...]
    ends_at: datetime | None = None
    is_repaired: bool = False


class Verifier(Protocol):
    """A rail's webhooks module. SIGNED_WITH: the credential that signs, "" where the vendor signs with published keys.

    A rail whose vendor proves a new address by a challenge also has `challenge_in(body)`: whose it is and what it says, or None.
    """

    SIGNED_WITH: str

    def named(self, body: bytes) -> frozenset[str]:
        """The connections an unverified body names: only good for choosing secrets. Refused when it cannot be read."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: Any, now: datetime) -> list[Notice]:
        """The events of a body signed with `secret`; Refused otherwise. headers: names in lower case."""


def header(headers: Mapping[str, str], *names: str) -> str:
    """The first of the headers `names` (lower case) that is there; Refused when none is."""
    for name in names:
        if headers.get(name):
            return headers[name].strip()
    raise Refused("unsigned", f"there is no {names[0]} header")


def hmac_sha256(secret: str, message: bytes) -> bytes:
    """The HMAC-SHA256 of `message` under the text `secret`."""
    return hmac.digest(secret.encode(), message, hashlib.sha256)


def same(one: bytes, other: bytes) -> bool:
    """Whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def read_json(body: bytes, shape: type[T]) -> T:
    """`body` as `shape`; Refused as unreadable, also when it is nested too deep, without its content in the message."""
    try:
        return msgspec.json.decode(body, type=shape)
    except RecursionError:
        raise Refused("unreadable", "the body is nested too deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Refused("unreadable", "the body is not the JSON this vendor sends") from None


def check_age(signed_at: float, now: datetime) -> None:
    """Refuses what was signed more than 5 minutes before `now`.

    Later than now is let in, as the vendors' own kits do: nobody but the vendor can sign, and a clock of ours that is late
    would lose every event.
    """
    if now.timestamp() - signed_at > SIGNED_FOR.total_seconds():
        raise Refused("stale", "it was signed more than 5 minutes ago")
