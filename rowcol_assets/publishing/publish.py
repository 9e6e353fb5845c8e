"""Publishes: for every advisor whose content changed, a new generation swapped in beside the old one.

Grants are read from the control store at this moment, never from the warehouse's copy. One advisor's failure (a full
disk) leaves that advisor's former generation readable and does not stop the others, unless that generation shows a business
which is granted no more: it is taken away then, since no file is less harm than one with a client that was withdrawn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion.clock import Clock, utc_text
from ingestion.control import ControlStore
from ingestion.failpoints import fail_point
from ingestion.files import private_dir
from ingestion.settings import Settings
from rowcol_assets.publishing import layout
from rowcol_assets.publishing.build import write_digest, write_manifest, write_tables
from rowcol_assets.publishing.content import PublishedTable, Signatures, published_tables, select_live, sign_businesses, sign_table
from rowcol_assets.publishing.held import FormerGenerations, Kept, held_businesses, keeps_key, select_kept
from rowcol_assets.publishing.promised import Promised
from rowcol_assets.publishing.report import Generation, PublishError, PublishReport
from rowcol_assets.publishing.told import tell_current, tell_removed
from rowcol_assets.publishing.workbook import write_workbook


@dataclass(frozen=True, slots=True)
class _Job:
    """What is the same for every advisor of one publish."""

    settings: Settings
    warehouse: duckdb.DuckDBPyConnection
    former: FormerGenerations
    tables: Sequence[PublishedTable]
    signatures: dict[PublishedTable, Signatures]
    held: dict[str, str]
    others: tuple[Path, ...]
    as_of: date
    published_at: datetime
    run_id: str
    clock: Clock


def publish(
    settings: Settings,
    store: ControlStore,
    warehouse: duckdb.DuckDBPyConnection,
    *,
    promised: Mapping[str, Promised],
    as_of: date,
    published_at: datetime,
    run_id: str,
    clock: Clock,
) -> PublishReport:
    """Publishes to every advisor of the store; the caller holds the warehouse's writer lock and no open transaction.

    promised: keys and questions by relation. published_at: product time of the cycle whose figures these are; clock: tells when
    each file was ready, which is later.
    An advisor without clients gets a valid file without rows. PublishError when some advisor could not be published, or former files
    could not be cleared away, after the others were.
    """
    published = private_dir(settings.published_dir)
    grants = store.open_grants()
    homes = {advisor: layout.Home(published, advisor) for advisor in grants}
    removed = tuple(advisor for advisor in layout.advisors_on_disk(published) if advisor not in grants)
    for advisor in removed:
        layout.remove_advisor(layout.Home(published, advisor))
    tell_removed(store, removed, published_at, run_id, "the advisor is not known any more")
    tell_current(store, homes.values())
    changed, unchanged, failed = [], [], {}
    try:
        tables = published_tables(warehouse, promised)
        with _former_generations(warehouse) as former:
            job = _Job(
                settings=settings,
                warehouse=warehouse,
                former=former,
                tables=tables,
                signatures={table: sign_businesses(warehouse, f"select * from {table.quoted}") for table in tables},
                held=held_businesses(warehouse, tables),
                others=tuple(current for home in homes.values() if (current := layout.current(home))),
                as_of=as_of,
                published_at=published_at,
                run_id=run_id,
                clock=clock,
            )
            for advisor, home in homes.items():
                try:
                    generation = _publish_one(job, home, grants[advisor])
                except (OSError, duckdb.Error) as error:
                    failed[advisor] = _reason(error)
                    continue
                if generation:
                    changed.append(generation)
                else:
                    unchanged.append(advisor)
    finally:
        # However it went, also by an error nobody foresaw: what is readable now shows nobody who is granted no more.
        withdrawn = _withdraw(homes, grants)
        tell_removed(store, withdrawn, published_at, run_id, "publishing failed, and the former files show clients granted no more")
    tell_current(store, homes.values())
    report = PublishReport(tuple(changed), tuple(unchanged), removed, failed, withdrawn)
    if failed or report.uncleared:
        raise PublishError(report)
    return report


def withdraw_files(settings: Settings, store: ControlStore, at: datetime, run_id: str) -> tuple[str, ...]:
    """Takes away the files that show a client granted no more, for a run that published nothing; returns whose.

    The caller holds the warehouse's writer lock, under which files are published.
    """
    grants = store.open_grants()
    homes = {advisor: layout.Home(settings.published_dir, advisor) for advisor in grants}
    withdrawn = _withdraw(homes, grants)
    tell_removed(store, withdrawn, at, run_id, "a run failed before it published, and the former files show clients granted no more")
    return withdrawn


def _withdraw(homes: Mapping[str, layout.Home], grants: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Takes away the files of each advisor whose current generation has a business beyond `grants`; returns whose.

    One whose manifest cannot be read may show anything, so it goes too: the next publish makes it anew.
    """
    withdrawn = []
    for advisor, home in homes.items():
        current = layout.current(home)
        if current and not set(layout.manifest_of(current).get("businesses", ["?"])) <= set(grants[advisor]):
            layout.remove_advisor(home)
            withdrawn.append(advisor)
    return tuple(withdrawn)


