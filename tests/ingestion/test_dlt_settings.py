"""dlt is told its settings in code: what the caller's environment holds changes no load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ingestion.settings import Settings, child_environment

PROGRAM = """
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.runners.configuration import PoolRunnerConfiguration
from ingestion.dlt_settings import configure_dlt
print(resolve_configuration(PoolRunnerConfiguration(pool_type="none"), sections=("load",)).workers)
configure_dlt()
print(resolve_configuration(PoolRunnerConfiguration(pool_type="none"), sections=("load",)).workers)
"""


def test_no_variable_of_the_callers_counts(tmp_path: Path) -> None:
    environment = child_environment(Settings(home=tmp_path, _env_file=None), LOAD__WORKERS="7")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.split() == ["7", "2"]
