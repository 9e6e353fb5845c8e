"""`rowcol portfolio` and `digest`: which file is read, amounts and instants as they are, names that are nothing but names."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.commands import listed, rowcol
from tests.publishing.world import make_world


def test_portfolio_reads_the_only_published_file_or_the_named_one_or_the_warehouse(home: Path) -> None:
    world = make_world(home)
    world.add("acme", "bolt", "cog")
    assert rowcol(home, "portfolio", "ann").returncode == 2
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "--json"))] == ["acme", "bolt", "cog"]
    world.grant("ann", "acme", "bolt")
    world.publish()
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "--json"))] == ["acme", "bolt"]
    world.grant("bob", "cog")
    world.publish()
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "bob", "--json"))] == ["cog"]
    assert [row["business_id"] for row in listed(rowcol(home, "portfolio", "--json"))] == ["acme", "bolt", "cog"]
    refused = rowcol(home, "digest")
    assert refused.returncode == 2 and refused.stderr.startswith("rowcol: whose digest?")
    world.store.close()


def test_portfolio_json_keeps_amounts_exact_and_instants_in_utc(home: Path) -> None:
    world = make_world(home)
    world.add("acme")
    world.grant("ann", "acme")
    world.execute("update experiences.portfolio set cash = 9007199254740993.10")
    world.publish()
    text = rowcol(home, "portfolio", "ann", "--json").stdout
    assert '"cash": 9007199254740993.10' in text
    assert json.loads(text)[0]["published_at"] == "2026-06-30T12:00:00Z"
    world.store.close()


def test_portfolio_names_what_is_held_and_shows_names_as_they_are(home: Path) -> None:
    world = make_world(home)
    world.add("acme")
    world.grant("ann", "acme")
    world.execute("update experiences.portfolio set business_name = '[red]Acme[/red]'")
    world.execute("alter table experiences.portfolio add column currency varchar default 'KWD'")
    world.publish()
    world.hold("acme", "the ledger is off")
    world.publish()
    shown = rowcol(home, "portfolio", "ann").stdout
    assert "[red]Acme[/red] is held at its last good state: the ledger is off" in shown
    assert re.search(r"KWD +│ +1,000\.50 ", shown)
    digest = rowcol(home, "digest").stdout
    assert digest.startswith("# Digest for ann, 30 June 2026\n") and "## \\[red\\]Acme\\[/red\\]: not known" in digest
    world.store.close()
