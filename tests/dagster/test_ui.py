"""`rowcol ui` as a process: over GraphQL any table, model or business is made alone, and nothing is left when it stops."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingestion.registry import RAILS
from ingestion.settings import child_environment
from rowcol_assets.alerts import last_alert
from tests.dagster.place import Place

pytestmark = pytest.mark.xdist_group("dagster-home")

ROWCOL = [sys.executable, "-m", "rowcol_assets.cli"]
LOCATION = {"repositoryLocationName": "rowcol", "repositoryName": "__repository__"}
FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}
WAIT_SECONDS = 240

LAUNCH = """mutation($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status assetMaterializations { assetKey { path } } } } }"
SCHEDULES = """query { schedulesOrError(repositorySelector: {repositoryLocationName: "rowcol", repositoryName: "__repository__"}) {
  ... on Schedules { results { name scheduleState { id status } } } } }"""
STOP_SCHEDULE = "mutation($id: String!) { stopRunningSchedule(id: $id) { __typename } }"
ASSETS = "query { assetNodes { assetKey { path } groupName kinds owners { __typename } description } }"


@dataclass
class Ui:
    """A running UI and the runs it was asked for."""

    process: subprocess.Popen[str]
    url: str
    waiting: threading.Event = field(default_factory=threading.Event)

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of a GraphQL answer."""
        answer = httpx.post(f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=60, trust_env=False).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def launch(self, job: str, keys: list[list[str]] | None = None, **scope: Any) -> str:
        """Launches `job` for some assets and returns the run's id."""
        selector: dict[str, Any] = {**LOCATION, "pipelineName": job}
        if keys:
            selector["assetSelection"] = [{"path": key} for key in keys]
        params = {"selector": selector, "mode": "default"}
        if scope:
            params["runConfigData"] = {"resources": {"scope": {"config": scope}}}
        answer = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def finished(self, run_id: str) -> tuple[str, set[tuple[str, ...]]]:
        """How a run ended and which assets it made; asked twice a second for at most four minutes."""
        for _ in range(WAIT_SECONDS * 2):
            run = self.ask(RUN, id=run_id)["runOrError"]
            if run["status"] in FINISHED:
                return run["status"], {tuple(one["assetKey"]["path"]) for one in run["assetMaterializations"]}
            self.waiting.wait(0.5)
        raise AssertionError(f"run {run_id} is {run['status']} after {WAIT_SECONDS} s")


@pytest.fixture(scope="module")
def home(finished: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return finished.copy(tmp_path_factory.mktemp("ui") / "home")


@pytest.fixture(scope="module")
def ui(home: Place) -> Iterator[Ui]:
    process = started(home)
    assert process.stdout is not None
    line = process.stdout.readline()
    address = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert address, line
    opened = Ui(process, address[0])
    # Otherwise a quarter of an hour that strikes during the test adds a whole cycle to it.
    for schedule in opened.ask(SCHEDULES)["schedulesOrError"]["results"]:
        opened.ask(STOP_SCHEDULE, id=schedule["scheduleState"]["id"])
    yield opened
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


@pytest.fixture(scope="module")
def failing(ui: Ui) -> str:
    """A run that cannot succeed, launched before the others so that the failure sensor's half minute passes meanwhile."""
    return ui.launch("sync", businesses=["nobody"])


def started(place: Place, *options: str) -> subprocess.Popen[str]:
    command = [*ROWCOL, "ui", *(options or ("--port", "0"))]
    # A session of its own, so that whatever it left behind could be found by it.
    return subprocess.Popen(
        command, env=child_environment(place.settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def test_schedules_and_sensors_run_from_the_start_and_every_asset_is_shown(ui: Ui) -> None:
    schedules = ui.ask(SCHEDULES)["schedulesOrError"]["results"]
    assert {one["name"] for one in schedules} == {"cycle_critical", "cycle_standard", "cycle_historical", "retention_daily"}
    nodes = ui.ask(ASSETS)["assetNodes"]
    assert {"raw_qbo", "staging", "intermediate", "marts", "experiences", "quality", "published"} <= {node["groupName"] for node in nodes}
    assert [node["assetKey"]["path"] for node in nodes if not (node["description"] and node["owners"] and node["kinds"])] == []


def test_a_table_of_one_business_a_model_and_a_business_are_each_made_alone(ui: Ui, home: Place, failing: str) -> None:
    one, other = home.businesses[:2]
    runs = {
        "table": ui.launch("cycle", [["raw_qbo", "bills"]], businesses=[one], strategy="user_action", delivery="webhook"),
        "model": ui.launch("__ASSET_JOB", [["marts", "fct_ap_aging"]]),
        "business": ui.launch("sync", businesses=[other], delivery="webhook"),
    }
    made = {}
    for name, run_id in runs.items():
        status, made[name] = ui.finished(run_id)
        assert status == "SUCCESS", name
    assert made["table"] == {("raw_qbo", "bills")}
    assert made["model"] == {("marts", "fct_ap_aging")}
    assert {schema for schema, _ in made["business"]} == {"raw_control", *(f"raw_{rail}" for rail in RAILS)}
    read = home.rows("select distinct business_id, strategy from raw_control.sync_outcomes where delivery = 'webhook' order by all")
    assert read == sorted([(one, "user_action"), (other, "data_fetch")])


def test_a_failed_run_is_told_in_the_home_by_its_first_failed_step(ui: Ui, home: Place, failing: str) -> None:
    assert ui.finished(failing)[0] == "FAILURE"
    for _ in range(WAIT_SECONDS * 2):
        told = last_alert(home.settings)
        if told:
            break
        ui.waiting.wait(0.5)
    assert told is not None and told.kind == "run_failed" and told.subject == failing
    first = next(iter(sorted(RAILS)))
    assert told.message == f"sync failed: sync_{first}: there is no business 'nobody': onboard it first"


def test_a_misspelt_strategy_is_refused_before_anything_runs(ui: Ui) -> None:
    selector = {**LOCATION, "pipelineName": "sync"}
    config = {"resources": {"scope": {"config": {"strategy": "as_fast_as_possible"}}}}
    answer = ui.ask(LAUNCH, params={"selector": selector, "mode": "default", "runConfigData": config})["launchPipelineExecution"]
    assert answer["__typename"] == "RunConfigValidationInvalid"


def test_a_busy_port_is_one_sentence(home: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = started(home, "--port", str(port))
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out == ""
    assert err.strip() == f"rowcol: port {port} is in use: choose another with --port, or 0 for a free one"


def test_nothing_it_started_survives_it(ui: Ui) -> None:
    """Last, because it stops the server the others use."""
    family = descendants(ui.process.pid)
    assert len(family) >= 3, "webserver, daemon and code server"
    ui.process.send_signal(signal.SIGTERM)
    assert ui.process.wait(timeout=60) == 0
    # Grandchildren end with the pipe they hear on, which nobody waits for.
    deadline = time.monotonic() + 10
    while [pid for pid in family if alive(pid)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, at any depth."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
