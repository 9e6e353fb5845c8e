"""The code location as text: every asset, check, job, schedule and sensor, one per line.

`definitions.txt` beside is compared with it, so that a rename is a visible diff. Rewrite it on purpose with
`python -m tests.dagster.snapshot`.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

SNAPSHOT = Path(__file__).with_name("definitions.txt")


def snapshot(definitions: dg.Definitions) -> str:
    """Sorted lines: `asset <schema/table> in <group>`, `check …`, `job …`, `schedule … <cron>`, `sensor …`."""
    graph = definitions.resolve_asset_graph()
    repository = definitions.get_repository_def()
    lines = [f"asset {node.key.to_user_string()} in {node.group_name}" for node in graph.asset_nodes]
    lines += [f"check {key.asset_key.to_user_string()} {key.name}" for key in graph.asset_check_keys]
    lines += [f"job {job.name}" for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")]
    lines += [f"schedule {one.name} of {one.job_name} at {one.cron_schedule} {one.execution_timezone}" for one in repository.schedule_defs]
    lines += [f"sensor {one.name}" for one in repository.sensor_defs]
    return "\n".join(sorted(lines)) + "\n"


if __name__ == "__main__":
    from ingestion.settings import load_settings
    from rowcol_assets.code_location import build_definitions

    SNAPSHOT.write_text(snapshot(build_definitions(load_settings())))
