"""Onboarding: what is refused and why, how a sandbox is told, and that a bad line of a CSV stops no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ingestion.control import ControlStore, product_clock_of
from ingestion.control.onboarding import onboard
from ingestion.control.onboarding_csv import onboard_csv
from ingestion.control.renewals import Renewal
from ingestion.errors import RowcolError, UsageError
from ingestion.identifiers import check_url
from ingestion.registry import RAILS
from ingestion.settings import Settings
from tests.control.conftest import CREDENTIALS, connect

GOOD = {**CREDENTIALS, "realm_id": "1001"}


class Pretender(BaseHTTPRequestHandler):
    """Answers the sandbox's clock under /box, and nothing of that kind elsewhere."""

    def do_GET(self) -> None:
        found = self.path == "/box/sandbox/clock"
        body = json.dumps({"sandbox": "rowcol", "now": "2026-06-30T12:00:00Z"} if found else {"hello": 1}).encode()
        self.send_response(200 if found or self.path.startswith("/other") else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keeps the test's output quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Pretender)
    thread = Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"client_secret": None}, "lack client_secret"),
        ({"refresh_token": ""}, "lack refresh_token"),
        ({"client_id": 17}, "client_id in the qbo credentials is not text"),
        ({"realm_id": "../../etc"}, "realm_id in the qbo credentials is not an id"),
    ],
)
def test_credentials_are_refused_by_field_name_without_values(
    settings: Settings, store: ControlStore, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        onboard(settings, store, "acme", "qbo", {**GOOD, **change})
    assert "very-secret" not in str(caught.value)
    assert store.businesses() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"business_id": "../acme"}, "is not a business id"),
        ({"rail": "fax"}, "there is no rail 'fax'"),
        ({"timezone": "Mars/Olympus"}, "is not a time zone"),
        ({"timezone": "../etc/passwd"}, "is not a time zone"),
        ({"base_url": "http://quickbooks.example"}, "plain http"),
        ({"auth_url": "ftp://quickbooks.example"}, "is not a web address"),
        ({"firm": "!!"}, "is not a firm's name"),
    ],
)
def test_wrong_input_stores_nothing(settings: Settings, store: ControlStore, options: dict[str, str], message: str) -> None:
    given: dict[str, Any] = {"business_id": "acme", "rail": "qbo", **options}
    with pytest.raises(UsageError, match=message):
        onboard(settings, store, given.pop("business_id"), given.pop("rail"), GOOD, **given)
    assert store.businesses() == []


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:8801", "http://[::1]:8801", "https://x.example/base/"])
def test_http_is_for_this_machine_and_https_for_all(url: str) -> None:
    assert check_url("--base-url", url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.example", "http://10.0.0.1", "https://u:p@x.example", "//x", "https://x.example?a=1", ""]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        check_url("--base-url", url)


def test_a_sandbox_is_recognised_and_becomes_the_homes_clock(settings: Settings, store: ControlStore, server: str) -> None:
    done = onboard(settings, store, "acme", "qbo", GOOD, base_url=f"{server}/box/")
    acme = store.connections("qbo")[0]
    assert (done.is_sandbox, acme.is_sandbox, acme.auth_url) == (True, True, f"{server}/box")
    assert store.sandbox_url() == f"{server}/box"
    assert product_clock_of(settings, store)() == datetime(2026, 6, 30, 12, tzinfo=UTC)
    assert store.businesses()[0].onboarded_at == datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize("path", ["/none", "/other"])
def test_another_server_on_this_machine_is_no_sandbox(settings: Settings, store: ControlStore, server: str, path: str) -> None:
    assert not onboard(settings, store, "acme", "qbo", GOOD, base_url=server + path).is_sandbox
    assert store.sandbox_url() is None


def test_a_silent_port_of_this_machine_is_refused(settings: Settings, store: ControlStore) -> None:
    with pytest.raises(RowcolError, match=r"nothing answers at http://127\.0\.0\.1:9"):
        onboard(settings, store, "acme", "qbo", GOOD, base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("sandbox_first", [True, False])
def test_a_home_never_mixes_a_sandbox_with_real_connections(
    settings: Settings, store: ControlStore, server: str, sandbox_first: bool
) -> None:
    addresses = [f"{server}/box", None] if sandbox_first else [None, f"{server}/box"]
    onboard(settings, store, "acme", "qbo", GOOD, base_url=addresses[0])
    with pytest.raises(UsageError, match="a home has one clock"):
        onboard(settings, store, "bolt", "qbo", {**GOOD, "realm_id": "2"}, base_url=addresses[1])
    assert [each.business_id for each in store.businesses()] == ["acme"]


def test_onboarding_again_replaces_credentials_and_keeps_what_is_not_given(settings: Settings, store: ControlStore) -> None:
    connect(settings, store, name="Acme Ltd", timezone="America/New_York", firm="Harbor & Sons")
    again = onboard(settings, store, "acme", "qbo", {**GOOD, "client_secret": "changed", "unknown": "dropped"})
    acme = store.connections("qbo")[0]
    assert not again.is_new
    assert store.secret(acme) == {**GOOD, "client_secret": "changed"}
    (business,) = store.businesses()
    assert (business.business_name, business.timezone, business.firm_id) == ("Acme Ltd", "America/New_York", "harbor-sons")


def test_a_connection_has_one_owner_and_a_business_one_connection(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    with pytest.raises(UsageError, match="already belongs to acme"):
        onboard(settings, store, "bolt", "qbo", GOOD)
    with pytest.raises(UsageError, match="acme is already connected to qbo as 1001"):
        onboard(settings, store, "acme", "qbo", {**GOOD, "realm_id": "2"})
    assert [each.business_id for each in store.businesses()] == ["acme"]


def test_the_token_that_replaced_a_handed_in_one_is_found_again_until_its_connection_is_stored(
    settings: Settings, store: ControlStore
) -> None:
    for token in ("refresh-token-1", "refresh-token-2"):
        Renewal(store, RAILS["qbo"], GOOD).note(token)
    store.rotate_key()
    assert Renewal(store, RAILS["qbo"], GOOD).usable == {**GOOD, "refresh_token": "refresh-token-2"}
    acme = connect(settings, store)
    assert store.token(acme).refresh_token == "refresh-token-2"
    assert store.secret(acme) == GOOD
    assert Renewal(store, RAILS["qbo"], GOOD).newest is None


def test_two_firms_that_cannot_be_told_apart_are_refused(settings: Settings, store: ControlStore) -> None:
    connect(settings, store, firm="Harbor & Sons")
    with pytest.raises(UsageError, match="cannot be told from"):
        connect(settings, store, "bolt", "2", firm="Harbor, Sons")
    assert connect(settings, store, "bolt", "2", firm="harbor-sons").business_id == "bolt"


def test_a_bad_line_is_reported_by_number_and_good_ones_land(settings: Settings, store: ControlStore, tmp_path: Path) -> None:
    for realm in ("1", "2"):
        (tmp_path / f"{realm}.json").write_text(json.dumps({**GOOD, "realm_id": realm}))
    (tmp_path / "torn.json").write_text('{"client_id": "very-secret')
    (tmp_path / "clients.csv").write_text(
        "\ufeffbusiness_id,rail,credentials,name,timezone\n"
        'acme,qbo,1.json,"Acme, Ltd",America/New_York\n'
        "BOLT,qbo,2.json,,\n"
        "cog,qbo,missing.json,,\n"
        "dot,qbo,torn.json,,\n"
        "eve,fax,2.json,,\n"
        ",qbo,2.json,,\n"
        "fig,qbo,2.json,Fig,,,,\n"
        "gum,qbo,2.json,Gum,\n",
        encoding="utf-8",
    )
    lines = list(onboard_csv(settings, store, tmp_path / "clients.csv"))
    assert {line.number: line.error and line.error.split(":")[0][:40] for line in lines} == {
        2: None,
        3: "'BOLT' is not a business id",
        4: f"credentials file {tmp_path}/missing.json"[:40],
        5: "the credentials in " + str(tmp_path)[:21],
        6: "there is no rail 'fax'; known",
        7: "business_id is empty",
        8: "there are more fields than columns",
        9: None,
    }
    assert not [line for line in lines if line.error and "very-secret" in line.error]
    assert [each.business_name for each in store.businesses()] == ["Acme, Ltd", "Gum"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"business_id,rail\nacme,qbo\n", "lacks the column credentials"),
        (b"\xff\xfe\x00", "is not a CSV file in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_such_csv_is_wrong_use(
    settings: Settings, store: ControlStore, tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "clients.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        list(onboard_csv(settings, store, path))
