"""A PostgreSQL server for the tests that need one: started once per session where it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


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
