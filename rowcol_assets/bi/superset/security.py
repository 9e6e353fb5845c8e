"""Who is let in, and the second wall: a condition on every query's rows, from the grants of this moment.

The first wall is `config.connect_as`: a login's queries open its own advisor's file and no other.
"""

from __future__ import annotations

from collections import namedtuple
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
        user = getattr(g, "user", None)
        return [Rule(0, None, sight.clause(getattr(user, "username", None)))]

    def prefetch_rls_filters(self, table_ids: list[Any]) -> None:
        """Nothing to fetch ahead: the condition is no row of Superset's database."""


def _if_advisor(user: Any) -> Any:
    return user if user is not None and sight.granted(user.username) is not None else None
