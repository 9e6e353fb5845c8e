"""One exchange with a vendor, over a socket: whole, or given up before it costs memory or time."""

from __future__ import annotations

import asyncio
import gzip
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from ingestion.answers import Transient, UnreadablePage
from ingestion.exchange import KEPT_OF_TOO_LARGE_BYTES, Answer, TooLate, error_word, exchange, lifetime, post_form
from ingestion.fetching import RailError
from ingestion.http import many_calls_client
from sandbox.spoiling import spoiled

Write = Callable[[asyncio.StreamWriter], Awaitable[None]]
Asked = Callable[[Write], Answer]
BODY = b'{"data":[1.10,"\xc3\xa9"]}'


@contextmanager
def vendor(write: Write) -> Iterator[str]:
    """A server that answers every connection's request with what `write` writes."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    address: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await write(writer)
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address.append(server.sockets[0].getsockname()[1])
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{address[0]}/"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def reply(body: bytes, encoding: str = "") -> Write:
    head = "HTTP/1.1 200 OK\r\nConnection: close\r\n" + (f"Content-Encoding: {encoding}\r\n" if encoding else "")

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return write


@pytest.fixture(params=[lambda: httpx.AsyncClient(trust_env=False), lambda: many_calls_client(4)], ids=["httpx", "aiohttp"])
def asked(request: pytest.FixtureRequest) -> Asked:
    """Asks once with a client as live answers and consents have one, then as syncs do."""

    async def ask(url: str) -> Answer:
        async with request.param() as http:
            return await exchange(http, "GET", url)

    def ask_vendor(write: Write) -> Answer:
        with vendor(write) as url:
            return asyncio.run(ask(url))

    return ask_vendor


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(BODY, ""), (BODY, "identity"), (gzip.compress(BODY), "gzip"), (zlib.compress(BODY), "deflate")],
    ids=["as it is", "said to be as it is", "gzip", "deflate"],
)
def test_an_answer_arrives_byte_for_byte_however_it_was_packed(asked: Asked, body: bytes, encoding: str) -> None:
    answer = asked(reply(body, encoding))
    assert (answer.status, answer.body) == (200, BODY)


def test_what_unpacks_beyond_the_limit_is_cut_off_and_its_beginning_kept(asked: Asked) -> None:
    bomb = spoiled("gzip_bomb", BODY)
    assert bomb is not None and len(bomb) < 1 << 20
    with pytest.raises(UnreadablePage, match="larger than 64 MB") as cut:
        asked(reply(bomb, "gzip"))
    assert cut.value.body == b" " * KEPT_OF_TOO_LARGE_BYTES


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate, gzip"])
def test_a_packing_nobody_asked_for_is_not_opened(asked: Asked, encoding: str) -> None:
    with pytest.raises(UnreadablePage, match="nobody asked for"):
        asked(reply(gzip.compress(gzip.compress(BODY)), encoding))


def test_what_is_not_packed_as_it_says_may_be_next_time(asked: Asked) -> None:
    with pytest.raises(Transient) as spoilt:
        asked(reply(BODY, "gzip"))
    assert spoilt.value.error.kind == "malformed_page"


@pytest.mark.parametrize(
    "sent", [b"", b"no answer\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + BODY], ids=["nothing", "no HTTP", "cut"]
)
def test_what_is_no_whole_answer_may_be_one_next_time(asked: Asked, sent: bytes) -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()

    with pytest.raises(Transient) as failed:
        asked(write)
    assert failed.value.error.kind == "unreachable"


def test_an_answer_that_arrives_in_drops_is_given_up(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    monkeypatch.setattr("ingestion.exchange.LONGEST_ANSWER_SECONDS", 0.2)
    with pytest.raises(TooLate):
        asked(drip)
    with vendor(drip) as url, pytest.raises(RailError, match="in time"):
        post_form(url, ("a", "b"), {}, 0.2)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{" * 5000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b" " * (2 << 20)])
def test_a_token_endpoint_that_answers_nonsense_is_an_error_without_its_words(body: bytes) -> None:
    with vendor(reply(body)) as url, pytest.raises(RailError) as refused:
        post_form(url, ("client", "secret"), {"grant_type": "refresh_token", "refresh_token": "needle"}, 5)
    assert refused.value.kind == "token_endpoint"
    assert "needle" not in str(refused.value)


def test_a_tokens_life_is_what_can_be_meant_by_it() -> None:
    told: dict[str, object] = {"whole": 60, "text": "3600", "never": 0, "less": -5, "true": True, "eternity": 10**30}
    lives = {name: lifetime(told, name, 3600).total_seconds() for name in (*told, "missing")}
    assert lives == {"whole": 60, "text": 3600, "never": 3600, "less": 3600, "true": 3600, "eternity": 3600, "missing": 3600}
    assert lifetime(told, "whole", 1) == timedelta(minutes=1)
    words = ["invalid_grant", "Bearer eyJhbGciOi", {"a": 1}, "", "x" * 100]
    assert [error_word({"error": word}) for word in words] == ["invalid_grant"] + ["refused"] * 4


def test_what_a_vendor_sets_for_one_business_is_not_sent_along_for_the_next() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: who=acme\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def ask_twice() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server, many_calls_client(1) as http:
            for _ in range(2):
                await exchange(http, "GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    asyncio.run(ask_twice())
    assert len(heads) == 2
    assert b"cookie:" not in b"".join(heads).lower()
