"""Imports what a cycle needs, libraries and our own, and forks a command for each shim that asks; ends when nobody keeps it.

Who sends no command keeps it until that connection ends: each process of a test run that starts commands does.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import fcntl
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import threading
import traceback
import types
from pathlib import Path
from typing import Any

from ingestion.settings import Settings
from rowcol_assets.launching.libraries import load
from rowcol_assets.transform import manifest_is_built, read_ahead, run_step

OWN = (
    "rowcol_assets.cli.rebuild",
    "rowcol_assets.cli.run",
    "rowcol_assets.cli.sync",
    "rowcol_assets.code_location",
    "rowcol_assets.event_log",
)
F_SETSIG = 10


def serve(listening: socket.socket) -> None:
    """Forks until all who kept it are gone."""
    selector = selectors.DefaultSelector()
    selector.register(listening, selectors.EVENT_READ)
    wake_up, woken = socket.socketpair()
    woken.setblocking(False)
    wake_up.setblocking(False)
    signal.set_wakeup_fd(wake_up.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector.register(woken, selectors.EVENT_READ)
    running: dict[int, socket.socket] = {}
    keepers: set[socket.socket] = set()
    while True:
        for key, _ in selector.select():
            if key.fileobj is woken:
                woken.recv(4096)
            elif key.fileobj is listening:
                connection, _ = listening.accept()
                asked, streams = _received(connection)
                if not asked:
                    keepers.add(connection)
                    selector.register(connection, selectors.EVENT_READ)
                    connection.sendall(b"k")
                    continue
                child = _fork(asked, streams, connection)
                running[child] = connection
                connection.sendall(f"{child}\n".encode())
            elif isinstance(key.fileobj, socket.socket):
                keepers.discard(key.fileobj)
                selector.unregister(key.fileobj)
                key.fileobj.close()
                if not keepers:
                    return
        while running:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                break
            connection = running.pop(child)
            with contextlib.suppress(BrokenPipeError):  # the shim was killed, and the command with it
                connection.sendall(f"{status}\n".encode())
            connection.close()


def _fork(asked: dict[str, Any], streams: list[int], connection: socket.socket) -> int:
    child = os.fork()
    if not child:
        _become(asked, streams, connection)
    for stream in streams:
        os.close(stream)
    return child


def _received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What is asked for; nothing by who keeps."""
    streams = array.array("i")
    head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_LEN(3 * streams.itemsize))
    for _, _, data in ancillary:
        streams.frombytes(data)
    length = int.from_bytes(head, "big")
    text = bytearray()
    while len(text) < length:
        text += connection.recv(length - len(text))
    return json.loads(text) if length else {}, list(streams)


def _become(asked: dict[str, Any], streams: list[int], connection: socket.socket) -> None:
    """Goes on as the command; never returns."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        # Kept above everything a command opens; its end means that the shim was killed.
        fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(connection, F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(str(asked["folder"]))
        sys.argv = ["rowcol", *asked["arguments"]]
        sys.modules["__main__"] = types.ModuleType("__main__")
        from rowcol_assets.cli.main import main

        main()
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # noqa: BLE001 - told as the interpreter tells it
        traceback.print_exc()
    finally:
        # What an interpreter does at its end; leaving by its own way would go on with the server's code.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _build_nothing() -> None:
    """Has dbt make what it makes at its first command in a process: classes, their schemas, the graph; 0.6 s of a processor."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home, _env_file=None)
        run_step(settings, "before", warehouse_path=home / "warehouse.duckdb", variables={}, select=["tag:nothing"])


if __name__ == "__main__":
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(f"\0{sys.argv[1]}")
    except OSError:
        sys.exit("another one is there")
    listening.listen(64)
    load()
    for name in OWN:
        importlib.import_module(name)
    if manifest_is_built():
        read_ahead()
        _build_nothing()
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"a fork would lose {threads - 1} threads"
    serve(listening)
