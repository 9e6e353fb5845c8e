"""Entering a bill: what is wrong with it is said in a sentence and kept for the log, by the command line and by the run that judges it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingestion.control.arrivals_schema import decisions
from ingestion.control.decisions import put_decisions
from ingestion.control.onboarding import onboard
from ingestion.control.store import ControlStore, open_store
from ingestion.settings import Settings
from rowcol_assets.cli.main import main
from rowcol_assets.settling import Settled, settle_entered
from tests.dbt.rawfill import RawWarehouse

NOW = datetime(2026, 9, 22, 16, tzinfo=UTC)
CREDENTIALS = {"client_id": "client", "client_secret": "hush-hush", "refresh_token": "refresh-0"}
BILL = {"vendor_id": "58", "amount": "120.50", "bill_date": "2026-09-20", "due_date": "2026-10-20"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(home=tmp_path / "home", now=NOW)
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: settings)
    return settings


@pytest.fixture
def store(settings: Settings) -> ControlStore:
    """Acme with vendors 58 (key k58; own58 before it was one with Ramp's r58), 59 (who bills in euro), 60 (deleted) and bill 17 of
    vendor 58; yen, which counts in yen; bolt, whose vendor 77 is; and new, which was never built."""
    store = open_store(settings)
    with RawWarehouse(settings.warehouse_path) as raw:
        raw.load("1")
        for number, business in enumerate(("acme", "bolt", "yen", "new")):
            onboard(settings, store, business, "qbo", CREDENTIALS | {"realm_id": f"100{number}"})
            store.grant("ann", business, "staff", NOW)
        raw.versions("acme", "vendors", [{"Id": "58", "CurrencyRef": {"value": "USD"}}, {"Id": "59", "CurrencyRef": {"value": "EUR"}}])
        raw.versions("acme", "vendors", [{"Id": "60"}])
        gone = {"updated_at": NOW, "observed_at": NOW, "version_no": 2, "is_deleted": True}
        raw.version("acme", "vendors", {"Id": "60", "status": "Deleted"}, **gone)  # type: ignore[arg-type]
        raw.versions("bolt", "vendors", [{"Id": "77"}])
        raw.versions("yen", "vendors", [{"Id": "58"}])
        raw.execute("create schema marts")
        raw.execute("create schema seeds")
        raw.execute("create table seeds.currency_exponents as select 'USD' as currency, 2 as iso_exponent union all select 'JPY', 0")
        raw.execute("create table marts.dim_business (business_id varchar, home_currency varchar)")
        raw.execute("insert into marts.dim_business values ('acme', 'USD'), ('bolt', 'USD'), ('yen', 'JPY')")
        raw.execute("""create table marts.vendor_map (business_id varchar, rail varchar, rail_vendor_id varchar, vendor_key varchar,
            own_vendor_key varchar)""")
        raw.execute("""insert into marts.vendor_map values
            ('acme', 'qbo', '58', 'k58', 'own58'), ('acme', 'ramp', 'r58', 'k58', 'k58'), ('bolt', 'qbo', '77', 'k77', 'k77')""")
        raw.execute("""create table marts.fct_bills (business_id varchar, rail varchar, record_id varchar, vendor_id varchar,
            document_number varchar, txn_date date, total_amount decimal(18, 2), effective_status varchar, is_deleted boolean,
            is_voided boolean, created_at timestamp)""")
        raw.execute("""insert into marts.fct_bills values
            ('acme', 'qbo', '17', '58', 'A-017', '2026-09-01', 100, 'open', false, false, '2026-09-02'),
            ('acme', 'qbo', '18', '58', null, '2026-09-20', 70, 'open', false, false, '2026-09-23'),
            ('acme', 'qbo', '19', '58', null, '2026-09-20', 80, 'deleted', true, false, '2026-09-02')""")
    return store


def enter(business: str, *more: str, **told: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["decide", "enter-bill", business, *(f"{name}={value}" for name, value in told.items()), *more])
    return int(end.value.code or 0)


def sent(store: ControlStore, business: str, told: dict[str, str], key: str = "tap", at: datetime = NOW) -> str:
    """The same as the receiver stores it."""
    with store.database.write() as transaction:
        (made,) = put_decisions(
            transaction, business_id=business, advisor_id="ann", idempotency_key=key, kind="enter-bill", subjects=[told], reason=None,
            client="10.0.0.7", at=at,
        )  # fmt: skip
    return made.decision_id


def kept(store: ControlStore) -> list[tuple[str, dict[str, Any]]]:
    with store.database.read() as transaction:
        rows = transaction.execute(sa.select(decisions.c.kind, decisions.c.subject).order_by(decisions.c.decision_no))
        return [(row.kind, json.loads(row.subject)) for row in rows]


def bill(**changed: str | None) -> dict[str, str]:
    return {name: value for name, value in {**BILL, **changed}.items() if value is not None}


@pytest.mark.parametrize(
    ("business", "told", "said"),
    [
        ("acme", bill(vendor_id="99"), "acme has no vendor 99 in the ledger"),
        ("acme", bill(vendor_id="77"), "acme has no vendor 77 in the ledger"),
        ("acme", bill(vendor_id=None, vendor_key="k77"), "acme has no vendor k77 in the ledger"),
        ("acme", bill(vendor_id="60"), "acme has no vendor 60 in the ledger"),
        ("acme", bill(vendor_id="59"), "vendor 59 bills in EUR, and what is entered is in USD"),
        ("acme", bill(amount="0.00"), "more than nothing, not 0.00"),
        ("acme", bill(amount="-5"), "more than nothing, not -5"),
        ("acme", bill(amount="1.005"), "1.005 has more than 2 decimals"),
        ("yen", bill(amount="1.5"), "1.5 has more decimals than JPY, which has 0"),
        ("acme", bill(due_date="2026-09-19"), "due on 2026-09-19, before its own date 2026-09-20"),
        ("acme", bill(bill_date="2020-02-29"), "a bill entered on 2026-09-22 is not dated 2020-02-29"),
        ("acme", bill(bill_date="2026-12-24", due_date="2027-01-01"), "is not dated 2026-12-24"),
        ("acme", bill(due_date="2206-10-20"), "a bill of 2026-09-20 is not due on 2206-10-20"),
        ("acme", bill(amount="100", document_number="a 017"), "the ledger has it: bill 17 of 2026-09-01"),
        ("acme", bill(amount="100", bill_date="2026-09-01"), "the ledger has it: bill 17 of 2026-09-01"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason_and_kept_for_the_log(
    settings: Settings, store: ControlStore, capsys: pytest.CaptureFixture[str], business: str, told: dict[str, str], said: str
) -> None:
    assert enter(business, **told) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    ((kind, refusal),) = kept(store)
    assert (kind, refusal["kind"], refusal["subject"]) == ("refused", "enter-bill", told)
    assert said in refusal["said"]
    decision = sent(store, business, told)
    assert settle_entered(settings, store) == Settled(refused=1)
    assert settle_entered(settings, store) == Settled(), "each is judged once"
    (kind, refusal) = kept(store)[2]
    assert (kind, refusal["decision_id"], refusal["said"]) == ("refused", decision, kept(store)[0][1]["said"])
    assert len(kept(store)) == 3


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (bill(amount="ten"), "Expected `str` matching regex"),
        (bill(amount="1e3"), "Expected `str` matching regex"),
        (bill(bill_date="20 September"), "Invalid RFC3339"),
        (bill(due_date=None), "missing required field `due_date`"),
        (bill(vendor_key="k58"), "by vendor_id or by vendor_key, one of the two"),
        (bill(vendor_id=None), "by vendor_id or by vendor_key, one of the two"),
        (bill(currency="USD"), "unknown field `currency`"),
    ],
)
def test_what_is_no_bill_at_all_is_wrong_use(
    store: ControlStore, capsys: pytest.CaptureFixture[str], told: dict[str, str], said: str
) -> None:
    assert enter("acme", **told) == 2
    assert said in capsys.readouterr().err
    assert kept(store) == []


def test_a_bill_is_entered_once_and_admitted_by_a_run_once(
    settings: Settings, store: ControlStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [enter("acme", "--key", "tap", "--json", "--reason", "told by phone", **BILL) for _ in range(2)] == [0, 0]
    made = [json.loads(text) for text in capsys.readouterr().out.replace("]\n[", "]\n\x00[").split("\x00")]
    ((first,), (again,)) = made
    assert (first["decision_id"], first["is_new"], again["is_new"]) == (again["decision_id"], True, False)
    assert kept(store) == [("enter-bill", BILL)]
    for key in ("k58", "own58"):
        assert enter("acme", **bill(vendor_id=None, vendor_key=key, amount="120.5")) == 1
        assert "a bill of 2026-09-20 over 120.50 of that vendor was entered before" in capsys.readouterr().err
    assert enter("acme", **bill(document_number="7")) == 1, "one without a number may be that one"
    assert settle_entered(settings, store) == Settled(admitted=1)
    assert settle_entered(settings, store) == Settled()
    assert kept(store)[-1] == ("admitted", {"decision_id": first["decision_id"]})
    with pytest.raises(SystemExit):
        main(["decide", "undo", "acme", first["decision_id"]])
    assert enter("acme", **BILL) == 0, "what was undone is no reason"


def test_a_bill_that_two_runs_judge_at_once_is_what_the_first_of_them_says(
    settings: Settings, store: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run has looked at it before the ledger had a bill like it, and this one after."""
    runs: list[Settled] = []

    def unfit_by_now(*_: object) -> str:
        monkeypatch.undo()
        runs.append(settle_entered(settings, store))
        return "the ledger has it"

    monkeypatch.setattr("rowcol_assets.settling.why_unfit", unfit_by_now)
    sent(store, "acme", BILL)
    assert (settle_entered(settings, store), runs) == (Settled(), [Settled(admitted=1)])
    assert [kind for kind, _ in kept(store)] == ["enter-bill", "admitted"]


def test_what_is_judged_is_judged_by_what_was_known_when_it_was_entered(settings: Settings, store: ControlStore) -> None:
    sent(store, "acme", bill(amount="70"), "the ledger has it since then")
    sent(store, "acme", bill(amount="80"), "the ledger's was deleted")
    sent(store, "acme", BILL, "one")
    sent(store, "acme", BILL, "twice")
    sent(store, "acme", bill(amount="100", bill_date="2026-09-01", document_number="18"), "another number on the same day")
    undone = sent(store, "acme", bill(vendor_id="99"), "no vendor")
    sent(store, "new", BILL, "never built")
    with store.database.write() as transaction:
        put_decisions(
            transaction, business_id="acme", advisor_id="ann", idempotency_key="back", kind="undo", subjects=[{"decision_id": undone}],
            reason=None, client="10.0.0.7", at=NOW + timedelta(minutes=1),
        )  # fmt: skip
    assert settle_entered(settings, store) == Settled(admitted=4, refused=1)
    assert settle_entered(settings, store) == Settled(), "one of a business that was never built waits"


def test_an_entered_bill_is_held_but_not_corrected_and_is_matched_by_a_person(
    store: ControlStore, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with RawWarehouse(settings.warehouse_path) as raw:
        raw.versions("acme", "bills", [{"Id": "17"}])
        raw.execute("insert into marts.fct_bills by name select 'acme' as business_id, 'user' as rail, 'e1' as record_id")

    def decide(*written: str) -> int:
        with pytest.raises(SystemExit) as end:
            main(["decide", *written])
        return int(end.value.code or 0)

    assert decide("hold", "acme", "user:e1") == 0
    assert decide("confirm-match", "acme", "user:bills:e1", "qbo:bills:17") == 0
    assert decide("hold", "acme", "user:e2") == 1
    assert "acme has no entered bill e2" in capsys.readouterr().err
    assert [subject.get("rail") or subject.get("left_rail") for kind, subject in kept(store) if kind != "refused"] == ["user", "user"]
