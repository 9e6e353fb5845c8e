"""The database that published files are copied into: its address, connecting, and its errors as one sentence without a secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ingestion.errors import RowcolError, UsageError

EXAMPLE = "postgresql://user@host/database"
CONNECT_SECONDS = 10


def parse_target(text: str) -> URL:
    """The address in `text`; UsageError, which repeats none of it, when it is none or of another database."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError(f"the address to publish to cannot be read; write it like {EXAMPLE}") from None
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise UsageError(f"rowcol publishes to postgresql only; write the address like {EXAMPLE}")
    if "@" in (url.host or ""):
        raise UsageError("the address to publish to has an @ too many; in a password it is written %40")
    if not url.database:
        raise UsageError(f"the address to publish to names no database; write it like {EXAMPLE}")
    return url


def said(url: URL) -> str:
    """Where `url` points, without who connects and how."""
    host = url.host or url.query.get("host") or "this machine"
    return f"{url.database} at {host if isinstance(host, str) else host[0]}"


@contextmanager
def connected(url: URL) -> Iterator[psycopg.Connection]:
    """A connection in a transaction that is committed at the end; RowcolError in one sentence for what the server refuses."""
    given = url.translate_connect_args(username="user", database="dbname")
    options = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    try:
        with psycopg.connect(**{"connect_timeout": str(CONNECT_SECONDS), **options, **given}) as connection:
            yield connection
    except errors.InsufficientPrivilege as error:
        raise RowcolError(f"the role has no right to publish to {said(url)}: {_primary(error)}") from None
    except errors.LockNotAvailable:
        raise RowcolError(f"nothing was published to {said(url)}: somebody has been reading it for too long") from None
    except errors.DependentObjectsStillExist as error:
        raise RowcolError(f"nothing was published to {said(url)}: {_primary(error)}, which a view of your own keeps it from") from None
    except psycopg.Error as error:
        # What the server says has a code; that there is no server, or none for this role, has none.
        unreached = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
        told = f"{said(url)} cannot be reached" if unreached else f"nothing was published to {said(url)}"
        raise RowcolError(f"{told}: {_reason(error, url)}") from None


def _primary(error: psycopg.Error) -> str:
    return error.diag.message_primary or type(error).__name__


def _reason(error: psycopg.Error, url: URL) -> str:
    """The server's own first line, or the client's with every secret of the address taken out."""
    if error.diag.message_primary:
        return error.diag.message_primary
    line = (str(error).splitlines() or [type(error).__name__])[0]
    for secret in (url.password, *(value for name, value in url.query.items() if "password" in name)):
        line = line.replace(str(secret), "***") if secret else line
    return line
