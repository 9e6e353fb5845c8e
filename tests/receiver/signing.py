"""Signs webhooks as the four vendors do, with keys made here, and reads the recorded vectors where they are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

SECRET = "a-secret-of-tests"


@dataclass(frozen=True)
class Signed:
    """One delivery and what verifies it."""

    rail: str
    headers: dict[str, str]
    body: bytes
    secret: Any
    now: datetime

    def but(self, **changes: Any) -> Signed:
        """The same with something changed."""
        return replace(self, **changes)


def vectors() -> dict[str, Any]:
    """The recorded known answers; skips where ROWCOL_REFERENCE_DATA does not lead to them."""
    folder = os.environ.get("ROWCOL_REFERENCE_DATA")
    path = Path(folder or "") / "rails" / "data" / "webhook_vectors.json"
    if not folder or not path.exists():
        pytest.skip("ROWCOL_REFERENCE_DATA does not name a folder with webhook vectors")
    return dict(json.loads(path.read_text()))


def qbo(body: bytes, now: datetime, secret: str = SECRET) -> Signed:
    """As Intuit signs."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return Signed("qbo", {"intuit-signature": base64.b64encode(digest).decode()}, body, secret, now)


def ramp(body: bytes, now: datetime, secret: str = SECRET) -> Signed:
    """As Ramp signs."""
    return Signed("ramp", {"x-ramp-signature": hmac.digest(secret.encode(), body, hashlib.sha256).hex()}, body, secret, now)


def stripe(body: bytes, now: datetime, secret: str = SECRET) -> Signed:
    """As Stripe signs at `now`."""
    at = str(int(now.timestamp()))
    digest = hmac.digest(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()
    return Signed("stripe", {"stripe-signature": f"t={at},v1={digest}"}, body, secret, now)


class PlaidKey:
    """A key as Plaid holds them: signs, and is handed out as a JWK."""

    def __init__(self, kid: str = "key-1") -> None:
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.jwk = {**jwk, "kid": kid, "alg": "ES256", "use": "sig", "created_at": 1, "expired_at": None}

    def sign(self, body: bytes, now: datetime, **claims: Any) -> Signed:
        """As Plaid signs at `now`; `claims` replace what the token says."""
        said = {"iat": int(now.timestamp()), "request_body_sha256": hashlib.sha256(body).hexdigest(), **claims}
        token = jwt.encode(said, self.private, "ES256", headers={"kid": self.kid})
        return Signed("plaid", {"plaid-verification": token}, body, {self.kid: self.jwk}, now)


def qbo_event(realm: str, number: int = 1, entity: str = "invoice") -> dict[str, Any]:
    """One CloudEvent of a realm."""
    return {
        "specversion": "1.0", "id": f"evt-{realm}-{number}", "source": "intuit.test", "type": f"qbo.{entity}.updated.v1",
        "datacontenttype": "application/json", "time": "2026-06-30T12:00:00.123456789Z", "intuitentityid": "145",
        "intuitaccountid": realm, "data": {},
    }  # fmt: skip


def qbo_body(realm: str, numbers: int | list[int] = 1, entity: str = "invoice") -> bytes:
    """A body of CloudEvents of one realm."""
    return json.dumps([qbo_event(realm, number, entity) for number in ([numbers] if isinstance(numbers, int) else numbers)]).encode()
