"""Commands as processes of their own over a home, with nothing of the environment but what is said, for the tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import forked

START = [sys.executable, "-c", "from rowcol_assets.cli.main import main; main()"]
CREDENTIALS = {"client_id": "client-1", "client_secret": "very-secret-value", "realm_id": "1001", "refresh_token": "refresh-token-0"}


def rowcol(home: Path, *arguments: str, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_command([*forked.command(), *arguments], home, given, environment)


def run_command(command: list[str], home: Path, given: str | None, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a command over a home; environment: more variables, in place of every ROWCOL_ one there is."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROWCOL_")}
    variables = {**clean, "ROWCOL_HOME": str(home), "NO_COLOR": "1", **environment}
    return subprocess.run(command, input=given, capture_output=True, text=True, env=variables, cwd=home.parent, check=False)


def onboard(home: Path, business: str = "acme", *options: str, **change: str) -> subprocess.CompletedProcess[str]:
    given = json.dumps({**CREDENTIALS, **change})
    # The vendor's own address stands in for one that cannot be asked.
    return rowcol(home, "onboard", business, "--rail", "qbo", "--credentials", "-", "--no-check", *options, given=given)


def listed(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert result.returncode == 0, result.stderr
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows
