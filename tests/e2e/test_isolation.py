"""One business's dead token, errors or garbage never touch another; it is flagged, and whole again once the vendor is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.e2e.homes import TROUBLES
from tests.e2e.machine import Machine


def test_broken_businesses_are_named_and_flagged_while_the_others_are_complete(troubled: Path, troubled_copy: Machine) -> None:
    made = troubled_copy
    healthy, broken = _healthy_and_broken(made)
    told = json.loads((troubled / "run.json").read_text())
    assert told["code"] == 1
    assert all(business in told["errors"] for business in broken.values())
    assert healthy not in told["errors"]

    _assert_whole(made, healthy)
    states = {business: rest for business, *rest in made.query("select business_id, freshness_state, cash from experiences.portfolio")}
    assert set(states) == set(made.businesses), "a broken business is shown, not left out"
    assert states[healthy] == ["fresh", _true_cash(made)[healthy]]
    assert all(states[business][0] != "fresh" and states[business][1] is None for business in broken.values())
    assert set(broken.values()) == _flagged(made)
    assert dict(made.query("select business_id, state from marts.fct_connection_health")) == {
        healthy: "healthy",
        broken["dead_token"]: "disconnected",
        **{broken[kind]: "degraded" for kind in ("server_error", "torn_json", "html_error")},
    }

    pages = made.query("select business_id, path, byte_count, sha256, resolved_at from raw_control.quarantined_pages")
    assert pages
    for business, path, byte_count, digest, resolved_at in pages:
        body = (made.home / path).read_bytes()
        assert (business, len(body), hashlib.sha256(body).hexdigest(), resolved_at) == (broken["torn_json"], byte_count, digest, None)

    # What each trouble leaves behind on each rail, and that a sync makes up for it, is in tests/faults.
    made.sandbox.post("fault", rail="qbo", business="all", kind="clear")
    made.succeed("sync")
    for business in made.businesses:
        _assert_whole(made, business)
    assert all((made.home / path).exists() for _, path, *_ in pages), "the bytes stay"


@pytest.mark.soak
def test_broken_businesses_recover_with_the_next_cycle(troubled_copy: Machine) -> None:
    made = troubled_copy
    pages = made.query("select path from raw_control.quarantined_pages")
    made.sandbox.post("fault", rail="qbo", business="all", kind="clear")
    made.succeed("run")
    for business in made.businesses:
        _assert_whole(made, business)
    assert not _flagged(made)
    assert dict(made.query("select business_id, cash from experiences.portfolio")) == _true_cash(made)
    assert set(made.query("select distinct state from marts.fct_connection_health")) == {("healthy",)}
    resolved = made.query("select path from raw_control.quarantined_pages where resolved_at is not null")
    assert set(resolved) == set(pages) != set()


def test_a_torn_change_feed_is_kept_aside_and_its_rows_land_with_the_next_sync(copy: Machine) -> None:
    torn, *others = copy.businesses
    copy.sandbox.post("touch", share=0.1)
    copy.sandbox.post("fault", rail="qbo", business=torn, kind="torn_json", count=3)
    done = copy.rowcol("sync")
    assert done.returncode == 1
    assert torn in done.stderr
    assert not any(business in done.stderr for business in others)
    for business in others:
        _assert_whole(copy, business)
    [(reason, byte_count)] = copy.query("select reason, byte_count from raw_control.quarantined_pages")
    assert reason
    assert byte_count > 0
    copy.succeed("sync")
    copy.assert_change_log_is_whole()
    assert copy.query("select count(*) from raw_control.quarantined_pages where resolved_at is null") == [(0,)]


def test_equal_ids_of_two_businesses_are_two_records(later: Path, later_copy: Machine) -> None:
    by_business = {business: {(row[1], row[2]) for row in later_copy.raw() if row[0] == business} for business in later_copy.businesses}
    first, second, third = by_business.values()
    assert len(first & second & third) > 100
    for business in later_copy.businesses:
        _assert_whole(later_copy, business)


def _healthy_and_broken(made: Machine) -> tuple[str, dict[str, str]]:
    """The business that nothing happens to, and the others by what happens to them."""
    by_trouble = dict(zip(TROUBLES, made.businesses, strict=True))
    return by_trouble.pop(""), by_trouble


def _true_cash(made: Machine) -> dict[str, object]:
    return {row["business_id"]: row["bank_cash"] for row in sorted(made.truth("balances").to_pylist(), key=lambda row: row["date"])}


def _assert_whole(made: Machine, business: str) -> None:
    raw = [row for row in made.raw() if row[0] == business]
    assert len(raw) == len(set(raw))
    assert set(raw) == {row for row in made.served() if row[0] == business}
    assert raw


def _flagged(made: Machine) -> set[str]:
    """Businesses whose connection or sync is flagged: stale, broken or partial."""
    rows = made.query("select distinct business_id from marts.fct_hygiene_flag where status = 'open' and check_id in ('H38', 'H39', 'H40')")
    return {business for (business,) in rows}
