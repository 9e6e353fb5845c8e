"""The vendors' consent pages: a form for people, an answer at once for programs, and the codes that are sent back.

A browser (it accepts text/html) gets a page on which to choose a business and to approve or deny; any other client agrees at
once, unless its `decision` says otherwise. What a consent is worth is each rail's own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from sandbox.seeds import derived_secret
from sandbox.state import State

CODE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose consent a page can give, or which part of it. value: as the form sends it."""

    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code says. key: whose grant it is for; scope: what was asked for with it."""

    key: str
    scope: str


def wants_page(request: Request) -> bool:
    """Whether a person is to be asked: a browser that has not decided yet."""
    return "decision" not in request.query_params and "text/html" in request.headers.get("accept", "")


def is_denied(request: Request) -> bool:
    """Whether the person said no."""
    return request.query_params.get("decision") == "deny"


def page(request: Request, vendor: str, field: str, choices: Sequence[Choice], *, many: bool = False) -> HTMLResponse:
    """The form: its address's own parameters again, a list to choose from (`many`: several), approve and deny."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != field]
    hidden = "".join(f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">' for name, value in kept)
    options = "".join(
        f'<option value="{html.escape(choice.value)}"{" selected" if choice.is_chosen else ""}>{html.escape(choice.label)}</option>'
        for choice in choices
    )
    body = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{vendor} (sandbox)</title>"
        "<body style='font-family:sans-serif;max-width:32rem;margin:4rem auto'>"
        f"<h1>{vendor} (sandbox)</h1><p>An app asks to read the data of:</p><form method=get>{hidden}"
        f'<select name="{field}"{" multiple" if many else ""}>{options}</select><p>'
        "<button name=decision value=approve>Approve</button> <button name=decision value=deny>Deny</button></p></form>"
    )
    return HTMLResponse(body, headers={"cache-control": "no-store"})


def sent_back(redirect_uri: str, **answers: str) -> RedirectResponse:
    """The redirect with which a consent page answers."""
    return RedirectResponse(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answers)}", 302)


def authorization_code(state: State, rail: str, key: str, redirect_uri: str, scope: str = "", seconds: int = CODE_SECONDS) -> str:
    """A code for the grant `key`, good once, for `seconds` and for this redirect alone."""
    facts = {
        "key": key,
        "generation": state.grant_of(key).generation,
        "expires": state.memory.now + seconds,
        "redirect": redirect_uri,
        "scope": scope,
        "nonce": secrets.token_hex(4),
    }
    body = base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")
    return f"{body}.{_mac(state, rail, body)}"


def read_code(state: State, rail: str, code: str, redirect_uri: str | None) -> Code | None:
    """What `code` says; None when it is forged, late, used (its grant has begun anew since) or was for another redirect."""
    body, mark, signature = code.partition(".")
    if not mark or not hmac.compare_digest(signature.encode(), _mac(state, rail, body).encode()):
        return None
    facts: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    is_late = facts["expires"] < state.memory.now
    is_used = facts["generation"] != state.grant_of(facts["key"]).generation
    is_elsewhere = redirect_uri is not None and redirect_uri != facts["redirect"]
    return None if is_late or is_used or is_elsewhere else Code(facts["key"], facts["scope"])


def _mac(state: State, rail: str, body: str) -> str:
    key = derived_secret(64, state.config.seed, "authorization codes", rail)
    return hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
