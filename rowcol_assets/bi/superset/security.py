"""Who is let in, and the second wall: a condition on every query's rows, from the grants of this moment.

The first wall is `config.connect_as`: a login's queries open its own advisor's file and no other. What a login sees is looked up
once per request, so that an answer that is kept is kept for just what it was made from.
"""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import sight
from flask import g
from superset.security import SupersetSecurityManager

# What Superset reads of a row-level rule.
Rule = namedtuple("Rule", ("id", "group_key", "clause"))


class AdvisorSecurityManager(SupersetSecurityManager):
    """Superset's own, except that a login lives as long as its advisor has an entry among the grants."""

    def load_user(self, pk: Any) -> Any:
        """The user of a session; None, which is to log in anew, once the advisor is gone."""
        return _if_advisor(super().load_user(pk))

    def load_user_jwt(self, _jwt_header: Any, jwt_data: Any) -> Any:
        """The user of an API token, under the same condition."""
        user = _if_advisor(super().load_user_jwt(_jwt_header, jwt_data))
        if user is None:
            g.user = None
        return user

    def auth_user_db(self, username: str, password: str) -> Any:
        """The user of a right password, under the same condition."""
        return _if_advisor(super().auth_user_db(username, password))

    def get_rls_filters(self, table: Any) -> list[Any]:
        """The condition of the present login for `table`, whatever dataset it is."""
        return [Rule(0, None, clause_of_request())]

    def prefetch_rls_filters(self, table_ids: list[Any]) -> None:
        """Nothing to fetch ahead: the condition is no row of Superset's database."""


def clause_of_request() -> str:
    """The condition on the rows that the present request's login sees."""
    login, seen = _seen_in_request()
    if "clause" not in seen:
        seen["clause"] = sight.clause(login)
    clause: str = seen["clause"]
    return clause


def file_of_request() -> Path:
    """The published file that the present request reads, the same until its end; NothingPublished when there is none."""
    login, seen = _seen_in_request()
    if "file" not in seen:
        seen["file"] = sight.published_file(login or "")
    file: Path = seen["file"]
    return file


def _seen_in_request() -> tuple[str | None, dict[str, Any]]:
    """The login the request acts for now, and what was looked up for it in this request."""
    login = getattr(getattr(g, "user", None), "username", None)
    looked_up: dict[str | None, dict[str, Any]] = g.setdefault("looked_up", {})
    return login, looked_up.setdefault(login, {})


def _if_advisor(user: Any) -> Any:
    return user if user is not None and sight.granted(user.username) is not None else None
