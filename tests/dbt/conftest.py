"""The parsed dbt project, once per test process."""

from __future__ import annotations

import pytest

from tests.dbt.project import DbtProject, dbt_project


@pytest.fixture(scope="session")
def project() -> DbtProject:
    """The project of this process."""
    return dbt_project()
