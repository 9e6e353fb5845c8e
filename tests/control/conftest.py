"""Homes whose control store lies in SQLite or in a PostgreSQL server started here, and connections to put in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ingestion.control import Connection, ControlStore, open_store
from ingestion.control.onboarding import onboard
from ingestion.settings import Settings

CREDENTIALS = {"client_id": "client-1", "client_secret": "very-secret-value", "refresh_token": "refresh-token-0"}


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A new home, once on each database."""
    if request.param == "sqlite":
        return Settings(home=tmp_path / "home", _env_file=None)
    socket = request.getfixturevalue("postgres_socket")
    name = f"rowcol_{uuid4().hex}"
    with psycopg.connect(f"host={socket} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return Settings(home=tmp_path / "home", control_url=f"postgresql://postgres@/{name}?host={socket}", _env_file=None)


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> Settings:
    """A new home with its control store in SQLite."""
    return Settings(home=tmp_path / "home", _env_file=None)


@pytest.fixture
def store(settings: Settings) -> Iterator[ControlStore]:
    """An open store of a new home."""
    with open_store(settings) as opened:
        yield opened


def connect(settings: Settings, store: ControlStore, business_id: str = "acme", realm: str = "1001", **options: Any) -> Connection:
    """Onboards a business to QBO's real address and returns its connection."""
    onboard(settings, store, business_id, "qbo", {**CREDENTIALS, "realm_id": realm}, **options)
    return store.connections("qbo", [business_id])[0]
