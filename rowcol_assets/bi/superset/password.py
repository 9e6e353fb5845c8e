"""Sets an advisor's password, read from standard input so that no process list shows it; Superset keeps its hash."""

from __future__ import annotations

import sys


def main(advisor: str) -> None:
    """Sets the password of `advisor`, whose login `prepare` has made."""
    from superset.app import create_app

    password = sys.stdin.readline().rstrip("\n")
    with create_app().app_context():
        from superset import security_manager

        user = security_manager.find_user(username=advisor)
        if user is None:
            sys.exit(f"{advisor} has no login")
        security_manager.reset_password(user.id, password)


if __name__ == "__main__":
    main(sys.argv[1])
