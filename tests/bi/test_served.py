"""A real Superset over a small home: what an advisor can ask for, and what becomes of a publish and of a grant taken away."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest

from rowcol_assets.bi.access import write_access
from rowcol_assets.bi.server import PREPARED, SIDE, prepare
from rowcol_assets.publishing.layout import Home, remove_advisor
from tests.bi.conftest import Served
from tests.publishing.world import NOON

# One after the other on one server: the last of them publish and take grants away.
pytestmark = pytest.mark.xdist_group("superset")

DATASETS = "/api/v1/dataset/?q=(page_size:100)"


@pytest.fixture(scope="module")
def ann(served: Served) -> httpx.Client:
    return served.session()


def ask(client: httpx.Client, **query: Any) -> httpx.Response:
    """One query over the portfolio's dataset, as a chart sends it."""
    listed = client.get(DATASETS).json()["result"]
    (dataset,) = [one["id"] for one in listed if one["table_name"] == "portfolio"]
    columns = {"columns": ["business_id"], "metrics": [], "orderby": [["business_id", True]], "row_limit": 100}
    request = {"datasource": {"id": dataset, "type": "table"}, "queries": [{**columns, **query}], "result_type": "full"}
    return client.post("/api/v1/chart/data", json=request)


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == httpx.codes.OK, answer.text[:500]
    found: list[dict[str, Any]] = answer.json()["result"][0]["data"]
    return found


def test_an_advisor_finds_their_own_clients_whatever_is_asked(ann: httpx.Client) -> None:
    assert [row["business_id"] for row in rows(ask(ann))] == ["acme", "bolt", "mark"]
    others = [{"col": "business_id", "op": "IN", "val": ["acme", "cog"]}]
    assert [row["business_id"] for row in rows(ask(ann, filters=others))] == ["acme"]


@pytest.mark.parametrize(
    "sql",
    [
        "(select min(business_name) from marts.dim_business)",
        "(select content from read_text('/etc/hostname'))",
        "(select name from duckdb_secrets())",
        "read_text('/etc/hostname')",
    ],
)
def test_sql_of_ones_own_reaches_nothing_else(ann: httpx.Client, sql: str) -> None:
    column = {"expressionType": "SQL", "sqlExpression": sql, "label": "business_id"}
    assert ask(ann, columns=[column], orderby=[]).status_code in (400, 403)
    assert ask(ann, extras={"where": "1 = 1) or (1 = 1"}).status_code == httpx.codes.BAD_REQUEST


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/sqllab/", None),
        ("POST", "/api/v1/sqllab/execute/", {"database_id": 1, "sql": "select 1"}),
        ("GET", "/api/v1/database/", None),
        ("GET", "/api/v1/query/", None),
        ("GET", "/api/v1/security/users/", None),
        ("POST", "/api/v1/dashboard/", {"dashboard_title": "mine"}),
        ("PUT", "/api/v1/dashboard/1", {"dashboard_title": "mine"}),
        ("DELETE", "/api/v1/dashboard/1", None),
        ("PUT", "/api/v1/dataset/1", {"sql": "select 1"}),
        ("PUT", "/api/v1/chart/1", {"slice_name": "mine"}),
    ],
)
def test_what_is_not_reading_is_refused(ann: httpx.Client, method: str, path: str, body: dict[str, Any] | None) -> None:
    assert ann.request(method, path, json=body).status_code == httpx.codes.FORBIDDEN


def test_no_list_names_another_advisor(ann: httpx.Client) -> None:
    for path in ("/api/v1/dashboard/related/owners", "/api/v1/chart/related/owners", "/api/v1/dataset/related/owners"):
        assert "bob" not in ann.get(path).text
    assert len(ann.get("/api/v1/dashboard/?q=(page_size:50)").json()["result"]) == 6


def test_nothing_of_another_advisor_is_found_by_looking_through_datasets(ann: httpx.Client) -> None:
    """Rows and values of every dataset, as drilling and filters ask for them: of ann's clients, while bob's has rows in some."""
    seen: set[str] = set()
    for dataset in ann.get(DATASETS).json()["result"]:
        samples = ann.post(f"/datasource/samples?datasource_type=table&datasource_id={dataset['id']}&per_page=1000", json={})
        values = ann.get(f"/api/v1/datasource/table/{dataset['id']}/column/client/values/")
        for answer in (samples, values):
            assert answer.status_code == httpx.codes.OK, (dataset["table_name"], answer.text[:300])
            assert not any(foreign in answer.text for foreign in ("cog", "Cogwheel")), dataset["table_name"]
            seen |= {name for name in ("acme", "Acme") if name in answer.text}
    assert seen == {"acme", "Acme"}


