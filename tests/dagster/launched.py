"""Jobs for tests of how runs are started: one says where it runs and ends, one goes on until it is interrupted."""

import os
import random
import threading
from pathlib import Path

import dagster as dg
import numpy as np


@dg.op(config_schema={"file": str})
def tell(context: dg.OpExecutionContext) -> None:
    """Writes its process, its parent's, what chance gives it twice, its file mask and its niceness."""
    told = [os.getpid(), os.getppid(), random.random(), np.random.random(), os.umask(0o077), os.getpriority(os.PRIO_PROCESS, 0)]
    Path(context.op_config["file"]).write_text(" ".join(map(str, told)))


@dg.op(config_schema={"file": str})
def wait_for_ever(context: dg.OpExecutionContext) -> None:
    """Waits for what never comes."""
    Path(context.op_config["file"]).write_text(str(os.getpid()))
    while True:
        threading.Event().wait(0.1)


@dg.job
def telling() -> None:
    """See `tell`."""
    tell()


@dg.job
def waiting() -> None:
    """See `wait_for_ever`."""
    wait_for_ever()


defs = dg.Definitions(jobs=[telling, waiting], executor=dg.in_process_executor)
