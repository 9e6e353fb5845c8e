"""How long after its launch a targeted run begins its first step: forked from the warm process, and in a fresh one beside it.

The run is the one a webhook leads to, one table of one business, launched through the instance and the code server of a home as
the daemon does it, in turn one way and the other. The time until Dagster's queue hands the run over is not in it (`arrivals`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import dagster as dg
from dagster._core.launcher import DefaultRunLauncher, LaunchRunContext
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from rowcol_assets.cli.ui import PROJECT
from rowcol_assets.code_location import build_definitions
from rowcol_assets.instance import open_instance
from rowcol_assets.launching.launcher import ForkingRunLauncher
from rowcol_assets.runs import run_scope
from sandbox.server import start
from tests.benchmarks.homes import ALL_RAILS, connected_home
from tests.benchmarks.results import Result, median

ROUNDS = 5
SECONDS = 5.0
POLL_SECONDS = 0.05
TABLES = [dg.AssetKey(["raw_qbo", "bills"])]


def measure(folder: Path, say: Callable[[str], None]) -> list[Result]:
    """The middle of five of each; the fresh ones are the baseline."""
    with start(folder / "world", seed=9, businesses=1, scale=0.2) as running:
        settings = connected_home(folder / "home", running, ALL_RAILS)
        business = running.credentials[0]["business_id"]
        target = WorkspaceFileTarget([str(PROJECT / "workspace.yaml")])
        with (
            # What the code server and the runs go by.
            patch.dict(os.environ, ROWCOL_HOME=str(settings.home)),
            open_instance(settings) as instance,
            WorkspaceProcessContext(instance, target) as workspace,
        ):
            launcher = instance.run_launcher
            assert isinstance(launcher, ForkingRunLauncher)
            launcher.warm.warm_up().join()
            assert launcher.warm.mark is not None
            job = build_definitions(settings).resolve_job_def("sync")

            def seconds(launch: Callable[[LaunchRunContext], None]) -> float:
                return _launched(instance, workspace, job, business, launch)

            fresh = DefaultRunLauncher()
            fresh.register_instance(instance)
            both = [(seconds(launcher.launch_run), seconds(fresh.launch_run)) for _ in range(ROUNDS)]
            say(", ".join(f"{forked:.2f} and {other:.2f} s" for forked, other in both))
    forked, other = (median(list(values)) for values in zip(*both, strict=True))
    name = f"launch to first step of a targeted run, median of {ROUNDS}; baseline: in a fresh process"
    return [Result(name, forked, "s", f"< {SECONDS:.0f}", forked < SECONDS, other, forked / other)]


def _launched(
    instance: dg.DagsterInstance,
    workspace: WorkspaceProcessContext,
    job: dg.JobDefinition,
    business: str,
    launch: Callable[[LaunchRunContext], None],
) -> float:
    """Launches one run, waits for its end, and gives the seconds from its launch to its first step."""
    request = workspace.create_request_context()
    (repository,) = request.get_code_location("rowcol").get_repositories().values()
    remote = repository.get_full_job(job.name)
    run = instance.create_run_for_job(
        job,
        run_id=make_new_run_id(),
        run_config=run_scope(businesses=[business], delivery="webhook"),
        asset_selection=frozenset(TABLES),
        remote_job_origin=remote.get_remote_origin(),
        job_code_origin=remote.get_python_origin(),
    )
    instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, job.name), run.run_id)
    launch(LaunchRunContext(run, request))
    while not (ended := instance.get_run_by_id(run.run_id)) or not ended.is_finished:
        time.sleep(POLL_SECONDS)
    if ended.status != dg.DagsterRunStatus.SUCCESS:
        raise RuntimeError(f"a launched run ended as {ended.status.value}")
    (begun,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.PIPELINE_STARTING)
    first = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)[0]
    return first.timestamp - begun.timestamp
