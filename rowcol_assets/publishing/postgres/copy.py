"""Copies published rows into PostgreSQL in one transaction, and lets each advisor's role see granted businesses only.

An advisor's role is the one whose name is the advisor's id; roles and their passwords are the database administrator's. Tables are
filled beside those that are there and take their place at the end, so that readers wait for the exchange alone. Row-level
security is forced: it binds the publishing role too, which therefore loads before it is switched on.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import errors, sql
from sqlalchemy.engine import URL

from ingestion.errors import RowcolError
from ingestion.files import private_dir, remove_orphans
from ingestion.settings import Settings
from rowcol_assets.publishing.content import PublishedTable
from rowcol_assets.publishing.postgres.source import Source, open_source, postgres_type, write_rows
from rowcol_assets.publishing.postgres.target import connected, said

BUILDING, OWN = "rowcol_building", "rowcol"
LOCK_KEY = 0x726F77636F6C  # "rowcol": two publishes into one database follow each other
LOCK_SECONDS = 60
# How long a copy waits for another one, which takes as long as its rows do.
TURN_SECONDS = 600
# Changes with what a copy of the same rows looks like, so that it is made anew once.
FORM = 1
BLOCK = 1 << 20
# Folders in the home that rows pass through; their names end in the process's id.
WORK = ".publishing-"
_ADVISORS = [
    ("advisor_id", "text", "Advisor id, which is the name of the advisor's role."),
    ("business_id", "text", "A business the advisor may see."),
]


@dataclass(frozen=True, slots=True)
class Copied:
    """What one publish into a database did. without_role: advisors nobody can log in as yet; is_same: it had all, no row was copied."""

    where: str
    tables: int
    rows: int
    businesses: int
    advisors: int
    without_role: tuple[str, ...]
    is_same: bool = False


def publish_to_postgres(
    settings: Settings,
    url: URL,
    grants: Mapping[str, list[str]],
    *,
    unless_same: bool = False,
    granted: Callable[[], Mapping[str, list[str]]] | None = None,
) -> Copied:
    """Replaces what `url` holds of published tables; grants: businesses by advisor, as of now.

    unless_same: nothing is done where the last copy was of the same files for the same grants and roles. granted: tells the grants once
    the tables are exchanged, which leaves out those that ended while the rows were copied. RowcolError in one sentence when nothing was
    published, or the database cannot be reached or refuses; it is then as it was.
    """
    source = open_source(settings, grants)
    try:
        remove_orphans(settings.home.glob(f"{WORK}*"))
        with (
            connected(url) as target,
            tempfile.TemporaryDirectory(dir=private_dir(settings.home), prefix=WORK, suffix=f".{os.getpid()}") as folder,
        ):
            take_turn(target, url, TURN_SECONDS)
            roles = _roles(target, source.grants)
            signature = _signature(source, roles)
            is_same = unless_same and _copied_last(target) == signature
            rows = 0
            if not is_same:
                rows, is_whole = _replace(target, source, roles, Path(folder), granted)
                if is_whole:
                    _note_copied(target, signature)
                else:
                    forget_copied(target)
    finally:
        source.connection.close()
    missing = tuple(advisor for advisor, businesses in source.grants.items() if businesses and advisor not in roles)
    return Copied(
        where=said(url),
        tables=len(source.tables),
        rows=rows,
        businesses=len(source.catalog_of),
        advisors=len(source.grants),
        without_role=missing,
        is_same=is_same,
    )


def take_turn(target: psycopg.Connection, url: URL, seconds: int) -> None:
    """Keeps other copies out of `url` until the transaction ends; RowcolError when one that is under way is not done in `seconds`.

    Without an end to the waiting one that hangs would stop every cycle.
    """
    target.execute(f"set local lock_timeout = '{seconds}s'")
    try:
        target.execute("select pg_advisory_xact_lock(%s)", [LOCK_KEY])
    except errors.LockNotAvailable:
        raise RowcolError(f"{said(url)} is as it was: another copy into it has not ended within {seconds} seconds") from None


def take_ended(target: psycopg.Connection, advisors: sql.Identifier, grants: Mapping[str, list[str]]) -> int:
    """Takes out of the table `advisors` what is not among `grants`; returns how many."""
    pairs = [(advisor, business) for advisor, businesses in grants.items() for business in businesses]
    return target.execute(
        sql.SQL(
            "delete from {} where (advisor_id, business_id) not in "
            "(select g.advisor_id, g.business_id from unnest(%s::text[], %s::text[]) as g (advisor_id, business_id))"
        ).format(advisors),
        [[advisor for advisor, _ in pairs], [business for _, business in pairs]],
    ).rowcount


def _replace(
    target: psycopg.Connection,
    source: Source,
    roles: Sequence[str],
    folder: Path,
    granted: Callable[[], Mapping[str, list[str]]] | None,
) -> tuple[int, bool]:
    """Puts the tables of `source` in the place of those that are there; returns their rows, and whether all that was granted is in them.

    What ended meanwhile may be granted again before the next copy, which finds the same files and grants as this one began with.
    """
    target.execute(sql.SQL("create schema {}").format(sql.Identifier(BUILDING)))
    rows = sum(_load(target, source, table, folder / "rows.csv") for table in source.tables)
    _load_advisors(target, source.grants)
    _exchange(target, source.tables)
    # Whoever takes a grant away after this waits for the exchanged table, and takes it out of that.
    ended = take_ended(target, sql.Identifier(OWN, "advisors"), granted()) if granted else 0
    _open_to(target, source, roles)
    return rows, not ended


def _roles(target: psycopg.Connection, grants: Mapping[str, list[str]]) -> list[str]:
    """The advisors who have a role; RowcolError for one whom row-level security would not bind."""
    query = "select rolname, rolsuper or rolbypassrls from pg_roles where rolname = any(%s) order by 1"
    found = target.execute(query, [list(grants)]).fetchall()
    unbound = [name for name, is_unbound in found if is_unbound]
    if unbound:
        raise RowcolError(
            f"nothing was published: the role {unbound[0]} sees every row, whatever is granted; an advisor needs a plain role"
        )
    return [name for name, _ in found]


def _signature(source: Source, roles: Sequence[str]) -> str:
    """One text for everything that a copy depends on."""
    content = [FORM, source.contents, source.grants, {table.relation: table.row_key for table in source.tables}, roles]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _copied_last(target: psycopg.Connection) -> str | None:
    """The signature of the copy that the database holds; None before the first."""
    if (target.execute("select to_regclass(%s)", [f"{OWN}.copied"]).fetchone() or (None,))[0] is None:
        return None
    (signature,) = target.execute(f"select max(signature) from {OWN}.copied").fetchone() or (None,)
    return signature


def forget_copied(target: psycopg.Connection) -> None:
    """Has the next copy be made whatever it finds: what the database shows is no longer what was copied."""
    if (target.execute("select to_regclass(%s)", [f"{OWN}.copied"]).fetchone() or (None,))[0] is not None:
        target.execute(f"delete from {OWN}.copied")


def _note_copied(target: psycopg.Connection, signature: str) -> None:
    target.execute(f"create table if not exists {OWN}.copied (signature text primary key)")
    target.execute(f"delete from {OWN}.copied")
    target.execute(f"insert into {OWN}.copied values (%s)", [signature])


def _load(target: psycopg.Connection, source: Source, table: PublishedTable, path: Path) -> int:
    name = _name(table)
    comments = dict(table.comments)
    _create(target, name, [(column, postgres_type(kind), comments.get(column)) for column, kind in table.columns], table.comment)
    write_rows(source, table, path)
    with target.cursor() as cursor:
        with cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(name)) as copy, path.open("rb") as file:
            while block := file.read(BLOCK):
                copy.write(block)
        rows = cursor.rowcount
    if table.row_key:
        _add_key(target, name, table.row_key)
    return rows


def _load_advisors(target: psycopg.Connection, grants: Mapping[str, list[str]]) -> None:
    name = sql.Identifier(BUILDING, f"{OWN}.advisors")
    _create(target, name, _ADVISORS, "Which advisor may see which business; an advisor's role sees its own rows.")
    with target.cursor().copy(sql.SQL("copy {} from stdin").format(name)) as copy:
        for advisor, businesses in grants.items():
            for business in businesses:
                copy.write_row((advisor, business))
    _add_key(target, name, ("advisor_id", "business_id"))


def _create(target: psycopg.Connection, name: sql.Identifier, columns: Sequence[tuple[str, str, str | None]], comment: str | None) -> None:
    defined = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind, _ in columns)
    target.execute(sql.SQL("create table {} ({})").format(name, defined))
    target.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(comment)))
    for column, _, said_of in columns:
        if said_of:
            target.execute(sql.SQL("comment on column {}.{} is {}").format(name, sql.Identifier(column), sql.Literal(said_of)))


def _add_key(target: psycopg.Connection, name: sql.Identifier, key: Sequence[str]) -> None:
    target.execute(sql.SQL("alter table {} add primary key ({})").format(name, sql.SQL(", ").join(map(sql.Identifier, key))))


def _exchange(target: psycopg.Connection, tables: Sequence[PublishedTable]) -> None:
    """Puts the new tables in the place of those published before; a table that is somebody else's stays and is an error."""
    target.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
    for schema in sorted({table.schema for table in tables} | {OWN}):
        target.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    target.execute(f"create table if not exists {OWN}.relations (schema_name text, table_name text, primary key (schema_name, table_name))")
    for schema, name in target.execute(f"select schema_name, table_name from {OWN}.relations order by 1, 2").fetchall():
        target.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(schema, name)))
    target.execute(f"delete from {OWN}.relations")
    for schema, name in [*(table.key for table in tables), (OWN, "advisors")]:
        beside = f"{schema}.{name}"
        target.execute(sql.SQL("alter table {} rename to {}").format(sql.Identifier(BUILDING, beside), sql.Identifier(name)))
        target.execute(sql.SQL("alter table {} set schema {}").format(sql.Identifier(BUILDING, name), sql.Identifier(schema)))
        target.execute(f"insert into {OWN}.relations values (%s, %s)", [schema, name])
    target.execute(sql.SQL("drop schema {}").format(sql.Identifier(BUILDING)))


