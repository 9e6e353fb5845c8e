"""What Dagster loads, by `workspace.yaml` and `pyproject.toml`; what is in it is put together in `rowcol_assets.code_location`.

A command line that builds its own does not import this: building takes most of a second.
"""

from __future__ import annotations

from ingestion.settings import load_settings
from rowcol_assets.code_location import build_definitions

defs = build_definitions(load_settings())
