"""The vendor's answers that are not records: faults in their several shapes, HTML, headers."""

from __future__ import annotations

import itertools
import os
from typing import Any

from starlette.responses import Response

from sandbox.qbo.wire import encode

_TIDS = itertools.count(1)
# Tells the answers of one server process from those of another, as the vendor's transaction ids do.
_PROCESS = os.urandom(6).hex()
JSON_TYPE = "application/json;charset=UTF-8"


def headers(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Headers of every answer: `intuit_tid` names the request for the vendor's support."""
    return {"intuit_tid": f"1-{_PROCESS[:8]}-{next(_TIDS):024x}", "qbo-version": "1975.270", **(extra or {})}


def json_reply(body: bytes, status: int = 200, extra: dict[str, str] | None = None) -> Response:
    """`body` as the vendor's JSON."""
    return Response(body, status, headers(extra), media_type=JSON_TYPE)


def fault_body(code: str, message: str, detail: str, kind: str, time: str) -> bytes:
    """A fault with capitalised keys, as validation and throttling answer."""
    return encode({"Fault": fault(code, message, detail, kind), "time": time})


def fault(code: str, message: str, detail: str, kind: str = "ValidationFault") -> dict[str, Any]:
    """The Fault object itself, as it also stands in batch items."""
    return {"Error": [{"Message": message, "Detail": detail, "code": code, "element": ""}], "type": kind}


def fault_reply(
    status: int, code: str, message: str, detail: str, time: str, kind: str = "ValidationFault", extra: dict[str, str] | None = None
) -> Response:
    """A fault as an answer of its own."""
    return json_reply(fault_body(code, message, detail, kind, time), status, extra)


def unauthorized(detail: str, now: int) -> Response:
    """401: the one fault whose keys are lower-case."""
    error = {"message": "message=AuthenticationFailed; errorCode=003200; statusCode=401", "detail": detail, "code": "3200", "element": None}
    body: dict[str, Any] = {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": "AUTHENTICATION"},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": now * 1000,
        "status": None,
        "cdcresponse": [],
    }
    return json_reply(encode(body), 401, {"www-authenticate": 'Bearer realm="Intuit", error="invalid_token"'})


def forbidden(time: str) -> Response:
    """403: a valid token of another company, or one without the scope of accounting."""
    detail = "Make sure the app is authorized for this company"
    return fault_reply(
        403, "3100", "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403", detail, time, "AUTHORIZATION"
    )


def throttled(status: int, time: str, retry_after: bool) -> Response:
    """429, or 403 as captures of 2016 show; Retry-After only when the sandbox is told to send it."""
    message = f"message=ThrottleExceeded; errorCode=003001; statusCode={status}"
    extra = {"retry-after": "60"} if retry_after else None
    return fault_reply(status, "3001", message, "The request limit was reached.  Try again later", time, "SERVICE", extra)


def system_fault(status: int, time: str) -> Response:
    """A system fault; with status 200 the case that only a look into the body finds."""
    detail = (
        "System Failure Error: An unexpected error occurred while accessing or saving your data. Please wait a few minutes and try again."
    )
    return fault_reply(status, "10000", "An application error has occurred while processing your request", detail, time, "SystemFault")


def html_error() -> Response:
    """503 from the vendor's edge, which speaks no JSON."""
    title = "503 Service Temporarily Unavailable"
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Response(page, 503, headers(), media_type="text/html")


def xml_stub(time: str) -> Response:
    """What a client gets that does not ask for JSON: XML. Records are not rendered in it."""
    text = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    text += f'<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time="{time}"/>'
    return Response(text, 200, headers(), media_type="application/xml")
