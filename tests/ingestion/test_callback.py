"""The one redirect in which a consent is answered: only with its state, only once, only for a while, and without a trace."""

from __future__ import annotations

import socket

import httpx
import pytest

from ingestion.callback import MOST_WRONG_STATES, Callback, read_redirect
from ingestion.errors import RowcolError

STATE = "the-state-of-this-question"


def get(callback: Callback, path: str = "", **query: str) -> httpx.Response:
    return httpx.get(callback.redirect_uri + path, params=query, trust_env=False)


def test_an_answer_with_the_state_is_taken_once_and_shown_to_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    with Callback(STATE) as callback:
        assert callback.redirect_uri.startswith("http://127.0.0.1:")
        taken = get(callback, code="secret-code", state=STATE, realmId="1")
        assert (taken.status_code, taken.headers["cache-control"], taken.headers["referrer-policy"]) == (200, "no-store", "no-referrer")
        assert "secret-code" not in taken.text
        assert get(callback, code="another", state=STATE).status_code == 410
        assert callback.wait(1) == {"code": "secret-code", "state": STATE, "realmId": "1"}
    out, err = capfd.readouterr()
    assert "secret-code" not in out + err
    with pytest.raises(httpx.ConnectError):
        get(callback, code="late", state=STATE)


def test_a_wrong_state_is_refused_and_the_right_answer_still_counts() -> None:
    with Callback(STATE) as callback:
        assert [get(callback, **query).status_code for query in ({"code": "x", "state": "guess"}, {"code": "x"}, {})] == [400, 400, 400]
        assert get(callback, "/favicon.ico").status_code == 404
        assert httpx.post(callback.redirect_uri, params={"state": STATE}, trust_env=False).status_code == 501
        assert get(callback, code="y", state=STATE).status_code == 200
        assert callback.wait(1)["code"] == "y"


def test_who_keeps_guessing_ends_the_question() -> None:
    with Callback(STATE) as callback:
        for number in range(MOST_WRONG_STATES):
            assert get(callback, code="x", state=f"guess {number}").status_code == 400
        assert get(callback, code="x", state=STATE).status_code == 410
        with pytest.raises(RowcolError, match="wrong state"):
            callback.wait(1)


def test_no_answer_is_said_after_the_time_that_was_given() -> None:
    with Callback(STATE) as callback, pytest.raises(RowcolError, match="was not answered within 0 seconds: nothing was connected"):
        callback.wait(0.01)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(RowcolError, match=str(taken.getsockname()[1])):
        Callback(STATE, taken.getsockname()[1])


def test_a_pasted_address_is_judged_by_the_same_rule() -> None:
    assert read_redirect(f" https://app.example/done?code=z&state={STATE} \n", STATE)["code"] == "z"
    for address in ("https://app.example/done?code=z&state=other", "https://app.example/done?code=z", "nothing", ""):
        with pytest.raises(RowcolError, match="no answer to this question"):
            read_redirect(address, STATE)
