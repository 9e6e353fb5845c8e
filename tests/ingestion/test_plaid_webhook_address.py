"""Where an item's webhooks go is set where it differs from the receiver's address, and costs no reading when it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingestion.control.store import open_store
from tests.ingestion.plaid_bank import Bank, BankItem, error
from tests.ingestion.plaid_home import PlaidHome, patch, settings_in

UPDATE = "/item/webhook/update"
ADDRESS = "https://hooks.example.com/rowcol/webhooks/plaid"


@contextmanager
def connected(folder: Path, bank: Bank, item: BankItem, receiver_url: str | None) -> Iterator[PlaidHome]:
    settings = settings_in(folder).model_copy(update={"receiver_url": receiver_url})
    with open_store(settings) as store:
        home = PlaidHome(settings, store, bank)
        home.connect("acme", item)
        yield home


def test_an_item_that_tells_another_address_is_redirected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = Bank()
    patch(monkeypatch, bank)
    item = bank.item(webhook="https://elsewhere.example.com/plaid")
    with connected(tmp_path, bank, item, ADDRESS.removesuffix("/webhooks/plaid")) as home:
        assert not home.sync().failed
        assert not home.sync().failed
    assert item.webhook == ADDRESS
    assert bank.calls()[UPDATE] == 1


def test_a_refused_address_costs_no_reading_and_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = Bank()
    patch(monkeypatch, bank)
    item = bank.item(faults={UPDATE: [error("INVALID_FIELD", "INVALID_REQUEST")]})
    with connected(tmp_path, bank, item, ADDRESS.removesuffix("/webhooks/plaid")) as home:
        report = home.sync()
        assert (report.failed, home.state(), item.webhook) == ([], "healthy", None)
        home.sync()
    assert item.webhook == ADDRESS


def test_without_an_address_of_the_receiver_no_item_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = Bank()
    patch(monkeypatch, bank)
    item = bank.item(webhook="https://elsewhere.example.com/plaid")
    with connected(tmp_path, bank, item, None) as home:
        assert not home.sync().failed
    assert bank.calls()[UPDATE] == 0
