"""Which identifiers and addresses are let in from outside, and the functions that refuse the others.

A business id becomes a folder, a file and a SQL value, so its form is an allow-list and nothing is repaired.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from ingestion.errors import UsageError

BUSINESS_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ADVISOR_ID = re.compile(r"[a-z0-9][a-z0-9_.@+-]{0,62}")


def check_business_id(value: str) -> str:
    """Returns `value` if it is a well-formed business id, else raises UsageError naming the allowed form."""
    if not BUSINESS_ID.fullmatch(value):
        raise UsageError(f"{value!r} is not a business id: lower-case letters, digits, - and _, at most 63, not starting with - or _")
    return value


def check_advisor_id(value: str) -> str:
    """Returns `value` if it is a well-formed advisor id, else raises UsageError naming the allowed form."""
    if not ADVISOR_ID.fullmatch(value) or ".." in value:
        raise UsageError(f"{value!r} is not an advisor id: lower-case letters, digits and . _ @ + -, at most 63, no double dot")
    return value


def check_url(what: str, url: str) -> str:
    """`url` without a trailing slash; UsageError unless it is https, or plain http on this machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{what} is not a web address: https://host[:port]")
    if parts.username or parts.password:
        raise UsageError(f"{what} holds a user or password, and addresses are shown in messages")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UsageError(f"{what} is plain http to {parts.hostname}: only this machine may be reached without https")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its name or address; names are not resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
