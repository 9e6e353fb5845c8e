"""Secrets: never readable in the database, in a repr, in an error or in a log, and the key can be changed."""

from __future__ import annotations

import logging
import traceback

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from pydantic import SecretStr

from ingestion.control import ControlStore, open_store
from ingestion.control.schema import secrets, tokens
from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from tests.control.conftest import CREDENTIALS, connect
from tests.control.test_tokens import next_token

CONFIDENTIAL = ("very-secret-value", "refresh-token-", "access-token-")


def assert_clean(text: str) -> None:
    assert not [word for word in CONFIDENTIAL if word in text]


def everything_stored(store: ControlStore) -> str:
    with store.database.read() as transaction:
        tables = sa.inspect(transaction).get_table_names()
        return "".join(str(row) for table in tables for row in transaction.execute(sa.text(f'select * from "{table}"')))


def test_no_table_holds_a_secret_in_plain_text(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    store.rotate(acme, next_token)
    stored = everything_stored(store)
    assert "acme" in stored
    assert_clean(stored)


def test_no_file_of_the_home_holds_a_secret_in_plain_text(sqlite_settings: Settings) -> None:
    with open_store(sqlite_settings) as store:
        store.rotate(connect(sqlite_settings, store), next_token)
        files = [path for path in sqlite_settings.home.rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {"control.db", "control.db-wal", "secret.key"}
        for path in files:
            assert_clean(path.read_bytes().decode("latin-1"))


def test_files_of_the_home_are_for_its_owner_only(sqlite_settings: Settings) -> None:
    with open_store(sqlite_settings) as store:
        connect(sqlite_settings, store)
        home = sqlite_settings.home
        assert home.stat().st_mode & 0o777 == 0o700
        modes = {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()}
        assert set(modes) == {"control.db", "control.db-wal", "control.db-shm", "secret.key"}
        assert set(modes.values()) == {0o600}


def test_reprs_errors_and_logs_name_no_secret(settings: Settings, store: ControlStore, caplog: pytest.LogCaptureFixture) -> None:
    acme = connect(settings, store)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
        store.rotate(acme, next_token)
        logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    assert "sqlalchemy" in caplog.text
    assert_clean(caplog.text)
    assert_clean(f"{acme!r} {store.secret(acme)!r} {store.secret(acme)} {store.token(acme)!r} {settings!r}")
    with pytest.raises(sa.exc.IntegrityError) as caught, store.database.write() as transaction:
        values = {**acme.key, "connection_id": "nowhere", "ciphertext": b"very-secret-value", "updated_at": None}
        transaction.execute(sa.insert(secrets).values(values))
    assert_clean("".join(traceback.format_exception(caught.value)[-1:]))


def test_another_key_is_refused_in_a_sentence(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    other = settings.model_copy(update={"secret_key": SecretStr(Fernet.generate_key().decode())})
    with open_store(other) as locked_out, pytest.raises(RowcolError, match="credentials of acme on qbo cannot be decrypted") as caught:
        locked_out.secret(acme)
    assert_clean(str(caught.value))


def test_ciphertext_moved_to_another_tenants_row_is_refused(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    bolt = connect(settings, store, "bolt", "2")
    with store.database.write() as transaction:
        stolen = transaction.execute(sa.select(secrets.c.ciphertext).filter_by(business_id="acme")).scalar_one()
        transaction.execute(sa.update(secrets).filter_by(business_id="bolt").values(ciphertext=stolen))
    with pytest.raises(RowcolError, match="belong to another connection"):
        store.secret(bolt)


def test_rotating_a_key_file_leaves_only_the_new_key_and_everything_readable(settings: Settings, store: ControlStore) -> None:
    acme = connect(settings, store)
    key_file = settings.home / "secret.key"
    old_key, old_text = key_file.read_bytes(), everything_stored(store)
    assert store.rotate_key() == 2
    assert len(key_file.read_bytes().split()) == 1
    assert key_file.read_bytes() != old_key
    assert everything_stored(store) != old_text
    with open_store(settings) as fresh:
        assert fresh.secret(acme)["client_secret"] == CREDENTIALS["client_secret"]
        assert fresh.token(acme).refresh_token == "refresh-token-0"


def test_rotating_a_key_from_the_environment_takes_the_first(settings: Settings, store: ControlStore) -> None:
    old, new = Fernet.generate_key().decode(), "a passphrase of some length"
    with open_store(settings.model_copy(update={"secret_key": SecretStr(old)})) as first:
        acme = connect(settings, first)
    with open_store(settings.model_copy(update={"secret_key": SecretStr(f"{new},{old}")})) as both:
        assert both.secret(acme)["client_id"] == "client-1"
        both.rotate_key()
    with open_store(settings.model_copy(update={"secret_key": SecretStr(new)})) as last:
        assert last.secret(acme)["client_id"] == "client-1"
    assert not (settings.home / "secret.key").exists()


def test_a_crash_in_the_middle_of_a_rotation_loses_nothing(
    settings: Settings, store: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = connect(settings, store)
    monkeypatch.setattr("ingestion.control.tokens.reseal_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        store.rotate_key()
    monkeypatch.undo()
    with open_store(settings) as fresh:
        assert fresh.secret(acme)["client_id"] == "client-1"
        fresh.rotate_key()
        assert len((settings.home / "secret.key").read_bytes().split()) == 1
        assert fresh.token(acme).refresh_token == "refresh-token-0"


def test_a_weak_key_or_a_readable_key_file_is_refused(sqlite_settings: Settings) -> None:
    with (
        open_store(sqlite_settings.model_copy(update={"secret_key": SecretStr("short")})) as store,
        pytest.raises(UsageError, match="too short"),
    ):
        connect(sqlite_settings, store)
    with open_store(sqlite_settings) as store:
        acme = connect(sqlite_settings, store)
    (sqlite_settings.home / "secret.key").chmod(0o644)
    with open_store(sqlite_settings) as store, pytest.raises(RowcolError, match="can be read by others"):
        store.secret(acme)


def test_tokens_of_one_connection_do_not_open_for_another(settings: Settings, store: ControlStore) -> None:
    connect(settings, store)
    bolt = connect(settings, store, "bolt", "2")
    with store.database.write() as transaction:
        stolen = transaction.execute(sa.select(tokens.c.ciphertext).filter_by(business_id="acme")).scalar_one()
        transaction.execute(sa.update(tokens).filter_by(business_id="bolt").values(ciphertext=stolen))
    with pytest.raises(RowcolError, match="belong to another connection"):
        store.token(bolt)
