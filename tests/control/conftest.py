"""Homes whose control store lies in SQLite or in a PostgreSQL server started here, and connections to put in them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
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


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[str]:
    """The socket folder of a PostgreSQL server that lives as long as the session, or a skip that says why not."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("no PostgreSQL server under /usr/lib/postgresql")
    prefix: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="rowcol-pg-", dir="/tmp"))  # a socket's path may be 107 characters long at most
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL refuses to run as root and there is no user postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        prefix = ["runuser", "-u", "postgres", "--"]
    control = [*prefix, str(binaries[-1] / "pg_ctl"), "-D", str(folder / "data")]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    for arguments in (["init", "-s", "-o", "-A trust -U postgres -N"], ["start", "-w", "-l", str(folder / "log"), "-o", options]):
        done = subprocess.run([*control, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd="/")
        if done.returncode:
            pytest.skip(f"PostgreSQL does not start on this machine: {done.stdout.strip().splitlines()[-1:]}")
    yield str(folder)
    subprocess.run([*control, "stop", "-m", "immediate"], stdout=subprocess.DEVNULL, check=True, cwd="/")
    shutil.rmtree(folder, ignore_errors=True)


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
