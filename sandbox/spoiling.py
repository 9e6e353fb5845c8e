"""What faults make of an answer's bytes on any rail: torn, not UTF-8, nested too deep, or small on the wire and vast behind it.

Which requests a fault strikes and what it does to records is each rail's own (`sandbox/<rail>/serving.py`).
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TypeVar

from starlette.responses import Response

BODY_FAULTS = ("torn_json", "bad_utf8", "deep_json", "gzip_bomb")
DEPTH = 100_000
# More than anybody should keep of one answer; 250 kB on the wire.
BOMB_BYTES = 256 << 20
_GZIP = b"\x1f\x8b"

Reply = TypeVar("Reply", bound=Response)


def spoiled(fault: str | None, body: bytes) -> bytes | None:
    """`body`, a JSON object, as the fault leaves it; None when the fault is none of an answer's bytes, so that it arrives whole."""
    if fault == "torn_json":
        return body[: len(body) * 3 // 5]
    if fault == "bad_utf8":
        middle = body.find(b'"', len(body) // 2) + 1
        return body[:middle] + b"\xff\xfe\xa0" + body[middle:]
    if fault == "deep_json":
        return b'{"release":' + b"[" * DEPTH + b"]" * DEPTH + b"," + body.lstrip()[1:]
    return _bomb() if fault == "gzip_bomb" else None


def labelled(reply: Reply) -> Reply:
    """The reply with the header that a compressed body needs."""
    if bytes(reply.body[:2]) == _GZIP:
        reply.headers["content-encoding"] = "gzip"
    return reply


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    packer = zlib.compressobj(wbits=31)
    piece = b" " * (1 << 20)
    return b"".join([*(packer.compress(piece) for _ in range(BOMB_BYTES // len(piece))), packer.flush()])
