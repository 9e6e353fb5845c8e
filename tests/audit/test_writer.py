"""What becomes an event: every version a rail served once, every change of grants, settings and connections, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import Settings
from rowcol_assets.audit.subjects import CONTROL, MODELLED
from rowcol_assets.audit.verify import verify
from rowcol_assets.audit.writer import LogReport, append_cycle
from rowcol_assets.transform import read_manifest
from tests.dbt.rawfill import OBSERVED, RawWarehouse

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


class Home:
    """A home with raw tables to fill and a log to append to."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder, _env_file=None)
        folder.mkdir()
        self.raw = RawWarehouse(self.settings.warehouse_path)

    @property
    def warehouse(self) -> duckdb.DuckDBPyConnection:
        return self.raw._connection

    def append(self, run: str = "run-1", at: datetime = NOW) -> LogReport:
        return append_cycle(self.settings, self.warehouse, run_id=run, at=at)

    def events(self, columns: str, where: str = "true", chain: str = "business_id != ':home'") -> list[tuple[Any, ...]]:
        """Events of businesses, by business and in order; of the home itself where `chain` says so."""
        log = f"select {columns} from audit.transaction_log where {chain} and {where} order by business_id, seq"
        return self.warehouse.execute(log).fetchall()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.append("opened")  # tells of the signing key
    yield made
    made.raw.close()


def bill(balance: str, **more: Any) -> str:
    return json.dumps({"Id": "1", "Balance": "?", **more}).replace('"?"', balance)


def test_each_version_is_one_event_with_what_it_changed_and_the_whole_record(home: Home) -> None:
    home.raw.load("1")
    first = home.raw.version("acme", "bills", bill("10.00"), updated_at=OBSERVED)
    second = home.raw.version(
        "acme", "bills", bill("12345678901234567.89", DocNumber="7"), updated_at=OBSERVED + timedelta(hours=1), version_no=2
    )
    assert home.append().appended == 2
    assert home.events("event_id, action, changes, cause_id, snapshot, rail, entity, record_id, actor_type") == [
        (f"qbo/bills/{first}", "created", None, None, bill("10.00"), "qbo", "bills", "1", "rail"),
        (
            f"qbo/bills/{second}",
            "updated",
            '{"Balance":[10.00,12345678901234567.89],"DocNumber":[null,"7"]}',
            f"qbo/bills/{first}",
            bill("12345678901234567.89", DocNumber="7"),
            "qbo",
            "bills",
            "1",
            "rail",
        ),
    ]
    assert home.events("occurred_at::varchar, observed_at::varchar, recorded_at::varchar, run_id, sync_id, client")[1] == (
        "2026-06-01 13:00:00",
        "2026-06-01 12:00:00",
        "2026-06-30 12:00:00",
        "run-1",
        "sync",
        "realm-acme",
    )


def test_a_payment_that_fails_and_a_vendors_tax_id_are_told_field_by_field(home: Home) -> None:
    home.raw.load("1")
    vendors = [{"Id": "5", "Vendor1099": False}, {"Id": "5", "Vendor1099": True, "TaxIdentifier": "XXX-12"}]
    payments = [{"id": "r1", "status": "OPEN", "payment": {"status": status}} for status in ("SCHEDULED", "FAILED")]
    for number, (vendor, payment) in enumerate(zip(vendors, payments, strict=True), start=1):
        at = OBSERVED + timedelta(hours=number)
        home.raw.version("acme", "vendors", vendor, updated_at=at, observed_at=at, version_no=number)
        home.raw.observed("acme", "ramp", "bills", "r1", payment, observed_at=at, version_no=number)
    home.append()
    assert home.events("rail, entity, record_id, changes", "action = 'updated'") == [
        ("qbo", "vendors", "5", '{"TaxIdentifier":[null,"XXX-12"],"Vendor1099":[false,true]}'),
        ("ramp", "bills", "r1", '{"payment":[{"status": "SCHEDULED"},{"status": "FAILED"}]}'),
    ]


def test_a_deletion_and_a_return_are_told_as_such(home: Home) -> None:
    home.raw.load("1")
    for number, is_deleted in enumerate((False, True, False), start=1):
        later = OBSERVED + timedelta(hours=number)
        home.raw.version("acme", "bills", bill(str(number)), updated_at=later, observed_at=later, version_no=number, is_deleted=is_deleted)
    home.append()
    assert [row[0] for row in home.events("action")] == ["created", "deleted", "restored"]


