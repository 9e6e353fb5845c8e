"""Connects a business by the vendor's own consent, and gives the consent of a known connection anew.

The rail's steps are in its `consent` module, the redirect is received by `ingestion.callback`, what comes of it goes the way of
handed-in credentials (`ingestion.control.onboarding`, `keeping`). Taking a connection away: `ingestion.removing`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import httpx
import sqlalchemy as sa

from ingestion.callback import Answer
from ingestion.clock import wall_clock
from ingestion.consent import App, Asking, ConsentDenied, ConsentSteps, Ending, Page, page_address, steps_of
from ingestion.control import tokens
from ingestion.control.facts import TokenState
from ingestion.control.intake import Probe, check_credentials, check_timezone, find_host
from ingestion.control.keeping import Profile, environment_of, keep, refuse_mixture, refuse_other_owner
from ingestion.control.onboarding import Onboarded, identified
from ingestion.control.outcomes import DISCONNECTED
from ingestion.control.renewals import Renewal
from ingestion.control.schema import connections
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError, UsageError
from ingestion.fetching import Identity, RailError
from ingestion.http import tls_context
from ingestion.identifiers import check_business_id
from ingestion.promise import RailPromise
from ingestion.registry import rail_promise
from ingestion.settings import Settings

CALL_SECONDS = 30
ERROR_CODE = re.compile(r"[a-z_]{1,40}")

Result = TypeVar("Result")


@dataclass(frozen=True)
class Desk:
    """How the person is met. redirect_uri: where the page answers to; show: hands the page's address to the person; wait: the answer."""

    redirect_uri: str
    state: str = field(repr=False)
    show: Callable[[str], None]
    wait: Callable[[], Answer]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which connection a consent is for. connection_id: the known one that is renewed; is_further: one more beside those there are."""

    business_id: str
    rail: str
    connection_id: str | None = None
    is_further: bool = False
    profile: Profile = field(default_factory=Profile)


def new_state() -> str:
    """The secret word of one consent."""
    return secrets.token_urlsafe(32)


def connect(settings: Settings, store: ControlStore, wanted: Wanted, app: App, desk: Desk, probe: Probe | None = None) -> Onboarded:
    """Asks for the consent at the vendor, waits for the answer, checks whose it is and stores the connection.

    UsageError for what may not be connected here, ConsentDenied when the person refused, RowcolError when the vendor did. What
    was granted and is not kept is given back, as far as the vendor has a way for it.
    """
    check_business_id(wanted.business_id)
    promise, place = rail_promise(wanted.rail), app.place
    if wanted.profile.timezone is not None:
        check_timezone(wanted.profile.timezone)
    steps = steps_of(promise)
    host = find_host(promise, place.base_url, place.auth_url, probe)
    environment = environment_of(promise.credentials, host, Identity("", {}))
    with store.database.read() as transaction:
        refuse_mixture(transaction, {environment})
    renewed = connection_to_renew(store, promise, wanted)
    secret = _secret_of(store, wanted, renewed) if promise.has_many_connections else None
    asking = Asking(wanted.business_id, desk.redirect_uri, desk.state, secret, settings.webhook_address(promise.name))
    page = called(promise, lambda http: steps.ask(http, app, asking))
    # The sandbox has no sign-in that would tell who is asked.
    desk.show(page_address(page.url, business=wanted.business_id) if host.sandbox_now else page.url)
    answer = desk.wait()
    credentials = _redeemed(store, promise, steps, app, asking, page, answer)
    handed_in = Renewal(store, promise, check_credentials(promise.name, promise.credentials, credentials))
    try:
        identities, unchecked = identified(promise, host, handed_in)
    except RowcolError:
        # Of a connection that is renewed it may be all there is left; whoever asks again gets another one anyway.
        if renewed is None:
            _give_back(store, promise, steps, app, [Identity("", handed_in.usable)])
        raise
    now = settings.now or host.sandbox_now or wall_clock()
    try:
        if renewed and secret and renewed not in [identity.connection_id for identity in identities]:
            raise UsageError(f"the consent is not that of {renewed}, which was to be renewed: nothing was changed")
        are_new = keep(store, wanted.business_id, promise, host, identities, wanted.profile, now)
    except UsageError:
        _give_back(store, promise, steps, app, identities)
        raise
    return Onboarded(wanted.business_id, promise.name, tuple(identities), host.sandbox_now is not None, all(are_new), unchecked)


def connection_to_renew(store: ControlStore, promise: RailPromise, wanted: Wanted) -> str | None:
    """The id of the connection whose consent is given again: the named one, the only one, or of several one that is broken."""
    query = sa.select(connections).filter_by(business_id=wanted.business_id, rail=promise.name).order_by(connections.c.connection_id)
    with store.database.read() as transaction:
        rows = transaction.execute(query).all()
    if wanted.connection_id is not None:
        if wanted.connection_id not in [row.connection_id for row in rows]:
            raise UsageError(f"{wanted.business_id} has no {promise.name} connection {wanted.connection_id}")
        return wanted.connection_id
    if not promise.has_many_connections:
        return rows[0].connection_id if rows else None
    broken = [row.connection_id for row in rows if row.state == DISCONNECTED and row.removed_at is None]
    return broken[0] if broken and not wanted.is_further else None


def _secret_of(store: ControlStore, wanted: Wanted, connection_id: str | None) -> Mapping[str, Any] | None:
    """The stored credentials of what is renewed; None when there are none any more, and the consent then is a new one."""
    if connection_id is None:
        return None
    key = {"business_id": wanted.business_id, "rail": wanted.rail, "connection_id": connection_id}
    return tokens.secret_of(store.database, store.vault, key)


def _redeemed(
    store: ControlStore, promise: RailPromise, steps: ConsentSteps, app: App, asking: Asking, page: Page, answer: Answer
) -> dict[str, Any]:
    if "error" in answer:
        if answer["error"] == "access_denied":
            raise ConsentDenied(f"the consent was denied at {promise.title}: nothing was connected")
        code = answer["error"] if ERROR_CODE.fullmatch(answer["error"]) else "an error without a code"
        raise RowcolError(f"{promise.title} answered {code}: nothing was connected")
    named = steps.named(answer)
    if named is not None:
        # Before the code is redeemed, since that ends the tokens of the consent that was given before, and they may be another's.
        key = {"business_id": asking.business_id, "rail": promise.name, "connection_id": named}
        with store.database.read() as transaction:
            refuse_other_owner(transaction, key, may_have_many=promise.has_many_connections)
    return called(promise, lambda http: steps.take(http, app, asking, page, answer))


def _give_back(store: ControlStore, promise: RailPromise, steps: ConsentSteps, app: App, identities: Sequence[Identity]) -> None:
    """Ends consents that nobody's connection rests on; a vendor that does not listen leaves them to the person.

    Of one that nobody could tell whose it is, the credentials say as far as they do whether it is a known connection's.
    """
    with store.database.read() as transaction:
        known = set(transaction.execute(sa.select(connections.c.connection_id).filter_by(rail=promise.name)).scalars())
    for identity in identities:
        if known.isdisjoint({identity.connection_id, *_texts(identity.credentials)}):
            with suppress(RowcolError):
                called(promise, partial(_end, steps, app, identity))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


async def _end(steps: ConsentSteps, app: App, identity: Identity, http: httpx.AsyncClient) -> Ending:
    newest = TokenState(None, None, identity.refresh_token, None) if identity.refresh_token else None
    return await steps.end(http, app.place, identity.credentials, newest)


def called(promise: RailPromise, call: Callable[[httpx.AsyncClient], Awaitable[Result]]) -> Result:
    """The result of a vendor's call; RowcolError with its refusal."""

    async def asked() -> Result:
        async with httpx.AsyncClient(timeout=CALL_SECONDS, trust_env=False, verify=tls_context()) as http:
            return await call(http)

    try:
        return asyncio.run(asked())
    except RailError as error:
        raise RowcolError(f"{promise.title} refused: {error}") from None
    except httpx.HTTPError as error:
        raise RowcolError(f"{promise.title} did not answer ({type(error).__name__})") from None
