"""Keeps dbt from putting together events that nobody hears.

dbt tells of each query and each moment of a model as a debug event: its text, time, process and thread are made into a message,
and that is then kept from a terminal which shows errors alone. Of a cycle in which little is built that was 5 % of the
processor's time. Making the message of an event from what it was told was a tenth of the Python of building a model as well: a
message is made when it is asked for. What is heard of a build is told by `transform`.

Each of an adapter's flags looks through the whole stack, sources included, for who asked for it, to name it in such an event: 1 % of
a cycle, and 4 % of a test process, whose stack is deeper.
"""

from __future__ import annotations

from typing import Any

from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager


class EventsHeard(EventManager):
    """dbt's own, without the events of level debug."""

    def fire_event(
        self, e: BaseEvent, level: EventLevel | None = None, node: Any = None, force_warn_or_error_handling: bool = False
    ) -> None:
        """Hands an event to who listens; a debug event to nobody."""
        if force_warn_or_error_handling or (level or e.level_tag()) != EventLevel.DEBUG:
            super().fire_event(e, level, node, force_warn_or_error_handling)


_make_message = BaseEvent.__init__


def _note(self: Any, *args: Any, **kwargs: Any) -> None:
    object.__setattr__(self, "told", (args, kwargs))


def _attribute(self: Any, name: str) -> Any:
    """What is not there yet: the message, or a part of it."""
    if name == "pb_msg":
        args, kwargs = self.__dict__["told"]
        _make_message(self, *args, **kwargs)
        return self.__dict__["pb_msg"]
    return getattr(self.pb_msg, name)


def _set_attribute(self: Any, name: str, value: Any) -> None:
    if name == "pb_msg":
        object.__setattr__(self, name, value)
    else:
        setattr(self.pb_msg, name, value)


def hear(*, debug: bool) -> None:
    """Has dbt in this process put its events together, those of level debug only on request."""
    BehaviorFlagRendered._default_source = staticmethod(_source_of_flags)  # type: ignore[method-assign]
    BaseEvent.__init__ = _note  # type: ignore[method-assign]
    BaseEvent.__getattr__ = _attribute  # type: ignore[method-assign]
    BaseEvent.__setattr__ = _set_attribute  # type: ignore[method-assign]
    wanted = EventManager if debug else EventsHeard
    if type(get_event_manager()) is not wanted:
        ctx_set_event_manager(wanted())


def _source_of_flags() -> str:
    return "dbt"
