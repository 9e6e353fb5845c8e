"""Superset's configuration over one RowCol home: read by Superset from SUPERSET_CONFIG_PATH.

Loopback only, nothing from other hosts, no SQL Lab, every query on the login's own published file.
"""

from __future__ import annotations

from typing import Any

import engine
import kept
import pages
import sight
from flask import g, has_request_context
from security import AdvisorSecurityManager, file_of_request
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool
from superset.config import THEME_DARK as DARK
from superset.config import THEME_DEFAULT as LIGHT

_FOLDER = sight.home() / "bi"

APP_NAME = "RowCol"
SECRET_KEY = (_FOLDER / "secret_key").read_text(encoding="utf-8").strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_FOLDER / 'superset.db'}?timeout=30"
CUSTOM_SECURITY_MANAGER = AdvisorSecurityManager
# Superset's own caches keep less than whole answers, see `kept`.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = CACHE_CONFIG
# Superset would else write a row to its database for each request.
EVENT_LOGGER = engine.NoEvents()
RESULTS_BACKEND = None
SESSION_COOKIE_NAME = "rowcol_bi"
SESSION_COOKIE_SAMESITE = "Strict"
FAB_API_SWAGGER_UI = False
RATELIMIT_ENABLED = True
RATELIMIT_APPLICATION = "200 per second"
AUTH_RATE_LIMIT = "5 per second"
RATELIMIT_STORAGE_URI = "memory://"
# Rows a table asks for; the largest lists are cut by the charts themselves, which say so.
ROW_LIMIT = 10_000
SQL_MAX_ROW = 10_000
FEATURE_FLAGS = {
    "ENABLE_TEMPLATE_PROCESSING": False,
    "DRILL_TO_DETAIL": True,
    "DRILL_BY": False,
    "ALERT_REPORTS": False,
    "THUMBNAILS": False,
    "TAGGING_SYSTEM": False,
    "SQLLAB_BACKEND_PERSISTENCE": False,
}
# A sign of loading that stands still: Superset's own is drawn anew at each frame, shadow and all, for each chart that waits.
WAITING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24">'
    '<g fill="#888"><circle cx="4" cy="12" r="2.5"/><circle cx="12" cy="12" r="2.5"/><circle cx="20" cy="12" r="2.5"/></g></svg>'
)
THEME_DEFAULT, THEME_DARK = ({**theme, "token": {**theme["token"], "brandSpinnerSvg": WAITING}} for theme in (LIGHT, DARK))
# Themes are those told here; Superset would else look for others in its database at each page.
ENABLE_UI_THEME_ADMINISTRATION = False
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
        "frame-ancestors": ["'none'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}

_SETTINGS = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 1,
    "lock_configuration": True,
}


def connect_as(_url: URL, parameters: dict[str, Any], _login: str | None, _manager: Any, _source: Any) -> tuple[URL, dict[str, Any]]:
    """Where a query of the present login goes: its own file, read-only, one connection per query.

    Outside a request, while assets are imported, it is an empty database in memory. The login is the session's, not the
    one Superset passes, which can be that of somebody a task acts for.
    """
    user = getattr(g, "user", None) if has_request_context() else None
    login = getattr(user, "username", None)
    file = str(file_of_request()) if login else ":memory:"
    arguments = {"read_only": bool(login), "config": dict(_SETTINGS)}
    return URL.create("duckdb", database=file), {"poolclass": NullPool, "connect_args": arguments}


DB_CONNECTION_MUTATOR = connect_as


def _only_oneself(query: Any) -> Any:
    """Of all logins the one that asks: lists of owners would else name the other advisors."""
    from superset import security_manager

    return query.filter(security_manager.user_model.id == getattr(g.user, "id", None))


def _at_the_start(app: Any) -> None:
    pages.install(app)
    kept.install(app)
    engine.install()


FLASK_APP_MUTATOR = _at_the_start
EXTRA_RELATED_QUERY_FILTERS = {"user": _only_oneself}
