"""What is wrong with connections, what they served and their vendors' APIs, each with a remedy. Files and readers: `diagnosis`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ingestion.clock import wall_clock
from ingestion.control.inbox import dead_letters
from ingestion.control.outcomes import calls_since
from ingestion.control.pauses import paused_rails
from ingestion.control.refusals import heard_since, refusals_since
from ingestion.control.store import ControlStore
from ingestion.freshness import connection_freshness
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.traffic import Calls, sum_of

Severity = Literal["broken", "warning", "note"]

# A refresh token that ends within a week is a person's errand; the vendor gives a hundred days. Plaid announces the end of a
# consent a week ahead.
CONSENT_NOTICE = timedelta(days=7)
LOOK_BACK = timedelta(days=1)
# As long as what a bank held counts as cash (domain: 24 hours), see int_bank_sources.
COPY_HOLDS = timedelta(days=1)
# Below these shares of a day's calls, and with fewer calls, retries make up for it and nobody need do anything.
MANY_THROTTLED, MANY_ERRORS, FEW_CALLS = 0.05, 0.2, 20
# By what a sync could not do; a kind that is not named is told as it is.
REMEDIES = {
    "disconnected": "rowcol connect {business} --rail {rail}, or rowcol onboard {business} --rail {rail} with new credentials",
    "forbidden": "give the app access to this company at the vendor, then rowcol sync --business {business}",
    "scope_missing": "give its consent again, with the scopes that are missing: rowcol connect {business} --rail {rail}",
    "wrong_account": "these credentials belong to another account: rowcol connect {business} --rail {rail} with the right one",
    "throttled": "nothing now: the vendor's limit was reached and the next sync goes on; if it lasts, sync less often",
    "server_error": "nothing: the vendor has a fault; the next sync tries again",
    "unreachable": "see whether this machine reaches the vendor's address; the next sync tries again",
    "malformed_page": "see the pages kept under {quarantine}; they are asked for again by the next sync",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """subject: what it is about (a business, a rail, a file); broken: figures are wrong or old until it is mended."""

    severity: Severity
    subject: str
    problem: str
    what_to_do: str


def rail_pause_findings(store: ControlStore) -> Iterator[Finding]:
    """Rails that are paused for everybody, so that nobody forgets."""
    with store.database.read() as transaction:
        paused = sorted(paused_rails(transaction))
    for rail in paused:
        yield Finding("note", rail, "is paused for all businesses", f"rowcol resume --rail {rail} once it may be asked again")


def connection_findings(settings: Settings, tables: dict[str, list[dict[str, Any]]], now: datetime) -> Iterator[Finding]:
    """Connections that are not healthy, or whose consent ends; what is paused is left alone. tables: those of the control store."""
    if not tables["connections"]:
        yield Finding("broken", str(settings.home), "no business is connected", "rowcol onboard --help, or make run for the sandbox's")
    for row in _asked(tables):
        subject = f"{row['business_id']} on {row['rail']}"
        if row["state"] != "healthy":
            severity: Severity = "broken" if row["state"] in ("disconnected", "failing") else "warning"
            failures = f" ({row['consecutive_failures']} times in a row)" if row["consecutive_failures"] > 1 else ""
            problem = f"{row['state']}{failures}: {row['last_error'] or row['last_error_kind'] or 'the last sync did not succeed'}"
            yield Finding(severity, subject, problem, _remedy(settings, row))
        ends = row["token_expires_at"]
        if ends and row["state"] != "disconnected" and ends < now + CONSENT_NOTICE:
            yield _ending(row, subject, ends, now)


def _ending(row: dict[str, Any], subject: str, ends: datetime, now: datetime) -> Finding:
    """A consent or refresh token that ends or has ended; the use of a token renews it, a consent only its owner does."""
    when = f"{ends:%Y-%m-%d %H:%M} UTC"
    is_token = RAILS[row["rail"]].credentials.refresh_field is not None
    what = "refresh token" if is_token else f"consent ({row['connection_id']})"
    if is_token and ends > now:
        return Finding("warning", subject, f"its {what} ends at {when} unless used", "rowcol sync renews it")
    again = REMEDIES["disconnected"].format(business=row["business_id"], rail=row["rail"])
    if ends <= now:
        return Finding("broken", subject, f"its {what} ended at {when}", again)
    renewed = f"rowcol connect {row['business_id']} --rail {row['rail']} --connection {row['connection_id']}"
    return Finding("warning", subject, f"its {what} ends at {when}", renewed)


def _asked(tables: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The connections that are neither paused nor removed."""
    paused = {row["business_id"] for row in tables["businesses"] if row["is_paused"]}
    return [row for row in tables["connections"] if not row["is_paused"] and row["business_id"] not in paused]


def _remedy(settings: Settings, row: dict[str, Any]) -> str:
    remedy = REMEDIES.get(row["last_error_kind"] or "", "rowcol status shows what each entity came to; the next sync tries again")
    return remedy.format(
        business=row["business_id"], rail=row["rail"], quarantine=settings.quarantine_dir / row["rail"] / row["business_id"]
    )


