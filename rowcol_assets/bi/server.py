"""Runs Superset over a home: prepares its database, serves on this machine, passes on changed grants until told to stop.

Superset is another environment's program and is reached by processes alone. Addresses and messages for people are the
command's, `rowcol_assets.cli.bi`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.errors import RowcolError
from ingestion.files import private_dir, write_atomic
from ingestion.settings import child_environment
from rowcol_assets.bi.access import bi_folder
from rowcol_assets.serving import HOST, server

if TYPE_CHECKING:
    from ingestion.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = PROJECT / ".venv-bi"
SIDE = Path(__file__).with_name("superset")
# What the other side notes of its last preparation, in the home's folder.
PREPARED = "prepared"
WORKERS, THREADS = 2, 8
# A first preparation took 90 s of a machine with ten busy processes, 35 s of them its own.
PREPARE_SECONDS = 600


def check_environment() -> None:
    """RowcolError when Superset's environment is not there."""
    if not (ENVIRONMENT / "bin" / "gunicorn").is_file():
        raise RowcolError(f"Superset is not installed in {ENVIRONMENT.name}: `make bi` installs it, which needs a package index once")


def prepare(settings: Settings) -> list[str]:
    """Brings Superset's database to the project's state; quick when nothing changed since. The grants must be told.

    Returns the advisors of whom no login could be made; the others have theirs.
    """
    key = private_dir(bi_folder(settings)) / "secret_key"
    if not key.is_file():
        write_atomic(key, secrets.token_urlsafe(48).encode())
    _run(settings, "prepare", [str(SIDE / "prepare.py")])
    skipped: list[str] = json.loads((bi_folder(settings) / PREPARED).read_bytes())["skipped"]
    return skipped


def set_password(settings: Settings, advisor: str, password: str) -> None:
    """Sets the password of an advisor's login; Superset keeps its hash alone."""
    _run(settings, "password", [str(SIDE / "password.py"), advisor], password + "\n")


def serving(settings: Settings, port: int) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """The server's process on `port`; its log is in the home."""
    command = [
        *(str(ENVIRONMENT / "bin" / "python"), "-m", "gunicorn", "--no-control-socket", "--preload", "--bind", f"{HOST}:{port}"),
        *("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(THREADS), "--timeout", "120"),
        "superset.app:create_app()",
    ]
    return server(command, log=log_path(settings, "server"), cwd=bi_folder(settings), environment=_environment(settings))


def log_path(settings: Settings, name: str) -> Path:
    """Where the log of the server or of a preparing program lies."""
    return bi_folder(settings) / f"{name}.log"


def _run(settings: Settings, name: str, arguments: list[str], told: str = "") -> None:
    """Runs one of the other side's programs to its end, its words going to its log; RowcolError when it fails."""
    log = log_path(settings, name)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        done = subprocess.run(  # noqa: S603 - the environment's own program
            [str(ENVIRONMENT / "bin" / "python"), *arguments],
            cwd=bi_folder(settings),
            env=_environment(settings),
            input=told.encode(),
            stdout=descriptor,
            stderr=descriptor,
            timeout=PREPARE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RowcolError(f"Superset did not finish within {PREPARE_SECONDS} s; its log is {log}") from None
    finally:
        os.close(descriptor)
    if done.returncode:
        raise RowcolError(f"Superset could not be prepared; its log is {log}")


def _environment(settings: Settings) -> dict[str, str]:
    return child_environment(
        settings,
        SUPERSET_CONFIG_PATH=str(SIDE / "config.py"),
        SUPERSET_HOME=str(bi_folder(settings)),
        PYTHONPATH=str(SIDE),
        FLASK_APP="superset",
    )