def test_what_waits_for_an_answer_is_drawn_once(ann: httpx.Client) -> None:
    page = ann.get("/superset/dashboard/portfolio/").text
    told = re.search(r'data-bootstrap="([^"]+)"', page)
    assert told
    themes = json.loads(html.unescape(told[1]))["common"]["theme"]
    for shade in ("default", "dark"):
        sign = themes[shade]["token"]["brandSpinnerSvg"]
        assert sign.startswith("<svg ") and "animate" not in sign
        assert sign in page or shade == "dark", "before the first script runs"


def test_what_a_page_tells_of_itself_costs_superset_nothing(served: Served) -> None:
    nobody = httpx.Client(base_url=served.address, trust_env=False)
    events = {"events": '[{"event_name": "load_chart"}]'}
    told = nobody.post("/superset/log/?explode=events", data=events)
    assert (told.status_code, told.content) == (httpx.codes.OK, b""), "neither a login nor a token is looked for"
    assert nobody.post("/superset/explore_json/", data=events).status_code != httpx.codes.OK


def test_a_second_advisor_finds_their_own_clients_alone(served: Served) -> None:
    bob = served.session("bob")
    assert [row["business_id"] for row in rows(ask(bob))] == ["cog"]
    assert rows(ask(bob, filters=[{"col": "business_id", "op": "IN", "val": ["acme", "bolt"]}])) == []


def test_a_login_without_a_published_file_gets_a_page_of_words_and_no_error(served: Served) -> None:
    before = len(served.log)
    dora = served.session("dora")
    for path in ("/superset/welcome/", "/superset/dashboard/portfolio/", "/dashboard/list/"):
        page = dora.get(path)
        assert (page.status_code, page.headers["content-type"]) == (httpx.codes.OK, "text/html; charset=utf-8")
        assert "Nothing is published for this login yet. It appears here after the next cycle." in page.text
    asked = dora.post("/api/v1/chart/data", json={"datasource": {"id": 1, "type": "table"}, "queries": [{}]})
    assert asked.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert asked.json()["message"].startswith("Nothing is published")
    assert "Traceback" not in served.log[before:]


@contextmanager
def untold(served: Served) -> Iterator[None]:
    """Nobody tells the grants, since what would is stopped; the server is another process and goes on. Afterwards they are told again."""
    told = served.world.settings.home / "bi" / "access.json"
    served.command.send_signal(signal.SIGSTOP)
    try:
        os.utime(told, (0, 0))
        yield
    finally:
        served.command.send_signal(signal.SIGCONT)
    until = time.monotonic() + 60
    while not told.stat().st_mtime and time.monotonic() < until:
        httpx.get(f"{served.address}/health", trust_env=False)


def test_grants_that_nobody_tells_any_more_show_nothing_until_they_are_told_again(served: Served, ann: httpx.Client) -> None:
    with untold(served):
        for path in ("/superset/dashboard/portfolio/", "/login/"):
            page = ann.get(path)
            assert page.status_code == httpx.codes.OK and "Who may see what cannot be told at the moment" in page.text
        assert ann.get(DATASETS).status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert ann.get("/health").status_code == httpx.codes.OK
    assert [row["business_id"] for row in rows(ask(ann))] == ["acme", "bolt", "mark"]


def test_the_page_of_words_logs_out_whom_it_says_so_to(served: Served) -> None:
    leaving, staying = served.session(), served.session("bob")
    with untold(served):
        link = re.search(r'href="([^"]+)">Log out<', leaving.get("/superset/dashboard/portfolio/").text)
        assert link
        left = leaving.get(link[1], follow_redirects=True)
        assert "Who may see what cannot be told at the moment" in left.text
    assert staying.get(DATASETS).status_code == httpx.codes.OK
    assert leaving.get(DATASETS).status_code == httpx.codes.UNAUTHORIZED