def freshness_findings(store: ControlStore, now: datetime) -> Iterator[Finding]:
    """Connections that a sync could help and that have entities past their bounds; stale ones are broken, aging ones late."""
    for one in connection_freshness(store, now):
        if one.is_disabled or not one.is_connected:
            continue
        subject = f"{one.business_id} on {one.rail}"
        remedy = f"rowcol sync --business {one.business_id} --rail {one.rail}"
        if len(one.those("never_synced")) == len(one.entities):
            yield Finding("warning", subject, "was never synced", remedy)
            continue
        if stale := one.those("stale", "never_synced"):
            yield Finding("broken", subject, f"stale: {', '.join(stale)}", remedy)
        if aging := one.those("aging"):
            yield Finding("warning", subject, f"no longer fresh: {', '.join(aging)}", f"{remedy}; with `rowcol ui` schedules do it")


def copy_findings(tables: dict[str, list[dict[str, Any]]], now: datetime) -> Iterator[Finding]:
    """Banks that their vendor has not reached for a day, while it goes on serving what it knew: that is no cash any more."""
    read_at = {
        (row["business_id"], row["connection_id"]): row["source_read_at"] for row in tables["sync_states"] if row["entity"] == "balances"
    }
    for row in _asked(tables):
        reached = read_at.get((row["business_id"], row["connection_id"]))
        if reached and reached < now - COPY_HOLDS:
            whose = f"{row['business_id']} --rail {row['rail']}"
            problem = f"the vendor last reached the bank at {reached:%Y-%m-%d %H:%M} UTC, so cash is the ledger's"
            remedy = f"rowcol sync --business {whose} --strategy user_action asks the bank itself; if it lasts, rowcol connect {whose}"
            yield Finding("warning", f"{row['business_id']} on {row['rail']}", problem, remedy)


def page_findings(tables: dict[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    """Pages kept aside that nobody could read yet."""
    keys = ("business_id", "rail", "entity")
    counts = Counter(tuple(row[key] for key in keys) for row in tables["quarantined_pages"] if row["resolved_at"] is None)
    for (business, rail, entity), count in counts.items():
        problem = f"{count} page{'s' if count > 1 else ''} of {entity} could not be read"
        remedy = f"the next sync asks again; rowcol quarantine list --business {business} shows why, replay reads them after an update"
        yield Finding("warning", f"{business} on {rail}", problem, remedy)


def letter_findings(store: ControlStore) -> Iterator[Finding]:
    """Webhooks nobody could act on, by rail and reason."""
    counts = Counter((row["rail"], row["reason"]) for row in dead_letters(store.database))
    for (rail, reason), count in counts.items():
        problem = f"{count} webhook{'s' if count > 1 else ''} could not be acted on: {reason}"
        yield Finding("warning", rail, problem, "rowcol dead-letters list; once that is mended, rowcol dead-letters replay NUMBER")


def refusal_findings(store: ControlStore) -> Iterator[Finding]:
    """Webhooks turned away since yesterday that point to something here: a clock that is fast, or a secret that is not the vendor's.

    Forged ones beside genuine ones are somebody else's doing, and nothing to mend.
    """
    yesterday = wall_clock() - LOOK_BACK
    heard = heard_since(store.database, yesterday)
    refused = refusals_since(store.database, yesterday.date())
    meanwhile = "schedules read meanwhile what they told of"
    for rail in RAILS:
        if stale := refused.get((rail, "stale"), 0):
            problem = f"{stale} genuine webhooks since yesterday were refused: by this machine's clock they were signed too long ago"
            yield Finding("warning", rail, problem, f"compare this machine's clock with the true time (timedatectl status); {meanwhile}")
        forged = refused.get((rail, "forged"), 0) + refused.get((rail, "unsigned"), 0)
        if forged and rail not in heard and not stale and store.connections(rail):
            problem = f"{forged} webhooks since yesterday were refused as not the vendor's, and none was genuine"
            yield Finding("warning", rail, problem, f"see whether the webhook secret that was handed in is the vendor's; {meanwhile}")


def api_findings(store: ControlStore, now: datetime) -> Iterator[Finding]:
    """Vendors whose API turned away or failed many of the last day's calls, with the slowest of its endpoints."""
    texts = calls_since(store.database, now - LOOK_BACK)
    for rail in RAILS:
        endpoints = sum_of(text for name, text in texts if name == rail)
        total = Calls()
        for calls in endpoints.values():
            total.add(calls)
        if total.calls < FEW_CALLS:
            continue
        if total.throttled > MANY_THROTTLED * total.calls:
            problem = f"{total.throttled:,} of {total.calls:,} calls in the last day were over the vendor's limits"
            yield Finding("warning", rail, problem, "sync less often, or see whether another program uses the same app")
        if total.errors > MANY_ERRORS * total.calls:
            slowest = max(endpoints, key=lambda name: endpoints[name].percentile_ms(0.95))
            took = endpoints[slowest].percentile_ms(0.95) / 1000
            problem = f"{total.errors:,} of {total.calls:,} calls in the last day came to nothing; {slowest} took up to {took:.1f} s (p95)"
            yield Finding("warning", rail, problem, "see the vendor's status page; what failed is asked again by the next sync")
