"""What Plaid's error codes mean for a sync: try again, restart the update, read anew, or a person has to act. No HTTP.

Source: Plaid's error reference; one branches on error_code, since most errors come as status 400. Codes are an open set:
what is not listed is a refusal that names its code.
"""

from __future__ import annotations

import re

import httpx
import msgspec

from ingestion.answers import Transient
from ingestion.fetching import RailError

# A limit counts a minute and Plaid says of no answer when to come back. In units of the strategy's first wait, a second.
THROTTLE_WAIT = 60.0

_SIGN_IN = "the bank wants its owner to sign in again: renew the business's bank connection"
_CONSENT = "the owner withdrew consent at the bank or at Plaid: connect the bank anew"
_GONE = "Plaid no longer knows this bank connection: connect the bank anew"
OWNER_MUST_ACT = {
    "ITEM_LOGIN_REQUIRED": _SIGN_IN,
    "INVALID_CREDENTIALS": _SIGN_IN,
    "INVALID_MFA": _SIGN_IN,
    "INVALID_UPDATED_USERNAME": _SIGN_IN,
    "INSUFFICIENT_CREDENTIALS": _SIGN_IN,
    "PASSWORD_RESET_REQUIRED": _SIGN_IN,
    "ITEM_LOCKED": "the bank has locked the login: its owner unlocks it at the bank, then renews the bank connection",
    "USER_SETUP_REQUIRED": "the bank wants its owner to finish a step on its own site, then renew the bank connection",
    "ACCESS_NOT_GRANTED": "no account or product was shared: the owner renews the bank connection and shares them",
    "NO_ACCOUNTS": "the bank connection has no open account left: connect the bank anew",
    "USER_PERMISSION_REVOKED": _CONSENT,
    "USER_ACCOUNT_REVOKED": _CONSENT,
    "ITEM_NOT_FOUND": _GONE,
    "ITEM_CONCURRENTLY_DELETED": _GONE,
    "INVALID_ACCESS_TOKEN": _GONE,
    "INSTITUTION_NO_LONGER_SUPPORTED": "Plaid no longer reaches this bank: its statements have to come another way",
}
# Of an item there is nothing left at Plaid.
CODES_OF_THE_GONE = tuple(code for code, advice in OWNER_MUST_ACT.items() if advice is _GONE)
KEYS_REFUSED = {"INVALID_API_KEYS", "UNAUTHORIZED_ENVIRONMENT", "UNAUTHORIZED_ROUTE_ACCESS"}
MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,79}")


class Complaint(msgspec.Struct):
    """The error of a body; all of it is empty in a body that is none."""

    error_type: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class Mutated(Exception):
    """Transactions changed while their update was being read: it has to be read again from its first page."""


class CursorGone(RailError):
    """The cursor is not one of this item's any more: only the whole history tells what it stood for."""

    def __init__(self) -> None:
        super().__init__("cursor_gone", "Plaid no longer knows up to where transactions were read")


_complaint = msgspec.json.Decoder(Complaint)


def complaint_of(body: bytes) -> Complaint:
    """The error a body reports at its top level; pages that merely hold items with errors have none."""
    if b'"error_code"' not in body:
        return Complaint()
    try:
        return _complaint.decode(body)
    except (ValueError, RecursionError):
        return Complaint()


def owner_error(code: str | None) -> RailError | None:
    """The error with what to do, if `code` says that only the bank login's owner can help."""
    advice = OWNER_MUST_ACT.get(code or "")
    return RailError("disconnected", f"{advice} ({code})") if advice else None


def judge(status: int, body: bytes, throttle_wait: float) -> bytes:
    """Returns the body of a good answer and raises what another one means.

    Transient is worth another attempt, Mutated another reading of the update; RailError is for good. throttle_wait:
    seconds after which a used-up limit is there again.
    """
    complaint = complaint_of(body)
    code = complaint.error_code or ""
    if status == httpx.codes.OK and not code:
        return body
    shown = code if _CODE.fullmatch(code) else "no code"
    if status == httpx.codes.TOO_MANY_REQUESTS or complaint.error_type == "RATE_LIMIT_EXCEEDED":
        raise Transient(RailError("throttled", f"Plaid's request limit was reached ({shown})"), throttle_wait)
    if code == MUTATION:
        raise Mutated
    if code == "INVALID_CURSOR" or (code == "INVALID_FIELD" and "cursor" in (complaint.error_message or "").lower()):
        raise CursorGone
    if error := owner_error(code):
        raise error
    if code in KEYS_REFUSED:
        raise RailError("forbidden", f"Plaid refuses the client's keys ({shown}): hand in the right client_id and secret")
    if code == "PRODUCT_NOT_READY":
        raise RailError("not_ready", "Plaid is still collecting this from the bank")
    if complaint.error_type == "INSTITUTION_ERROR":
        raise Transient(RailError("bank_unavailable", f"the bank does not answer Plaid ({shown})"))
    if complaint.error_type == "API_ERROR" or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Transient(RailError("server_error", f"Plaid answered {status} ({shown})"))
    raise RailError("refused", f"Plaid answered {status} ({shown})")
