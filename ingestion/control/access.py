"""Who may read which business: grants with their history.

An open grant (no end) is in force whatever the clock says: a clock set back must not revive a revoked one, nor hide
one made later by the product's time. Publishing asks for open grants only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.acts import changed
from ingestion.control.database import Database, insert
from ingestion.control.facts import ROLES, Role
from ingestion.control.schema import advisors, businesses, grants
from ingestion.errors import UsageError
from ingestion.identifiers import check_advisor_id, check_business_id


def grant(database: Database, advisor_id: str, business_id: str, role: Role, at: datetime) -> bool:
    """Gives `advisor_id` access from `at`; another role ends the former grant. Returns whether anything changed."""
    with database.exclusive("grants") as transaction:
        return _grant(transaction, advisor_id, business_id, role, at)


def grant_all(database: Database, wanted: Mapping[str, str], role: Role, at: datetime) -> None:
    """Gives each business (key) to its advisor, as `grant` does: all of it or nothing."""
    with database.exclusive("grants") as transaction:
        for business_id, advisor_id in wanted.items():
            _grant(transaction, advisor_id, business_id, role, at)


def _grant(transaction: Transaction, advisor_id: str, business_id: str, role: Role, at: datetime) -> bool:
    check_advisor_id(advisor_id)
    check_business_id(business_id)
    if role not in ROLES:
        raise UsageError(f"{role!r} is not a role; known: {', '.join(ROLES)}")
    _check_business(transaction, business_id)
    transaction.execute(insert(transaction, advisors).values(advisor_id=advisor_id, created_at=at).on_conflict_do_nothing())
    mine = _open(advisor_id, business_id)
    if transaction.execute(sa.select(grants.c.role).where(mine)).scalar_one_or_none() == role:
        return False
    transaction.execute(sa.update(grants).where(mine).values(valid_to=at, **changed(at)))
    transaction.execute(sa.insert(grants).values(business_id=business_id, advisor_id=advisor_id, role=role, valid_from=at, **changed(at)))
    return True


def revoke(database: Database, advisor_id: str, business_id: str, at: datetime) -> bool:
    """Ends the open grant at `at` and keeps its row; returns whether there was one.

    UsageError for a name that does not exist: a misspelt one must not look like access taken away.
    """
    check_advisor_id(advisor_id)
    check_business_id(business_id)
    with database.exclusive("grants") as transaction:
        _check_business(transaction, business_id)
        if transaction.execute(sa.select(advisors.c.advisor_id).filter_by(advisor_id=advisor_id)).first() is None:
            raise UsageError(f"there is no advisor {advisor_id!r}")
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


def _check_business(transaction: Transaction, business_id: str) -> None:
    if transaction.execute(sa.select(businesses.c.business_id).filter_by(business_id=business_id)).first() is None:
        raise UsageError(f"there is no business {business_id!r}: onboard it first")


def _open(advisor_id: str, business_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(grants.c.advisor_id == advisor_id, grants.c.business_id == business_id, grants.c.valid_to.is_(None))


def _valid(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(grants.c.valid_from <= at, sa.or_(grants.c.valid_to.is_(None), grants.c.valid_to > at))
