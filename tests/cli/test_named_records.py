"""Which records a row of a mart names: every column that could is decided on, and leads to a raw table that is behind its mart."""

from __future__ import annotations

from typing import Any

import pytest

from rowcol_assets.lineage import BANK_PARTIES, RAW_TABLES, raw_tables_behind
from rowcol_assets.named_records import NO_RECORDS, OF_MART, named_decisions, named_records, names_of
from rowcol_assets.transform import read_manifest


def _models() -> dict[str, set[str]]:
    """The columns of every mart and experience."""
    return {
        f"{node['schema']}.{node['name']}": set(node["columns"])
        for node in read_manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in ("marts", "experiences")
    }


def test_every_id_of_a_mart_is_a_record_that_is_followed_or_none() -> None:
    models = _models()
    decided = {relation: {name.column for name in names_of(relation)} | NO_RECORDS | {"record_id", "decision_id"} for relation in models}
    undecided = {
        f"{relation}.{column}"
        for relation, columns in models.items()
        for column in columns
        if column.endswith("_id") and column not in decided[relation]
    }
    assert undecided == set()
    assert OF_MART.keys() <= models.keys()
    used = {column for columns in models.values() for column in columns}
    assert {name.column for relation in models for name in names_of(relation)} <= used, "a name that no mart has"


def test_a_table_that_is_named_outright_is_behind_the_mart() -> None:
    manifest, columns = read_manifest(), _models()
    nowhere = []
    for relation, own in columns.items():
        behind = raw_tables_behind(manifest, relation)
        for name in names_of(relation):
            told = name.rail, name.entity
            is_outright = name.column in own and not any(one.endswith(("rail", "entity")) for one in told)
            if is_outright and (f"raw_{name.rail}", name.entity) not in behind:
                nowhere.append((relation, name.column))
            assert not is_outright or (f"raw_{name.rail}", name.entity) in RAW_TABLES, name
    assert nowhere == []


def test_whom_the_bank_names_is_told_as_a_record_of_no_raw_table() -> None:
    """By that the lineage knows that a party's transactions are meant."""
    rail, entity = BANK_PARTIES
    assert named_records("marts.vendor_map", {"rail": rail, "rail_vendor_id": "ACME"}) == [(rail, entity, "ACME")]
    assert (f"raw_{rail}", entity) not in RAW_TABLES


@pytest.mark.parametrize(
    ("relation", "row", "found"),
    [
        (
            "marts.fct_match",
            {"left_rail": "ramp", "left_entity": "bills", "left_id": "r1", "right_rail": "qbo", "right_entity": "bills", "right_id": "7"},
            [("ramp", "bills", "r1"), ("qbo", "bills", "7")],
        ),
        (
            "marts.fct_match",
            {"left_rail": "user", "left_entity": "bills", "left_id": "e1", "right_rail": "qbo", "right_entity": "bills", "right_id": "7"},
            [("qbo", "bills", "7")],
        ),
        (
            "marts.fct_conflict",
            {"winner_rail": "qbo", "winner_entity": "bills", "winner_id": "7"}
            | {"loser_rail": "ramp", "loser_entity": "bills", "loser_id": "r"},
            [("qbo", "bills", "7"), ("ramp", "bills", "r")],
        ),
        (
            "marts.vendor_map",
            {"rail": "ramp", "rail_vendor_id": "r1", "linked_rail": "plaid", "linked_rail_vendor_id": "ACME"},
            [("ramp", "vendors", "r1"), ("plaid", "vendors", "ACME")],
        ),
        ("marts.bill_map", {"qbo_bill_id": "7", "ramp_bill_id": "r1"}, [("qbo", "bills", "7"), ("ramp", "bills", "r1")]),
        (
            "marts.fct_custody_chain",
            {"rail": "qbo", "bill_id": "7", "ramp_bill_id": "r1", "vendor_id": "1", "approve_record_id": "d1", "execute_record_id": "r1",
             "verify_record_id": "t1", "record_record_id": "bp"},
            [("qbo", "bills", "7"), ("ramp", "bills", "r1"), ("ramp", "bills", "d1"), ("qbo", "bill_payments", "bp"),
             ("plaid", "transactions", "t1"), ("qbo", "vendors", "1")],
        ),
        (
            "marts.fct_double_payment",
            {"rail": "qbo", "bill_id": "7", "other_bill_id": "8", "first_rail": "ramp", "first_entity": "bills", "first_payment_id": "r1",
             "second_rail": None, "second_entity": None, "second_payment_id": None, "first_transaction_id": "t1"},
            [("ramp", "bills", "r1"), ("qbo", "bills", "7"), ("qbo", "bills", "8"), ("plaid", "transactions", "t1")],
        ),
        (
            "marts.fct_payout_recon",
            {"payout_id": "po", "account_id": "acct", "bank_transaction_id": "t1", "ledger_entity": "deposits", "ledger_id": "5",
             "second_ledger_entity": None, "second_ledger_id": None},
            [("stripe", "accounts", "acct"), ("qbo", "deposits", "5"), ("plaid", "transactions", "t1"), ("stripe", "payouts", "po")],
        ),
        ("marts.fct_ar_aging", {"rail": "qbo", "party_id": "3"}, [("qbo", "customers", "3")]),
        ("marts.fct_aging_tie_out_parties", {"rail": "qbo", "side": "payable", "party_id": "3"}, [("qbo", "vendors", "3")]),
        ("marts.fct_bills", {"rail": "user", "vendor_id": "1"}, [("qbo", "vendors", "1")]),
    ],
)  # fmt: skip
def test_a_row_names_both_sides_by_what_its_columns_mean(relation: str, row: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert named_records(relation, row) == found


def test_a_row_names_the_decisions_it_rests_on() -> None:
    assert named_decisions({"rail": "user", "record_id": "e1", "decision_id": None}) == ["e1"]
    assert named_decisions({"left_rail": "user", "left_id": "e1", "right_rail": "qbo", "right_id": "7", "decision_id": "d2"}) == [
        "e1",
        "d2",
    ]
    assert named_decisions({"rail": "qbo", "record_id": "7", "approve_record_id": "d1"}) == ["d1"]