@contextmanager
def _former_generations(warehouse: duckdb.DuckDBPyConnection) -> Iterator[FormerGenerations]:
    former = FormerGenerations(warehouse)
    try:
        yield former
    finally:
        former.close()


def _publish_one(job: _Job, home: layout.Home, granted: list[str]) -> Generation | None:
    """Builds and swaps in the advisor's generation; None when its content is what is already current."""
    old = layout.current(home)
    manifest = layout.manifest_of(old)
    layout.remove_others(home, old)
    reasons = {business: job.held[business] for business in granted if business in job.held}
    kept = job.former.find(reasons, [generation for generation in (old, *job.others) if generation and layout.manifest_of(generation)])
    content = _content(job, granted, kept)
    if manifest and manifest.get("content") == content:
        return None
    number, folder = layout.next_folder(home)
    try:
        _fill_live(job.warehouse, [business for business in granted if business not in reasons])
        queries = {_keyed(job, kept, table): _query(job, kept, table) for table in job.tables}
        written = write_tables(job.settings, job.warehouse, folder, queries)
        with (folder / layout.DATABASE).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        told: dict[str, Any] = {"advisor": home.advisor, "as_of": job.as_of, "published_at": job.published_at}
        files = write_digest(job.warehouse, folder, written, **told) | write_workbook(job.warehouse, folder, written, **told)
        facts = {
            "ready_at": utc_text(job.clock()),
            "database_sha256": digest,
            "tables": written,
            "files": files,
            "held": reasons,
            "businesses": granted,
            "content": content,
        }
        write_manifest(folder, queries, generation=number, run_id=job.run_id, facts=facts, **told)
        sealed = layout.seal(folder)
        fail_point("before_swap", job.settings)
        layout.make_current(home, sealed)
    except (OSError, duckdb.Error):
        # What the link points to by now, if that was its last step that failed.
        layout.remove_others(home, old, layout.current(home))
        raise
    # The former generation stays for readers on their way to it; what it shows of a business no longer granted does not.
    shows_too_much = not set(manifest.get("businesses", [])) <= set(granted)
    uncleared = layout.clear_former(home, sealed, old, shows_too_much=shows_too_much)
    return Generation(home.advisor, number, home.link, sum(entry["rows"] for entry in written.values()), reasons, uncleared)


def _content(job: _Job, granted: list[str], kept: Kept) -> str:
    """A signature of everything the advisor would see: the tables, the rows, which files, who is granted, who is held and why."""
    held = [business for business, _ in kept.reasons]
    live = [business for business in granted if business not in held]
    signed = {}
    for table in job.tables:
        parts = [sign_table(table, job.signatures[table], live)]
        if held:
            parts.append(sign_table(table, job.former.sign(kept, table), held))
        signed[table.relation] = parts
    return hashlib.sha256(json.dumps([granted, kept.reasons, signed, layout.FILES]).encode()).hexdigest()


def _keyed(job: _Job, kept: Kept, table: PublishedTable) -> PublishedTable:
    """`table` as it is in this generation: without its key where rows of held businesses have none."""
    return table if not kept.reasons or keeps_key(job.former, kept, table) else replace(table, row_key=())


def _query(job: _Job, kept: Kept, table: PublishedTable) -> str:
    live = select_live(table, utc_text(job.published_at).rstrip("Z"))
    kept_rows = select_kept(job.former, kept, table) if kept.reasons else None
    return f"{live} union all {kept_rows}" if kept_rows else live


def _fill_live(warehouse: duckdb.DuckDBPyConnection, businesses: list[str]) -> None:
    warehouse.execute("create or replace temp table publish_live (business_id varchar)")
    warehouse.execute("insert into publish_live select unnest(?::varchar[])", [businesses])


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error).splitlines()[0]