def _open_to(target: psycopg.Connection, source: Source, roles: Sequence[str]) -> None:
    """Forces row-level security on every table and lets the advisors' roles read."""
    granted = sql.SQL("business_id in (select a.business_id from rowcol.advisors a where a.advisor_id = current_user::text)")
    own = sql.SQL("advisor_id = current_user::text")
    names = [sql.Identifier(*table.key) for table in source.tables]
    advisors = sql.Identifier(OWN, "advisors")
    for name, rule in [*((name, granted) for name in names), (advisors, own)]:
        target.execute(sql.SQL("create policy granted on {} for select using ({})").format(name, rule))
        target.execute(sql.SQL("alter table {} enable row level security").format(name))
        target.execute(sql.SQL("alter table {} force row level security").format(name))
    for role in roles:
        schemas = sql.SQL(", ").join(map(sql.Identifier, sorted({table.schema for table in source.tables} | {OWN})))
        target.execute(sql.SQL("grant usage on schema {} to {}").format(schemas, sql.Identifier(role)))
        listed = sql.SQL(", ").join([*names, advisors])
        target.execute(sql.SQL("grant select on {} to {}").format(listed, sql.Identifier(role)))


def _name(table: PublishedTable) -> sql.Identifier:
    return sql.Identifier(BUILDING, table.relation)