def test_what_is_logged_is_not_logged_again_even_by_a_new_warehouse(home: Home) -> None:
    home.raw.load("1")
    home.raw.version("acme", "bills", bill("10.00"), updated_at=OBSERVED)
    home.raw.control("grants", business_id="acme", advisor_id="ann", role="staff", valid_from=NOW)
    assert home.append().appended == 2
    assert home.append().appended == 0
    before = home.events("*")
    home.warehouse.execute("drop schema audit cascade")
    assert (home.append().appended, home.events("*")) == (0, before)
    assert verify(home.settings.audit_dir, home.settings.anchors_dir).is_intact


def test_a_load_that_is_not_finished_is_left_for_later(home: Home) -> None:
    home.raw.load("1", status=1)
    home.raw.version("acme", "bills", bill("10.00"), updated_at=OBSERVED)
    assert home.append().appended == 0
    home.warehouse.execute("update raw_qbo._dlt_loads set status = 0")
    assert home.append().appended == 1


def test_equal_ids_of_two_businesses_and_rails_are_chains_and_records_of_their_own(home: Home) -> None:
    home.raw.load("1")
    for business in ("acme", "bolt"):
        home.raw.version(business, "bills", bill("10.00"), updated_at=OBSERVED)
        home.raw.observed(business, "ramp", "bills", "1", {"id": "1"})
    home.append()
    assert home.events("business_id, seq, rail, action") == [
        ("acme", 1, "qbo", "created"),
        ("acme", 2, "ramp", "created"),
        ("bolt", 1, "qbo", "created"),
        ("bolt", 2, "ramp", "created"),
    ]


def test_grants_settings_and_connections_are_followed_without_being_told(home: Home) -> None:
    home.raw.control("businesses", business_id="acme", business_name="Acme", min_cash_amount="10000.00", is_paused=False)
    home.raw.control("grants", business_id="acme", advisor_id="ann", role="staff", valid_from=NOW)
    home.raw.control("connections", business_id="acme", connection_id="realm", rail="qbo", is_sandbox=True)
    home.append()
    home.warehouse.execute("update raw_control.businesses set min_cash_amount = 25000")
    home.warehouse.execute("update raw_control.grants set valid_to = ?", [NOW + timedelta(days=1)])
    home.warehouse.execute("delete from raw_control.connections")
    home.append("run-2", NOW + timedelta(days=2))
    assert home.events("entity, action, changes", "run_id = 'run-2'") == [
        ("businesses", "updated", '{"min_cash_amount":[10000.00,25000.00]}'),
        ("grants", "updated", '{"valid_to":[null,"2026-07-01T12:00:00.000000"]}'),
        ("connections", "deleted", None),
    ]
    assert home.events("reason, occurred_at::varchar", "entity = 'grants'")[1] == ("access was revoked", "2026-07-01 12:00:00")
    home.raw.control("connections", business_id="acme", connection_id="realm", rail="qbo", is_sandbox=True)
    home.append("run-3", NOW + timedelta(days=3))
    assert home.events("action", "run_id = 'run-3'") == [("restored",)]


def test_a_column_that_is_followed_only_since_is_no_change_of_every_record(home: Home) -> None:
    home.raw.control("businesses", business_id="acme", business_name="Acme", firm_id="f", is_paused=False)
    (whole,) = (one for one in CONTROL if one.entity == "businesses")

    def told(run: str, *columns: str) -> int:
        subjects = [replace(whole, columns=columns)]
        return append_cycle(home.settings, home.warehouse, run_id=run, at=NOW, subjects=subjects).appended

    assert [told("1", "business_name"), told("2", "business_name", "firm_id")] == [1, 0]
    home.warehouse.execute("update raw_control.businesses set business_name = 'Acme Ltd', firm_id = 'g'")
    assert [told("3", "business_name", "firm_id"), told("4", "firm_id")] == [1, 0]
    home.warehouse.execute("update raw_control.businesses set firm_id = 'h'")
    assert told("5", "firm_id") == 1
    assert home.events("run_id, changes") == [
        ("1", None),
        ("3", '{"business_name":["Acme","Acme Ltd"]}'),
        ("5", '{"firm_id":["g","h"]}'),
    ]


