"""The key that Plaid signs its webhooks with, derived from the seed, as its verification endpoint tells it."""

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
def private_key(seed: int) -> EllipticCurvePrivateKey:
    """What webhooks are signed with."""
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = 0
    for number in range(_WORDS):
        secret = secret << 64 | stable_seed(seed, "webhook key", number)
    return ec.derive_private_key(secret, ec.SECP256R1())


@lru_cache(maxsize=8)
def verification_key(seed: int, created_at: int) -> dict[str, Any]:
    """The public key as a JSON Web Key. created_at: epoch seconds."""
    public = private_key(seed).public_key().public_numbers()
    return {
        "alg": "ES256",
        "created_at": created_at,
        "crv": "P-256",
        "expired_at": None,
        "kid": str(uuid.UUID(int=stable_seed(seed, "kid") << 64 | stable_seed(seed, "kid low"), version=4)),
        "kty": "EC",
        "use": "sig",
        "x": _coordinate(public.x),
        "y": _coordinate(public.y),
    }


def _coordinate(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
