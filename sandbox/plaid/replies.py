"""Plaid's answers that are not records: errors with their types and codes, HTML, the JSON answer itself."""

from __future__ import annotations

import itertools
import os
from typing import Any, NamedTuple

from starlette.responses import Response

from sandbox.plaid.wire import encode

_REQUESTS = itertools.count(1)
# Tells the answers of one server process from those of another, as the vendor's request ids do.
_PROCESS = os.urandom(4).hex()


class Problem(NamedTuple):
    """An error as the vendor words it. status: of HTTP."""

    status: int
    error_type: str
    error_code: str
    message: str


class RefusedError(Exception):
    """The request gets this problem for an answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.error_code)
        self.problem = problem


INVALID_API_KEYS = Problem(400, "INVALID_INPUT", "INVALID_API_KEYS", "invalid client_id or secret provided")
INVALID_ACCESS_TOKEN = Problem(
    400, "INVALID_INPUT", "INVALID_ACCESS_TOKEN",
    "provided access token is in an invalid format. expected format: access-<environment>-<identifier>",
)  # fmt: skip
UNKNOWN_ACCESS_TOKEN = Problem(400, "INVALID_INPUT", "INVALID_ACCESS_TOKEN", "could not find matching access token")
INVALID_PUBLIC_TOKEN = Problem(400, "INVALID_INPUT", "INVALID_PUBLIC_TOKEN", "could not find matching public token")
INVALID_LINK_TOKEN = Problem(400, "INVALID_INPUT", "INVALID_LINK_TOKEN", "the provided link_token is invalid or has expired")
INVALID_ACCOUNT = Problem(400, "INVALID_INPUT", "INVALID_ACCOUNT_ID", "one or more of the account IDs is invalid")
INVALID_INSTITUTION = Problem(400, "INVALID_INPUT", "INVALID_INSTITUTION", "invalid institution_id provided")
INVALID_KEY_ID = Problem(
    400, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", "invalid key_id provided. note: key_ids are case-sensitive"
)
INVALID_BODY = Problem(400, "INVALID_REQUEST", "INVALID_BODY", "body could not be parsed as JSON")
NOT_FOUND = Problem(404, "INVALID_REQUEST", "NOT_FOUND", "the requested resource does not exist")
BAD_CURSOR = Problem(400, "INVALID_REQUEST", "INVALID_FIELD", "cursor not associated with access_token")
MUTATED = Problem(
    400, "TRANSACTIONS_ERROR", "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
    "Underlying transaction data changed since last page was fetched. Please restart pagination from last update.",
)  # fmt: skip
NOT_READY = Problem(
    400,
    "ITEM_ERROR",
    "PRODUCT_NOT_READY",
    "the requested product is not yet ready. please provide a webhook or try the request again later",
)
LOGIN_REQUIRED = Problem(
    400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED",
    "the login details of this item have changed (credentials, MFA, or required user action) and a user login is required to update "
    "this information. use Link's update mode to restore the item to a good state",
)  # fmt: skip
INSTITUTION_DOWN = Problem(
    400, "INSTITUTION_ERROR", "INSTITUTION_DOWN",
    "this institution is not currently responding to this request. please try again soon",
)  # fmt: skip
NOT_GRANTED = Problem(400, "ITEM_ERROR", "ACCESS_NOT_GRANTED", "access to this product was not granted for the account")
SERVER_ERROR = Problem(500, "API_ERROR", "INTERNAL_SERVER_ERROR", "an unexpected error occurred")


def missing(*fields: str) -> Problem:
    """What is said of required fields that are not there."""
    return Problem(400, "INVALID_REQUEST", "MISSING_FIELDS", f"the following required fields are missing: {', '.join(fields)}")


def invalid(field: str, why: str) -> Problem:
    """What is said of a field with a wrong value."""
    return Problem(400, "INVALID_REQUEST", "INVALID_FIELD", f"{field} {why}")


def throttled(code: str) -> Problem:
    """What is said when a limit is used up."""
    what = "access to this product" if code.startswith("INSTITUTIONS") else "attempts to access this item"
    return Problem(429, "RATE_LIMIT_EXCEEDED", code, f"rate limit exceeded for {what}. please try again later")


def error_object(problem: Problem) -> dict[str, Any]:
    """The error as it also stands inside an item."""
    anchor = problem.error_type.lower().replace("_error", "").replace("_", "-")
    return {
        "display_message": None,
        "documentation_url": f"https://plaid.com/docs/?ref=error#{anchor}-errors",
        "error_code": problem.error_code,
        "error_message": problem.message,
        "error_type": problem.error_type,
        "suggested_action": None,
    }


def request_id() -> str:
    """A name for a request, told in every answer."""
    return f"{_PROCESS}{next(_REQUESTS):07x}"


def refusal(problem: Problem) -> Response:
    """A problem as an answer of its own."""
    return json_reply(encode({**error_object(problem), "request_id": request_id()}), problem.status)


def json_reply(body: bytes, status: int = 200) -> Response:
    """`body` as the vendor's JSON."""
    return Response(body, status, media_type="application/json; charset=utf-8")


def html_error() -> Response:
    """502 from the vendor's edge, which speaks no JSON."""
    title = "502 Bad Gateway"
    return Response(f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>", 502, media_type="text/html")
