"""When a bank login's consent ends is known beforehand: from its own record, and from what Plaid announces; a renewal ends that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.control.inbox import put_notices
from ingestion.control.rows import control_rows
from ingestion.control.store import open_store
from ingestion.webhooks import Notice
from rowcol_assets.rail_findings import connection_findings
from tests.ingestion.plaid_bank import Bank, BankItem
from tests.ingestion.plaid_home import PlaidHome, patch, settings_in

DAY = timedelta(days=1)


class Login:
    """A home with one bank login, and what is known of its end."""

    def __init__(self, home: PlaidHome, item: BankItem) -> None:
        self.home, self.item = home, item

    def read(self) -> datetime | None:
        assert not self.home.sync(["items"]).failed
        return self.end()

    def end(self) -> datetime | None:
        found: datetime | None = self.tables()["connections"][0]["token_expires_at"]
        return found

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        return {name: table.to_pylist() for name, table in control_rows(self.home.store).items()}

    def announced(self, event: str, ends_at: datetime | None, *, is_repaired: bool = False) -> None:
        notice = Notice("item-1", event, event, ("items",), ends_at, is_repaired)
        with self.home.store.database.write() as transaction:
            put_notices(transaction, "plaid", {"item-1": "acme"}, [notice])

    def told(self) -> list[tuple[str, str, str]]:
        """What the doctor says of it."""
        found = connection_findings(self.home.settings, self.tables(), self.home.now)
        return [(one.severity, one.problem, one.what_to_do) for one in found]


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Login]:
    bank = Bank()
    patch(monkeypatch, bank)
    item = bank.item()
    settings = settings_in(tmp_path)
    with open_store(settings) as store:
        home = PlaidHome(settings, store, bank)
        home.connect("acme", item)
        yield Login(home, item)


def test_the_end_that_the_item_tells_is_kept_told_a_week_ahead_and_gone_once_it_is_renewed(login: Login) -> None:
    assert login.read() is None
    login.item.consent_expires_at = "2026-03-13T00:00:00Z"
    assert login.read() == datetime(2026, 3, 13, tzinfo=UTC)
    assert login.told() == []
    login.home.now += 4 * DAY
    renew = "rowcol connect acme --rail plaid --connection item-1"
    assert login.told() == [("warning", "its consent (item-1) ends at 2026-03-13 00:00 UTC", renew)]
    login.home.now += 7 * DAY
    assert [told[:2] for told in login.told()] == [("broken", "its consent (item-1) ended at 2026-03-13 00:00 UTC")]
    login.item.consent_expires_at = None
    assert login.read() is None and login.told() == []


def test_what_plaid_announces_counts_until_the_login_is_repaired_or_the_day_has_passed(login: Login) -> None:
    ends = login.home.now + 7 * DAY
    login.announced("ITEM.PENDING_DISCONNECT", ends)
    assert login.read() == ends, "the item itself tells no end"
    login.item.consent_expires_at = "2026-03-05T00:00:00Z"
    assert login.read() == datetime(2026, 3, 5, tzinfo=UTC), "the earlier of the two"
    login.item.consent_expires_at = None
    login.announced("ITEM.LOGIN_REPAIRED", None, is_repaired=True)
    assert login.read() is None
    login.announced("ITEM.PENDING_DISCONNECT again", ends)
    login.home.now += 8 * DAY
    assert login.read() is None, "it could be read, so it was not disconnected"


def test_an_item_in_error_says_nothing_new_of_its_end(login: Login) -> None:
    login.item.consent_expires_at = "2026-03-13T00:00:00Z"
    login.read()
    login.item.error_code, login.item.consent_expires_at = "ITEM_LOGIN_REQUIRED", None
    login.home.sync(["items"])
    assert login.end() == datetime(2026, 3, 13, tzinfo=UTC)


def test_an_end_that_is_no_instant_is_none(login: Login) -> None:
    login.item.consent_expires_at = "in spring"
    assert login.read() is None
