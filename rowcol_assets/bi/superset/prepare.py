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
import yaml

ASSETS = Path(__file__).resolve().parents[1] / "assets"
# Told to `rowcol_assets.bi.server`: what was prepared, and who has no login.
PREPARED = "prepared"
ROLE = "Advisor"
# Not the form of an advisor id, so that it can never be granted anything.
IMPORTER = "RowCol import"
# View and permission, by the names Superset gives them: look at dashboards, filter, drill to the records, download; no more.
ALLOWED = {
    "Dashboard": ("can_read", "can_view_chart_as_table", "can_drill", "can_export_as_example"),
    "Chart": ("can_read",),
    "Dataset": ("can_read", "can_get_drill_info"),
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
}


def main() -> None:
    """Prepares what is not yet: what was is kept beside the database, so that a later start need not even import Superset."""
    stamp = sight.home() / "bi" / PREPARED
    try:
        done = json.loads(stamp.read_bytes())
    except (OSError, ValueError):  # never prepared, or cut short: all of it can be done again
        done = {}
    told = sight.told()
    if told is None:
        sys.exit("nobody tells who may see what")
    advisors = sorted(told)
    wanted: dict[str, Any] = {"assets": _fingerprint(), "advisors": advisors}
    # A login that could not be made is tried again, so that `skipped` is none of what is wanted.
    if done == {**wanted, "skipped": []}:
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
        wanted["skipped"] = add_logins(security_manager, advisors)
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

    contents: dict[str, Any] = {str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8") for path in sorted(ASSETS.rglob("*.yaml"))}
    importer = manager.find_user(username=IMPORTER) or _add_user(manager, IMPORTER, "Admin")
    with override_user(importer or sys.exit(f"no user {IMPORTER} could be made")):
        ImportAssetsCommand(contents).run()
    _remove_others({yaml.safe_load(text)["uuid"] for name, text in contents.items() if name != "metadata.yaml"})


def _remove_others(wanted: set[str]) -> None:
    """Removes what a former version had: advisors make nothing of their own."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    for kind in (Dashboard, Slice, SqlaTable):
        for one in db.session.query(kind).all():
            if str(one.uuid) not in wanted:
                db.session.delete(one)
        db.session.commit()


def _set_role(manager: Any) -> None:
    """The one role of advisors: what is in ALLOWED, and the project's own datasets."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable

    role = manager.add_role(ROLE) or manager.find_role(ROLE)
    found = [
        manager.find_permission_view_menu(permission, view) or sys.exit(f"Superset knows no permission {permission} on {view}")
        for view, names in ALLOWED.items()
        for permission in names
    ]
    for dataset in db.session.query(SqlaTable).all():
        found.append(manager.add_permission_view_menu("datasource_access", dataset.get_perm()))
    role.permissions = found
    db.session.commit()


def add_logins(manager: Any, advisors: list[str]) -> list[str]:
    """Makes a login without a known password for each advisor who has none yet; returns those of whom none could be made.

    One that Superset refuses, such as of two ids with one address, must not keep the others from theirs.
    """
    return [advisor for advisor in advisors if not (manager.find_user(username=advisor) or _add_user(manager, advisor, ROLE))]


def _add_user(manager: Any, name: str, role: str) -> Any:
    address = name if "@" in name else f"{name}@advisors.invalid"
    return manager.add_user(name, name, "", address, manager.find_role(role), password=secrets.token_urlsafe(32)) or None


if __name__ == "__main__":
    main()
