"""A PostgreSQL database of a test's own to copy published files into, on the session's server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

# The password in its address, which nothing may tell.
TELLING = "hunter2"


class Database:
    """A database of its own with a plain role that publishes; ann and bob are roles, who reads is said by name."""

    def __init__(self, socket: str) -> None:
        self.socket, self.name = socket, f"bi_{uuid4().hex}"
        with psycopg.connect(f"host={socket} user=postgres dbname=postgres", autocommit=True) as server:
            known = {name for (name,) in server.execute("select rolname from pg_roles").fetchall()}
            for role in {"publisher", "ann", "bob"} - known:
                server.execute(f"create role {role} login")
            server.execute(f"create database {self.name} owner publisher")

    @property
    def url(self) -> str:
        return f"postgresql://publisher:{TELLING}@/{self.name}?host={self.socket}"

    def read(self, role: str, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(host=self.socket, user=role, dbname=self.name) as connection:
            return connection.execute(query).fetchall()

    def change(self, statement: str) -> None:
        with psycopg.connect(host=self.socket, user="publisher", dbname=self.name) as connection:
            connection.execute(statement)


@pytest.fixture
def database(postgres_socket: str) -> Iterator[Database]:
    made = Database(postgres_socket)
    yield made
    with psycopg.connect(f"host={postgres_socket} user=postgres dbname=postgres", autocommit=True) as server:
        server.execute(f"drop database {made.name} with (force)")
