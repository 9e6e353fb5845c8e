"""What people said of two records: a rejected pair is never made again, a confirmed one outweighs all, others notice nothing."""

from __future__ import annotations

import json
from pathlib import Path

from ingestion.settings import load_settings
from ingestion.warehouse import connect
from rowcol_assets.evaluation.payments import DECISIONS
from rowcol_assets.transform import run_step

SELECTED = ("match_pairs", "match_weights", "int_match_verdicts", "int_match_blocks", "int_match_candidates", "int_match_assigned")
EVENTS = """
    create schema intermediate; create schema staging;
    create table intermediate.int_money_events (
        business_id varchar, event_id varchar, role varchar, rail varchar, entity varchar, record_id varchar, account_id varchar,
        account_key varchar, event_date date, amount decimal(18, 2), currency varchar, reference varchar, linked_id varchar,
        text varchar, party_key varchar, own_account varchar, paired_account varchar, purpose varchar, is_undone boolean default false,
        change_id varchar, synced_at timestamptz);
"""


def test_a_verdict_decides_in_its_business_alone(tmp_path: Path) -> None:
    """One payment of 100 and two debits of 100: the nearer one is taken, unless somebody said otherwise."""
    path, settings = tmp_path / "verdicts.duckdb", load_settings()
    database = connect(path, settings)
    database.execute(EVENTS)
    database.execute(DECISIONS)
    for business in ("silent", "rejected", "confirmed"):
        for role, rail, entity, record, day in (
            ("ledger_money", "qbo", "bill_payments", "1", 2),
            ("bank", "plaid", "transactions", "near", 4),
            ("bank", "plaid", "transactions", "far", 24),
        ):
            database.execute(
                """insert into intermediate.int_money_events by name select ? as business_id, ? as event_id, ? as role, ? as rail,
                ? as entity, ? as record_id, 'bank' as account_key, make_date(2026, 3, ?) as event_date, -100 as amount, 'ACME' as text""",
                [business, f"{role}:{record}", role, rail, entity, record, day],
            )
    for business, kind, debit in (("rejected", "reject-match", "near"), ("confirmed", "confirm-match", "far")):
        sides = {"left_rail": "plaid", "left_entity": "transactions", "left_id": debit}
        sides |= {"right_rail": "qbo", "right_entity": "bill_payments", "right_id": "1"}
        row = [business, kind, json.dumps(sides)]
        database.execute("insert into staging.stg_control__decisions values (?, ?, 1, ?, true, 'd1', 'ann', null, null)", row)
    database.close()

    report = run_step(settings, "before", warehouse_path=path, variables={}, select=SELECTED)
    assert not report.broken
    database = connect(path, settings)
    found = dict(database.execute("select business_id, right_event from intermediate.int_match_assigned").fetchall())
    decided = "select business_id, right_event, decision_id, decided_by from intermediate.int_match_candidates where is_confirmed"
    confirmed = database.execute(decided).fetchall()
    database.close()
    assert found == {"silent": "bank:near", "rejected": "bank:far", "confirmed": "bank:far"}
    assert confirmed == [("confirmed", "bank:far", "d1", "ann")]
