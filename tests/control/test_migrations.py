"""Schema versions: an older home is brought forward with its data, a newer one is left alone, processes do not collide."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ingestion.control import open_store
from ingestion.control.database import MIGRATIONS, SCHEMA_VERSION, Database, upgrade
from ingestion.control.schema import businesses, metadata
from ingestion.errors import RowcolError, UsageError
from ingestion.settings import Settings
from tests.control.conftest import connect
from tests.forked.processes import at_once


def test_the_migrations_end_at_the_schema_the_code_uses(settings: Settings) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION
    with open_store(settings) as store, store.database.read() as transaction:
        assert compare_metadata(MigrationContext.configure(transaction), metadata) == []


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_a_home_of_an_older_version_is_brought_forward_with_its_data(settings: Settings, version: str, tmp_path: Path) -> None:
    settings.home.mkdir()
    url = settings.control_database_url.replace("postgresql:", "postgresql+psycopg:")
    old = Database(sa.create_engine(url))
    with old.write() as transaction:
        upgrade(transaction, version)
        onboarded = datetime(2026, 1, 1, tzinfo=UTC)
        transaction.execute(sa.insert(businesses).values(business_id="old", business_name="Old", onboarded_at=onboarded))
    old.engine.dispose()
    with open_store(settings) as store:
        assert [each.business_name for each in store.businesses()] == ["Old"]
        assert connect(settings, store).business_id == "acme"


def test_a_home_of_a_newer_version_is_refused_and_untouched(settings: Settings) -> None:
    with open_store(settings) as store, store.database.write() as transaction:
        transaction.execute(sa.text("update alembic_version set version_num = '0099'"))
    with pytest.raises(RowcolError, match=f"schema version 0099, newer than this program's {SCHEMA_VERSION}: update rowcol"):
        open_store(settings)
    url = settings.control_database_url.replace("postgresql:", "postgresql+psycopg:")
    with sa.create_engine(url).connect() as connection:
        assert connection.execute(sa.text("select version_num from alembic_version")).scalar_one() == "0099"


def open_and_close(home: Path, url: str | None, barrier: object) -> str:
    barrier.wait(60)  # type: ignore[attr-defined]
    with open_store(Settings(home=home, control_url=url, _env_file=None)) as store, store.database.read() as transaction:
        return str(transaction.execute(sa.text("select version_num from alembic_version")).scalar_one())


def test_eight_processes_open_a_new_home_at_once(settings: Settings) -> None:
    assert at_once(8, open_and_close, settings.home, settings.control_url) == [SCHEMA_VERSION] * 8


@pytest.mark.parametrize(
    ("url", "message"),
    [("not a url", "is not a SQLAlchemy URL"), ("mysql://host/db", "lives in sqlite or postgresql"), ("sqlite://", "names no file")],
)
def test_an_unusable_url_is_wrong_use(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_store(Settings(home=tmp_path / "home", control_url=url, _env_file=None))


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", control_url="postgresql://rowcol:hunter2@127.0.0.1:1/rowcol", _env_file=None)
    with pytest.raises(RowcolError, match=r"the control store at .* cannot be used") as caught:
        open_store(settings)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_sentence(sqlite_settings: Settings) -> None:
    sqlite_settings.home.mkdir()
    (sqlite_settings.home / "control.db").write_text("this is not a database, and it is long enough to be told apart from one " * 20)
    with pytest.raises(RowcolError, match="file is not a database"):
        open_store(sqlite_settings)
