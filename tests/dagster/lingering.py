"""What a forked process does in a test of whether it outlives who wanted it."""

import os
import signal
from multiprocessing.connection import Connection

from rowcol_assets.launching.warm import watch_launcher


def linger(go: Connection) -> None:
    """Says which process it is, stays until it is interrupted, and says so."""
    go.recv()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    watch_launcher()
    os.write(1, f"{os.getpid()}\n".encode())
    signal.sigwait({signal.SIGINT})
    os.write(1, f"{os.getpid()} was interrupted\n".encode())
