"""The sandbox's rails: what the hub, the server and the truth need to know of each, and the only list of them.

A rail's own HTTP and views are in `sandbox/<rail>/`; each says what it is in `sandbox/<rail>/rail.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from starlette.routing import Route

    from sandbox.hub import Hub, Listing
    from sandbox.webhooks import Patience, Webhooks

Row = tuple[Any, ...]


class WebhooksOf(Protocol):
    """A rail's class of webhooks."""

    patience: Patience

    def __call__(self, hub: Hub) -> Webhooks:
        """The news of that sandbox."""


@dataclass(frozen=True, slots=True)
class SandboxRail:
    """One rail as the sandbox serves it.

    port_offset: its port counted from the first rail's. faults: the kinds it can be told to show; world_faults: those of
    them that need generated businesses. routes(hub, limits, latency_ms): the vendor's paths. credentials(hub, listing):
    what `rowcol onboard` takes; app(hub): the keys of the app that `rowcol connect` asks with. served(hub): rows of the truth
    table `served`. readers(hub): the businesses of which anything was sent. warm(hub, listing): makes ready what can be asked of
    a business and counts its records per list. truths: rows it adds to other truth tables; its mistakes count for businesses
    that are read there. webhooks(hub): what it tells a receiver.
    """

    name: str
    port_offset: int
    faults: tuple[str, ...]
    world_faults: tuple[str, ...]
    routes: Callable[[Hub, bool, int], list[Route]]
    credentials: Callable[[Hub, Listing], dict[str, Any]]
    app: Callable[[Hub], dict[str, str]]
    served: Callable[[Hub], Iterator[Row]]
    readers: Callable[[Hub], set[str]]
    warm: Callable[[Hub, Listing], dict[str, int]]
    truths: Mapping[str, Callable[[Hub], Iterator[Row]]]
    webhooks: WebhooksOf


# In order of their ports.
NAMES = ("qbo", "ramp", "plaid", "stripe")


def sandbox_rails() -> dict[str, SandboxRail]:
    """All rails by name; imported when asked for, since a rail needs the hub and the hub needs the rails."""
    return {name: importlib.import_module(f"sandbox.{name}.rail").RAIL for name in NAMES}
