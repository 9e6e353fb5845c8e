"""Vendors that are busy, down or refuse while a connection is made: told as what they are, and no consent is lost.

The sandbox's QuickBooks takes each refresh token once here, so that whatever is lost stays lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ingestion.consent import Ending, Place
from ingestion.control.facts import TokenState
from ingestion.control.onboarding import Onboarded, VendorSilent, onboard
from ingestion.errors import UsageError
from ingestion.rails.ramp import consent
from ingestion.strategies import USER_ACTION
from tests.ingestion.vendors import Office


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between attempts."""
    for rail in ("qbo", "ramp"):
        monkeypatch.setattr(f"ingestion.rails.{rail}.identity.USER_ACTION", replace(USER_ACTION, first_wait_seconds=0.001))


@pytest.fixture
def strict(office: Office) -> Iterator[Office]:
    """Vendors of which QuickBooks forgets a refresh token as soon as it was used."""
    office.sandbox.post("options", strict_refresh=True)
    yield office
    office.sandbox.post("options", strict_refresh=False)


def asked(office: Office, entry: dict[str, Any], **changed: str) -> Onboarded:
    credentials = {**entry["credentials"], **changed}
    return onboard(
        office.settings, office.store, entry["business_id"], entry["rail"], credentials, base_url=entry["base_url"], is_asked=True
    )


@pytest.mark.parametrize("kind", ["throttle", "server_error", "html_error", "torn_json"])
def test_a_vendor_that_tells_nothing_leaves_a_connection_that_works(strict: Office, kind: str) -> None:
    business = strict.businesses[0]
    strict.fault("qbo", business, kind)
    done = asked(strict, strict.entry(business, "qbo"))
    assert (done.unchecked or "").startswith("QuickBooks Online could not be asked: ")
    strict.fault("qbo", business, "clear")
    (connection,) = strict.store.connections("qbo")
    assert strict.ask(connection)[0].label


def test_one_refusal_for_being_too_many_is_asked_again(strict: Office) -> None:
    strict.fault("qbo", "all", "throttle", count=1)
    assert asked(strict, strict.entry(strict.businesses[0], "qbo")).unchecked is None


def test_credentials_that_name_the_wrong_company_are_good_for_the_right_one_afterwards(strict: Office) -> None:
    entry, other = (strict.entry(business, "qbo") for business in strict.businesses[:2])
    with pytest.raises(UsageError, match="the consent is another company's"):
        asked(strict, entry, realm_id=other["credentials"]["realm_id"])
    assert asked(strict, entry).unchecked is None
    (connection,) = strict.store.connections("qbo")
    assert strict.ask(connection)[0].label


def test_a_company_of_another_business_is_refused_before_its_token_is_used(strict: Office) -> None:
    entry = strict.entry(strict.businesses[0], "qbo")
    asked(strict, entry)
    with pytest.raises(UsageError, match="already belongs to"):
        asked(strict, {**entry, "business_id": "other"}, client_secret="changed")
    (connection,) = strict.store.connections("qbo")
    assert strict.ask(connection)[0].label


def test_a_consent_that_nobody_could_ask_about_is_given_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    endings: list[Ending] = []

    async def end(http: httpx.AsyncClient, place: Place, credentials: Mapping[str, Any], token: TokenState | None) -> Ending:
        endings.append(await really_end(http, place, credentials, token))
        return endings[-1]

    really_end = consent.end
    monkeypatch.setattr(consent, "end", end)
    business = office.businesses[2]
    office.fault("ramp", business, "server_error", count=USER_ACTION.max_attempts)
    with pytest.raises(VendorSilent, match="the vendor answered 50"):
        office.connect(business, "ramp")
    assert (endings, office.rows()) == (["revoked"], [])
    assert office.connect(business, "ramp").is_new
