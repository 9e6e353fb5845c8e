"""What is answered before Superset gets a request: the way to the portfolio, what a page tells of itself, and words where nothing at all
can be shown.

Without it each chart of a page would fail by itself, with an error and the same words in small. Who may see what is `sight`'s subject.
"""

from __future__ import annotations

from string import Template
from typing import Any

import sight
from flask import Response, jsonify, redirect, request
from flask_login import current_user

FIRST_PAGE = "/superset/dashboard/portfolio/"
# Superset's own first page lists what a login has made and looked at; an advisor makes nothing.
WELCOME = "/superset/welcome/"
# What needs the login's published file: pages with charts, and what a page that is open asks for.
PAGES = ("/superset/", "/dashboard/", "/chart/", "/explore/")
DATA = ("/api/v1/chart/", "/api/v1/dashboard/", "/api/v1/dataset/", "/api/v1/datasource/", "/datasource/", "/superset/explore_json/")
LOGOUT = "/logout/"
# What a page tells of having drawn what and when, three times at each opening. It is kept nowhere (`engine.NoEvents`).
DRAWN = "/superset/log/"
# What Superset answers whatever happens.
ALWAYS = ("/static/", "/health", LOGOUT)
RETRY_SECONDS = 60
PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="$seconds">
<title>RowCol</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }</style>
</head>
<body>
<h1>Nothing to show at the moment</h1>
<p>$words</p>
<p><a href="$logout">Log out</a></p>
</body>
</html>
""")


def install(app: Any) -> None:
    """Has `app` ask here first."""
    app.before_request(answer)


def answer() -> Any:
    """The answer to the present request where it is none of Superset's to give, else None."""
    path = request.path
    if path.startswith(ALWAYS):
        return None
    if path == DRAWN:
        return Response()
    if sight.told() is None:
        return _words(sight.UNTOLD)
    login = getattr(current_user, "username", None)
    if login and path.startswith((*PAGES, *DATA)):
        try:
            sight.published_file(login)
        except sight.NothingPublished as reason:
            return _words(str(reason))
    return redirect(FIRST_PAGE) if path == WELCOME else None


def _words(words: str) -> Response:
    """A page for people, which asks again by itself; for a page's own requests the words alone, as a failure that passes."""
    if request.path.startswith(DATA) or request.path.startswith("/api/"):
        refused: Response = jsonify({"message": words})
        refused.status_code = 503
    else:
        refused = Response(PAGE.substitute(words=words, seconds=RETRY_SECONDS, logout=LOGOUT), mimetype="text/html")
    refused.headers["Retry-After"] = str(RETRY_SECONDS)
    refused.headers["Cache-Control"] = "no-store"
    return refused
