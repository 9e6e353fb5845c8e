"""Hosted Link: a token, a page on which the business signs in at its banks, and what came of it (`sandbox.consent` shows it).

One session per business at a time; it is kept with the business's first login. Exchanging the public tokens: `sandbox.plaid.linking`.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.consent import Choice, is_denied, page, wants_page
from sandbox.plaid import replies, wire
from sandbox.plaid.endpoints import Asked
from sandbox.plaid.items import ItemFacts
from sandbox.plaid.office import Office
from sandbox.plaid.replies import RefusedError
from sandbox.seeds import derived_secret

LINK_TOKEN_SECONDS = 4 * 3600


def create(office: Office, asked: Asked) -> bytes:
    """A token to open Link with, for the business that `user.client_user_id` names, else the first one.

    With an item's access token it is for update mode: the page repairs that login.
    """
    user = asked.get("user")
    wanted = user.get("client_user_id") if isinstance(user, dict) else None
    absent = [field for field in ("client_name", "language", "country_codes") if not asked.get(field)]
    if not isinstance(wanted, str):
        absent.append("user.client_user_id")
    if absent:
        raise RefusedError(replies.missing(*absent))
    business_id = wanted if wanted in office.businesses else next(iter(office.businesses))
    renewed = None
    if asked.get("access_token"):
        renewed = office.item_of(str(asked["access_token"]))
        if renewed is None:
            raise RefusedError(replies.UNKNOWN_ACCESS_TOKEN)
        business_id = renewed.business_id
    hosted = asked.get("hosted_link")
    link = {
        "token": f"link-sandbox-{derived_secret(32, office.hub.config.seed, 'link', business_id, office.hub.now).lower()}",
        "created_at": office.hub.now,
        "redirect": hosted.get("completion_redirect_uri") if isinstance(hosted, dict) else None,
        "client_name": str(asked["client_name"]),
        "is_done": False,
        "renews": renewed.number if renewed else None,
        "webhook": asked.get("webhook") if renewed is None else None,
    }
    office.remember(office.items(business_id)[0], link=link)
    answer = {
        "link_token": link["token"],
        "expiration": wire.instant(office.hub.now + LINK_TOKEN_SECONDS),
        "request_id": replies.request_id(),
    }
    if isinstance(hosted, dict):
        answer["hosted_link_url"] = f"{office.hub.base_url('plaid')}/link/{link['token']}"
    return wire.encode(answer)


def consent(office: Office, token: str, request: Request) -> Response | str | None:
    """The page, or where to go on once it has been answered; RefusedError for a token there is not.

    `bank` chooses logins by their institution, none stands for all of the business's.
    """
    item, link = _session(office, token)
    logins = _logins(office, item.business_id, link)
    if wants_page(request):
        banks = [Choice(each.institution.institution_id, each.institution.name, is_chosen=True) for each in logins]
        return page(request, "Plaid", "bank", banks, many=True)
    banks_chosen = request.query_params.getlist("bank")
    chosen = [each for each in logins if not banks_chosen or each.institution.institution_id in banks_chosen]
    is_given = not is_denied(request)
    if is_given and link["renews"] is not None:
        for each in chosen:
            office.repair(each)
        item, link = _session(office, token)
    if is_given and link["renews"] is None:
        for each in chosen:
            office.remember(each, linked_with=link.get("webhook"))
        item, link = _session(office, token)
    office.remember(item, link={**link, "is_done": True, "logins": [each.number for each in chosen] if is_given else None})
    redirect: str | None = link["redirect"]
    return redirect


def _logins(office: Office, business_id: str, link: dict[str, Any]) -> list[ItemFacts]:
    return [each for each in office.items(business_id) if link["renews"] in (None, each.number)]


def outcome(office: Office, asked: Asked) -> bytes:
    """What came of a session: nothing yet, or a public token for each bank."""
    item, link = _session(office, asked.get("link_token"))
    answer: dict[str, Any] = {
        "link_token": link["token"],
        "created_at": wire.instant(link["created_at"]),
        "expiration": wire.instant(link["created_at"] + LINK_TOKEN_SECONDS),
        "link_sessions": [_finished(office, item, link)] if link["is_done"] else [],
        "metadata": {
            "initial_products": ["transactions"],
            "webhook": link.get("webhook"),
            "country_codes": ["US"],
            "language": "en",
            "redirect_uri": None,
            "client_name": link["client_name"],
        },
        "request_id": replies.request_id(),
    }
    return wire.encode(answer)


def _finished(office: Office, item: ItemFacts, link: dict[str, Any]) -> dict[str, Any]:
    given = link.get("logins")
    added = [
        {
            "public_token": each.public_token,
            "accounts": [],
            "institution": {"institution_id": each.institution.institution_id, "name": each.institution.name},
        }
        for each in office.items(item.business_id)
        if given is not None and link["renews"] is None and each.number in given
    ]
    nothing: dict[str, Any] = {
        name: [] for name in ("cra_item_add_results", "cra_update_results", "bank_income_results", "payroll_income_results")
    }
    at = wire.instant(link["created_at"])
    left = {"institution": None, "status": "requires_credentials", "link_session_id": None, "request_id": replies.request_id()}
    return {
        "exit": {"error": None, "metadata": left} if given is None else None,
        "link_session_id": link["token"].removeprefix("link-sandbox-"),
        "started_at": at,
        "finished_at": at,
        "results": {"item_add_results": added, **nothing, "document_income_results": None},
    }


def _session(office: Office, token: object) -> tuple[ItemFacts, dict[str, Any]]:
    for business_id in office.businesses if isinstance(token, str) else ():
        item = office.items(business_id)[0]
        link = office.login(item).get("link")
        if link is not None and link["token"] == token:
            if office.hub.now >= link["created_at"] + LINK_TOKEN_SECONDS:
                break
            return item, link
    raise RefusedError(replies.INVALID_LINK_TOKEN)
