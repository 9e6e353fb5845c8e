"""A connection that was taken away: ended at the vendor, its secret forgotten, its history kept, and going on when it comes back."""

from __future__ import annotations

import httpx
import pytest
import sqlalchemy as sa

from ingestion.control.inbox import dead_letters, put_notices, waiting_events
from ingestion.control.onboarding import identities_of
from ingestion.control.rows import current_rows
from ingestion.control.schema import connections
from ingestion.control.store import product_clock_of
from ingestion.control.sync_requests import ask, waiting_requests
from ingestion.errors import RowcolError, UsageError
from ingestion.freshness import connection_freshness
from ingestion.registry import RAILS
from ingestion.removing import disconnect
from ingestion.webhooks import Notice
from tests.ingestion.vendors import Office


@pytest.mark.parametrize("rail", sorted(RAILS))
def test_removing_ends_the_consent_and_forgets_the_secret_and_connecting_again_goes_on(office: Office, rail: str) -> None:
    business, other = office.businesses[:2]
    first = office.connect(business, rail).connection_ids[0]
    office.connect(other, rail)
    (connection,) = [one for one in office.store.connections(rail) if one.connection_id == first]
    given = office.as_given(connection)
    removed = disconnect(office.store, business, rail, first)
    assert removed.ending == "revoked"
    with pytest.raises(UsageError, match="does not accept"):
        identities_of(RAILS[rail], connection.base_url, connection.auth_url, given)
    assert not office.has_secret(first)
    assert first not in [one.connection_id for one in office.store.connections(rail)]
    (row,) = [row for row in current_rows(office.store)["connections"].to_pylist() if row["connection_id"] == first]
    assert row["is_paused"] and row["removed_at"] is not None
    now = product_clock_of(office.settings, office.store)()
    assert all(one.is_disabled for one in connection_freshness(office.store, now) if one.connection_id == first)
    assert other in [one.business_id for one in office.store.connections(rail)]
    again = office.connect(business, rail)
    if not RAILS[rail].has_many_connections:
        assert again.connection_ids == (first,) and not again.is_new
        assert office.row(business, rail)["removed_at"] is None


def test_what_waits_for_a_removed_connection_is_given_up_with_the_reason_and_nothing_else_is(office: Office) -> None:
    gone, stays = office.businesses[:2]
    ids = {business: office.connect(business, "qbo").connection_ids[0] for business in (gone, stays)}
    notices = [Notice(connection, f"event-{business}", "Bill.Update", ("bills",)) for business, connection in ids.items()]
    with office.store.database.write() as transaction:
        assert put_notices(transaction, "qbo", {connection: business for business, connection in ids.items()}, notices) == 2
        for business in ids:
            ask(transaction, business, "qbo", ["bills"], "ada")
    disconnect(office.store, gone, "qbo")
    assert [one.business_id for one in waiting_events(office.store.database)] == [stays]
    assert [one.business_id for one in waiting_requests(office.store.database)] == [stays]
    (letter,) = dead_letters(office.store.database)
    assert (letter["business_id"], letter["reason"]) == (gone, "the connection was removed")


def test_a_vendor_that_does_not_answer_leaves_everything_as_it_was_unless_told_otherwise(office: Office) -> None:
    business = office.businesses[0]
    office.connect(business, "qbo")
    with office.store.database.write() as transaction:
        transaction.execute(sa.update(connections).values(auth_url="http://127.0.0.1:9"))
    with pytest.raises(RowcolError, match="nothing was removed"):
        disconnect(office.store, business, "qbo")
    assert office.row(business, "qbo")["removed_at"] is None and office.has_secret(office.row(business, "qbo")["connection_id"])
    assert disconnect(office.store, business, "qbo", at_vendor=False).ending == "left_alone"
    with pytest.raises(UsageError, match="is not connected to qbo"):
        disconnect(office.store, business, "qbo")


def test_a_consent_that_was_over_and_a_key_that_is_the_businesss_own_are_told_apart(office: Office) -> None:
    mine = office.businesses[1]
    office.connect(mine, "qbo")
    app = office.apps["qbo"]
    asked = {"client_id": app.keys["client_id"], "redirect_uri": "http://127.0.0.1:9/x", "response_type": "code", "business": mine}
    sent_back = httpx.get(f"{app.place.base_url}/connect/oauth2", params=asked, trust_env=False).headers["location"]
    # The consent is given anew to somebody else's program, which ends the one this home has.
    form = {"grant_type": "authorization_code", "code": httpx.URL(sent_back).params["code"]}
    keys = (app.keys["client_id"], app.keys["client_secret"])
    assert httpx.post(f"{app.place.auth_url}/oauth2/v1/tokens/bearer", data=form, auth=keys, trust_env=False).status_code == 200
    assert disconnect(office.store, mine, "qbo").ending == "already_over"
    office.onboard(office.businesses[0], "stripe")
    assert disconnect(office.store, office.businesses[0], "stripe").ending == "not_offered"


def test_several_connections_have_to_be_told_apart_and_a_sync_is_waited_for(office: Office) -> None:
    business = next(entry["business_id"] for entry in office.sandbox.others if len(entry["credentials"].get("items", [])) > 1)
    first, second = sorted(office.connect(business, "plaid").connection_ids)
    with pytest.raises(UsageError, match=f"say which with --connection .*{first}, {second}"):
        disconnect(office.store, business, "plaid")
    with pytest.raises(UsageError, match="has no plaid connection nobody"):
        disconnect(office.store, business, "plaid", "nobody")
    with office.store.lease(office.store.connections("plaid"), "a sync", 60), pytest.raises(RowcolError, match="is being read by a sync"):
        disconnect(office.store, business, "plaid", first)
