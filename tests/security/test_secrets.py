"""Secrets lie in the encrypted store and nowhere else: every file of a home is searched after cycles that went well and badly."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from ingestion.control.store import open_store
from tests.e2e.machine import Machine
from tests.security.searching import contents

# Where a secret may be: the key of the encrypted store. The store itself is searched like everything else.
ALLOWED = ("secret.key",)


def test_no_secret_in_any_file_after_cycles_that_went_well(later_copy: Machine) -> None:
    _assert_no_secret(later_copy, _secrets(later_copy), b"")


def test_no_secret_in_any_file_or_message_after_a_cycle_that_failed_in_four_ways(troubled: Path, troubled_copy: Machine) -> None:
    told = json.loads((troubled / "run.json").read_text())
    loud = troubled_copy.rowcol("--debug", "sync")
    assert loud.returncode != 0
    _assert_no_secret(
        troubled_copy, _secrets(troubled_copy), "\n".join([told["output"], told["errors"], loud.stdout, loud.stderr]).encode()
    )


def test_the_search_finds_what_it_should(copy: Machine) -> None:
    """A canary put in each kind of place is found, so that finding nothing means something."""
    canary = "canary-0123456789-abcdefghijk"
    (copy.home / "plain.txt").write_text(f"token={canary}")
    (copy.home / "basic.txt").write_bytes(b"Basic " + base64.b64encode(f"client:{canary}".encode()))
    (copy.home / "packed.pickle").write_bytes(b"..." + zlib.compress(f"a{canary}b".encode() * 3))
    with sqlite3.connect(copy.home / "some.db") as connection:
        connection.execute("create table t as select ? as body", (zlib.compress(canary.encode()),))
    with duckdb.connect(str(copy.home / "some.duckdb")) as warehouse:
        warehouse.execute(f"create table t as select ['{canary}'] as c from range(5000)")
        warehouse.execute(f"copy (select '{canary}' as c from range(5000)) to '{copy.home}/some.parquet' (compression zstd)")
    found = {path.name for path, _ in _findings(copy.home, {canary})}
    assert found == {"plain.txt", "basic.txt", "packed.pickle", "some.db", "some.duckdb", "some.parquet"}


def _secrets(made: Machine) -> set[str]:
    """Everything confidential about the home's connections, as handed in and as it is by now."""
    secrets: set[str] = set()
    for entry in made.sandbox.credentials:
        secrets |= {entry["credentials"][name] for name in ("client_secret", "refresh_token", "webhook_verifier")}
    with open_store(made.settings) as store:
        for connection in store.connections("qbo"):
            token = store.token(connection)
            secrets |= {value for value in (token.access_token, token.refresh_token) if value}
            credentials = store.secret(connection)
            secrets |= {credentials[name] for name in ("client_secret", "refresh_token", "webhook_verifier") if credentials.get(name)}
    secrets |= set((made.home / "secret.key").read_text().split())
    assert len(secrets) > len(made.businesses)
    assert all(len(secret) > 15 for secret in secrets)
    return secrets


def _assert_no_secret(made: Machine, secrets: set[str], messages: bytes) -> None:
    needles = _needles(secrets)
    assert not [needle for needle in needles if needle in messages]
    assert [(path, what) for path, what in _findings(made.home, secrets) if path.name not in ALLOWED] == []


def _findings(home: Path, secrets: set[str]) -> Iterator[tuple[Path, str]]:
    pattern = re.compile(b"|".join(re.escape(needle) for needle in sorted(_needles(secrets))))
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        for what, content in contents(path):
            if pattern.search(content):
                yield path, what
                break


def _needles(secrets: set[str]) -> set[bytes]:
    """Each secret as it is, URL-encoded, in hexadecimal, in UTF-16, and in base64 wherever in a text it began."""
    needles = set()
    for secret in secrets:
        plain = secret.encode()
        needles |= {plain, quote(secret, safe="").encode(), plain.hex().encode(), secret.encode("utf-16-le")}
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + plain)
            # The first and last characters mix in their neighbours' bits.
            core = encoded[4 if shift else 0 : -4]
            needles |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return needles


@pytest.mark.parametrize("home", ["later", "troubled"])
def test_files_are_readable_by_their_owner_alone(home: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(home) / "home"
    loose = {
        str(path.relative_to(folder)): oct(path.stat().st_mode & 0o777)
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)
    }
    assert loose == {}
