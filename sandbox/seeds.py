"""Numbers and secrets derived from the seed, the same in every process and on every machine."""

from __future__ import annotations

import base64
import hashlib
import random


def stable_seed(*parts: object) -> int:
    """A 64-bit number that depends on nothing but `parts`; Python's own hash() differs from process to process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def seeded_dice(*parts: object) -> random.Random:
    """Dice whose throws depend on nothing but `parts`."""
    return random.Random(stable_seed(*parts))  # noqa: S311 - chance in a simulation, not a secret


def derived_secret(length: int, *parts: object) -> str:
    """A text of `length` URL-safe letters and digits derived from `parts`."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=64).digest()
    letters = base64.b64encode(digest, altchars=b"xZ").decode().rstrip("=")
    while len(letters) < length:
        digest = hashlib.blake2b(digest, digest_size=64).digest()
        letters += base64.b64encode(digest, altchars=b"xZ").decode().rstrip("=")
    return letters[:length]