def test_a_decision_is_told_with_who_made_it_from_where_and_why(home: Home) -> None:
    made = {"decision_no": 1, "decision_id": "d1", "business_id": "acme", "advisor_id": "ann", "kind": "hold", "client": "10.0.0.7"}
    home.raw.control("decisions", **made, subject='{"rail":"qbo","bill":"17"}', reason="goods came broken", decided_at=NOW)
    home.append(at=NOW + timedelta(hours=1))
    assert home.append().appended == 0
    told = home.events("record_id, action, actor_type, actor_id, client, reason, occurred_at::varchar", "entity = 'decisions'")
    assert told == [("d1", "created", "advisor", "ann", "10.0.0.7", "goods came broken", "2026-06-30 12:00:00")]


def test_vendors_that_are_joined_and_parted_again_are_told_and_a_map_that_is_not_built_says_nothing(home: Home) -> None:
    home.append()
    columns = """business_id varchar, rail varchar, rail_vendor_id varchar, vendor_key varchar, canonical_name varchar, tier varchar,
        linked_rail varchar, linked_rail_vendor_id varchar, method varchar, model_version varchar, decided_by varchar"""
    home.warehouse.execute(f"create schema marts; create table marts.vendor_map ({columns})")
    home.warehouse.execute("""insert into marts.vendor_map values
        ('acme', 'qbo', '58', 'k1', 'Amazon', 'auto', 'ramp', 'r1', 'name', 'v1', 'model'),
        ('acme', 'ramp', 'r1', 'k1', 'Amazon', 'auto', 'qbo', '58', 'ledger_id', 'v1', 'proof'),
        ('acme', 'qbo', '59', 'k2', 'Adobe', 'none', null, null, 'alone', 'v1', null)""")
    home.append("joined")
    home.warehouse.execute("update marts.vendor_map set vendor_key = 'k0', method = 'verdict_same', decided_by = 'ann' where rail = 'qbo'")
    home.warehouse.execute("update marts.vendor_map set tier = 'none' where rail = 'ramp'")
    home.append("parted")
    home.warehouse.execute("drop table marts.vendor_map")
    assert home.append("without").appended == 0
    told = home.events("run_id, record_id, action, actor_type, actor_id, changes", "entity = 'vendor_map'")
    assert told[:2] == [("joined", "qbo/58", "created", "model", "v1", None), ("joined", "ramp/r1", "created", "model", "v1", None)]
    assert sorted(told[2:]) == [
        ("parted", "qbo/58", "updated", "advisor", "ann",
         '{"decided_by":["model","ann"],"method":["name","verdict_same"],"vendor_key":["k1","k0"]}'),
        ("parted", "ramp/r1", "deleted", "model", None, None),
    ]  # fmt: skip


def test_a_conflict_is_told_when_it_opens_when_a_person_settles_it_and_when_it_is_over(home: Home) -> None:
    (conflicts,) = (subject for subject in MODELLED if subject.entity == "conflicts")
    columns = ", ".join(f"{name} varchar" for name in (*conflicts.columns, "business_id", "conflict_id"))
    home.warehouse.execute(f"create schema marts; create table marts.fct_conflict ({columns}, decided_at timestamp)")
    home.warehouse.execute("""insert into marts.fct_conflict by name select 'acme' as business_id, 'c1' as conflict_id, 'amount' as field,
        'settled_by_precedence' as state, '100.00' as value, 'qbo' as winner_rail, '100.00' as winner_value, 'ramp' as loser_rail,
        '110.00' as loser_value""")
    home.append("opened")
    home.warehouse.execute("update marts.fct_conflict set state = 'decided', value = '110.00', decided_by = 'ann', decided_at = ?", [NOW])
    home.append("settled", NOW + timedelta(hours=1))
    home.warehouse.execute("delete from marts.fct_conflict")
    home.append("closed")
    assert home.events("run_id, action, actor_type, actor_id, reason", "entity = 'conflicts'") == [
        ("opened", "created", "model", None, "the word of qbo counts"),
        ("settled", "updated", "advisor", "ann", "settled by a person"),
        ("closed", "deleted", "model", None, "the two rails no longer disagree"),
    ]
    (told,) = home.events("occurred_at::varchar, changes", "run_id = 'settled'")
    assert told == (
        "2026-06-30 12:00:00",
        '{"decided_by":[null,"ann"],"state":["settled_by_precedence","decided"],"value":["100.00","110.00"]}',
    )


