"""Runs forked from a warm process: run once whatever dies, ended when told to or when nobody is left, and never from among threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget

from ingestion.control.processes import is_dead, mark_of, pid_here
from ingestion.strategies import STRATEGIES
from rowcol_assets.instance import open_instance
from rowcol_assets.launching.launcher import ForkingRunLauncher
from rowcol_assets.launching.warm import WarmProcess
from rowcol_assets.runs import run_tags, signature, worker_of
from tests.dagster.place import home_settings
from tests.forked.processes import end_fork_server

MODULE = "tests.dagster.launched"
PROJECT = Path(__file__).parents[2]
# What these runs need; the whole list is imported, and counted for threads, by `tests/forked`.
PRELOADED = "dagster._cli.api"
WAIT_SECONDS = 60.0


class Launching:
    """An instance of a home with the launcher that its `dagster.yaml` names, and a code server that serves the jobs."""

    def __init__(self, instance: dg.DagsterInstance, workspace: WorkspaceProcessContext, folder: Path) -> None:
        self.instance, self.workspace, self.folder = instance, workspace, folder
        launcher = instance.run_launcher
        assert isinstance(launcher, ForkingRunLauncher)
        self.launcher = launcher
        self.launcher.warm = WarmProcess(PRELOADED)

    def warm(self) -> int:
        """Waits until there is a process to fork from and returns its id."""
        self.launcher.warm.warm_up().join()
        mark = self.launcher.warm.mark
        assert mark is not None
        return pid_here(mark) or 0

    def launch(self, job: str, tags: dict[str, str] | None = None) -> str:
        """Launches a job that writes into `file_of` its run."""
        request = self.workspace.create_request_context()
        location = request.get_code_location(request.code_location_names[0])
        remote = next(iter(location.get_repositories().values())).get_full_job(job)
        op = {"telling": "tell", "waiting": "wait_for_ever"}[job]
        run_id = make_new_run_id()
        run = self.instance.create_run_for_job(
            getattr(__import__(MODULE, fromlist=[job]), job),
            run_id=run_id,
            tags=tags,
            run_config={"ops": {op: {"config": {"file": str(self.file_of(run_id))}}}},
            remote_job_origin=remote.get_remote_origin(),
            job_code_origin=remote.get_python_origin(),
        )
        self.instance.launch_run(run.run_id, request)
        return run.run_id

    def file_of(self, run_id: str) -> Path:
        return self.folder / run_id

    def run(self, run_id: str) -> dg.DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def ended(self, run_id: str) -> dg.DagsterRunStatus:
        """How the run ended."""
        until(lambda: self.run(run_id).is_finished)
        return self.run(run_id).status

    def told(self, run_id: str) -> list[str]:
        """What the run wrote, once it has."""
        until(lambda: self.file_of(run_id).is_file() and bool(self.file_of(run_id).read_text()))
        return self.file_of(run_id).read_text().split()


def until(true: Callable[[], bool]) -> None:
    """Looks often; there is nothing of another process's run to wait on."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def launching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launching]:
    folder = tmp_path_factory.mktemp("launching")
    # It would be taken for the warm process.
    end_fork_server()
    target = ModuleTarget(MODULE, "defs", str(PROJECT), "launched")
    with open_instance(home_settings(folder / "home")) as instance, WorkspaceProcessContext(instance, target) as workspace:
        yield Launching(instance, workspace, folder)


def test_where_there_is_no_warm_process_a_run_is_run_in_a_fresh_one(launching: Launching, caplog: pytest.LogCaptureFixture) -> None:
    launching.launcher.warm = WarmProcess("tests.dagster.unimportable")
    run_id = launching.launch("telling")
    assert "did not start" in caplog.text
    launching.launcher.warm = WarmProcess(PRELOADED)
    assert launching.ended(run_id) == dg.DagsterRunStatus.SUCCESS
    assert "grpc_info" in str(launching.run(run_id).tags)


