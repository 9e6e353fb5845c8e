"""Many requests at once over HTTP/1.1, from a process of its own, and a server that does nothing, to know what the sender costs.

`python -m tests.benchmarks.hail send PORT AT_ONCE` takes requests as base64 lines on standard input and prints one JSON
line: the milliseconds of each and how often each status came. `hail bare` prints its port and answers until its input ends.
"""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import uvloop

HOST = "127.0.0.1"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@dataclass(frozen=True, slots=True)
class Fallen:
    """What came of some requests."""

    milliseconds: list[float]
    statuses: dict[str, int]


def request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST as bytes."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {HOST}",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def hail(port: int, at_once: int, requests: list[bytes]) -> Fallen:
    """Sends `requests` over `at_once` connections, each its next as soon as it has its answer."""
    lines = b"".join(base64.b64encode(one) + b"\n" for one in requests)
    arguments = [sys.executable, "-m", "tests.benchmarks.hail", "send", str(port), str(at_once)]
    done = subprocess.run(arguments, input=lines, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the sender ended with {done.returncode}: {done.stderr.decode()[-400:]}")
    return Fallen(**json.loads(done.stdout))


@contextmanager
def bare_server() -> Iterator[int]:
    """The port of a server, in a process of its own, that answers everything at once."""
    process = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.hail", "bare"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdin is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


async def _send(port: int, at_once: int, requests: list[bytes]) -> Fallen:
    left = iter(requests)
    taken: list[float] = []
    statuses: Counter[str] = Counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for content in left:
            begun = time.perf_counter()
            writer.write(content)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
            taken.append((time.perf_counter() - begun) * 1000)
            statuses[head[9:12].decode()] += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(at_once)))
    return Fallen(taken, dict(statuses))


class _Bare(asyncio.Protocol):
    """Answers each whole request."""

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            length = int(self._held[:end].lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            if len(self._held) < end + 4 + length:
                return
            self._held = self._held[end + 4 + length :]
            self._transport.write(ANSWER)  # type: ignore[attr-defined]


async def _bare() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Bare, HOST, 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


def _main(kind: str, rest: list[str]) -> None:
    if kind == "bare":
        uvloop.run(_bare())
        return
    requests = [base64.b64decode(line) for line in sys.stdin.buffer]
    fallen = uvloop.run(_send(int(rest[0]), int(rest[1]), requests))
    sys.stdout.write(json.dumps({"milliseconds": fallen.milliseconds, "statuses": fallen.statuses}))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2:])
