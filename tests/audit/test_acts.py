"""What people and the platform do to a home is an event that says who did it, when, from where and why: each kind done once."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.clock import fixed_clock
from ingestion.consent import App, Place
from ingestion.control import acts
from ingestion.control.api_tokens import new_token, revoke_tokens
from ingestion.control.apps import put_app
from ingestion.control.business_settings import Reserve, change_settings
from ingestion.control.pauses import set_pause, set_rail_pause
from ingestion.errors import RowcolError
from ingestion.removing import disconnect
from rowcol_assets.audit.act_events import HOME
from rowcol_assets.audit.reader import events_of
from rowcol_assets.audit.verify import verify
from rowcol_assets.audit.writer import ROTATION, rotate_key
from rowcol_assets.steps import publish_all
from tests.audit.worlds import LATER, log, logged_world
from tests.control.conftest import connect
from tests.publishing.world import NOON, TODAY


def test_every_act_is_an_event_with_who_when_from_where_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "operator", lambda: "olga")
    world = logged_world(tmp_path / "home")
    store = world.store
    connect(world.settings, store)
    store.grant("ann", "acme", "staff", NOON)
    change_settings(store.database, "acme", TODAY, {"min_buffer_days": 21}, [Reserve("tax", Decimal(5000))], at=NOON)
    new_token(store.database, "ann")
    put_app(store, "qbo", App(Place("https://api", "https://auth", "https://consent"), {"client_secret": "very-secret-value"}))
    world.publish()
    first = log(world, "first")
    assert {(event[0], event[1], event[3], event[4], event[7]) for event in first} == {
        ("acme", "businesses", "created", "operator", "onboarding or settings of the business"),
        ("acme", "reserves", "created", "operator", "a reserve was set"),
        ("acme", "grants", "created", "operator", "access was granted"),
        ("acme", "connections", "created", "operator", "the rail was connected, or is asked again"),
        (":home", "signing_keys", "created", "platform", "checkpoints are signed with this key from here on"),
        (":home", "keys", "created", "operator", "the first secret needs a key"),
        (":home", "keys", "created", "operator", "a token for the receiver was made"),
        (":home", "keys", "created", "operator", "the keys of our app were handed in"),
        (":home", "publications", "created", "platform", "what the advisor may see was published first"),
    }
    assert {event[5:7] for event in first if event[4] == "operator"} == {("olga", "command line")}
    assert all(event[8] for event in first)
    (published,) = (event for event in first if event[1] == "publications")
    assert (published[2], published[5], published[6], published[8]) == ("ann", "run-1", "published/ann", NOON.replace(tzinfo=None))
    told = json.loads(published[10])
    assert told["businesses"] == ["acme"]
    assert len(told["manifest_sha256"]) == len(told["database_sha256"]) == 64

    monkeypatch.setattr(acts, "operator", lambda: "oscar")
    connect(world.settings, store)
    set_pause(store.database, "acme", None, is_paused=True)
    store.revoke("ann", "acme", LATER)
    revoke_tokens(store.database, "ann")
    store.rotate_key()
    world.publish()
    second = log(world, "second")
    assert {(event[1], event[3], event[4], event[7]) for event in second} == {
        ("businesses", "updated", "operator", "onboarding or settings of the business"),
        ("grants", "updated", "operator", "access was revoked"),
        ("connections", "updated", "operator", "the rail was connected, or is asked again"),
        ("keys", "deleted", "operator", "a token for the receiver was ended"),
        ("keys", "updated", "operator", "the stored secrets were put under a new key"),
        ("publications", "updated", "platform", "what the advisor may see changed"),
    }
    assert {event[5] for event in second if event[4] == "operator"} == {"oscar"}
    changes = {event[1]: set(json.loads(event[9])) for event in second if event[9]}
    assert changes["connections"] == {"secret_changed_at"}
    assert {"generation", "businesses", "manifest_sha256"} <= changes["publications"]

    disconnect(store, "acme", "qbo", at_vendor=False)
    assert [(event[1], event[5], event[7]) for event in log(world, "third")] == [("connections", "oscar", "the connection was removed")]
    assert log(world, "fourth") == []
    story = events_of(world.settings.audit_dir, HOME, "publications", "ann")
    assert [(event["action"], json.loads(event["snapshot"])["businesses"]) for event in story] == [("created", ["acme"]), ("updated", [])]
    assert verify(world.settings.audit_dir, world.settings.anchors_dir).is_intact
    text = b"".join(path.read_bytes() for path in world.settings.audit_dir.rglob("*") if path.is_file())
    assert b"very-secret-value" not in text
    store.close()


def test_a_rail_paused_for_everybody_is_told_of_the_home_and_of_its_connections_with_who_did_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "operator", lambda: "olga")
    world = logged_world(tmp_path / "home")
    connect(world.settings, world.store)
    log(world, "first")
    monkeypatch.setattr(acts, "operator", lambda: "oscar")
    columns = slice(0, 8)
    set_rail_pause(world.store.database, "qbo", is_paused=True)
    connection = ("acme", "connections", "qbo/1001", "updated", "operator", "oscar", "command line")
    home = (HOME, "rails", "qbo", "updated", "operator", "oscar", "command line")
    assert [event[columns] for event in log(world, "paused")] == [
        (*home, "the rail was paused for all businesses"),
        (*connection, "the connection was paused"),
    ]
    set_rail_pause(world.store.database, "qbo", is_paused=False)
    assert [event[columns] for event in log(world, "resumed")] == [
        (*home, "the rail is asked again"),
        (*connection, "the rail was connected, or is asked again"),
    ]
    world.store.close()


def test_what_a_cycle_publishes_is_in_the_log_before_it_ends_and_once(tmp_path: Path) -> None:
    world = logged_world(tmp_path / "home")
    connect(world.settings, world.store)
    for advisor in ("ann", "bob"):
        world.store.grant(advisor, "acme", "staff", NOON)
    log(world, "first")
    assert len(publish_all(world.settings, world.store, NOON, "first", fixed_clock(NOON)).changed) == 2
    told = events_of(world.settings.audit_dir, HOME, "publications", "ann")
    assert [(event["run_id"], event["action"]) for event in told] == [("first", "created")]
    assert log(world, "second") == []
    assert publish_all(world.settings, world.store, LATER, "second", fixed_clock(LATER)).changed == ()
    assert events_of(world.settings.audit_dir, HOME, "publications", "ann") == told
    for advisor in ("ann", "bob"):
        world.store.revoke(advisor, "acme", LATER)
    assert len(publish_all(world.settings, world.store, LATER, "third", fixed_clock(LATER)).changed) == 2
    told = events_of(world.settings.audit_dir, HOME, "publications", "ann")
    assert [(event["run_id"], event["action"]) for event in told] == [("first", "created"), ("third", "updated")]
    assert "businesses" in json.loads(told[1]["changes"])
    assert verify(world.settings.audit_dir, world.settings.anchors_dir).is_intact
    world.store.close()


def test_another_signing_key_is_an_event_with_who_had_it_replaced_and_is_told_once(tmp_path: Path) -> None:
    world = logged_world(tmp_path / "home")
    settings = world.settings
    with world.warehouse() as warehouse, pytest.raises(RowcolError, match="no transaction log yet"):
        rotate_key(settings, warehouse, by="olga", at=LATER)
    log(world, "first")
    with world.warehouse() as warehouse:
        former, present = rotate_key(settings, warehouse, by="o'lga", at=LATER)
    connect(settings, world.store)
    assert {event[1] for event in log(world, "second")} == {"businesses", "connections", "keys"}, "nothing more of the signing key"
    made, replaced = events_of(settings.audit_dir, HOME, "signing_keys", "log")
    assert (replaced["action"], replaced["actor_type"], replaced["actor_id"]) == ("updated", "operator", "o'lga")
    assert (replaced["client"], replaced["run_id"], replaced["cause_id"]) == ("log-signing.key", ROTATION, made["event_id"])
    assert json.loads(replaced["changes"]) == {"public_key": [former, present]} and former != present
    verdict = verify(settings.audit_dir, settings.anchors_dir)
    assert (verdict.problems, [key.verifier for key in verdict.keys]) == ([], [former, present])
