"""The three column types that SQLite and PostgreSQL have to agree on: instants, money, and a growing key.

SQLite has neither zones nor decimals, so there an instant is RFC 3339 text in UTC (which sorts as time does) and an
amount is exact decimal text. The tables are in `ingestion.control.schema`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ingestion.clock import utc_text


class Instant(sa.types.TypeDecorator[datetime]):
    """An instant: always aware and in UTC in Python, TIMESTAMPTZ on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(sa.String() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a zone is not stored")
        return utc_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


class Money(sa.types.TypeDecorator[Decimal]):
    """An amount with two decimals that never passes through a float: NUMERIC on PostgreSQL, text on SQLite."""

    impl = sa.Numeric(18, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(sa.String() if dialect.name == "sqlite" else sa.Numeric(18, 2))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        exact = value.quantize(Decimal("0.01"))
        return str(exact) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def growing_key() -> Any:
    """A 64-bit key the database counts up; SQLite only does so for its own INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
