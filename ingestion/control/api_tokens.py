"""Bearer tokens of advisors: handed out once, kept as hashes, and worth what the advisor's grants are at that moment.

A token is 256 random bits, so a plain SHA-256 of it cannot be guessed back; passwords would need more.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

import sqlalchemy as sa

from ingestion.clock import wall_clock
from ingestion.control.acts import KEYS, Act, note
from ingestion.control.arrivals_schema import api_tokens
from ingestion.control.database import Database
from ingestion.control.facts import Role
from ingestion.control.schema import advisors, grants
from ingestion.errors import UsageError
from ingestion.identifiers import check_advisor_id

TOKEN = re.compile(r"rowcol_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
# Who may ask for syncs and decide; view_only reads published files.
ACTING_ROLES: frozenset[Role] = frozenset({"owner", "admin", "staff"})


def new_token(database: Database, advisor_id: str) -> str:
    """A token for `advisor_id`, which nobody can be told again; UsageError when the advisor was never granted anything."""
    check_advisor_id(advisor_id)
    token_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    with database.write() as transaction:
        _check_advisor(transaction, advisor_id)
        row = {"token_id": token_id, "advisor_id": advisor_id, "token_hash": _hash(secret), "created_at": wall_clock()}
        transaction.execute(sa.insert(api_tokens).values(row))
        note(transaction, _act(advisor_id, token_id, "created", "a token for the receiver was made"))
    return f"rowcol_{token_id}_{secret}"


def revoke_tokens(database: Database, advisor_id: str) -> int:
    """Ends all tokens of `advisor_id` and returns how many were in force."""
    check_advisor_id(advisor_id)
    with database.write() as transaction:
        _check_advisor(transaction, advisor_id)
        mine = sa.and_(api_tokens.c.advisor_id == advisor_id, api_tokens.c.revoked_at.is_(None))
        ended = list(transaction.execute(sa.select(api_tokens.c.token_id).where(mine)).scalars())
        transaction.execute(sa.update(api_tokens).where(mine).values(revoked_at=wall_clock()))
        note(transaction, *(_act(advisor_id, token_id, "deleted", "a token for the receiver was ended") for token_id in ended))
    return len(ended)


def advisor_of(database: Database, token: str) -> str | None:
    """Whose token it is, or None when it is nobody's or was revoked."""
    parts = TOKEN.fullmatch(token)
    if parts is None:
        return None
    query = sa.select(api_tokens.c.advisor_id, api_tokens.c.token_hash).filter_by(token_id=parts[1], revoked_at=None)
    with database.read() as transaction:
        row = transaction.execute(query).one_or_none()
    return row.advisor_id if row and hmac.compare_digest(row.token_hash, _hash(parts[2])) else None


def role_of(transaction: sa.engine.Connection, advisor_id: str, business_id: str) -> str | None:
    """The role of an open grant, asked at the moment it is needed."""
    query = sa.select(grants.c.role).filter_by(advisor_id=advisor_id, business_id=business_id, valid_to=None)
    role: str | None = transaction.execute(query).scalar_one_or_none()
    return role


def _check_advisor(transaction: sa.engine.Connection, advisor_id: str) -> None:
    if transaction.execute(sa.select(advisors.c.advisor_id).filter_by(advisor_id=advisor_id)).first() is None:
        raise UsageError(f"there is no advisor {advisor_id!r}: grant a business first")


def _act(advisor_id: str, token_id: str, action: str, reason: str) -> Act:
    return Act(KEYS, f"tokens/{token_id}", action, {"advisor_id": advisor_id}, reason, wall_clock())


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
