"""Commands of the product forked from a process that has imported what they need, so that a test does not wait for it each time.

A cycle's imports take 10 to 15 s of CPU, and the end-to-end tests run hundreds of commands. Only libraries are imported
beforehand: the product's own modules are read by each command, in its own surroundings, after the fork. `shim` is what a
test starts and sees the output and exit of; `server` is what forks. How the command itself starts is tested without it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0


@cache
def command() -> list[str]:
    """What to start instead of `rowcol`; the server behind it is this process's own and ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="rowcol-forked-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    address = folder / "socket"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROWCOL_")}
    server = subprocess.Popen([sys.executable, "-m", "tests.forked.server", str(address)], cwd=ROOT, env=environment)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not address.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the process that commands are forked from did not start")
        time.sleep(0.02)
    _kept_open(address)
    return [sys.executable, "-S", "-E", str(Path(__file__).with_name("shim.py")), str(address)]


@cache
def _kept_open(address: Path) -> socket:
    """The connection whose end tells the server to end."""
    connection = socket(AF_UNIX, SOCK_STREAM)
    connection.connect(str(address))
    return connection
