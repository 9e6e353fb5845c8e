"""`rowcol grant`: who may read which business. The rules are in `ingestion.control.access`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Role(StrEnum):
    """The roles a grant can carry."""

    owner = "owner"
    admin = "admin"
    staff = "staff"
    view_only = "view_only"


def command(
    advisor: Annotated[str, typer.Argument(help="Advisor id, for example an e-mail address.")],
    business: Annotated[str, typer.Argument(help="Business id.")],
    role: Annotated[Role, typer.Option(help="What the advisor may do.")] = Role.staff,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the access away; its history is kept.")] = False,
) -> None:
    """Give an advisor access to a business, or take it away.

    Examples: `rowcol grant ann@harbor.example acme --role admin`, `rowcol grant ann@harbor.example acme --revoke`.
    The advisor's published file follows with the next `rowcol run`.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.settings import load_settings

    settings = load_settings()
    with open_store(settings) as store:
        now = product_clock_of(settings, store)()
        if revoke:
            changed = store.revoke(advisor, business, now)
            done, nothing = f"{advisor} can no longer read {business}", f"{advisor} had no access to {business}"
        else:
            changed = store.grant(advisor, business, role.value, now)
            done, nothing = f"{advisor} can read {business} as {role.value}", f"{advisor} already is {role.value} of {business}"
    typer.echo(f"{done}; the published file follows with the next run" if changed else nothing)
