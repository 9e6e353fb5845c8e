"""Commands of the product forked from a process that has imported what they need, so that a test does not wait for it each time.

A cycle's imports take 10 to 15 s of CPU, and the end-to-end tests run hundreds of commands. Only libraries are imported
beforehand: the product's own modules are read by each command, in its own surroundings, after the fork. `shim` is what a
test starts and sees the output and exit of; `server` is what forks, one for all workers of a test run. How the command itself
starts is tested without it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0
# Their ends tell the server to end.
_keeping: list[socket] = []


@cache
def command() -> list[str]:
    """What to start instead of `rowcol`; the server behind it is that of this test run and ends with the last of its processes."""
    address = f"rowcol-forked-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROWCOL_")}
    deadline = time.monotonic() + PATIENCE_SECONDS
    server = None
    while not _keeps(address):
        if time.monotonic() > deadline:
            raise RuntimeError("the process that commands are forked from did not start")
        # Where several start one at once, all but the first end.
        if server is None or server.poll() is not None:
            server = subprocess.Popen([sys.executable, "-m", "tests.forked.server", address], cwd=ROOT, env=environment)
        time.sleep(0.02)
    return [sys.executable, "-S", "-E", str(Path(__file__).with_name("shim.py")), address]


def _keeps(address: str) -> bool:
    """Tells the server, if there is one, to stay for as long as this process does."""
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.settimeout(PATIENCE_SECONDS)
    with suppress(ConnectionError):
        connection.connect(f"\0{address}")
        connection.sendall(bytes(4))
        # Answered once it is ready; one that ends takes connections that it never looks at.
        if connection.recv(1):
            _keeping.append(connection)
            return True
    connection.close()
    return False
