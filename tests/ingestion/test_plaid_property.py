"""Whatever happens to an item and whenever a sync dies, the change log ends as what the bank serves, each state known once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.changelog.landing import land
from ingestion.control.store import open_store
from tests.ingestion.plaid_bank import Bank, BankItem, error, transaction
from tests.ingestion.plaid_home import PlaidHome, patch, settings_in

Accident = Literal["none", "mutation", "failed_page", "killed_before", "killed_after", "cursor_gone"]


class Killed(Exception):
    """Stands for the end of the process: nothing after it is done."""


ids = st.sampled_from([f"t{number}" for number in range(3)])
change = st.one_of(
    st.tuples(st.just("put"), ids, st.sampled_from(["1", "2.50", "23631.9805"])),
    st.tuples(st.just("remove"), ids, st.just("")),
    st.tuples(st.just("post"), ids, st.just("")),
)
step = st.tuples(
    st.lists(change, min_size=1, max_size=5),
    st.sampled_from(["none", "mutation", "failed_page", "killed_before", "killed_after", "cursor_gone"]),
    st.lists(change, min_size=1, max_size=2),
    st.integers(1, 3),
)


def apply(item: BankItem, changes: list[tuple[str, str, str]]) -> None:
    for kind, record, amount in changes:
        if kind == "put":
            item.put(record, transaction(record, amount))
        elif kind == "remove" and record in item.state:
            item.remove(record)
        elif kind == "post" and record in item.state:
            item.post(record, f"{record}-posted")


def sync_with(home: PlaidHome, item: BankItem, accident: Accident, meanwhile: list[tuple[str, str, str]]) -> None:
    """One sync during which `accident` happens, and a further one when that took it down."""
    disturb: dict[str, Callable[[], None]] = {
        "mutation": lambda: apply(item, meanwhile),
        "failed_page": lambda: item.faults.setdefault("/transactions/sync", []).append(error("INTERNAL_SERVER_ERROR", "API_ERROR", 500)),
    }
    item.between_pages = [disturb[accident]] if accident in disturb else []
    if accident == "cursor_gone":
        item.lose_cursors()
    if accident in ("killed_before", "killed_after"):
        with pytest.MonkeyPatch.context() as patched, suppress(Killed):
            patched.setattr("ingestion.part.land", _killed(accident))
            home.sync(["transactions"])
    assert not home.sync(["transactions"]).failed
    item.between_pages = []


def _killed(accident: Accident) -> Callable[..., None]:
    def landing(settings: object, rail: object, spool: object, sync_id: str, watermarks: object) -> None:
        if accident == "killed_after":
            # The rows are in, the process ends before it has told anybody, and the load's watermark is taken back.
            land(settings, rail, spool, sync_id, {})  # type: ignore[arg-type]
        raise Killed

    return landing


@example(steps=[([("put", "t0", "1"), ("put", "t1", "1")], "none", [], 1), ([("remove", "t0", "")], "cursor_gone", [], 1)])
@example(steps=[([("put", "t0", "1"), ("put", "t1", "1")], "mutation", [("put", "t0", "2.50"), ("remove", "t1", "")], 1)])
@example(steps=[([("put", "t0", "1")], "killed_after", [], 1), ([("post", "t0", "")], "killed_after", [], 1)])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=1, max_size=4))
def test_the_change_log_ends_as_what_is_served(
    steps: list[tuple[list[tuple[str, str, str]], Accident, list[tuple[str, str, str]], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = Bank()
    patch(monkeypatch, bank)
    with tempfile.TemporaryDirectory() as folder:
        configured = settings_in(Path(folder))
        with open_store(configured) as store:
            home = PlaidHome(configured, store, bank)
            item = bank.item()
            home.connect("acme", item)
            for changes, accident, meanwhile, page_rows in steps:
                item.page_rows = page_rows
                apply(item, changes)
                sync_with(home, item, accident, meanwhile)
                assert home.heads("transactions") == item.state
            assert home.sync(["transactions"]).rows_new == 0
            doubled = home.rows(
                """select count(*) from (select content_hash = lag(content_hash) over (partition by record_id order by version_no) as again
                from raw_plaid.transactions) where again"""
            )
            assert doubled == [(0,)], "each version differs from the one before"
            assert home.rows("select count(*) - count(distinct change_id) from raw_plaid.transactions") == [(0,)]
