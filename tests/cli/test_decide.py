"""`rowcol decide`: what is written becomes the decision meant, and what cannot be meant is one sentence and stores nothing."""

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
from rowcol_assets.settling import settle_words
from tests.dbt.rawfill import RawWarehouse

NOW = datetime(2026, 9, 22, 16, tzinfo=UTC)
CREDENTIALS = {"client_id": "client", "client_secret": "hush-hush", "realm_id": "1001", "refresh_token": "refresh-0"}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ControlStore:
    """Acme with bills 16 (paid), 17, 18, vendors on two rails, a match, conflicts and flags; bolt with bill 19 and the same vendors; and
    new, which was never built."""
    settings = Settings(home=tmp_path / "home", now=NOW)
    monkeypatch.setattr("ingestion.settings.load_settings", lambda: settings)
    store = open_store(settings)
    with RawWarehouse(settings.warehouse_path) as raw:
        raw.load("1")
        for business, realm, bills in (("acme", "1001", "16 17 18"), ("bolt", "1002", "19"), ("new", "1003", "")):
            onboard(settings, store, business, "qbo", CREDENTIALS | {"realm_id": realm})
            raw.versions(business, "bills", [{"Id": bill} for bill in bills.split()])
        raw.execute("create schema marts")
        raw.execute("create table marts.vendor_map (business_id varchar, rail varchar, rail_vendor_id varchar)")
        raw.execute("insert into marts.vendor_map values ('acme', 'qbo', '58'), ('acme', 'plaid', 'SQ: ACME'), ('bolt', 'ramp', 'r9')")
        raw.execute("""create table marts.fct_match (business_id varchar, match_id varchar, left_rail varchar, left_entity varchar,
            left_id varchar, right_rail varchar, right_entity varchar, right_id varchar, member_no integer)""")
        raw.execute(
            "insert into marts.fct_match values ('acme', 'm1', 'plaid', 'transactions', 't1', 'qbo', 'bills', '17', 1), "
            "('acme', 'run', 'qbo', 'bills', '17', 'plaid', 'transactions', 't1', 1), "
            "('acme', 'run', 'qbo', 'bills', '18', 'plaid', 'transactions', 't1', 2)"
        )
        raw.execute(
            "create table marts.fct_conflict (business_id varchar, conflict_id varchar, field varchar, winner_rail varchar, "
            "loser_rail varchar, winner_amount decimal(18, 2))"
        )
        raw.execute(
            "insert into marts.fct_conflict values ('acme', 'c1', 'amount', 'qbo', 'ramp', 5), "
            "('acme', 'c2', 'vendor', 'qbo', 'ramp', null), ('acme', 'c3', 'due_date', 'qbo', 'ramp', null)"
        )
        raw.execute("create table marts.fct_bills (business_id varchar, rail varchar, record_id varchar, effective_status varchar)")
        raw.execute("insert into marts.fct_bills values ('acme', 'qbo', '16', 'paid'), ('acme', 'qbo', '17', 'open')")
        raw.execute(
            "create table marts.fct_hygiene_flag (business_id varchar, flag_id varchar, facts_hash varchar, status varchar, "
            "checked_at timestamp)"
        )
        raw.execute(
            "insert into marts.fct_hygiene_flag select 'acme', 'f' || number, 'seen' || number, 'open', ? from range(101) as t (number) "
            "union all values ('acme', 'gone', '', 'resolved', ?), ('acme', 'old', '', 'open', ?)",
            [NOW.replace(tzinfo=None), NOW.replace(tzinfo=None), NOW.replace(tzinfo=None) - timedelta(minutes=1441)],
        )
        raw.execute("create table marts.dim_business (business_id varchar)")
        raw.execute("insert into marts.dim_business values ('acme'), ('bolt')")
        raw.versions("acme", "vendors", [{"Id": "58"}])
        raw.observed("acme", "plaid", "transactions", "t1", {"transaction_id": "t1"})
    store.grant("ann", "acme", "staff", NOW)
    store.grant("eve", "acme", "view_only", NOW)
    return store


