"""`rowcol quickstart` from nothing, and once more after a week: what a person sees of it, and what stays behind."""

from __future__ import annotations

from pathlib import Path

from sandbox.hub import Hub
from sandbox.ports import bind_row
from sandbox.rails import NAMES
from sandbox.remote import served_at
from sandbox.state import Config
from tests.e2e.machine import Machine

DATABASE = "rowcol_bi.duckdb"


def test_the_quick_start_shows_the_portfolio_and_the_next_one_what_changed_whatever_lacks(tmp_path: Path) -> None:
    made = Machine(tmp_path, None)  # type: ignore[arg-type]
    _take_free_ports(made)
    first = made.rowcol("quickstart", "--businesses", "1")
    assert first.returncode == 0, first.stderr
    ((business, advisor),) = made.query("select business_id, firm_id from marts.dim_business")
    assert f"1 businesses with {len(NAMES)} connections onboarded under 1 advisors: {advisor}" in first.stderr
    ((name, cash),) = made.query("select business_name, cash from experiences.portfolio", made.home / "published" / advisor / DATABASE)
    assert "All clients" in first.stdout and name in first.stdout and f"{cash}" in first.stdout.replace(",", "")
    assert f"{made.home / 'published' / advisor / DATABASE}" in first.stdout
    assert "What changed" not in first.stdout
    assert served_at(made.settings.sandbox_dir) is None, "it ends with the command"

    made.succeed("sandbox", "advance", "--days", "7")
    made.succeed("sandbox", "fault", "plaid", business, "item_login_required")
    second = made.rowcol("quickstart")
    assert second.returncode == 1, "a bank that wants its owner to sign in again is said"
    assert "connections are not complete" in second.stderr
    assert "onboarded" not in second.stderr
    assert "1 of 1 businesses have other figures" in second.stdout
    assert DATABASE in second.stdout
    assert served_at(made.settings.sandbox_dir) is None


def _take_free_ports(made: Machine) -> None:
    """Settles the home's sandbox on ports that nobody listens at; the usual ones may be another's."""
    row = bind_row(0, len(NAMES))
    port = row[0].getsockname()[1]
    for listener in row:
        listener.close()
    Hub(made.settings.sandbox_dir, Config(seed=7, businesses=1, port=port)).close()
