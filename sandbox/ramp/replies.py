"""Ramp's answers that are not records: errors in their two shapes, OAuth's, HTML, headers."""

from __future__ import annotations

import itertools
import os
from typing import Any

import msgspec
from starlette.responses import Response

_TRACES = itertools.count(1)
# Tells the answers of one server process from those of another.
_PROCESS = os.urandom(8).hex()


def reply(body: bytes, status: int = 200) -> Response:
    """`body` as JSON with the header that names the request for the vendor's support."""
    return Response(body, status, {"x-trace-id": f"{_PROCESS}{next(_TRACES):016x}"}, media_type="application/json")


def json_reply(content: Any, status: int = 200) -> Response:
    """`content` as JSON."""
    return reply(msgspec.json.encode(content), status)


def _error(status: int, code: str, message: str, info: dict[str, Any], old: dict[str, Any]) -> Response:
    v2 = {"error_code": code, "message": message, "additional_info": info, "notes": "", "error_id": f"{_PROCESS[:6]}{next(_TRACES):x}"}
    return json_reply({"error_v2": v2, "error": old}, status)


def invalid(field: str, message: str) -> Response:
    """422: a parameter is not what it must be."""
    return _error(422, "DEVELOPER_7001", message, {field: [message]}, {field: [message]})


def not_found(message: str) -> Response:
    """404: no such record, or a token that is not accepted any more; the code is the same."""
    return _error(404, "DEVELOPER_7002", message, {}, {"message": message, "details": {}})


def forbidden(message: str = "Insufficient permissions to access this resource") -> Response:
    """403: the token lacks the scope."""
    return _error(403, "DEVELOPER_7100", message, {}, {"message": message, "details": {}})


def unauthorized() -> Response:
    """401: no bearer token at all."""
    return _error(401, "DEVELOPER_7000", "Authentication is required", {}, {"message": "Authentication is required", "details": {}})


def throttled() -> Response:
    """429 without Retry-After, which the vendor does not document."""
    return _error(429, "DEVELOPER_7050", "Too many requests", {}, {"message": "Too many requests", "details": {}})


def server_error() -> Response:
    """500 as the application answers."""
    return _error(500, "DEVELOPER_7999", "Internal server error", {}, {"message": "Internal server error", "details": {}})


def html_error(status: int = 503) -> Response:
    """What the vendor's edge says, which speaks no JSON: 503, or 504 when a page took too long."""
    title = {503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}[status]
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Response(page, status, media_type="text/html")
