"""Whole answers, kept in the server's memory for as long as what they were made from stays as it is.

A tab of dashboards asks a dozen questions and more, of which Superset takes 40 ms of a processor each, mostly to find out anew what a
chart is made of. What an answer depends on is in its key: login, grants, published file, day and question, so that none outlives
a publish or a grant. Which file and which rows that are is `security`'s subject. No client's rows lie in another file.
"""

from __future__ import annotations

import hashlib
import re
import threading
from datetime import datetime
from typing import Any

from cachetools import TTLCache
from flask import Response, g, request
from flask_login import current_user
from security import clause_of_request, file_of_request
from sight import NothingPublished

# What a page asks to draw itself: the dashboard, its charts and datasets; and what each chart shows.
KEPT = {"GET": ("/api/v1/dashboard/", "/api/v1/dataset/"), "POST": ("/api/v1/chart/data",)}
# About a login's own doings rather than about what was published: what it changes is another answer to the same question.
NOT_KEPT = re.compile(r"/(favorite_status|filter_state|permalink)(/|$)")
MOST_BYTES, LARGEST_BYTES, SECONDS = 64 * 1024 * 1024, 1024 * 1024, 900
JSON = "application/json"
# RFC 9211: that an answer is one that was kept.
HIT = {"Cache-Status": "rowcol; hit"}

_answers: TTLCache[str, bytes] = TTLCache(MOST_BYTES, SECONDS, getsizeof=len)
_turn = threading.Lock()


def install(app: Any) -> None:
    """Has `app` look here for an answer before it makes one. After `pages`, which has words for who may see nothing."""
    app.before_request(find)
    app.after_request(keep)


def find() -> Response | None:
    """The answer to the present request if it is kept, else None."""
    is_kept = request.path.startswith(KEPT.get(request.method, ())) and not NOT_KEPT.search(request.path)
    key = _key() if is_kept and current_user.is_authenticated else None
    if key is None:
        return None
    with _turn:
        found = _answers.get(key)
    if found is None:
        g.kept_as = key
        return None
    return Response(found, mimetype=JSON, headers=HIT)


def keep(response: Response) -> Response:
    """Keeps an answer that was looked for and not found, if it is one."""
    key = g.pop("kept_as", None)
    if key and response.status_code == 200 and response.mimetype == JSON and not response.is_streamed:
        body = response.get_data()
        if len(body) <= LARGEST_BYTES:
            with _turn:
                _answers[key] = body
    return response


def _key() -> str | None:
    """What the answer is made from; None where the file goes away meanwhile."""
    today = f"{datetime.now().astimezone():%Y-%m-%d}"
    try:
        file = file_of_request()
        # Generations are numbered from one again after an advisor's files were taken away.
        found = file.stat()
    except (OSError, NothingPublished):
        return None
    published = f"{file} {found.st_ino} {found.st_mtime_ns}"
    made_from = (current_user.username, clause_of_request(), published, today, request.method, request.full_path)
    return hashlib.sha256("\0".join(made_from).encode() + b"\0" + request.get_data()).hexdigest()
