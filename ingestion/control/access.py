"""Who may read which business: grants with their history.

An open grant (no end) is in force whatever the clock says: a clock set back must not revive a revoked one, nor hide
one made later by the product's time. Publishing asks for open grants only.

An advisor becomes known by a first grant, so a misspelt name would be given a client's books. One that looks like a slip of
a known name is therefore refused unless it is said to be new, and what is refused of well-formed names is kept for the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.acts import Act, changed, note
from ingestion.control.database import Database, insert
from ingestion.control.facts import ROLES, Role
from ingestion.control.schema import advisors, businesses, grants
from ingestion.errors import UsageError
from ingestion.identifiers import check_advisor_id, check_business_id
from ingestion.names import nearest, slip_of

REFUSED = "refused_grants"


@dataclass(frozen=True, slots=True)
class Granted:
    """What a grant came to. is_changed: whether access is another than before; is_new_advisor: whether nobody knew the advisor."""

    is_changed: bool
    is_new_advisor: bool


def grant(database: Database, advisor_id: str, business_id: str, role: Role, at: datetime, *, is_new: bool = False) -> Granted:
    """Gives `advisor_id` access from `at`; another role ends the former grant.

    is_new: the advisor is meant to be new, however like a known one. UsageError for a business that does not exist, or an
    advisor nobody knows whose name looks like a slip of a known one's; nothing is changed then, and the log tells of it.
    """
    _check_names(advisor_id, business_id, role)
    with _kept_if_refused(database, advisor_id, business_id, role, at), database.exclusive("grants") as transaction:
        _check_business(transaction, business_id)
        if not is_new:
            _check_slip(transaction, advisor_id)
        return _grant(transaction, advisor_id, business_id, role, at)


def grant_all(database: Database, wanted: Mapping[str, str], role: Role, at: datetime) -> None:
    """Gives each business (key) to its advisor, all of it or nothing; the advisors are as the caller names them, new or not."""
    with database.exclusive("grants") as transaction:
        for business_id, advisor_id in wanted.items():
            _check_names(advisor_id, business_id, role)
            _check_business(transaction, business_id)
            _grant(transaction, advisor_id, business_id, role, at)


def _grant(transaction: Transaction, advisor_id: str, business_id: str, role: Role, at: datetime) -> Granted:
    is_new_advisor = not _is_known(transaction, advisor_id)
    transaction.execute(insert(transaction, advisors).values(advisor_id=advisor_id, created_at=at).on_conflict_do_nothing())
    mine = _open(advisor_id, business_id)
    if transaction.execute(sa.select(grants.c.role).where(mine)).scalar_one_or_none() == role:
        return Granted(is_changed=False, is_new_advisor=is_new_advisor)
    transaction.execute(sa.update(grants).where(mine).values(valid_to=at, **changed(at)))
    transaction.execute(sa.insert(grants).values(business_id=business_id, advisor_id=advisor_id, role=role, valid_from=at, **changed(at)))
    return Granted(is_changed=True, is_new_advisor=is_new_advisor)


def revoke(database: Database, advisor_id: str, business_id: str, at: datetime) -> bool:
    """Ends the open grant at `at` and keeps its row; returns whether there was one.

    UsageError for a name that does not exist, which the log tells of: a misspelt one must not look like access taken away.
    """
    _check_names(advisor_id, business_id)
    with _kept_if_refused(database, advisor_id, business_id, None, at), database.exclusive("grants") as transaction:
        _check_business(transaction, business_id)
        known = list(transaction.execute(sa.select(advisors.c.advisor_id)).scalars())
        if advisor_id not in known:
            raise UsageError(f"there is no advisor {advisor_id!r}{_meant(advisor_id, known)}")
        ended = transaction.execute(sa.update(grants).where(_open(advisor_id, business_id)).values(valid_to=at, **changed(at))).rowcount
    return bool(ended)


def open_grants(database: Database) -> dict[str, list[str]]:
    """Business ids by advisor, as granted at this moment; an advisor whose grants all ended is there with an empty list."""
    with database.read() as transaction:
        known = transaction.execute(sa.select(advisors.c.advisor_id).order_by("advisor_id")).scalars()
        result: dict[str, list[str]] = {advisor: [] for advisor in known}
        query = sa.select(grants.c.advisor_id, grants.c.business_id).where(grants.c.valid_to.is_(None)).order_by("business_id")
        for row in transaction.execute(query):
            result[row.advisor_id].append(row.business_id)
    return result


def grants_of(database: Database, advisor_id: str, at: datetime) -> list[str]:
    """The businesses `advisor_id` could read at `at`, by id."""
    query = sa.select(grants.c.business_id).where(grants.c.advisor_id == advisor_id, _valid(at)).order_by("business_id").distinct()
    with database.read() as transaction:
        return list(transaction.execute(query).scalars())


def advisors_with_grants(database: Database, at: datetime) -> list[str]:
    """The advisors who could read at least one business at `at`, by id."""
    query = sa.select(grants.c.advisor_id).where(_valid(at)).order_by("advisor_id").distinct()
    with database.read() as transaction:
        return list(transaction.execute(query).scalars())


@contextmanager
def _kept_if_refused(database: Database, advisor_id: str, business_id: str, role: Role | None, at: datetime) -> Iterator[None]:
    """Keeps for the log that what is done within was refused and why, once its own transaction is undone; role None: a revoke."""
    try:
        yield
    except UsageError as error:
        asked = {"advisor_id": advisor_id, "business_id": business_id, "role": role, "is_revoke": role is None}
        with database.write() as transaction:
            note(transaction, Act(REFUSED, f"{advisor_id}/{business_id}", "created", asked, str(error), at))
        raise


def _check_names(advisor_id: str, business_id: str, role: Role | None = None) -> None:
    """Refuses what can be no name or role at all; such input names nobody and is not kept."""
    check_advisor_id(advisor_id)
    check_business_id(business_id)
    if role is not None and role not in ROLES:
        raise UsageError(f"{role!r} is not a role; known: {', '.join(ROLES)}")


def _check_business(transaction: Transaction, business_id: str) -> None:
    known = list(transaction.execute(sa.select(businesses.c.business_id)).scalars())
    if business_id not in known:
        raise UsageError(f"there is no business {business_id!r}{_meant(business_id, known)}: onboard it first")


def _check_slip(transaction: Transaction, advisor_id: str) -> None:
    """Refuses an advisor nobody knows whose name looks like that of one who has access now."""
    if _is_known(transaction, advisor_id):
        return
    present = transaction.execute(sa.select(grants.c.advisor_id).where(grants.c.valid_to.is_(None)).distinct()).scalars()
    if meant := slip_of(advisor_id, present):
        raise UsageError(f"there is no advisor {advisor_id!r}, but {meant!r}: give that name, or say --new where another person is meant")


def _is_known(transaction: Transaction, advisor_id: str) -> bool:
    return transaction.execute(sa.select(advisors.c.advisor_id).filter_by(advisor_id=advisor_id)).first() is not None


def _meant(name: str, known: list[str]) -> str:
    found = nearest(name, known)
    return f" (the nearest name is {found!r})" if found else ""


def _open(advisor_id: str, business_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(grants.c.advisor_id == advisor_id, grants.c.business_id == business_id, grants.c.valid_to.is_(None))


def _valid(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(grants.c.valid_from <= at, sa.or_(grants.c.valid_to.is_(None), grants.c.valid_to > at))
