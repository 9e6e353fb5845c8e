"""How a record of a rail is named on the command line: RAIL:ID, or the id alone where one rail goes without saying."""

from __future__ import annotations

from ingestion.errors import UsageError


def rail_and_id(written: str, rail: str | None = None) -> tuple[str, str]:
    """RAIL and ID; an id may hold a colon, so a rail is what the registry knows. UsageError when none is named and `rail` is None.

    In the place of a rail stands `user` before a bill that a person entered.
    """
    from ingestion.control.entered_bills import USER
    from ingestion.registry import RAILS

    head, colon, rest = written.partition(":")
    if colon and (head in RAILS or head == USER):
        return head, rest
    if rail is None:
        raise UsageError(f"{written!r} names no rail: RAIL:ID, with RAIL one of {', '.join(RAILS)}")
    return rail, written
