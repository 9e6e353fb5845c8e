"""Superset over a small home, where its environment is built; tests that want it skip with the reason where it is not."""

from __future__ import annotations

import html
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest

from ingestion.errors import RowcolError
from ingestion.settings import child_environment
from rowcol_assets.bi.server import check_environment, log_path
from tests.bi.published import publish_clients
from tests.publishing.world import World

PASSWORD = "ann's long password"
COMMAND = [sys.executable, "-m", "rowcol_assets.cli", "bi"]


@dataclass(frozen=True)
class Served:
    """`rowcol bi` running over a home. Of its advisors bob and dora have ann's password too, and carl has none; dora was granted a
    client after the last publish.
    """

    world: World
    address: str
    command: subprocess.Popen[str]

    def session(self, login: str = "ann") -> httpx.Client:
        """A browser's session after its login form was sent; requests it makes carry the page's token."""
        client = httpx.Client(base_url=self.address, timeout=60, trust_env=False, headers={"Referer": self.address})
        page = html.unescape(client.get("/login/").text)
        token = re.search(r'id="csrf_token"\s+value="([^"]+)"', page)
        assert token
        client.post("/login/", data={"username": login, "password": PASSWORD, "csrf_token": token[1]})
        answer = client.get("/api/v1/security/csrf_token/")
        if answer.status_code == httpx.codes.OK:
            client.headers["X-CSRFToken"] = answer.json()["result"]
        return client

    @property
    def log(self) -> str:
        """What the server has logged."""
        return log_path(self.world.settings, "server").read_text()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    try:
        check_environment()
    except RowcolError as error:
        pytest.skip(str(error))
    world = publish_clients(tmp_path_factory.mktemp("bi") / "home")
    world.grant("dora", "acme")
    environment = child_environment(world.settings)
    done = subprocess.run([*COMMAND, "--password", "ann"], input=PASSWORD, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Setting one costs a start of Superset.
    with closing(sqlite3.connect(world.settings.home / "bi" / "superset.db")) as database, database:
        database.execute(
            "update ab_user set password = (select password from ab_user where username = 'ann') where username in ('bob', 'dora')"
        )
    with subprocess.Popen([*COMMAND, "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True) as command:
        try:
            assert command.stdout is not None
            found = re.match(r"The dashboards are at (http://\S+);", command.stdout.readline())
            assert found
            assert command.stdout.readline().startswith("Who can log in: ann, bob, carl, dora.")
            assert command.stdout.readline() == "Nothing is published for dora yet: `rowcol run` first.\n"
            yield Served(world, found[1], command)
        finally:
            command.send_signal(signal.SIGTERM)
            command.wait(timeout=60)
    assert command.returncode == 0
    world.store.close()
