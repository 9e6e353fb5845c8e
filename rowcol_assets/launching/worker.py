"""What a forked process does: one run, as `dagster api execute_run` does it in a fresh process.

A forked process has its parent's random state, working folder, file mask, streams and process group. The first is made its
own here, the others are meant. The project's modules are imported here, after the fork.
"""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection
from typing import Any

import dagster as dg
from dagster._cli.api import _execute_run_command_body
from dagster._core.instance import InstanceRef
from dagster._serdes import deserialize_value
from dagster._utils.interrupts import capture_interrupts

from rowcol_assets.launching.warm import watch_launcher
from rowcol_assets.runs import sign_run, strategy_of


def work(go: Connection, run_id: str, instance_ref: str) -> None:
    """Executes the run, once told to. Being interrupted ends it as a cancelled one, or as a failed one if nobody asked for it."""
    try:
        go.recv()
    except EOFError:
        return
    _own_randomness()
    with capture_interrupts():
        watch_launcher()
        with dg.DagsterInstance.from_ref(deserialize_value(instance_ref, InstanceRef)) as instance:
            run = instance.get_run_by_id(run_id)
            if run is None:
                return
            strategy_of(run).give_way()
            # Signed before the look: whoever cancels it either finds the signature or has been seen here.
            sign_run(instance, run)
            run = instance.get_run_by_id(run_id)
            if run and run.status == dg.DagsterRunStatus.CANCELING:
                instance.report_run_canceled(run)
                return
            _execute_run_command_body(run_id, instance, lambda event: None, set_exit_code_on_failure=False)


def _own_randomness() -> None:
    """Python seeds its own generator anew in a forked process and takes identifiers from the kernel; numpy's global one is copied."""
    numpy: Any = sys.modules.get("numpy")
    if numpy:
        numpy.random.seed()
