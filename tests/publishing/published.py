"""Reading what a world has published, as its tests do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from rowcol_assets.publishing import open_published
from tests.publishing.world import World


@contextmanager
def opened(world: World, advisor: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file of an advisor."""
    with open_published(world.folder(advisor)) as connection:
        yield connection


def read(world: World, advisor: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of the file of an advisor."""
    with opened(world, advisor) as connection:
        return connection.execute(query).fetchall()


def manifest(world: World, advisor: str) -> dict[str, Any]:
    """The manifest beside the file of an advisor."""
    return dict(json.loads((world.folder(advisor) / "manifest.json").read_text()))


def generations(world: World, advisor: str) -> list[str]:
    """The generations of an advisor that are kept, by name."""
    return sorted(path.name for path in (world.settings.published_dir / ".generations" / advisor).iterdir())
