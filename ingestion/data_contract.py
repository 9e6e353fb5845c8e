"""The data contract as a page: what the registry promises per rail and entity, and what of the control store is copied.

docs/data-contract.md is a generated copy; a test keeps it current, and running this module as a program rewrites it.
The promises themselves are in `ingestion/rails/<rail>/promise.py`; the same facts for dbt are made in
`ingestion.entity_promises`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingestion.control.rows import TABLES
from ingestion.promise import EACH, TIERS, EntityPromise, Limit, LivePromise, QuietCalls, RailPromise
from ingestion.registry import RAILS

PAGE_PATH = Path(__file__).parent.parent / "docs" / "data-contract.md"

INTRODUCTION = """\
# Data contract

Generated from the registry by `python -m ingestion.data_contract`; edit the promises, not this page.

**mirror**: kept as a change log, read from there. **live**: asked for when needed, never kept as the source of a figure.
**hybrid**: kept as a change log for figures, and its present state is also asked for live (`rowcol live`). A live answer is
cached for at most the shortest time to live (TTL) of its tables, and ends when one of them changes.
"""

TIER_HEADINGS = ("tier", "due every", "fresh up to", "aging up to, then stale", "tables")
LIVE_HEADINGS = ("asked live", "by", "tables", "held for", "given up after")
ENTITY_HEADINGS = ("table", "vendor's name", "pattern", "tier", "TTL", "key", "order of versions", "left out of the hash", "what it is")
CONTROL_HEADINGS = ("table", "columns")


def data_contract_page() -> str:
    """The page as Markdown, rails and entities in registry order."""
    return "\n".join([INTRODUCTION, *_tiers(), *(line for rail in RAILS.values() for line in _rail(rail)), *_control()])


def _tiers() -> Iterator[str]:
    yield "## Tiers\n"
    yield "An entity's age counts from its last successful sync, not from its last change: a quiet business is not a stale one."
    yield "The historical tier is also the tier of what is done once a day for every table: comparing the vendor's counts with ours.\n"
    used = Counter(entity.tier for rail in RAILS.values() for entity in rail.entities)
    rows = [
        (tier, _span(policy.schedule_minutes), _span(policy.fresh_minutes), _span(policy.aging_minutes), str(used[tier]))
        for tier, policy in TIERS.items()
    ]
    yield _table(TIER_HEADINGS, rows)


def _rail(rail: RailPromise) -> Iterator[str]:
    form = rail.credentials
    versions = "the vendor stamps each version" if rail.versioned else "the vendor stamps no versions: each change of content is one"
    yield f"## {rail.title} (`raw_{rail.name}`)\n"
    yield f"* Owns: {rail.domain}. Feed: {rail.feed}. Versions: {versions}."
    yield f"* Connecting takes {', '.join(form.required)}; optional: {', '.join(form.optional) or 'nothing'}."
    identity = (
        f"is {form.connection_field}" if form.connection_field else "is what the vendor answers when asked whose credentials these are"
    )
    several = ", and a business can have several" if rail.has_many_connections else ""
    yield f"* The connection's id {identity}{several}; " + (f"{form.refresh_field} rotates." if form.refresh_field else "no token rotates.")
    yield f"* The vendor's limits: {'; '.join(map(_limit, rail.limits)) or 'none'}."
    cap = f"; the vendor allows {rail.monthly_calls:,} a month" if rail.monthly_calls else ""
    yield f"* A quiet connection costs {_calls(rail.quiet_calls)}: {rail.quiet_calls.in_days(30):,} in thirty days{cap}.\n"
    yield _table(ENTITY_HEADINGS, [_entity(entity) for entity in rail.entities])
    if rail.live:
        yield _table(LIVE_HEADINGS, [_live(rail, live) for live in rail.live])


def _live(rail: RailPromise, live: LivePromise) -> tuple[str, ...]:
    tables = ", ".join(f"`{entity}`" for entity in live.entities)
    return live.subject, live.call, tables, _span(rail.ttl_seconds(live) // 60), f"{live.patience_seconds:g} s"


def _limit(limit: Limit) -> str:
    """One limit in words."""
    span = f"in {limit.seconds:g} s" if limit.seconds else "at once"
    counted = {None: "", EACH: " and endpoint"}.get(limit.endpoint, f" of {limit.endpoint}")
    return f"{limit.calls:,} {span} per {limit.owner}{counted}"


def _calls(quiet: QuietCalls) -> str:
    """What a quiet connection costs, in words."""
    parts = [(quiet.per_cycle, "a cycle"), (quiet.per_hour, "more an hour"), (quiet.per_day, "more a day")]
    return ", ".join(f"{calls:g} {when}" for calls, when in parts if calls)


def _entity(entity: EntityPromise) -> tuple[str, ...]:
    notes = [(entity.is_single, " One record per connection."), (entity.has_inactive, " Inactive records are read too.")]
    description = entity.description + "".join(note for holds, note in notes if holds)
    return (
        f"`{entity.name}`",
        entity.vendor_name,
        entity.pattern,
        entity.tier,
        _span(entity.ttl_seconds // 60),
        ", ".join(entity.key),
        ", ".join(entity.order),
        ", ".join(sorted(entity.volatile_fields)) or "nothing",
        description,
    )


def _control() -> Iterator[str]:
    yield "## The control store's copy (`raw_control`)\n"
    yield "Mirrored whole after each sync, outcomes and acts by appending; no secret and no token is among the columns.\n"
    yield _table(CONTROL_HEADINGS, [(f"`{name}`", ", ".join(columns)) for name, columns in TABLES.items()])


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _span(minutes: int) -> str:
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


if __name__ == "__main__":
    PAGE_PATH.write_text(data_contract_page(), encoding="utf-8")
