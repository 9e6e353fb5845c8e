"""The vocabulary of consent: what a rail is asked to do when a business agrees at the vendor, or takes that back. No HTTP.

A rail's own steps are in `ingestion/rails/<rail>/consent.py`, named by its promise; how a whole consent goes, from the app's
keys to the stored connection, is in `ingestion.connecting`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, cast
from urllib.parse import urlencode

import httpx

from ingestion.control.facts import TokenState
from ingestion.errors import RowcolError
from ingestion.fetching import RailError
from ingestion.promise import RailPromise

# What came of taking a consent back: done now, already over at the vendor, or the vendor has no way to do it for us.
Ending = Literal["revoked", "already_over", "not_offered"]


class ConsentDenied(RowcolError):
    """The person said no, or left the vendor's page."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vendor is reached: its API, where tokens are had, and where its consent page is."""

    base_url: str
    auth_url: str
    consent_url: str


@dataclass(frozen=True, slots=True)
class App:
    """Our app at a vendor, in whose name businesses are asked."""

    place: Place
    keys: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asking:
    """One consent to be asked for.

    state: the secret word that has to come back with the answer. renewed: the credentials of the connection whose consent is
    given again, None for a new one. webhook: where the vendor is to send webhooks, None where none are waited for.
    """

    business_id: str
    redirect_uri: str = ""
    state: str = field(default="", repr=False)
    renewed: Mapping[str, Any] | None = field(default=None, repr=False)
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The vendor's page to be opened, and what the rail has to know again when the answer comes."""

    url: str
    ticket: str = field(default="", repr=False)


class ConsentSteps(Protocol):
    """What a rail's consent module offers. RailError says why the vendor refused, without a secret."""

    async def ask(self, http: httpx.AsyncClient, app: App, asking: Asking) -> Page:
        """The vendor's page on which `asking` is answered."""

    def named(self, answer: Mapping[str, str]) -> str | None:
        """The connection that the redirect itself names, None where only credentials tell."""

    async def take(self, http: httpx.AsyncClient, app: App, asking: Asking, page: Page, answer: Mapping[str, str]) -> dict[str, Any]:
        """The credentials that the answer is worth, in the form that onboarding takes; ConsentDenied if it turns out to be none."""

    async def end(self, http: httpx.AsyncClient, place: Place, credentials: Mapping[str, Any], token: TokenState | None) -> Ending:
        """Takes the consent back at the vendor. credentials: a connection's, or as `take` brought them, of which nobody knows yet
        whose they are. token: the newest ones, where the rail has such."""


def steps_of(promise: RailPromise) -> ConsentSteps:
    """The consent module of a rail; RowcolError when it has none."""
    if promise.consent is None:
        raise RowcolError(f"{promise.title} has no consent of its own: `rowcol onboard` takes its credentials from a file")
    return cast("ConsentSteps", importlib.import_module(promise.consent.steps))


def place_of(promise: RailPromise, base_url: str, auth_url: str) -> Place:
    """The three addresses of a connection, of which two are stored: another sign-in than the vendor's has its page beside it."""
    form = promise.consent
    return Place(base_url, auth_url, form.url if form and auth_url == promise.credentials.auth_url else auth_url)


def code_of(answer: Mapping[str, str]) -> str:
    """The code of a redirect; RailError when it holds none."""
    if not answer.get("code"):
        raise RailError("refused", "the answer holds no code")
    return answer["code"]


def page_address(address: str, **parameters: str) -> str:
    """`address` with `parameters` as its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
