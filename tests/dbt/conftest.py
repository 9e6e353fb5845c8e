"""The parsed dbt project, once per test process, and the warehouse that two files share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dbt.payers import build
from tests.dbt.project import DbtProject, dbt_project


@pytest.fixture(scope="session")
def project() -> DbtProject:
    """The project of this process."""
    return dbt_project()


@pytest.fixture(scope="session")
def payers(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clients of `tests.dbt.payers`; not to be changed. Tests that use it stay with one worker (group `payers`)."""
    path = tmp_path_factory.mktemp("payers") / "warehouse.duckdb"
    build(project, path)
    return path