def decide(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["decide", *arguments])
    return int(end.value.code or 0)


def kept(store: ControlStore) -> list[tuple[Any, ...]]:
    query = sa.select(decisions.c.kind, decisions.c.subject, decisions.c.advisor_id, decisions.c.reason).order_by(decisions.c.decision_no)
    with store.database.read() as transaction:
        return [(row.kind, json.loads(row.subject), row.advisor_id, row.reason) for row in transaction.execute(query)]


def test_what_is_written_is_the_decision_that_is_kept(store: ControlStore, capsys: pytest.CaptureFixture[str]) -> None:
    match = {"left_rail": "plaid", "left_entity": "transactions", "left_id": "t1", "right_rail": "qbo", "right_entity": "bills"}
    assert decide("hold", "acme", "17", "qbo:18", "--reason", "both wrong") == 0
    assert decide("same", "acme", "qbo:58", "plaid:SQ: ACME") == 0
    assert decide("confirm-match", "acme", "m1") == 0
    assert decide("reject-match", "acme", "plaid:transactions:t1", "qbo:bills:17") == 0
    assert decide("correct", "acme", "bills", "17", "due_date=2026-10-01", "vendor_id=58") == 0
    assert kept(store) == [
        ("hold", {"rail": "qbo", "bill": "17"}, "ann", "both wrong"),
        ("hold", {"rail": "qbo", "bill": "18"}, "ann", "both wrong"),
        ("same", {"left_rail": "qbo", "left_id": "58", "right_rail": "plaid", "right_id": "SQ: ACME", "party": "vendor"}, "ann", None),
        ("confirm-match", match | {"right_id": "17"}, "ann", None),
        ("reject-match", match | {"right_id": "17"}, "ann", None),
        (
            "correct",
            {"entity": "bills", "record_id": "17", "fields": {"due_date": "2026-10-01", "vendor_id": "58"}, "rail": "qbo"},
            "ann",
            None,
        ),
    ]
    assert [decide("settle", "acme", *words) for words in (("c1", "ramp"), ("c1", "value=5.10"), ("c2", "value=A = B"))] == [0, 0, 0]
    assert [subject for _, subject, *_ in kept(store)[6:]] == [
        {"conflict": "c1", "rail": "ramp"},
        {"conflict": "c1", "value": "5.10"},
        {"conflict": "c2", "value": "A = B"},
    ]
    capsys.readouterr()
    assert decide("hold", "acme", "17", "--key", "tap", "--json") == decide("hold", "acme", "17", "--key", "tap") == 0
    assert len(kept(store)) == 10, "the same key is the same decision"


