"""What every HTTP client of this process shares: one TLS context. Calls, retries and limits are their callers'."""

from __future__ import annotations

import ssl
from functools import lru_cache

import httpx


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The TLS context for `verify=`; reading the certificate store takes 50 ms, too long for once per call."""
    return httpx.create_ssl_context(trust_env=False)
