"""What a list request asks for, read from Stripe's bracketed query parameters; complaints in the vendor's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sandbox.stripe.replies import Refusal

MOST, DEFAULT = 100, 10
DEEPEST = 4
_RANGES = ("gt", "gte", "lt", "lte")
_TIMES = ("created", "due_date", "arrival_date")


@dataclass
class Asked:
    """One list request. ranges: per time field its bounds; equal: values a field must have; expand: paths below each object."""

    limit: int = DEFAULT
    starting_after: str = ""
    ending_before: str = ""
    ranges: dict[str, dict[str, int]] = field(default_factory=dict)
    equal: dict[str, str] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    expand: list[list[str]] = field(default_factory=list)


def read_list(pairs: Iterable[tuple[str, str]], filters: Sequence[str]) -> Asked:
    """The request; Refusal for a parameter the list does not take, or a value it cannot be."""
    asked = Asked()
    for name, value in pairs:
        base = name.split("[", 1)[0]
        if base == "limit":
            asked.limit = _limit(value)
        elif base == "starting_after":
            asked.starting_after = value
        elif base == "ending_before":
            asked.ending_before = value
        elif base == "expand":
            asked.expand.append(_path(value, "data."))
        elif base not in ("created", *filters):
            raise Refusal(400, f"Received unknown parameter: {base}", code="parameter_unknown", param=base)
        elif base in _TIMES:
            _bound(asked, name, base, value)
        elif base == "types":
            asked.types.append(value)
        else:
            asked.equal[name.replace("[]", "")] = value
    if asked.starting_after and asked.ending_before:
        raise Refusal(400, "Received both starting_after and ending_before parameters. Please pass in only one.")
    return asked


def read_expand(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The paths that a read of one object is to expand; it takes no other parameter."""
    found = []
    for name, value in pairs:
        base = name.split("[", 1)[0]
        if base != "expand":
            raise Refusal(400, f"Received unknown parameter: {base}", code="parameter_unknown", param=base)
        found.append(_path(value, ""))
    return found


def is_within(time: int | None, bounds: dict[str, int]) -> bool:
    """Whether a time keeps all bounds."""
    if time is None:
        return False
    return (
        time > bounds.get("gt", time - 1)
        and time >= bounds.get("gte", time)
        and time < bounds.get("lt", time + 1)
        and time <= bounds.get("lte", time)
        and time == bounds.get("", time)
    )


def _limit(value: str) -> int:
    if not re.fullmatch(r"-?\d+", value):
        raise Refusal(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param="limit")
    if int(value) > MOST:
        raise Refusal(400, f"This value must be less than or equal to {MOST}.", code="parameter_invalid_integer", param="limit")
    if int(value) < 1:
        raise Refusal(400, "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="limit")
    return int(value)


def _bound(asked: Asked, name: str, base: str, value: str) -> None:
    which = name[len(base) :].strip("[]")
    if which not in ("", *_RANGES):
        raise Refusal(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
    if not re.fullmatch(r"\d{1,12}", value):
        raise Refusal(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    asked.ranges.setdefault(base, {})[which] = int(value)


def _path(value: str, prefix: str) -> list[str]:
    if not value.startswith(prefix):
        raise Refusal(400, f"This property cannot be expanded ({value}). You may want to try expanding 'data.{value}'.")
    if value.count(".") >= DEEPEST:
        raise Refusal(400, f"You cannot expand more than {DEEPEST} levels of a property. Property: {value}")
    return value[len(prefix) :].split(".")
