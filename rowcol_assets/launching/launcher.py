"""The run launcher of the project's `dagster.yaml`: forks a run from the warm process, or has it started as Dagster does.

Dagster's default has the code server start a fresh process for each run, which imports for 10 seconds of CPU and more
before its first step. Here that is the way for whatever cannot be forked. A warm process that died is started anew by the
next run. A run's process is known by its signature (`rowcol_assets.runs`), however it was started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import ConfigurableClassData, serialize_value

from ingestion.control.processes import describe, is_dead, pid_here
from rowcol_assets.launching.warm import Forked, WarmProcess
from rowcol_assets.launching.worker import work
from rowcol_assets.runs import worker_of

# For runs to end by themselves when the launcher does; less than `rowcol ui` allows all it started.
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05


class ForkingRunLauncher(DefaultRunLauncher):
    """What `run_launcher` of a `dagster.yaml` names. Used by two processes: the daemon launches, the webserver terminates."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self.warm = WarmProcess()
        self._forked: dict[str, Forked] = {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> ForkingRunLauncher:
        """Dagster's way of making it."""
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Starts the run's process, forked or fresh."""
        run_id = context.dagster_run.run_id
        self._forked = {name: process for name, process in self._forked.items() if process.alive}
        process = self.warm.fork(work, run_id, serialize_value(self._instance.get_ref()))
        if process is None:
            super().launch_run(context)
        else:
            self._forked[run_id] = process

    def terminate(self, run_id: str) -> bool:
        """Interrupts the run's process; one that has not signed its run yet sees that it is cancelled when it does."""
        run = self._instance.get_run_by_id(run_id) if self.has_instance else None
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        run = self._instance.get_run_by_id(run_id) or run
        mark = worker_of(run)
        if mark is None:
            return super().terminate(run_id) if GRPC_INFO_TAG in run.tags else True
        pid = pid_here(mark)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring asks for the health of started runs, and fails those whose process is gone."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """By the run's signature; of one that is not signed, or works on another host, nothing bad can be said."""
        mark = worker_of(run)
        if mark and is_dead(mark):
            return CheckRunHealthResult(WorkerStatus.FAILED, f"{describe(mark)} worked on it and is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def dispose(self) -> None:
        """Ends the runs that were forked here by interrupting each; what does not end in time is killed."""
        left = [process for process in self._forked.values() if process.alive]
        for process in left:
            process.signal(signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while any(process.alive for process in left) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        for process in left:
            process.signal(signal.SIGKILL)
        super().dispose()
