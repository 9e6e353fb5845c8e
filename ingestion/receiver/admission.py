"""What is let in at all: size, encoding, time and memory of a request's body, judged while it arrives.

Who is let in is judged by `webhooks` and `actions`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request


class TurnedAway(Exception):
    """A request that is answered with `status` and one sentence, without anything of its content or of a secret."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


@dataclass
class Limits:
    """largest_webhook, largest_action: bytes of a body; the largest real ones seen are 60 kB. seconds: for a whole body.

    memory: bytes of all bodies being received at once; a slow sender takes of it only what it has sent.
    """

    largest_webhook: int = 1 << 20
    largest_action: int = 64 << 10
    seconds: float = 10.0
    memory: int = 64 << 20
    held: int = field(default=0, init=False)


async def read_body(request: Request, limits: Limits, largest: int) -> bytes:
    """The body, read to its end; TurnedAway as soon as it is too large, too slow, compressed or one too many.

    What was announced and what arrives are both counted: a chunked body announces nothing.
    """
    # A connection whose body was not read to its end cannot be used again.
    close = {"connection": "close"}
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise TurnedAway(415, "compressed bodies are not accepted", close)
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or len(announced) > 18 or int(announced) > largest:
        raise TurnedAway(413, f"a body holds at most {largest} bytes", close)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                if len(body) + len(chunk) > largest:
                    raise TurnedAway(413, f"a body holds at most {largest} bytes", close)
                if limits.held + len(chunk) > limits.memory:
                    raise TurnedAway(503, "too much is being received at once", {**close, "retry-after": "10"})
                limits.held += len(chunk)
                body += chunk
    except TimeoutError:
        raise TurnedAway(408, f"the body did not arrive within {limits.seconds:g} seconds", close) from None
    except ClientDisconnect:
        raise TurnedAway(400, "the body ended early", close) from None
    finally:
        limits.held -= len(body)
    return bytes(body)
