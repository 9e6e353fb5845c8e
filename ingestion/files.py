"""Files that must survive a crash: private, written beside and renamed, synced to the disk.

Only mechanics; what the files mean is known by their owners (segments, published generations, sandbox state).
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def private_dir(path: Path) -> Path:
    """Makes `path` and its parents if they are missing, readable by this user alone, and returns it."""
    missing = []
    probe = path
    while not probe.exists():
        missing.append(probe)
        probe = probe.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


def sync_file(path: Path) -> None:
    """Forces a file's content to the disk."""
    _sync(path, os.O_RDONLY)


def sync_dir(path: Path) -> None:
    """Forces a folder's entries to the disk, so that a rename in it survives a power cut."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def write_atomic(path: Path, content: bytes, *, is_synced: bool = True) -> None:
    """Replaces `path` with `content` so that a reader or a crash sees the old file or the new one, never a part.

    is_synced False waits for no disk: a reader sees the same, a power cut can leave anything.
    """
    private_dir(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if is_synced:
                os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    if is_synced:
        sync_dir(path.parent)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Holds an operating-system lock on the file `path`, waiting for whoever has it; the kernel frees it on death."""
    private_dir(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_orphans(folders: Iterable[Path]) -> None:
    """Removes those of `folders` whose process is gone; their names end in a dot and its id."""
    for folder in folders:
        pid = folder.name.rpartition(".")[2]
        if not pid.isdigit() or not process_is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def process_is_alive(pid: int) -> bool:
    """Tells whether a process with this id runs on this host."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
