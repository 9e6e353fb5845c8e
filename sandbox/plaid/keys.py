"""The keys that Plaid signs its webhooks with, derived from the seed, as its verification endpoint tells them.

One signs at a time; those with a lower number have ended (the option `plaid_keys_ended`).
"""

from __future__ import annotations

import base64
import uuid
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sandbox.seeds import stable_seed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# The order of P-256 is a little below 2^256; numbers of 192 bits are below it for certain.
_WORDS = 3


@lru_cache(maxsize=8)
def private_key(seed: int, number: int = 0) -> EllipticCurvePrivateKey:
    """What webhooks are signed with. number: which of the keys, from 0."""
    from cryptography.hazmat.primitives.asymmetric import ec

    secret, later = 0, (number,) if number else ()
    for word in range(_WORDS):
        secret = secret << 64 | stable_seed(seed, "webhook key", word, *later)
    return ec.derive_private_key(secret, ec.SECP256R1())


@lru_cache(maxsize=8)
def verification_key(seed: int, created_at: int, number: int = 0, expired_at: int | None = None) -> dict[str, Any]:
    """A public key as a JSON Web Key. created_at, expired_at: epoch seconds."""
    public = private_key(seed, number).public_key().public_numbers()
    later = (number,) if number else ()
    return {
        "alg": "ES256",
        "created_at": created_at,
        "crv": "P-256",
        "expired_at": expired_at,
        "kid": str(uuid.UUID(int=stable_seed(seed, "kid", *later) << 64 | stable_seed(seed, "kid low", *later), version=4)),
        "kty": "EC",
        "use": "sig",
        "x": _coordinate(public.x),
        "y": _coordinate(public.y),
    }


def _coordinate(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
