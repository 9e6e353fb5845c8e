"""What two JSON objects differ in, field by field, with the texts as they were served."""

from __future__ import annotations

import msgspec

_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def changed_fields(former: str, present: str) -> str | None:
    """JSON of the top-level fields that differ, each with its old and its new value; None when either is no object.

    Compared here and not in SQL, where JSON numbers pass through doubles: an amount of 17 digits would not survive.
    """
    try:
        old, new = _DECODE(former), _DECODE(present)
    except msgspec.DecodeError:
        return None
    names = (name for name in sorted(old.keys() | new.keys()) if _text(old, name) != _text(new, name))
    return msgspec.json.encode({name: [old.get(name), new.get(name)] for name in names}).decode()


def changed_known_fields(former: str, present: str) -> str | None:
    """As `changed_fields`, of the fields that both know: one that is followed since, or no more, says nothing of a change."""
    try:
        old, new = _DECODE(former), _DECODE(present)
    except msgspec.DecodeError:
        return None
    names = (name for name in sorted(old.keys() & new.keys()) if _text(old, name) != _text(new, name))
    return msgspec.json.encode({name: [old[name], new[name]] for name in names}).decode()


def _text(record: dict[str, msgspec.Raw], name: str) -> bytes | None:
    return bytes(record[name]) if name in record else None
