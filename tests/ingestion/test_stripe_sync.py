"""A Stripe account through real HTTP into the change log: complete at first, cheap afterwards, whatever the rail does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store, product_clock_of
from ingestion.rails.stripe.promise import STRIPE
from ingestion.registry import RAILS
from ingestion.settings import Settings
from ingestion.sync import SyncReport, SyncRequest, sync
from ingestion.traffic import sum_of
from sandbox.server import Running, start
from tests.ingestion.conftest import HASTY, Home

WORLD: dict[str, Any] = {"seed": 11, "businesses": 2, "scale": 0.3}
Version = tuple[str, str, str, str, bool]


class StripeHome(Home):
    """A home whose businesses are connected to the sandbox's Stripe alone."""

    def sync(self, *, businesses: list[str] | None = None, entities: list[str] | None = None, count_check: bool = False) -> SyncReport:
        request = SyncRequest(STRIPE, businesses, entities, strategy=HASTY, count_check=count_check)
        return sync(self.settings, self.store, product_clock_of(self.settings, self.store), request)

    def fault(self, business: str, kind: str, **limits: Any) -> None:
        self.sandbox.post("fault", rail="stripe", business=business, kind=kind, **limits)

    def raw(self) -> set[Version]:
        union = " union all ".join(
            f"select business_id, '{promise.name}', record_id, sha256(payload), is_deleted from raw_stripe.{promise.name}"
            for promise in STRIPE.entities
        )
        return set(self.rows(union))

    def heads(self) -> set[tuple[str, str, str, str]]:
        """What exists now: business, entity, record and the hash of its content; events leave by themselves, old payouts are not asked."""
        union = " union all ".join(
            f"""select business_id, '{promise.name}', record_id, max_by(content_hash, (observed_at, version_no))
            from raw_stripe.{promise.name} group by all having not max_by(is_deleted, (observed_at, version_no))"""
            for promise in STRIPE.entities
            if promise.name not in ("events", "payout_transactions")
        )
        return set(self.rows(union))

    def in_payouts(self) -> set[tuple[str, str]]:
        """What payouts are known to be made of; of older ones only who saw them in time knows."""
        return set(self.rows("select business_id, record_id from raw_stripe.payout_transactions"))

    def served(self) -> set[Version]:
        rows = self.truth("served")
        return {(business, entity, one, digest, gone) for business, rail, entity, one, _, digest, gone, _ in rows if rail == "stripe"}


Opening = Callable[..., StripeHome]


@pytest.fixture
def open_stripe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Starts a sandbox, or takes a running one, and connects the Stripe accounts of all its businesses."""
    monkeypatch.setitem(RAILS, "stripe", STRIPE)
    with ExitStack() as stack:

        def opening(running: Running | None = None) -> StripeHome:
            settings = Settings(home=tmp_path / ("beside" if running else "home"), duckdb_memory="1GB", duckdb_threads=1)
            running = running or stack.enter_context(start(tmp_path / "world", **WORLD))
            store = stack.enter_context(open_store(settings))
            for entry in running.others:
                if entry["rail"] == "stripe":
                    told = {"base_url": entry["base_url"], "auth_url": entry["auth_url"], "timezone": entry["timezone"]}
                    onboard(settings, store, entry["business_id"], "stripe", entry["credentials"], **told)
            return StripeHome(settings, store, running)

        yield opening


@pytest.fixture
def home(open_stripe: Opening) -> StripeHome:
    return open_stripe()


def test_a_first_sync_brings_every_object_and_a_second_one_nothing(home: StripeHome) -> None:
    first = home.sync()
    assert [outcome.status for outcome in first.outcomes] == ["succeeded", "succeeded"]
    assert home.raw() == home.served()
    assert {entity for _, entity, *_ in home.raw()} == {promise.name for promise in STRIPE.entities}
    second = home.sync()
    assert second.rows_new == 0
    assert {outcome.requests for outcome in second.outcomes} == {STRIPE.quiet_calls.per_cycle}, "account, balance, events"
    assert set(sum_of(outcome.calls for outcome in second.outcomes)) == {"/account", "/balance", "/events"}


def test_following_events_ends_like_reading_everything_anew(home: StripeHome, open_stripe: Opening) -> None:
    home.sync()
    for days in (1, 7, 20, 60):
        home.sandbox.post("advance", days=days)
        assert not home.sync().failed
        assert home.raw() == home.served(), f"after {days} days more"
    assert any(gone for *_, gone in home.raw()), "three months of this world delete something"
    anew = open_stripe(home.sandbox)
    anew.sync()
    assert home.heads() == anew.heads()
    assert anew.in_payouts() <= home.in_payouts()
    assert home.sync().rows_new == 0


def test_an_outage_longer_than_events_are_kept_is_made_up_for(home: StripeHome, open_stripe: Opening) -> None:
    home.sync()
    for _ in range(4):
        home.sandbox.post("advance", days=10)
    report = home.sync()
    assert not report.failed
    assert all(entity.was_full_walk for entity in report.outcomes[0].entities if entity.entity not in ("accounts", "balances"))
    anew = open_stripe(home.sandbox)
    anew.sync()
    assert home.heads() == anew.heads()
    assert anew.in_payouts() <= home.in_payouts()
    assert home.sync(count_check=True).rows_new == 0


def test_an_account_connected_to_a_platform_is_read_through_it_until_it_is_taken_away(tmp_path: Path, open_stripe: Opening) -> None:
    with start(tmp_path / "three", **{**WORLD, "businesses": 3}) as running:
        home = open_stripe(running)
        assert [outcome.status for outcome in home.sync().outcomes] == ["succeeded"] * 3
        read = dict(home.rows("select business_id, connection_id = record_id from raw_stripe.accounts"))
        assert read == dict.fromkeys(home.businesses, True)
        through = [one.business_id for one in home.store.connections("stripe") if home.store.secret(one)["is_connected_account"] == "true"]
        assert len(through) == 1
        home.fault(through[0], "dead_token")
        failed = {outcome.business_id: outcome.error_kind for outcome in home.sync().failed}
        assert failed == {through[0]: "forbidden"}