def test_each_is_forked_with_chances_of_its_own_and_the_mask_of_the_launcher(launching: Launching) -> None:
    warm = launching.warm()
    runs = [launching.launch("telling") for _ in range(2)]
    assert [launching.ended(run_id) for run_id in runs] == [dg.DagsterRunStatus.SUCCESS] * 2
    mask = os.umask(0o022)
    os.umask(mask)
    told = [launching.told(run_id) for run_id in runs]
    assert [(parent, own_mask) for _, parent, _, _, own_mask, _ in told] == [(str(warm), str(mask))] * 2
    assert all(len(set(values)) == 2 for values in zip(*(one[2:4] for one in told), strict=True))
    signed = [worker_of(launching.run(run_id)) or "" for run_id in runs]
    assert [mark.split(" ")[1] for mark in signed] == [one[0] for one in told]
    until(lambda: all(is_dead(mark) for mark in signed))


def test_a_run_gives_way_as_far_as_its_strategy_does_and_one_that_a_person_started_does_not(launching: Launching) -> None:
    launching.warm()
    asked: list[dict[str, str] | None] = [None, *(run_tags(strategy) for strategy in STRATEGIES.values())]
    runs = [launching.launch("telling", tags) for tags in asked]
    own = os.getpriority(os.PRIO_PROCESS, 0)
    expected = [own, *(max(own, strategy.niceness) for strategy in STRATEGIES.values())]
    assert [int(launching.told(run_id)[5]) for run_id in runs] == expected


def test_a_cancelled_run_is_interrupted_and_one_not_begun_never_begins(launching: Launching) -> None:
    launching.warm()
    run_id = launching.launch("waiting")
    launching.told(run_id)
    early = launching.launch("waiting")
    assert launching.launcher.terminate(early)
    assert launching.launcher.terminate(run_id)
    assert launching.ended(run_id) == launching.ended(early) == dg.DagsterRunStatus.CANCELED
    assert not launching.launcher.terminate(run_id)


def test_a_killed_warm_process_takes_no_run_with_it_and_is_started_again(launching: Launching) -> None:
    warm = launching.warm()
    before = launching.launch("waiting")
    pid = launching.told(before)[0]
    os.kill(warm, signal.SIGKILL)
    until(lambda: launching.launcher.warm.mark is None)
    after = launching.launch("telling")
    assert launching.told(after)[1] == str(launching.warm()) != str(warm)
    assert launching.ended(after) == dg.DagsterRunStatus.SUCCESS
    assert launching.run(before).status == dg.DagsterRunStatus.STARTED and pid_here(mark_of(int(pid))) == int(pid)
    assert launching.launcher.terminate(before) and launching.ended(before) == dg.DagsterRunStatus.CANCELED


def test_a_killed_run_is_seen_as_dead_by_its_signature_alone(launching: Launching) -> None:
    launching.warm()
    run_id = launching.launch("waiting")
    pid = int(launching.told(run_id)[0])
    health = launching.launcher.check_run_worker_health
    assert health(launching.run(run_id)).status == WorkerStatus.RUNNING
    os.kill(pid, signal.SIGKILL)
    until(lambda: health(launching.run(run_id)).status == WorkerStatus.FAILED)
    unsigned = launching.run(run_id).with_tags(signature("another run"))
    assert health(unsigned).status == WorkerStatus.RUNNING
    launching.instance.report_run_failed(launching.run(run_id))


def test_a_process_with_threads_is_not_forked_from() -> None:
    code = "from rowcol_assets.launching.warm import *; w = WarmProcess('tests.dagster.threaded'); w.warm_up().join(); print(w.mark)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=WAIT_SECONDS)
    assert done.stdout == "None\n" and "has 2 threads" in done.stderr


def test_runs_end_with_the_launcher(launching: Launching) -> None:
    """Last, because it ends what the others use."""
    launching.warm()
    run_id = launching.launch("waiting")
    launching.told(run_id)
    launching.launcher.dispose()
    assert launching.ended(run_id) == dg.DagsterRunStatus.FAILURE


def test_a_killed_launcher_leaves_neither_runs_nor_the_warm_process() -> None:
    code = """
import os, signal
from rowcol_assets.launching.warm import WarmProcess
from tests.dagster.lingering import linger
warm = WarmProcess("json")
warm.warm_up().join()
warm.fork(linger)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        pid = launcher.stdout.readline()
        launcher.kill()
        assert launcher.stdout.read() == f"{pid.strip()} was interrupted\n", "and the end of the stream is the end of all of them"
