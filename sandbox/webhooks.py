"""The vocabulary of the sandbox's own webhooks: what a rail has to tell, how it is signed, and how patient its vendor is.

What happened is told by each rail (`sandbox/<rail>/webhooks.py`); who carries it to the receiver: `sandbox.postman`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")

# Headers for a body that is sent at an instant of the sandbox (epoch seconds); signed anew for every attempt.
Sign = Callable[[bytes, int], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook on its way. url: where the vendor was told by API to send it, '' for where the option `webhooks_to` says."""

    body: bytes
    sign: Sign
    url: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """How a vendor delivers. waits: seconds before each further attempt; timeout: seconds for an answer.

    is_final: whether an answer that is no success ends it at once. in_order: whether nothing later is sent before it has arrived.
    """

    waits: tuple[float, ...]
    timeout: float
    is_final: Callable[[int], bool]
    in_order: bool = False


class Webhooks(Protocol):
    """A rail's news. It begins with what happens after a business was first looked at: nobody is told of history."""

    patience: Patience

    def mark(self) -> None:
        """Notes where the businesses looked at for the first time stand; called before anything happens."""

    def news(self) -> list[Delivery]:
        """What happened since the last call, in the order in which it did."""


def stays_here(address: str) -> bool:
    """Whether an address is one of this machine: webhooks of the sandbox go nowhere else."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def never_final(status: int) -> bool:
    """Any answer may be followed by a better one."""
    return False
