"""Stripe's answers that are not objects: errors in their several shapes, HTML, headers."""

from __future__ import annotations

import itertools
import os
from typing import Any

from starlette.responses import Response

from sandbox.seeds import derived_secret
from sandbox.stripe.shapes import encode

_REQUESTS = itertools.count(1)
# Tells the answers of one server process from those of another, as the vendor's request ids do.
_PROCESS = os.urandom(6).hex()


class Refusal(Exception):
    """An error that ends the request with an answer of its own."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", *, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.headers: dict[str, str] = {}


def headers(version: str, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Headers of every answer: `request-id` names the request for Stripe's support."""
    request_id = f"req_{derived_secret(14, _PROCESS, next(_REQUESTS))}"
    return {"request-id": request_id, "stripe-version": version, **(extra or {})}


def json_reply(body: bytes, version: str, status: int = 200, extra: dict[str, str] | None = None) -> Response:
    """`body` as Stripe's JSON."""
    return Response(body, status, headers(version, extra), media_type="application/json")


def refused(refusal: Refusal, version: str) -> Response:
    """A refusal in the vendor's words."""
    return json_reply(error_body(refusal), version, refusal.status, refusal.headers)


def error_body(refusal: Refusal) -> bytes:
    """The JSON of a refusal."""
    error: dict[str, Any] = {}
    if refusal.code:
        error = {"code": refusal.code, "doc_url": f"https://stripe.com/docs/error-codes/{refusal.code.replace('_', '-')}"}
    error["message"] = refusal.message
    if refusal.param:
        error["param"] = refusal.param
    error["type"] = refusal.kind
    return encode({"error": error})


def missing(object: str, id: str, param: str, status: int = 404) -> Refusal:
    """No object of that id (any more); in a parameter of a list that is a 400."""
    return Refusal(status, f"No such {object}: '{id}'", code="resource_missing", param=param)


def unknown_key(key: str) -> Refusal:
    """401 for a key that is none."""
    if not key:
        return Refusal(401, "You did not provide an API key. Provide it in the Authorization header, using Bearer auth.")
    return Refusal(401, f"Invalid API Key provided: {key[:8]}{'*' * max(4, len(key) - 12)}{key[-4:]}")


def out_of_reach(account: str, key: str) -> Refusal:
    """403 for an account the key may not act on, or no longer."""
    message = f"The provided key '{key[:8]}***' does not have access to account '{account}' (or that account does not exist)."
    return Refusal(403, f"{message} Application access may have been revoked.", code="account_invalid")


def not_permitted(key: str, permission: str, account: str) -> Refusal:
    """403 for a restricted key without the permission."""
    message = f"The provided key 'rk_test_***{key[-4:]}' does not have the required permissions for this endpoint on account '{account}'."
    return Refusal(403, f"{message} Having the '{permission}' permission would allow this request to continue.")


def throttled(reason: str, *, retry_after: bool = False) -> Refusal:
    """429 with the limit that was reached in a header; Retry-After only when the sandbox is told to send it."""
    refusal = Refusal(429, "Request rate limit exceeded. Please retry with exponential backoff.", code="rate_limit")
    refusal.headers = {"stripe-rate-limited-reason": reason, "stripe-should-retry": "true"}
    if retry_after:
        refusal.headers["retry-after"] = "1"
    return refusal


def server_error() -> Refusal:
    """500 of the API itself."""
    message = "Sorry! There was an error while talking to one of our backends. Support has been notified."
    return Refusal(500, message, "api_error")


def html_error(version: str) -> Response:
    """503 from the vendor's edge, which speaks no JSON."""
    page = "<html><head><title>503 Service Temporarily Unavailable</title></head><body><h1>503</h1><hr>nginx</body></html>"
    return Response(page, 503, headers(version), media_type="text/html")
