"""One exchange with a vendor, bounded in size and time: no answer takes more memory or longer than it may.

What an answer means is each rail's own (`ingestion/rails/<rail>/client.py`), how often one asks is `answers`. An answer
that is too large is kept aside by its beginning, like any other page that cannot be read.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from ingestion.answers import Transient, UnreadablePage
from ingestion.fetching import RailError
from ingestion.http import tls_context

# A batch of nineteen pages of a thousand records each is about 15 MB; one that is larger is asked for page by page.
LARGEST_ANSWER_BYTES = 64 << 20
LARGEST_TOKEN_ANSWER_BYTES = 1 << 20
# Of what is too large, enough to see what it is.
KEPT_OF_TOO_LARGE_BYTES = 64 << 10
# Intuit gives up after 120 s and Ramp after 60; what takes longer arrives in drops. Includes waiting for a connection.
LONGEST_ANSWER_SECONDS = 300.0
LONGEST_LIFETIME_SECONDS = 20 * 366 * 86_400
# Each makes at most a thousand bytes of one, so that a piece of 64 kB cannot grow beyond what memory holds; two of them
# on top of each other, or the newer ones, make a million.
ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
ACCEPTED = {"Accept-Encoding": "gzip, deflate"}
_WORD = re.compile(r"[a-z_]{1,60}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answered, whole."""

    status: int
    headers: httpx.Headers
    body: bytes


class TooLate(Transient):
    """The vendor did not answer in time; a smaller question may be answered."""


async def exchange(http: httpx.AsyncClient, method: str, url: httpx.URL | str, **options: Any) -> Answer:
    """Asks once. options: as `httpx.AsyncClient.build_request` takes them.

    Transient for what may pass (no connection, no whole answer, TooLate); UnreadablePage for an answer of more than
    LARGEST_ANSWER_BYTES after decompression or in a compression nobody asked for.
    """
    headers = {**ACCEPTED, **options.pop("headers", {})}
    body = _Body(LARGEST_ANSWER_BYTES)
    try:
        async with asyncio.timeout(LONGEST_ANSWER_SECONDS), http.stream(method, url, headers=headers, **options) as answer:
            _check_encoding(answer.headers)
            async for piece in answer.aiter_bytes():
                body.take(piece)
    except (httpx.ReadTimeout, TimeoutError):
        raise TooLate(RailError("unreachable", "no answer in time")) from None
    except httpx.DecodingError:
        raise Transient(UnreadablePage("it is not compressed as it says", body.whole())) from None
    except httpx.TransportError as error:
        raise Transient(RailError("unreachable", f"no usable answer ({type(error).__name__})")) from None
    return Answer(answer.status_code, answer.headers, body.whole())


def post_form(url: str, auth: tuple[str, str], form: Mapping[str, str], seconds: float) -> tuple[int, dict[str, Any]]:
    """Posts `form` to a token endpoint and returns the status and the JSON object it answered with.

    For threads, where tokens are renewed under the control store's lock. RailError `token_endpoint` when there is no
    answer of that kind within `seconds`; its words hold nothing of the answer, which may be a token.
    """
    body = _Body(LARGEST_TOKEN_ANSWER_BYTES)
    ends_at = time.monotonic() + seconds
    headers = {"Accept": "application/json", **ACCEPTED}
    try:
        with httpx.stream(
            "POST", url, auth=auth, headers=headers, data=dict(form), timeout=seconds, trust_env=False, verify=tls_context()
        ) as answer:
            _check_encoding(answer.headers)
            for piece in answer.iter_bytes():
                body.take(piece)
                if time.monotonic() > ends_at:
                    raise RailError("token_endpoint", "the token endpoint did not answer in time")
        found = msgspec.json.decode(body.whole())
    except (httpx.HTTPError, UnreadablePage, ValueError, RecursionError) as error:
        raise RailError("token_endpoint", f"the token endpoint did not answer usably ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise RailError("token_endpoint", f"the token endpoint answered {answer.status_code} without an object")
    return answer.status_code, found


def error_word(body: Mapping[str, Any]) -> str:
    """What a token endpoint calls its refusal (RFC 6749, 5.2), `refused` if that is not a word."""
    error = body.get("error")
    return error if isinstance(error, str) and _WORD.fullmatch(error) else "refused"


def lifetime(body: Mapping[str, Any], field: str, usual: int) -> timedelta:
    """How long a token lives by what its endpoint says, in seconds; `usual` where it says nothing that can be meant."""
    told = body.get(field)
    if isinstance(told, int) and not isinstance(told, bool) and 0 < told < LONGEST_LIFETIME_SECONDS:
        return timedelta(seconds=told)
    return timedelta(seconds=usual)


def _check_encoding(headers: httpx.Headers) -> None:
    if headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
        raise UnreadablePage("it is compressed in a way nobody asked for", b"")


class _Body:
    """An answer's body as it arrives, of at most so many bytes. Kept in its pieces, so that it is copied once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, piece: bytes) -> None:
        """Adds a piece; UnreadablePage, with the beginning of the whole, when that is too much."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._most:
            kept = self.whole()[:KEPT_OF_TOO_LARGE_BYTES]
            raise UnreadablePage(
                f"it is larger than {self._most >> 20} MB, of which its first {KEPT_OF_TOO_LARGE_BYTES >> 10} kB are kept", kept
            )

    def whole(self) -> bytes:
        """What has arrived."""
        return b"".join(self._pieces)
