"""`rowcol bi` as a person meets it, over a stand-in for Superset: what lacks is one sentence, and it serves until it is told to stop.

That Superset itself is prepared and served by this command is shown by tests/bi, where its environment is there.
"""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingestion.settings import child_environment
from rowcol_assets.serving import HOST
from tests.publishing.world import World, make_world

# Stands in for the interpreter of Superset's environment: does what the other side's programs are asked for, and no more.
SUPERSET = f"""#!{sys.executable}
import http.server, json, os, pathlib, sys

folder = pathlib.Path(os.environ["SUPERSET_HOME"])
program = pathlib.Path(sys.argv[1]).name
if program == "prepare.py":
    advisors = json.loads((folder / "access.json").read_bytes())["advisors"]
    (folder / "prepared").write_text(json.dumps({{"skipped": [one for one in advisors if one.endswith(".invalid")]}}))
elif program == "password.py":
    (folder / "given").write_text(f"{{sys.argv[2]}} {{sys.stdin.read()}}")
else:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            if self.path == "/end":
                os._exit(3)

    host, port = sys.argv[sys.argv.index("--bind") + 1].split(":")
    http.server.HTTPServer((host, int(port)), Health).serve_forever()
"""
BEGIN = """
import pathlib, sys
from rowcol_assets.bi import server
from rowcol_assets.cli import bi
from rowcol_assets.cli.main import main

server.ENVIRONMENT = pathlib.Path(sys.argv.pop(1))
bi.ACCESS_SECONDS = 0.1
main()
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path / "home")
    made.add("acme")
    yield made
    made.store.close()


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    programs = tmp_path / "environment" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(SUPERSET)
    (programs / "python").chmod(0o700)
    (programs / "gunicorn").touch()
    return programs.parent


def begun(world: World, environment: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BEGIN, str(environment), "bi", *arguments]
    environ, pipe = child_environment(world.settings), subprocess.PIPE
    return subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def told(world: World, environment: Path, *arguments: str, given: str = "") -> tuple[int | None, str]:
    """The exit code, and what was said on either stream."""
    process = begun(world, environment, *arguments)
    out, wrong = process.communicate(given, timeout=120)
    return process.returncode, (out + wrong).strip()


def test_what_lacks_is_one_sentence(world: World, environment: Path, tmp_path: Path) -> None:
    missing = "rowcol: Superset is not installed in .venv-bi: `make bi` installs it, which needs a package index once"
    assert told(world, tmp_path / ".venv-bi") == (1, missing)
    nobody = "rowcol: there is no advisor yet: `rowcol grant ADVISOR BUSINESS` makes one"
    assert told(world, environment, "--port", "0") == (1, nobody)
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = str(taken.getsockname()[1])
        used = f"rowcol: port {port} is in use: choose another with --port, or 0 for a free one"
        assert told(world, environment, "--port", port) == (1, used)


def test_a_password_is_read_from_a_pipe_and_of_a_length(world: World, environment: Path) -> None:
    world.grant("ann", "acme")
    given = world.settings.home / "bi" / "given"
    assert told(world, environment, "--password", "bob", given="long enough, surely\n") == (2, "rowcol: there is no advisor 'bob'")
    assert told(world, environment, "--password", "ann", given="too short\n") == (2, "rowcol: a password has at least 12 characters")
    assert not given.exists()
    done = "ann logs in with the new password; Superset keeps only its hash"
    assert told(world, environment, "--password", "ann", given="long enough, surely\nnot this\n") == (0, done)
    assert given.read_text() == "ann long enough, surely\n"


def test_it_says_who_can_log_in_and_serves_until_it_is_told_to_stop(world: World, environment: Path) -> None:
    for advisor in ("ann", "ann@advisors.invalid"):
        world.grant(advisor, "acme")
    world.publish()
    world.grant("eve", "acme")
    process = begun(world, environment, "--port", "0")
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(4)]
    found = re.match(r"The dashboards are at (http://\S+);", said[0])
    assert found, said
    assert said[1].startswith("Who can log in: ann, eve. `rowcol bi --password ADVISOR`")
    assert said[2].startswith("ann@advisors.invalid has no login: ")
    assert said[3] == "Nothing is published for eve yet: `rowcol run` first.\n"
    assert httpx.get(f"{found[1]}/health", trust_env=False).status_code == httpx.codes.OK
    # Whoever is granted something while it runs has a login within seconds, and who gets none is named.
    world.grant("bob@advisors.invalid", "acme")
    assert process.stdout.readline().startswith("ann@advisors.invalid has no login: ")
    assert process.stdout.readline().startswith("bob@advisors.invalid has no login: ")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{found[1]}/health", trust_env=False)


def test_a_server_that_ends_by_itself_ends_the_command_with_a_sentence(world: World, environment: Path) -> None:
    world.grant("ann", "acme")
    world.publish()
    process = begun(world, environment, "--port", "0")
    assert process.stdout is not None
    (address,) = re.findall(r"http://[0-9.:]+", process.stdout.readline())
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(f"{address}/end", trust_env=False)
    wrong = process.communicate(timeout=60)[1]
    assert wrong == f"rowcol: Superset ended by itself; its log is {world.settings.home / 'bi' / 'server.log'}\n"
    assert process.returncode == 1
