"""Superset over a small home, where its environment is built; tests that want it skip with the reason where it is not."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from ingestion.errors import RowcolError
from rowcol_assets.bi.access import write_access
from rowcol_assets.bi.server import check_environment, log_path, prepare, serving, set_password
from rowcol_assets.serving import HOST, free_port, wait_until_it_answers
from tests.bi.published import publish_clients
from tests.publishing.world import World

PASSWORD = "ann's long password"
START_SECONDS = 240


@dataclass(frozen=True)
class Served:
    """A running server over a home; only ann has a password."""

    world: World
    address: str

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


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    try:
        check_environment()
    except RowcolError as error:
        pytest.skip(str(error))
    world = publish_clients(tmp_path_factory.mktemp("bi") / "home")
    write_access(world.settings, world.store)
    prepare(world.settings)
    set_password(world.settings, "ann", PASSWORD)
    port = free_port(0)
    with serving(world.settings, port) as process:
        address = f"http://{HOST}:{port}"
        log = log_path(world.settings, "server")
        wait_until_it_answers(process, f"{address}/health", threading.Event(), name="Superset", log=log, seconds=START_SECONDS)
        yield Served(world, address)
    world.store.close()
