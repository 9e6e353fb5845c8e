"""Has a database follow what is published and granted: a copy after each publish, and a grant that ended at once.

How rows get there is `copy`'s subject. A copy that cannot be made is an error of the run, since the database goes on showing the former
state; a grant that ended does not wait for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from psycopg import errors, sql
from sqlalchemy.engine import URL

from ingestion.control import ControlStore
from ingestion.control.acts import Act, acts, note
from ingestion.errors import RowcolError
from ingestion.settings import Settings
from rowcol_assets.publishing.postgres.copy import LOCK_SECONDS, OWN, Copied, forget_copied, publish_to_postgres, take_ended
from rowcol_assets.publishing.postgres.target import connected, parse_target, said

COPIES = "exports"


def target_of(settings: Settings) -> URL | None:
    """The database that follows each publish; None where none is set."""
    return parse_target(settings.publish_url.get_secret_value()) if settings.publish_url else None


def copy_published(settings: Settings, store: ControlStore, url: URL, at: datetime, *, unless_same: bool = False) -> Copied:
    """Copies what is published now, and notes for the log that it did.

    unless_same: nothing is done where the database has it already. RowcolError when it could not be copied.
    """
    grants = store.open_grants()
    # Grants that ended wait neither for the copy nor for one that works.
    withdraw(url, grants)
    done = publish_to_postgres(settings, url, grants, unless_same=unless_same, granted=store.open_grants)
    if not done.is_same:
        details = {"tables": done.tables, "rows": done.rows, "businesses_by_advisor": grants, "without_role": done.without_role}
        with store.database.write() as transaction:
            note(transaction, Act(COPIES, done.where, "created", details, "published files were copied into a database", at))
    return done


def withdraw_ended(settings: Settings, store: ControlStore) -> None:
    """Has the database that follows, where one is set, show no more than is granted now.

    For a publish that failed, which no copy follows. RowcolError says that it can still show it.
    """
    url = target_of(settings)
    if url is None:
        return
    try:
        withdraw(url, store.open_grants())
    except RowcolError as error:
        raise RowcolError(f"{said(url)} can still show clients granted no more: {error}") from None


def withdraw(url: URL, grants: Mapping[str, list[str]]) -> None:
    """Has the database show no more than `grants`, businesses by advisor as of now; what is newly granted follows with the next copy.

    Quick: only the table that says who may see what is changed, and no role sees a row that it does not grant. A copy under way is not
    waited for: it asks for the grants once it keeps this table to itself. RowcolError when it could not be done.
    """
    advisors = sql.Identifier(OWN, "advisors")
    with connected(url) as target:
        target.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
        (found,) = target.execute("select to_regclass(%s)", [f"{OWN}.advisors"]).fetchone() or (None,)
        if found is None:
            return
        # Row-level security binds the publishing role too, and no rule lets it change a row.
        try:
            target.execute(sql.SQL("alter table {} no force row level security").format(advisors))
        except errors.LockNotAvailable:
            raise RowcolError(f"others have kept the grants of {said(url)} to themselves for {LOCK_SECONDS} seconds") from None
        ended = take_ended(target, advisors, grants)
        target.execute(sql.SQL("alter table {} force row level security").format(advisors))
        if ended:
            forget_copied(target)


def copied_before(store: ControlStore, url: URL | None) -> list[str]:
    """The databases that something was copied into by hand, by their names: they follow nothing by themselves. `url`: the one that does."""
    with store.database.read() as transaction:
        where = transaction.execute(sa.select(acts.c.record_id).filter_by(entity=COPIES).distinct().order_by("record_id")).scalars()
        return [name for name in where if url is None or name != said(url)]
