"""A real Superset over a small home: what an advisor can ask for, and what becomes of a publish and of a grant taken away."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from rowcol_assets.bi.access import write_access
from rowcol_assets.bi.server import SIDE
from tests.bi.conftest import Served
from tests.publishing.world import NOON


@pytest.fixture(scope="module")
def ann(served: Served) -> httpx.Client:
    return served.session()


def ask(client: httpx.Client, **query: Any) -> httpx.Response:
    """One query over the portfolio's dataset, as a chart sends it."""
    listed = client.get("/api/v1/dataset/?q=(page_size:100)").json()["result"]
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


def test_a_login_without_a_password_or_for_importing_is_not_let_in(served: Served) -> None:
    for login in ("bob", "RowCol import", "admin"):
        assert served.session(login).get("/api/v1/me/").status_code == httpx.codes.UNAUTHORIZED


def test_a_publish_shows_at_the_next_query_and_a_revoked_client_is_gone_before_it(served: Served, ann: httpx.Client) -> None:
    world = served.world
    world.execute("update experiences.portfolio set cash = 1234.56 where business_id = 'acme'")
    world.publish("run-2")
    (first, *_) = rows(ask(ann, columns=["business_id", "cash"]))
    assert f"{first['cash']:.2f}" == "1234.56"

    world.store.revoke("ann", "bolt", NOON)
    write_access(world.settings, world.store)
    assert [row["business_id"] for row in rows(ask(ann))] == ["acme", "mark"]
    world.publish("run-3")
    assert [row["business_id"] for row in rows(ask(ann))] == ["acme", "mark"]


def test_nothing_of_the_platform_is_imported_on_the_other_side() -> None:
    for path in SIDE.glob("*.py"):
        assert not [line for line in path.read_text().splitlines() if line.startswith(("import rowcol", "from rowcol", "from ingestion"))]