def test_a_login_without_a_password_or_for_importing_is_not_let_in(served: Served) -> None:
    for login in ("carl", "RowCol import", "admin"):
        assert served.session(login).get("/api/v1/me/").status_code == httpx.codes.UNAUTHORIZED


def test_a_publish_shows_at_the_next_query_and_a_revoked_client_is_gone_before_it(served: Served, ann: httpx.Client) -> None:
    world = served.world
    _kept(ann, columns=["business_id", "cash"])
    world.execute("update experiences.portfolio set cash = 1234.56 where business_id = 'acme'")
    world.publish("run-2")
    (first, *_) = rows(ask(ann, columns=["business_id", "cash"]))
    assert f"{first['cash']:.2f}" == "1234.56"

    assert [row["business_id"] for row in _kept(ann)] == ["acme", "bolt", "mark"]
    world.store.revoke("ann", "bolt", NOON)
    write_access(world.settings, world.store)
    assert [row["business_id"] for row in rows(ask(ann))] == ["acme", "mark"]
    world.publish("run-3")
    assert [row["business_id"] for row in rows(ask(ann))] == ["acme", "mark"]


def test_a_publish_after_the_files_were_taken_away_is_another_though_it_is_numbered_from_one_again(
    served: Served, ann: httpx.Client
) -> None:
    world = served.world
    home = Home(world.settings.published_dir, "ann")
    for number, cash in enumerate((55, 66)):
        remove_advisor(home)
        world.execute(f"update experiences.portfolio set cash = {cash} where business_id = 'acme'")
        world.publish(f"run-anew-{number}")
        assert home.link.readlink().name == "000001"
        assert {rows(ask(ann, columns=["business_id", "cash"]))[0]["cash"] for _ in range(10)} == {cash}


def test_what_a_page_remembers_of_its_filters_is_as_it_was_set_last(ann: httpx.Client) -> None:
    """The server's processes are several: each is asked often enough to have kept the former answer."""
    (dashboard, *_) = ann.get("/api/v1/dashboard/").json()["result"]
    filters = f"/api/v1/dashboard/{dashboard['id']}/filter_state"
    made = ann.post(filters, params={"tab_id": 1}, json={"value": '"first"'})
    assert made.status_code == httpx.codes.CREATED, made.text[:500]
    remembered = f"{filters}/{made.json()['key']}"
    assert {ann.get(remembered).json()["value"] for _ in range(10)} == {'"first"'}
    assert ann.put(remembered, params={"tab_id": 1}, json={"value": '"second"'}).json()["key"] == made.json()["key"]
    assert {ann.get(remembered).json()["value"] for _ in range(10)} == {'"second"'}


def _kept(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """Asks until the answer is one that was kept: each of the server's processes keeps its own."""
    for _ in range(20):
        answer = ask(client, **query)
        if answer.headers.get("cache-status") == "rowcol; hit":
            return rows(answer)
    raise AssertionError("no answer is kept")


def test_what_is_described_no_more_goes_with_the_next_preparation(served: Served) -> None:
    """A chart and a dataset of a former version, put in beside the present ones; logins and passwords stay."""
    folder = served.world.settings.home / "bi"
    count = "select (select count(*) from slices), (select count(*) from tables), (select group_concat(password) from ab_user)"
    with closing(sqlite3.connect(folder / "superset.db", timeout=60)) as database:
        before = database.execute(count).fetchone()
        at = "'2026-01-01 00:00:00'"
        with database:
            database.execute(
                "insert into tables (uuid, table_name, database_id, sql, created_on, changed_on) "
                f"select ?, 'of_before', id, 'select 1', {at}, {at} from dbs",
                [uuid.uuid4().bytes],
            )
            database.execute(
                "insert into slices (uuid, slice_name, viz_type, datasource_type, datasource_id, params, created_on, changed_on) "
                f"select ?, 'Of before', 'table', 'table', id, '{{}}', {at}, {at} from tables where table_name = 'of_before'",
                [uuid.uuid4().bytes],
            )
        (folder / PREPARED).unlink()
        assert database.execute(count).fetchone() != before
        assert prepare(served.world.settings) == []
        assert database.execute(count).fetchone() == before


def test_nothing_of_the_platform_is_imported_on_the_other_side() -> None:
    for path in SIDE.glob("*.py"):
        assert not [line for line in path.read_text().splitlines() if line.startswith(("import rowcol", "from rowcol", "from ingestion"))]
