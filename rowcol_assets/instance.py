"""The Dagster instance of a home: the project's `dagster.yaml` and where this home keeps its history of runs.

How history is written: `event_log`. What runs in it: `cycle`, `runs`.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import yaml

from ingestion.files import private_dir, write_atomic
from ingestion.settings import Settings

# How many of a run's planned events Dagster hands to its storage at once; unless told it hands over each alone.
EVENTS_AT_ONCE = "1000"
INSTANCE_FILE = Path(__file__).parent.parent / "dagster.yaml"


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of a home; also leaves the configuration that Dagster's own commands find through DAGSTER_HOME."""
    folder = private_dir(settings.dagster_dir)
    file = folder / "dagster.yaml"
    text = _configuration(folder)
    if file.is_symlink() or not file.is_file() or file.read_bytes() != text:
        write_atomic(file, text)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENTS_AT_ONCE)  # noqa: TID251 - written for Dagster, never read
    return dg.DagsterInstance.from_config(str(folder))


def _configuration(folder: Path) -> bytes:
    history = {"module": "rowcol_assets.event_log", "class": "RunHistory", "config": {"base_dir": str(folder)}}
    return INSTANCE_FILE.read_bytes() + b"\n" + yaml.safe_dump({"storage": {"custom": history}}).encode()
