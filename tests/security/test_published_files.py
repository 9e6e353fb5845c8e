"""What an advisor is handed holds their own clients and nothing else, and opening it opens no other file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from rowcol_assets.publishing import open_published
from tests.e2e.machine import Machine, open_file, relations
from tests.security.searching import of_others, search

GRANTS = {"ann": (0, 1), "bob": (2,)}


@pytest.mark.parametrize("advisor", GRANTS)
def test_an_advisors_files_hold_nothing_of_the_others_clients(later_copy: Machine, advisor: str) -> None:
    own = {later_copy.businesses[position] for position in GRANTS[advisor]}
    folder = (later_copy.home / "published" / advisor).resolve()
    others = of_others(later_copy, own)
    assert others and search(folder, others)[1] == []
    with open_file(folder / "rowcol_bi.duckdb") as connection:
        shown = relations(connection)
        assert len(shown) > 15
        for relation in shown:
            assert {business for (business,) in connection.execute(f"select distinct business_id from {relation}").fetchall()} <= own
            parquet = folder / relation.replace(".", "/")
            assert (
                connection.execute(f"select count(*) from {relation}").fetchone()
                == duckdb.execute(f"select count(*) from read_parquet('{parquet}.parquet')").fetchone()
            )


def test_a_published_file_opened_as_told_opens_no_other_file(base: Path, tmp_path: Path) -> None:
    published = base / "home" / "published"
    other = (published / "bob" / "rowcol_bi.duckdb").resolve()
    climbing = "published/../published/bob/rowcol_bi.duckdb"
    with open_published(published / "ann") as connection:
        assert connection.execute("select count(*) from experiences.portfolio").fetchone() == (2,)
        for statement in (
            f"attach '{other}' as other",
            f"attach '{other}' as other (read_only)",
            f"attach '{climbing}' as other",
            f"select * from '{other}'",
            f"select * from read_parquet('{other.parent}/marts/*.parquet')",
            f"select * from read_text('{other.parent}/manifest.json')",
            f"select * from read_blob('{published}/**')",
            f"select * from read_csv('{base}/home/control.db')",
            f"select * from glob('{published}/*')",
            "select * from glob('/etc/*')",
            "select * from read_text('/etc/passwd')",
            f"copy experiences.portfolio to '{tmp_path}/out.parquet'",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            f"export database '{tmp_path}/out'",
            f"create table stolen as select * from read_json('{other.parent}/manifest.json')",
            "create table mine as select 1",
            "delete from marts.fct_bills",
            "install httpfs",
            "load httpfs",
            "set enable_external_access = true",
            "reset enable_external_access",
            "set lock_configuration = false",
            "set allowed_directories = ['/']",
            "select getenv('HOME')",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement).fetchall()
    assert list(tmp_path.iterdir()) == []