def test_what_is_followed_of_the_models_is_in_their_contracts() -> None:
    models = {f"{node['schema']}.{node['name']}": node for node in read_manifest()["nodes"].values()}
    for subject in MODELLED:
        assert set(subject.columns) <= set(models[subject.relation]["columns"]), subject.entity


def test_a_connection_that_is_paused_or_removed_is_told_with_when_and_why(home: Home) -> None:
    home.raw.control("connections", business_id="acme", connection_id="realm", rail="qbo", is_sandbox=True, is_paused=False)
    home.append()
    gone = "is_paused = true, removed_at = timestamptz '2026-06-30 13:00:00+00'"
    for day, changed in enumerate(("is_paused = true", gone, "is_paused = false, removed_at = null"), start=1):
        home.warehouse.execute(f"update raw_control.connections set {changed}")
        home.append(at=NOW + timedelta(days=day))
    assert home.events("action, reason, changes, occurred_at::varchar", "entity = 'connections'") == [
        ("created", "the rail was connected, or is asked again", None, "2026-06-30 12:00:00"),
        ("updated", "the connection was paused", '{"is_paused":[false,true]}', "2026-07-01 12:00:00"),
        ("updated", "the connection was removed", '{"removed_at":[null,"2026-06-30T13:00:00.000000"]}', "2026-06-30 13:00:00"),
        (
            "updated",
            "the rail was connected, or is asked again",
            '{"is_paused":[true,false],"removed_at":["2026-06-30T13:00:00.000000",null]}',
            "2026-07-03 12:00:00",
        ),
    ]


def test_a_verdict_on_a_match_is_told_with_whose_it_is(home: Home) -> None:
    (matches,) = (subject for subject in MODELLED if subject.entity == "matches")
    columns = ", ".join(f"{name} varchar" for name in (*matches.columns, "business_id", "tier"))
    home.warehouse.execute(f"""create schema marts; create schema staging;
        create table marts.fct_match ({columns}, decided_at timestamp);
        create table staging.stg_control__decisions (
            business_id varchar, decision_no bigint, kind varchar, advisor_id varchar, subject json, is_standing boolean)""")
    home.warehouse.execute("""insert into marts.fct_match by name
        select 'acme' as business_id, id as match_id, 'qbo' as left_rail, 'bill_payments' as left_entity, id as left_id,
            'plaid' as right_rail, 'transactions' as right_entity, 't' || id as right_id, rule, 'auto' as tier,
            who as decided_by, said_at as decided_at
        from (values ('1', 'verdict', 'ann', timestamp '2026-06-30 11:00:00'), ('2', 'amount', null, null), ('3', 'amount', null, null))
            as made (id, rule, who, said_at)""")
    home.append("made")
    subject = {"left_rail": "plaid", "left_entity": "transactions", "left_id": "t2"}
    subject |= {"right_rail": "qbo", "right_entity": "bill_payments", "right_id": "2"}
    home.warehouse.execute(
        "insert into staging.stg_control__decisions values ('acme', 1, 'reject-match', 'bob', $subject, true), "
        "('other', 2, 'reject-match', 'eve', $subject, true), ('acme', 3, 'reject-match', 'eve', $subject, false)",
        {"subject": json.dumps(subject)},
    )
    home.warehouse.execute("delete from marts.fct_match where match_id in ('2', '3')")
    home.append("gone")
    told = home.events("run_id, left(record_id, 1), action, actor_type, actor_id, reason, occurred_at::varchar", "entity = 'matches'")
    assert set(told) == {
        ("made", "1", "created", "advisor", "ann", "matched by verdict", "2026-06-30 11:00:00"),
        ("made", "2", "created", "model", None, "matched by amount", "2026-06-30 12:00:00"),
        ("made", "3", "created", "model", None, "matched by amount", "2026-06-30 12:00:00"),
        ("gone", "2", "deleted", "advisor", "bob", "rejected by a person", "2026-06-30 12:00:00"),
        ("gone", "3", "deleted", "model", None, "no longer matched", "2026-06-30 12:00:00"),
    }
