"""Says which process holds something, and whether a process that once did is dead.

A mark is host, process id and the process's start in kernel ticks: a reused id is another process. On another host
nothing can be said, so there only the expiry of what it holds counts.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

# The start of a process that had ended when it was looked at.
GONE = "gone"


def own_mark() -> str:
    """This process as text that another process can judge: host, pid and start, separated by blanks."""
    return mark_of(os.getpid())


def mark_of(pid: int) -> str:
    """A process of this host as such text."""
    return f"{socket.gethostname()} {pid} {_started(pid)}"


def pid_here(mark: str) -> int | None:
    """The id of the process of `mark` if it runs on this host now."""
    host, pid, _ = mark.split(" ")
    return int(pid) if host == socket.gethostname() and not is_dead(mark) else None


def is_dead(mark: str) -> bool:
    """Whether the process of `mark` ran on this host and does so no more."""
    host, pid, started = mark.split(" ")
    return host == socket.gethostname() and (started == GONE or _started(int(pid)) != started)


def describe(mark: str) -> str:
    """`mark` for people."""
    host, pid, _ = mark.split(" ")
    return f"process {pid} on {host}"


def _started(pid: int) -> str:
    try:
        # Field 22 of proc(5) stat, counted after the command's closing bracket because the command may hold blanks.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return GONE
    return GONE if fields[0] == "Z" else fields[19]
