"""Ramp's webhooks subscribed by API, with the sandbox as the vendor and a real receiver: challenge, secret, what failing leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ingestion.control.facts import Connection
from ingestion.control.onboarding import onboard
from ingestion.control.store import ControlStore, open_store
from ingestion.control.subscriptions import forget, subscription_of
from ingestion.errors import RowcolError
from ingestion.rails.ramp.promise import RAMP
from ingestion.removing import disconnect
from ingestion.settings import Settings
from ingestion.subscribing import subscribe
from sandbox.server import Running, start
from tests.receiver.conftest import Served, serving


class Ramp:
    """A home whose one business is on Ramp, and the receiver it names."""

    def __init__(self, settings: Settings, store: ControlStore, sandbox: Running, receiver: Served) -> None:
        self.settings, self.store, self.sandbox, self.receiver = settings, store, sandbox, receiver
        self.entry = next(entry for entry in sandbox.others if entry["rail"] == "ramp")
        onboard(settings, store, self.entry["business_id"], "ramp", self.entry["credentials"], base_url=self.entry["base_url"])

    @property
    def connection(self) -> Connection:
        (connection,) = self.store.connections("ramp")
        return connection

    def subscribe(self, receiver_url: str | None = None, patience_seconds: float = 20.0) -> bool:
        told = self.settings.model_copy(update={"receiver_url": receiver_url or self.receiver.url})
        return subscribe(told, self.store, RAMP, self.connection, patience_seconds=patience_seconds)

    def carried(self) -> Counter[str]:
        """What the sandbox's webhooks of the rail have come to."""
        return Counter(httpx.get(f"{self.sandbox.base_url}/sandbox/webhooks", trust_env=False, timeout=60).json()["ramp"])

    def there(self) -> list[dict[str, Any]]:
        """The subscriptions as the vendor lists them."""
        bearer = {"authorization": f"Bearer {self.store.token(self.connection).access_token}"}
        found: list[dict[str, Any]] = httpx.get(f"{self.entry['base_url']}/developer/v1/webhooks", headers=bearer, trust_env=False).json()
        return found


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ramp]:
    folder = tmp_path_factory.mktemp("subscribing")
    settings = Settings(home=folder / "home", duckdb_memory="500MB", duckdb_threads=1, _env_file=None)
    with (
        start(folder / "world", seed=5, businesses=1, scale=0.3) as sandbox,
        open_store(settings) as store,
        serving(settings, store) as receiver,
    ):
        yield Ramp(settings, store, sandbox, receiver)


def test_a_subscription_nobody_confirms_leaves_all_as_it_was(ramp: Ramp) -> None:
    before = ramp.store.secret(ramp.connection)
    with pytest.raises(RowcolError, match="challenge did not come"):
        ramp.subscribe("http://127.0.0.1:1", patience_seconds=0.5)
    assert ramp.store.secret(ramp.connection) == before
    assert ramp.there() == []
    assert subscription_of(ramp.store.database, ramp.connection.key) is None


def test_the_address_is_proved_once_and_what_happens_then_arrives_under_the_new_secret(ramp: Ramp) -> None:
    before = ramp.store.secret(ramp.connection)
    assert ramp.subscribe() is True
    (made,) = ramp.there()
    assert (made["status"], made["endpoint_url"]) == ("active", f"{ramp.receiver.url}/webhooks/ramp")
    assert "secret" not in made
    assert ramp.store.secret(ramp.connection)["webhook_secret"] not in ("", before["webhook_secret"])
    assert ramp.subscribe() is False
    so_far = ramp.carried()
    ramp.sandbox.post("advance", days=4)
    told = ramp.carried() - so_far
    assert told["sent"] == told["taken"] > 1
    assert {(row.rail, row.business_id) for row in ramp.receiver.inbox()} == {("ramp", ramp.entry["business_id"])}


def test_a_receiver_that_moves_is_subscribed_anew_and_one_that_cannot_be_reached_leaves_the_former(ramp: Ramp) -> None:
    ramp.subscribe()
    (former,), secret = ramp.there(), ramp.store.secret(ramp.connection)
    with pytest.raises(RowcolError, match="challenge did not come"):
        ramp.subscribe("http://127.0.0.1:1", patience_seconds=0.5)
    assert (subscription_of(ramp.store.database, ramp.connection.key), ramp.store.secret(ramp.connection)) == (former["id"], secret)
    assert [one["id"] for one in ramp.there()] == [former["id"]]
    assert ramp.subscribe(ramp.receiver.url.replace("127.0.0.1", "localhost")) is True
    (moved,) = ramp.there()
    assert moved["id"] != former["id"] and moved["endpoint_url"].startswith("http://localhost:")


def test_a_lost_secret_is_replaced_by_another_subscription_and_the_old_one_ends(ramp: Ramp) -> None:
    ramp.subscribe()
    (old,) = ramp.there()
    with ramp.store.database.write() as transaction:
        forget(transaction, ramp.connection.key)
    assert ramp.subscribe() is True
    (new,) = ramp.there()
    assert (new["status"], new["id"] == old["id"]) == ("active", False)


def test_disconnecting_ends_the_subscription_too(ramp: Ramp) -> None:
    ramp.subscribe()
    connection = ramp.connection
    disconnect(ramp.store, ramp.entry["business_id"], "ramp")
    assert subscription_of(ramp.store.database, connection.key) is None
    onboard(ramp.settings, ramp.store, ramp.entry["business_id"], "ramp", ramp.entry["credentials"], base_url=ramp.entry["base_url"])
    with pytest.raises(RowcolError, match="challenge did not come"):
        # Only with a new token can the vendor be asked what is left there.
        ramp.subscribe("http://127.0.0.1:1", patience_seconds=0.1)
    assert ramp.there() == []