def test_a_bundle_is_confirmed_by_its_id_or_by_naming_all_of_its_records(store: ControlStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide("confirm-match", "acme", "run") == 0
    assert "qbo:bills:18 plaid:transactions:t1" in capsys.readouterr().out
    assert decide("reject-match", "acme", "qbo:bills:17", "qbo:bills:18", "plaid:transactions:t1") == 0
    sides = {"left_rail": "qbo", "left_entity": "bills", "right_rail": "plaid", "right_entity": "transactions", "right_id": "t1"}
    members = [sides | {"left_id": bill} for bill in ("17", "18")]
    assert [(kind, subject) for kind, subject, *_ in kept(store)] == [
        (kind, member) for kind in ("confirm-match", "reject-match") for member in members
    ]


def test_a_bill_is_not_approved_without_a_live_balance_and_the_refusal_is_kept(
    store: ControlStore, capsys: pytest.CaptureFixture[str]
) -> None:
    with store.database.write() as transaction:
        transaction.execute(sa.text("update connections set base_url = 'http://127.0.0.1:9', auth_url = 'http://127.0.0.1:9'"))
    assert decide("approve", "acme", "17", "18") == 1
    told = capsys.readouterr().err
    assert told.startswith("rowcol: not approved, needs_data: no live balance: ") and told.count("\n") == 1
    wanted = {"kind": "approve", "answer": "needs_data", "rules": ["no_live_balance"]}
    assert kept(store) == [("refused", wanted | {"subject": {"rail": "qbo", "bill": bill}}, "ann", None) for bill in ("17", "18")]


def test_a_decision_is_undone_by_its_id(store: ControlStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide("hold", "acme", "17", "--json") == 0
    (made,) = json.loads(capsys.readouterr().out)
    assert (made["kind"], made["is_new"], made["advisor_id"]) == ("hold", True, "ann")
    assert decide("undo", "acme", made["decision_id"]) == 0
    assert kept(store)[1][:2] == ("undo", {"decision_id": made["decision_id"]})
    assert decide("undo", "acme", made["decision_id"]) == 2
    assert "was undone before" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ("pay acme 17", 2, "there is no decision 'pay'"),
        ("hold acme 19", 1, "acme has no bills 19 on qbo"),
        ("hold acme ramp:17", 1, "acme has no bills 17 on ramp"),
        ("same acme qbo:58 ramp:r9", 1, "acme has no vendor r9 on ramp"),
        ("same acme 58 ramp:r9", 2, "'58' names no rail"),
        ("same acme qbo:58", 2, "is written: rowcol decide same BUSINESS RAIL:ID RAIL:ID"),
        ("confirm-match acme m2", 1, "acme has no match m2"),
        ("confirm-match bolt m1 --as ann", 1, "ann may not act for bolt"),
        ("correct acme bills 17 vendor_id=59", 1, "acme has no vendors 59 on qbo"),
        ("correct acme bills 17 due_date", 2, "FIELD=VALUE"),
        ("settle acme c9 qbo", 1, "acme has no conflict c9"),
        ("settle acme c1 plaid", 1, "conflict c1 is between qbo and ramp"),
        ("settle acme c1 xero", 2, "xero"),
        ("settle acme c1 value=1e5", 1, "amount is an amount of money, such as 125.00"),
        ("settle acme c3 value=20261201", 1, "due_date is a date: YYYY-MM-DD"),
        ("settle acme c1", 2, "CONFLICT value=VALUE"),
        ("resolve-flag acme f1 nope", 1, "acme has no flag nope"),
        ("resolve-flag acme f1 gone", 1, "flag gone of acme is not open, it is resolved"),
        ("resolve-flag acme f1 old", 1, "flag old of acme was last looked at on 2026-09-21 at 15:59 UTC"),
        ("hold acme 16", 1, "bill 16 of acme is paid: there is nothing to decide"),
        ("approve acme 17 16", 1, "bill 16 of acme is paid: there is nothing to decide"),
        ("undo acme d1", 2, "acme has no decision d1"),
        ("hold acme 17 --as eve", 1, "eve may not act for acme"),
        ("hold bolt 19", 1, "nobody may act for bolt: rowcol grant ADVISOR bolt"),
        ("hold nobody 17", 2, "there is no business 'nobody'"),
        ("hold ../acme 17", 2, "is not a business id"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(
    store: ControlStore, capsys: pytest.CaptureFixture[str], written: str, code: int, said: str
) -> None:
    assert decide(*written.split()) == code
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    # Of what is not there or settled the refusal is kept, for the log; the other sentences are about the writing.
    is_unfit = any(
        words in said for words in ("has no bills", "has no vendor", "has no conflict", "has no flag", "flag gone", "flag old", "is paid")
    )
    assert {kind for kind, *_ in kept(store)} == ({"refused"} if is_unfit else set())


def test_of_a_business_that_no_cycle_has_built_that_is_said(store: ControlStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.grant("ann", "new", "staff", NOW)
    assert decide("hold", "new", "17") == 1
    assert "no cycle has built new yet: rowcol run" in capsys.readouterr().err
    assert [kind for kind, *_ in kept(store)] == ["refused"]


def test_what_is_sent_on_nothing_or_on_anothers_is_refused_by_the_next_run_with_its_reason(store: ControlStore, tmp_path: Path) -> None:
    store.grant("ann", "new", "staff", NOW)
    parties = {"left_rail": "qbo", "left_id": "58", "right_rail": "ramp", "right_id": "r9"}
    match = {"left_rail": "plaid", "left_entity": "transactions", "left_id": "t1", "right_rail": "qbo", "right_entity": "bills"}
    sent: list[tuple[str, list[dict[str, Any]], list[str | None]]] = [
        ("hold", [{"bill": "19"}, {"bill": "17"}, {"bill": "16"}],
         ["acme has no bills 19 on qbo", None, "bill 16 of acme is paid: there is nothing to decide"]),
        ("same", [parties], ["acme has no vendor r9 on ramp"]),
        ("confirm-match", [match | {"right_id": "19"}], ["acme has no bills 19 on qbo"]),
        ("reject-match", [match | {"right_id": "17"}], [None]),
        ("correct", [{"entity": "bills", "record_id": "19", "fields": {"due_date": "2026-10-01"}}], ["acme has no bills 19 on qbo"]),
        ("settle", [{"conflict": "c1", "rail": "plaid"}], ["conflict c1 is between qbo and ramp"]),
        ("resolve-flag", [{"flag_id": "gone"}, {"flag_id": "f1"}, {"flag_id": "f2", "facts_hash": "other"}],
         ["flag gone of acme is not open, it is resolved", None, "the flag is about other facts than were decided on: look at it again"]),
    ]  # fmt: skip
    for number, (kind, subjects, _) in enumerate(sent):
        for business in ("acme", "new"):
            with store.database.write() as transaction:
                put_decisions(
                    transaction, business_id=business, advisor_id="ann", idempotency_key=f"tap {number}", kind=kind, subjects=subjects,
                    reason=None, client="10.0.0.7", at=NOW,
                )  # fmt: skip
    settings = Settings(home=tmp_path / "home", now=NOW)
    assert [settle_words(settings, store), settle_words(settings, store)] == [8, 0], "each once, and none of what was never built"
    with store.database.read() as transaction:
        refusals = sa.select(decisions.c.subject).filter_by(kind="refused", business_id="acme").order_by(decisions.c.decision_no)
        rows = transaction.execute(refusals)
        told = [json.loads(row.subject) for row in rows]
    expected = [(kind, said) for kind, _, reasons in sent for said in reasons if said is not None]
    assert [(one["kind"], one["said"]) for one in told] == expected
    assert [one["rules"] for one in told] == [["unfit"]] * 7 + [["facts_changed"]]


def test_a_bulk_is_resolved_with_what_was_observed_and_undone_by_its_id(store: ControlStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert decide("resolve-flag", "acme", *(f"f{number}" for number in range(101))) == 2
    assert "1 to 100 are decided at once, not 101" in capsys.readouterr().err
    assert kept(store) == []
    assert decide("resolve-flag", "acme", "f1", "f2", "--reason", "looked at", "--key", "tap", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    (bulk,) = {one["bulk_id"] for one in made}
    assert kept(store) == [
        ("resolve-flag", {"flag_id": flag, "facts_hash": f"seen{flag[1:]}"}, "ann", "looked at") for flag in ("f1", "f2")
    ]
    assert decide("resolve-flag", "acme", "f1", "f2", "--reason", "looked at", "--key", "tap") == 0
    assert f"rowcol decide undo acme {bulk}" in " ".join(capsys.readouterr().out.split())
    assert decide("undo", "acme", bulk) == 0
    assert kept(store)[2:] == [("undo", {"bulk_id": bulk}, "ann", None)]


def test_of_several_equals_the_one_who_decides_is_named(store: ControlStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.grant("bob", "acme", "staff", NOW)
    assert decide("hold", "acme", "17") == 2
    assert "ann and bob may act for acme: say who decides with --as" in capsys.readouterr().err
    store.grant("bob", "acme", "owner", NOW)
    assert (decide("hold", "acme", "17"), decide("hold", "acme", "18", "--as", "ann")) == (0, 0)
    assert [who for _, _, who, _ in kept(store)] == ["bob", "ann"]
