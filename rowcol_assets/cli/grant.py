"""`rowcol grant`: who may read which business, and tokens. The rules are in `ingestion.control.access` and `api_tokens`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ingestion.errors import RowcolError

if TYPE_CHECKING:
    from ingestion.control.facts import Role as RoleName
    from ingestion.control.store import ControlStore
    from ingestion.settings import Settings


class Role(StrEnum):
    """The roles a grant can carry."""

    owner = "owner"
    admin = "admin"
    staff = "staff"
    view_only = "view_only"


def command(
    advisor: Annotated[str, typer.Argument(help="Advisor id, for example an e-mail address.")],
    business: Annotated[str | None, typer.Argument(help="Business id; not needed with --token.")] = None,
    role: Annotated[Role, typer.Option(help="What the advisor may do.")] = Role.staff,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Take the access away; its history is kept. With --token: end all tokens.")
    ] = False,
    token: Annotated[bool, typer.Option("--token", help="Print a new token for the receiver, once; only its hash is kept.")] = False,
    new: Annotated[bool, typer.Option("--new", help="The advisor is a new one, though the name is nearly that of a known one.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON, a new token included.")] = False,
) -> None:
    """Give an advisor access to a business, or take it away, and hand out tokens for the receiver.

    Examples: `rowcol grant ann@harbor.example acme --role admin`, `rowcol grant ann@harbor.example acme --revoke`,
    `rowcol grant ann@harbor.example --token`. The advisor's published file follows with the next `rowcol run`. A first grant
    makes the advisor known; a name that looks like a slip of a known one is refused unless `--new` says that it is none.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.control.api_tokens import new_token, revoke_tokens
    from ingestion.errors import UsageError
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json

    if business is None and not token:
        raise UsageError("grant needs a business, or --token")
    if new and (revoke or business is None):
        raise UsageError("--new goes with a business that is given to an advisor")
    settings = load_settings()
    told: dict[str, object] = {"advisor_id": advisor}
    still_shown: str | None = None
    with open_store(settings) as store:
        if business is not None:
            now = product_clock_of(settings, store)()
            if revoke:
                is_changed, is_new_advisor = store.revoke(advisor, business, now), False
            else:
                granted = store.grant(advisor, business, role.value, now, is_new=new)
                is_changed, is_new_advisor = granted.is_changed, granted.is_new_advisor
            told |= {"business_id": business, "role": None if revoke else role.value, "is_changed": is_changed}
            told |= {"is_new_advisor": is_new_advisor}
            if is_new_advisor:
                _say(as_json, f"{advisor} is a new advisor: nobody was known by that name", is_aside=True)
            # Beside a token on the error stream, so that the output is the token alone.
            _say(as_json, _sentence(advisor, business, role.value, revoke, is_changed), is_aside=token)
            if revoke:
                still_shown = _take_from_databases(settings, store, advisor, business, as_json)
        if token and revoke:
            told["tokens_ended"] = revoke_tokens(store.database, advisor)
            _say(as_json, f"{told['tokens_ended']} tokens of {advisor} are worth nothing now", is_aside=True)
        elif token:
            told["token"] = new_token(store.database, advisor)
            _say(as_json, str(told["token"]))
    if as_json:
        show_json([told])
    if still_shown:
        raise RowcolError(still_shown)


def _take_from_databases(settings: Settings, store: ControlStore, advisor: str, business: str, as_json: bool) -> str | None:
    """Has the database of ROWCOL_PUBLISH_URL show it no more, at once; what could not be done, in words.

    Also where the grant had ended before: a database that could not be reached then is told again.
    """
    from rowcol_assets.publishing.postgres.following import copied_before, target_of, withdraw
    from rowcol_assets.publishing.postgres.target import said

    url = target_of(settings)
    for name in copied_before(store, url):
        _say(as_json, f"{name} shows it until `rowcol publish --to` copies into it again", is_aside=True)
    if url is None:
        return None
    try:
        withdraw(url, store.open_grants())
    except RowcolError as error:
        return f"{said(url)} can still show {business} to {advisor}: {error}; `rowcol publish` or the next run takes it away"
    _say(as_json, f"{said(url)} shows it no more", is_aside=True)
    return None


def _sentence(advisor: str, business: str, role: RoleName, revoke: bool, is_changed: bool) -> str:
    if revoke:
        done, nothing = f"{advisor} can no longer read {business}", f"{advisor} had no access to {business}"
    else:
        done, nothing = f"{advisor} can read {business} as {role}", f"{advisor} already is {role} of {business}"
    return f"{done}; the published file follows with the next run" if is_changed else nothing


def _say(as_json: bool, line: str, *, is_aside: bool = False) -> None:
    """A line for people; a program gets everything at once, in the end."""
    if not as_json:
        typer.echo(line, err=is_aside)
