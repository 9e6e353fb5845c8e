"""The vocabulary of the sandbox's own webhooks: what a rail has to tell, how it is signed, and how patient its vendor is.

What happened is told by each rail (`sandbox/<rail>/webhooks.py`); who carries it to the receiver: `sandbox.postman`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# Headers for a body that is sent at an instant of the sandbox (epoch seconds); signed anew for every attempt.
Sign = Callable[[bytes, int], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook on its way."""

    body: bytes
    sign: Sign


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


def never_final(status: int) -> bool:
    """Any answer may be followed by a better one."""
    return False
