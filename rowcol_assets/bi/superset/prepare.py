"""Brings Superset's own database to the project's state: schema, role, dashboards, one login per advisor.

Run by `rowcol_assets.bi.server` before the server. Schema and dashboards are left alone while neither Superset nor a file
of this folder or of the assets changed since. Whose login works is `security`'s subject.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sight

ASSETS = Path(__file__).resolve().parents[1] / "assets"
ROLE = "Advisor"
# Not the form of an advisor id, so that it can never be granted anything.
IMPORTER = "RowCol import"
# View and permission, by the names Superset gives them: look at dashboards, filter, drill to the records, download; no more.
ALLOWED = {
    "Dashboard": ("can_read", "can_view_chart_as_table", "can_drill", "can_export_as_example"),
    "Chart": ("can_read",),
    "Dataset": ("can_read", "can_drill_info", "can_get_drill_info"),
    "Superset": ("can_dashboard", "can_csv", "can_explore_json", "can_slice", "can_log", "can_dashboard_permalink"),
    # What a chosen range of days comes to; without it the date filter cannot be applied.
    "Api": ("can_time_range",),
    "DashboardFilterStateRestApi": ("can_read", "can_write"),
    "DashboardPermalinkRestApi": ("can_read", "can_write"),
    "ExploreFormDataRestApi": ("can_read", "can_write"),
    "CurrentUserRestApi": ("can_read",),
    "SecurityRestApi": ("can_read",),
    "UserDBModelView": ("resetmypassword",),
    "ResetMyPasswordView": ("can_this_form_get", "can_this_form_post"),
    "Datasource": ("can_get_column_values", "can_samples"),
    "Dashboards": ("menu_access",),
    "Home": ("menu_access",),
    "Theme": ("can_read",),
    "Language": ("can_read",),
}


def main() -> None:
    """Prepares what is not yet: what was is kept beside the database, so that a later start need not even import Superset."""
    stamp = sight.home() / "bi" / "prepared"
    try:
        done = json.loads(stamp.read_bytes())
    except (OSError, ValueError):  # never prepared, or cut short: all of it can be done again
        done = {}
    advisors = sorted(json.loads((sight.home() / "bi" / sight.ACCESS).read_bytes()))
    wanted = {"assets": _fingerprint(), "advisors": advisors}
    if done == wanted:
        return

    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from superset import security_manager

        if done.get("assets") != wanted["assets"]:
            from flask_migrate import upgrade

            upgrade(directory=str(_migrations()))
            app.appbuilder.add_permissions(update_perms=True)
            security_manager.sync_role_definitions()
            _import_assets(security_manager)
            _set_role(security_manager)
        _add_logins(security_manager, advisors)
    stamp.write_text(json.dumps(wanted), encoding="utf-8")


def _fingerprint() -> str:
    digest = hashlib.sha256(version("apache-superset").encode())
    for path in sorted([*ASSETS.rglob("*.yaml"), *Path(__file__).parent.glob("*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _migrations() -> Path:
    import superset

    return Path(superset.__file__).parent / "migrations"


def _import_assets(manager: Any) -> None:
    """Imports all assets over what is there, as a user nobody can log in as: it is no advisor."""
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    contents = {str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8") for path in sorted(ASSETS.rglob("*.yaml"))}
    with override_user(manager.find_user(username=IMPORTER) or _add_user(manager, IMPORTER, "Admin")):
        ImportAssetsCommand(contents).run()


def _set_role(manager: Any) -> None:
    """The one role of advisors: what is in ALLOWED, and the project's own datasets."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable

    role = manager.add_role(ROLE) or manager.find_role(ROLE)
    found = [manager.find_permission_view_menu(permission, view) for view, names in ALLOWED.items() for permission in names]
    for dataset in db.session.query(SqlaTable).all():
        found.append(manager.add_permission_view_menu("datasource_access", dataset.get_perm()))
    role.permissions = [one for one in found if one is not None]
    db.session.commit()


def _add_logins(manager: Any, advisors: list[str]) -> None:
    """A login without a known password for each advisor who has none yet."""
    for advisor in advisors:
        if manager.find_user(username=advisor) is None:
            _add_user(manager, advisor, ROLE)


def _add_user(manager: Any, name: str, role: str) -> Any:
    address = name if "@" in name else f"{name}@advisors.invalid"
    user = manager.add_user(name, name, "", address, manager.find_role(role), password=secrets.token_urlsafe(32))
    return user or sys.exit(f"no login could be made for {name}")


if __name__ == "__main__":
    main()
