"""The parsed dbt project, once per test process."""

from __future__ import annotations

import pytest

from tests.dbt.project import DbtProject


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> DbtProject:
    """The project with a manifest parsed into this process's own folder."""
    return DbtProject(tmp_path_factory.mktemp("dbt"))
