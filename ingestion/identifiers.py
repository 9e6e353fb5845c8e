"""Which identifiers are let in from outside, and the one function that refuses the others.

A business id becomes a folder, a file and a SQL value, so its form is an allow-list and nothing is repaired.
"""

from __future__ import annotations

import ipaddress
import re

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


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its name or address; names are not resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
