"""The same seed and operations give the same bytes, whoever asks when, in whatever process."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sandbox.hub import Hub
from sandbox.qbo.company import GeneratedCompany
from sandbox.state import ORIGIN, Config
from sandbox.world.identity import business_at
from sandbox.world.life import Life
from tests.sandbox.conftest import Ledger


def fingerprint(company: GeneratedCompany) -> str:
    digest = hashlib.sha256()
    for table in company.tables.values():
        for version in table.versions:
            digest.update(f"{table.entity}{version.id}{version.number}{version.updated}{version.deleted}".encode() + version.body)
    return digest.hexdigest()


def drive(hub: Hub, *, looks: bool) -> str:
    realm = hub.listings[1].realm
    for step in range(3):
        hub.advance(days=2, minutes=17)
        hub.touch(0.05)
        if looks:
            hub.company(realm)
            hub.company(hub.listings[step].realm)
    company = hub.company(realm)
    assert isinstance(company, GeneratedCompany)
    return fingerprint(company)


def test_versions_do_not_depend_on_who_looked_when(tmp_path: Path) -> None:
    watched, unwatched = (Hub(tmp_path / name / "sandbox", Config(seed=11, businesses=3)) for name in ("a", "b"))
    assert drive(watched, looks=True) == drive(unwatched, looks=False)


def test_another_seed_is_another_world(tmp_path: Path) -> None:
    one, other = (Hub(tmp_path / str(seed) / "sandbox", Config(seed=seed, businesses=3)) for seed in (11, 12))
    assert drive(one, looks=False) != drive(other, looks=False)


def test_time_passes_the_same_in_one_step_or_in_many() -> None:
    business = business_at(4, 2)
    once, often = Life(business, ORIGIN, 1.0), Life(business, ORIGIN, 1.0)
    once.live_until(ORIGIN + 10 * 86_400)
    for step in range(1, 10 * 24 * 2 + 1):
        often.live_until(ORIGIN + step * 1800)
    assert once.world.docs == often.world.docs
    assert once.world.balances == often.world.balances


def test_names_and_realms_are_unique_and_ids_are_equal_across_businesses() -> None:
    businesses = [business_at(1, index) for index in range(1000)]
    assert len({one.business_id for one in businesses}) == 1000
    assert len({one.realm for one in businesses}) == 1000
    first, second = (Life(business, ORIGIN, 1.0).world for business in businesses[:2])
    assert len(set(first.docs["bill"]) & set(second.docs["bill"])) > 50


def test_a_thousand_businesses_are_offered_at_once_and_generated_when_asked_for(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "sandbox", Config(businesses=1000))
    assert len({entry["credentials"]["refresh_token"] for entry in hub.credentials(("qbo",))}) == 1000
    last = hub.listings[999]
    assert len(hub.company(last.realm).tables["Bill"].current) > 50
    hub.close()


def test_warming_generates_every_company_and_counts_what_a_walk_finds(ledger: Ledger) -> None:
    told = ledger.http.post("/sandbox/warm").json()
    walked = sum(len(Ledger(ledger.hub, ledger.http, index).walk("Invoice")) for index in range(3))
    assert told["by_rail"]["qbo"]["Invoice"] == walked
    assert told["records"] == sum(sum(counts.values()) for counts in told["by_rail"].values())


def test_scale_multiplies_history_and_a_fraction_thins_it() -> None:
    business = business_at(1, 3)
    sizes = [sum(len(held) for held in Life(business, ORIGIN, scale).world.docs.values()) for scale in (0.3, 1.0, 3.0)]
    assert sizes[0] < sizes[1] < sizes[2]
    assert 2.5 < sizes[2] / sizes[1] < 3.5
